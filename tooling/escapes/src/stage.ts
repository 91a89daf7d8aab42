import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskCache } from '@theater/component/node'
import { type Event, memoryStore, readEvents, type Store } from '@theater/event-chain'
import type { AnyHandler, Effect } from '@theater/handler'
import { defineHandler } from '@theater/handler'
import { assemble } from '@theater/guests/wat'
import { componentLoader, verify, type Verdict } from '@theater/replay/node'
import { type Limits, type LogLine, type Message, Theater, TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { type Outcome, stopped, through } from './escape.ts'

/** Transpiled components, kept for the next process. */
const cache = await diskCache(process.env['THEATER_CACHE'] || join(tmpdir(), 'theater-escapes-transpiled'))

const load = componentLoader({ cache })

/** One function of a host that an attempt makes up. */
export interface HostFunction {
  readonly mode?: 'sync' | 'async'
  readonly effect?: Effect
  readonly run: (...args: never[]) => unknown
}

/**
 * A handler named `host` that serves one interface with these functions, by WIT name, whatever it is granted.
 *
 * @param bound called for each actor that it is bound for
 */
export function host(
  track: string,
  functions: Readonly<Record<string, HostFunction>>,
  bound: () => Promise<void> | void = () => undefined,
): AnyHandler {
  const all = Object.entries(functions)
  const key = (name: string): string =>
    name.startsWith('[') ? name : name.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase())
  return defineHandler<{ readonly [key: string]: never }, object>({
    name: 'host',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: Object.fromEntries(
      all.map(([name, { mode = 'sync', effect = 'read' }]) => [`${track}#${name}`, { mode, effect }]),
    ),
    within: () => true,
    authorize: () => true,
    bind: async () => {
      await bound()
      return { imports: { [track]: Object.fromEntries(all.map(([name, { run }]) => [key(name), run])) } }
    },
  })
}

/** How a call ended: with a value, with the interface's own error, or with the code of the runtime. */
export interface Called {
  readonly value?: unknown
  /** The case of the interface's error. */
  readonly err?: string
  /** The code of a `TheaterError`; of a trap or an abort with its own: `trapped: guest`. */
  readonly failed?: string
}

/** A theater with one hostile actor, `guest`. */
export class Stage implements AsyncDisposable {
  readonly theater: Theater
  /** The bytes of the guest. */
  readonly component: Uint8Array
  /** What was logged. */
  readonly lines: readonly LogLine[]
  readonly store: Store

  constructor(theater: Theater, store: Store, component: Uint8Array, lines: readonly LogLine[]) {
    this.theater = theater
    this.component = component
    this.lines = lines
    this.store = store
  }

  /** Calls an export of the guest, or of another actor. */
  async call(fn: string, args: readonly unknown[] = [], id = 'guest'): Promise<Called> {
    try {
      const answer = await this.theater.call(id, fn, args, { timeoutMs: 20_000 })
      if (typeof answer !== 'object' || answer === null || !('tag' in answer) || !('val' in answer))
        return { value: answer }
      return answer.tag === 'err' ? { err: nameOf(answer.val) } : { value: answer.val }
    } catch (error) {
      return { failed: failureOf(error) }
    }
  }

  /** The kinds of event in the record of the guest. */
  async kinds(): Promise<readonly string[]> {
    return (await this.#events()).map(({ kind }) => kind)
  }

  /** The codes of the aborts that the record of the guest has. */
  async aborts(): Promise<readonly (string | undefined)[]> {
    return (await this.#events()).flatMap(({ kind, content }) => (kind === 'abort' ? [content?.code] : []))
  }

  #events(): Promise<readonly Event[]> {
    return Array.fromAsync(readEvents(this.store, this.#chain))
  }

  /** Closes the theater and verifies the record of the guest. */
  async verify(): Promise<Verdict> {
    const chain = this.#chain
    await this.theater.close()
    return verify({ store: this.store, chain }, { load })
  }

  get #chain(): Uint8Array {
    const found = this.theater.actors().find(({ id }) => id === 'guest')
    if (found === undefined) throw new Error('there is no guest')
    return found.chain
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.theater.close()
  }
}

/** The code of a `TheaterError`, of a trap or an abort with its own; anything else is thrown on. */
export function failureOf(error: unknown): string {
  if (!TheaterError.is(error)) throw error
  return typeof error.detail === 'string' ? `${error.code}: ${error.detail}` : error.code
}

/** The case of an error: an enum's own name, a variant's tag. */
function nameOf(error: unknown): string {
  if (typeof error === 'string') return error
  if (error === undefined) return 'refused'
  return typeof error === 'object' && error !== null && 'tag' in error
    ? String(error.tag)
    : JSON.stringify(error)
}

/** Options of {@link stage}. */
export interface StageOptions {
  readonly handlers?: readonly AnyHandler[]
  /** @default every handler, with nothing */
  readonly grants?: Readonly<Record<string, Json>>
  readonly limits?: Partial<Limits>
  readonly ceiling?: Readonly<Record<string, Json>>
  readonly maxActors?: number
  /** What the guest takes over. */
  readonly state?: Message
  /** What its `init` is told. */
  readonly params?: Message
}

/** Spawns a guest, from its text or its bytes. */
export async function stage(guest: string | Uint8Array, options: StageOptions = {}): Promise<Stage> {
  const { handlers = [], limits = {}, ceiling, maxActors, state, params } = options
  const component = typeof guest === 'string' ? await assemble(guest) : guest
  const store = memoryStore()
  const lines: LogLine[] = []
  const theater = await Theater.open({
    store,
    handlers,
    cache,
    log: (line) => lines.push(line),
    ...(ceiling !== undefined && { ceiling }),
    ...(maxActors !== undefined && { maxActors }),
  })
  const grants = options.grants ?? Object.fromEntries(handlers.map(({ name }) => [name, {}]))
  try {
    await theater.spawn({
      id: 'guest',
      component,
      grants,
      limits,
      ...(state !== undefined && { state }),
      ...(params !== undefined && { params }),
    })
  } catch (error) {
    await theater.close()
    throw error
  }
  return new Stage(theater, store, component, lines)
}

/** What a call was stopped with; a value got through. */
export function outcomeOf({ value, err, failed }: Called): Outcome {
  const code = err ?? failed
  return code === undefined ? through(`answered: ${String(value)}`) : stopped(code)
}

/** The code that a spawn is refused with; one that is not refused got through. */
export async function spawned(making: Promise<Stage>): Promise<Outcome> {
  try {
    await using _made = await making
    return through('the actor was made')
  } catch (error) {
    return TheaterError.is(error) ? stopped(error.code) : through(`the host fails: ${String(error)}`)
  }
}
