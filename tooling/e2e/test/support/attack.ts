import { memoryStore, readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import type { AnyHandler, Effect } from '@theater/handler'
import { defineHandler } from '@theater/handler'
import { assemble } from '@theater/guests/wat'
import { componentLoader, verify } from '@theater/replay/node'
import type { Verdict } from '@theater/replay'
import { Theater, TheaterError } from '@theater/runtime'
import type { Limits, LogLine } from '@theater/runtime'
import type { Json } from '@theater/values'
import { cache } from './actors.ts'

/** A grant that says nothing. */
type Nothing = { readonly [key: string]: never }

/** One function of a test's host. */
export interface HostFunction {
  readonly mode?: 'sync' | 'async'
  readonly effect?: Effect
  readonly run: (...args: never[]) => unknown
}

/** A handler named `host` that serves one interface with these functions, by WIT name, whatever it is granted. */
export function host(
  track: string,
  functions: Readonly<Record<string, HostFunction>>,
  bound: () => Promise<void> | void = () => undefined,
): AnyHandler {
  const entries = Object.entries(functions)
  const key = (name: string): string =>
    name.startsWith('[') ? name : name.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase())
  const declared = entries.map(([name, { mode = 'sync', effect = 'read' }]) => [
    `${track}#${name}`,
    { mode, effect },
  ])
  return defineHandler<Nothing, object>({
    name: 'host',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: Object.fromEntries(declared),
    within: () => true,
    authorize: () => true,
    bind: async () => {
      await bound()
      return { imports: { [track]: Object.fromEntries(entries.map(([name, { run }]) => [key(name), run])) } }
    },
  })
}

/** A theater with one hostile actor, `guest`. */
export interface Stage extends AsyncDisposable {
  readonly theater: Theater
  readonly store: Store
  readonly log: readonly LogLine[]
  /** Calls an export; what it failed with as `code: message`. */
  call(fn: string, ...args: unknown[]): Promise<unknown>
  /** The codes of the aborts that its record has. */
  aborts(): Promise<readonly (string | undefined)[]>
  /** Closes the theater and verifies the record of the guest. */
  verify(): Promise<Verdict>
}

/** Options of {@link stage}. */
export interface StageOptions {
  readonly handlers?: readonly AnyHandler[]
  readonly grants?: Readonly<Record<string, Json>>
  readonly limits?: Partial<Limits>
}

const load = componentLoader({ cache })

/** Spawns a guest, from its text or its bytes. Every handler is granted, with nothing. */
export async function stage(guest: string | Uint8Array, options: StageOptions = {}): Promise<Stage> {
  const { handlers = [], limits = {} } = options
  const component = typeof guest === 'string' ? await assemble(guest) : guest
  const store = memoryStore()
  const log: LogLine[] = []
  const theater = await Theater.open({ store, handlers, cache, log: (line) => log.push(line) })
  const grants = options.grants ?? Object.fromEntries(handlers.map(({ name }) => [name, {}]))
  await theater.spawn({ id: 'guest', component, grants, limits })
  return {
    theater,
    store,
    log,
    call: (fn, ...args) => call(theater, 'guest', fn, ...args),
    async aborts() {
      const codes: (string | undefined)[] = []
      for await (const event of readEvents(store, chainOf(theater))) {
        if (event.kind === 'abort') codes.push(event.content?.code)
      }
      return codes
    },
    async verify() {
      const chain = chainOf(theater)
      await theater.close()
      return verify({ store, chain }, { load })
    },
    [Symbol.asyncDispose]: () => theater.close(),
  }
}

function chainOf(theater: Theater): Uint8Array {
  return theater.actors().find(({ id }) => id === 'guest')?.chain ?? new Uint8Array(32)
}

/** The code of a TheaterError; anything else is thrown on. */
export function codeOf(error: unknown): string {
  if (TheaterError.is(error)) return error.code
  throw error
}

/** Calls an export of an actor; what it failed with as `code: message`. */
export async function call(theater: Theater, id: string, fn: string, ...args: unknown[]): Promise<unknown> {
  try {
    return await theater.call(id, fn, args, { timeoutMs: 20_000 })
  } catch (error) {
    if (TheaterError.is(error)) return `${error.code}: ${error.message}`
    throw error
  }
}
