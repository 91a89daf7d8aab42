import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import type { AnyHandler } from '@theater/handler'
import { cli } from '@theater/handler-cli'
import { fs, type Rights } from '@theater/handler-fs'
import { componentLoader, verify as verifyChain } from '@theater/replay/node'
import type { Verdict } from '@theater/replay/node'
import { Theater, TheaterError } from '@theater/runtime'
import type { LogLine, SpawnOptions } from '@theater/runtime'
import { onTestFinished } from 'vitest'
import { cache } from './actors.ts'
import { files, grantsOf, RUN } from './files-guest.ts'

const load = componentLoader({ cache })

/** Runs a record again, with no handler anywhere. */
export function verify(store: Store, chain: Uint8Array): Promise<Verdict> {
  return verifyChain({ store, chain }, { load })
}

/** What a command said and did. */
export interface Ran {
  /** Lines on stdout. */
  readonly out: readonly string[]
  /** Lines on stderr. */
  readonly err: readonly string[]
  readonly code: number
  readonly events: readonly Event[]
  readonly verdict: Verdict
}

/** A directory that goes away with the test, with a `mount` in it, which is all that guests are given. */
export function place(): { readonly root: string; readonly mount: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'theater-files-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const mount = join(root, 'mount')
  mkdirSync(mount)
  return { root, mount }
}

/** Runs `files ARGS` as an actor that sees `mount` as `/data`, then runs its record again without any handler. */
export function run(mount: string, args: readonly string[], rights: Rights = 'rw'): Promise<Ran> {
  return runCommand(files, fs(), grantsOf(mount, args, rights))
}

/** Runs a command as an actor, then runs its record again without any handler. */
export async function runCommand(
  component: Uint8Array,
  handlers: AnyHandler | readonly AnyHandler[],
  grants: NonNullable<SpawnOptions['grants']>,
): Promise<Ran> {
  const store = memoryStore()
  const lines: LogLine[] = []
  let code: number
  let chain: Uint8Array
  {
    await using theater = await Theater.open({
      store,
      handlers: [handlers, cli()].flat(),
      cache,
      log: (line) => lines.push(line),
    })
    const actor = { id: 'files', component, grants }
    chain = (await theater.spawn(actor)).chain
    code = await exitCode(theater, actor.id)
  }
  const events = await eventsOf(store, chain)
  return {
    out: linesOf(lines, 'stdout'),
    err: linesOf(lines, 'stderr'),
    code,
    events,
    verdict: await verify(store, chain),
  }
}

/** Calls `wasi:cli/run` and answers the exit code. */
export async function exitCode(theater: Theater, id: string): Promise<number> {
  try {
    const answer = (await theater.call(id, RUN, [])) as { tag: 'ok' | 'err' }
    return answer.tag === 'ok' ? 0 : 1
  } catch (error) {
    const status = theater.actors().find((one) => one.id === id)?.exitStatus
    if (!TheaterError.is(error) || error.detail !== 'exited' || status === undefined) throw error
    return status
  }
}

/** The lines of one stream in a log. */
export function linesOf(lines: readonly LogLine[], stream: 'stdout' | 'stderr'): string[] {
  return lines
    .filter(({ fields }) => fields.some(([name, value]) => name === 'stream' && value === stream))
    .map(({ message }) => message)
}

/** A whole chain. */
export async function eventsOf(store: Store, chain: Uint8Array): Promise<Event[]> {
  return Array.fromAsync(readEvents(store, chain))
}

/** Calls that a grant refused, by name within their interface. */
export function refused(events: readonly Event[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'call' && event.content?.outcome?.denied === true
      ? [event.content.fn.slice(event.content.fn.indexOf('#') + 1)]
      : [],
  )
}
