import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A server that was started for whoever asked. */
export interface Server extends AsyncDisposable {
  /** Where it is: `unix://…`. */
  readonly url: string
}

/** The program: what `THEATER_REDIS` names, or one on PATH; `undefined` where it is not installed. */
export function program(): string | undefined {
  const named = process.env['THEATER_REDIS']
  if (named !== undefined) return named === '' ? undefined : named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path))
}

/** Says what to do where {@link program} is not there. */
export const howToInstall = 'Debian: apt-get install redis-server; macOS: brew install redis'

/** Starts a server that keeps everything in memory, answers on a socket in a folder of its own, and ends with `dispose`. */
export async function startServer(path: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-redis-'))
  const socket = join(folder, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const ready = Promise.withResolvers<void>()
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (/ready to accept connections/i.test(said)) ready.resolve()
  })
  child.once('error', ready.reject)
  void ended.then(() => ready.reject(new Error(`redis-server ended:\n${said}`)), ready.reject)
  const dispose = async (): Promise<void> => {
    child.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await ready.promise
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return { url: `unix://${socket}`, [Symbol.asyncDispose]: dispose }
}
