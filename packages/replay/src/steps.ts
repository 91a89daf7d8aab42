import { checkEvents, hex } from '@theater/event-chain'
import type { Event } from '@theater/event-chain'
import { cidOf, decodeModel, sha256, ValueError } from '@theater/values'
import type { ComponentModel, Hash, Json } from '@theater/values'
import { Describer } from './describe.ts'
import type { ChainSource } from './types.ts'

/** One event, readable. */
export interface Step {
  readonly seq: number
  readonly kind: Event['kind']
  /** The sequence number of the turn that it belongs to; null outside of turns. */
  readonly turn: number | null
  /** The export of a turn and of its end, the import of a call and of its result; null for other kinds. */
  readonly fn: string | null
  /** Of a turn or a call; null for other kinds. */
  readonly args: Json
  /** Of a call that is answered, a result or a return; null for other kinds, and where there is none. */
  readonly result: Json
  readonly ask: Json
  readonly fuel: number | null
  /** All that the event says. */
  readonly content: Json
  readonly epoch: number
  /** Hexadecimal, like `prev`. */
  readonly hash: string
  readonly prev: string | null
}

/** How a chain is read. */
export interface StepOptions {
  /** The types of its component. @default those of the WIT block that genesis names; without it values are given as bytes */
  readonly model?: ComponentModel | undefined
  /** The first sequence number that is given; reading starts at genesis all the same. @default 0 */
  readonly from?: number | undefined
  /** The sequence number after the last. @default the chain's size */
  readonly to?: number | undefined
  /** @default sha256 of `@theater/values` */
  readonly hash?: Hash | undefined
}

/**
 * Reads a chain event by event, values as JSON by the types of its component. Each event is checked before it is
 * given; nothing is run.
 *
 * @throws ChainError `broken` with index and reason at the first event that is not right
 *
 * @example
 * ```ts
 * for await (const { seq, kind, fn, args } of steps({ store, chain })) console.log(seq, kind, fn, args)
 * ```
 */
export async function* steps(
  source: ChainSource,
  options: StepOptions = {},
): AsyncGenerator<Step, void, undefined> {
  const { from = 0, to, hash = sha256 } = options
  const names = new Names()
  let describer = new Describer(options.model)
  for await (const event of events(source, hash, to)) {
    if (event.kind === 'genesis' && event.content !== null && options.model === undefined) {
      describer = new Describer(await readModel(source, event.content.wit, hash))
    }
    const name = names.take(event)
    if (event.seq >= from) yield step(event, name, describer)
  }
}

/** Events of an intact chain, or of one that ends inside a turn. */
export function events(
  source: ChainSource,
  hash: Hash,
  to?: number,
): AsyncGenerator<Event, unknown, undefined> {
  const { store, chain } = source
  return checkEvents(store.read(chain, 0, to), { chain, blobs: store, unfinished: 'allow', hash })
}

/** The types of a chain's component, from the block that genesis names; `undefined` where it is not here, or not right. */
export async function readModel(
  { store }: ChainSource,
  wit: Uint8Array,
  hash: Hash,
): Promise<ComponentModel | undefined> {
  const bytes = await store.get(wit)
  if (bytes === undefined || !same(cidOf('dag-cbor', hash(bytes)), wit)) return undefined
  try {
    return decodeModel(bytes)
  } catch (error) {
    if (ValueError.is(error)) return undefined
    throw error
  }
}

/** Which turn an event belongs to, and which function it is about. */
export interface Name {
  readonly turn: number | null
  readonly fn: string | null
}

/** Follows turns and intents, so that each event has the name of its function. */
export class Names {
  #turn: Name = { turn: null, fn: null }
  #intent: string | null = null

  take(event: Event): Name {
    const { kind, content, seq } = event
    const { turn } = this.#turn
    switch (kind) {
      case 'turn':
        this.#turn = { turn: seq, fn: content?.fn ?? null }
        return this.#turn
      case 'call':
        this.#intent = content?.fn ?? null
        return { turn, fn: this.#intent }
      case 'result':
        return { turn, fn: this.#intent }
      case 'return':
      case 'trap':
      case 'abort': {
        const ended = this.#turn
        this.#turn = { turn: null, fn: null }
        return ended
      }
      case 'genesis':
      case 'seed':
      case 'drop':
      case 'send':
      case 'grant':
      case 'resume':
      case 'stop':
        return { turn, fn: null }
    }
  }
}

/** One event as a {@link Step}. */
export function step(event: Event, { turn, fn }: Name, describer: Describer): Step {
  const content = describer.event(event, fn ?? undefined)
  const { kind, epoch, seq, hash, prev } = event
  const { args = null, result = null, ask = null, fuel = null } = content
  return {
    seq,
    kind,
    turn,
    fn,
    args,
    result,
    ask,
    fuel: typeof fuel === 'number' ? fuel : null,
    content,
    epoch,
    hash: hex(hash),
    prev: prev === null ? null : hex(prev),
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
