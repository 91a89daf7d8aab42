import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { join, relative } from 'node:path'
import type { DataPaths } from './data-folder.ts'
import type { Running } from './host.ts'

/**
 * Where an actor is: `in-memory`; `evicted`, it was, in the process that runs it, and has had nothing to do since; `not-opened`, nobody has gone on
 * with it yet.
 */
export type Memory = 'in-memory' | 'evicted' | 'not-opened'

/** A process that does not answer in time is at something else. */
const WAIT_MS = 2000

/** As short as it can be said: a system takes about a hundred bytes of it. */
function socketOf({ folder }: DataPaths): string {
  const path = join(folder, 'residency')
  const short = relative(process.cwd(), path)
  return short.length < path.length ? short : path
}

/**
 * Tells other processes of this user where the actors of a data folder are, as long as this one runs them; whoever may enter the folder may ask. Where
 * the system has no such sockets, or the folder's name is too long for one, nobody is told.
 */
export function tellResidency(paths: DataPaths, theater: Running): Disposable {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    void (async () => {
      const found: Record<string, Memory> = {}
      for (const { id, resident, opened } of await theater.actors())
        found[id] = resident ? 'in-memory' : opened ? 'evicted' : 'not-opened'
      socket.end(JSON.stringify(found))
    })().catch(() => socket.destroy())
  })
  server.on('error', () => undefined)
  const path = socketOf(paths)
  try {
    // Of a process that was killed; the lock of the folder is held.
    rmSync(path, { force: true })
    server.listen(path).unref()
  } catch {
    // It is there for people who look.
  }
  return { [Symbol.dispose]: () => void server.close() }
}

/** Where the actors are of a data folder that another process runs, by id; `undefined`: it does not say. */
export async function askResidency(paths: DataPaths): Promise<ReadonlyMap<string, Memory> | undefined> {
  try {
    const socket = connect(socketOf(paths))
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('it does not answer')))
    let said = ''
    for await (const text of socket.setEncoding('utf8')) said += String(text)
    return new Map(Object.entries(JSON.parse(said) as Record<string, Memory>))
  } catch {
    return undefined
  }
}
