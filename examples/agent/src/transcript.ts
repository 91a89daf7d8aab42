import type { Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { steps } from '@theater/replay/node'
import type { Step } from '@theater/replay/node'

/** A request that left, or was to leave, and what came of it, as the record has it. */
export interface Exchange {
  /** The event in which it was made. */
  readonly seq: number
  readonly ask: Readonly<Record<string, string>>
  /** What was sent. */
  readonly sent: Buffer
  /** The status of the response; `undefined`: there was none. */
  status: number | undefined
  /** What was received. */
  got: Buffer
  /** The error that the actor was given in place of a response. */
  failed: string | undefined
}

/** A call that the host refused. */
export interface Denied {
  readonly seq: number
  /** The function, without its interface. */
  readonly fn: string
  readonly ask: Readonly<Record<string, string>>
}

/** What an actor asked of the outside, what it was told, and what it was refused. */
export interface Transcript {
  readonly exchanges: readonly Exchange[]
  readonly denied: readonly Denied[]
}

/** Reads the record of an actor. Nothing is taken from memory, and nothing is run. */
export async function transcript(store: Store, actor: string): Promise<Transcript> {
  const info = await store.find(actor)
  if (info === undefined) throw new Error(`there is no record of ${actor}`)
  const reader = new Reader()
  for await (const step of steps({ store, chain: info.chain }, { hash: sha256 })) reader.take(step)
  return reader
}

/**
 * Puts requests and responses together again: each was made over a handful of resources, which cross as numbers, so that an
 * event says of which request it is.
 */
class Reader implements Transcript {
  readonly exchanges: Exchange[] = []
  readonly denied: Denied[] = []
  /** Bytes written, by the number of the body; a body is written before or after its request is made. */
  readonly #bodies = new Map<number, Buffer[]>()
  /** The body of a request. */
  readonly #bodyOf = new Map<number, number>()
  /** What a future, a response, a body or a stream that comes in belongs to. */
  readonly #owner = new Map<number, Exchange>()
  /** The body that an outgoing stream writes to. */
  readonly #streams = new Map<number, number>()
  #intent: Step | undefined

  take(step: Step): void {
    if (step.kind === 'call' && step.result === null && Object(step.content)['intent'] === true) {
      this.#intent = step
    } else if (step.kind === 'call') this.#call(step, step.result)
    else if (step.kind === 'result' && this.#intent !== undefined) this.#call(this.#intent, step.result)
  }

  #call({ seq, fn, args, ask, content }: Step, result: unknown): void {
    const name = fn?.split('#').at(-1) ?? ''
    const given = Array.isArray(args) ? args : []
    if (Object(content)['denied'] === true) {
      this.denied.push({ seq, fn: name, ask: (ask ?? {}) as Denied['ask'] })
      return
    }
    const self = numberOf(given[0])
    const made = numberOf(ok(result))
    switch (name) {
      case '[method]outgoing-request.body':
        this.#bodyOf.set(self, made)
        this.#bodies.set(made, [])
        return
      case '[method]outgoing-body.write':
        this.#streams.set(made, self)
        return
      case '[method]output-stream.write':
        this.#bodies.get(this.#streams.get(self) ?? -1)?.push(bytesOf(given[1]))
        return
      case 'handle':
        return this.#made(seq, ask, self, made, result)
      default:
        return this.#told(name, self, result)
    }
  }

  #made(seq: number, ask: unknown, request: number, future: number, result: unknown): void {
    const pieces = this.#bodies.get(this.#bodyOf.get(request) ?? -1) ?? []
    const exchange: Exchange = {
      seq,
      ask: (ask ?? {}) as Exchange['ask'],
      get sent() {
        return Buffer.concat(pieces)
      },
      status: undefined,
      got: Buffer.alloc(0),
      failed: errorOf(result),
    }
    this.exchanges.push(exchange)
    this.#owner.set(future, exchange)
  }

  #told(name: string, self: number, result: unknown): void {
    const exchange = this.#owner.get(self)
    if (exchange === undefined) return
    switch (name) {
      case '[method]future-incoming-response.get': {
        const answer = ok(result)
        if (answer === undefined) return
        exchange.failed = errorOf(answer)
        this.#owner.set(numberOf(ok(answer)), exchange)
        return
      }
      case '[method]incoming-response.status':
        exchange.status = typeof result === 'number' ? result : undefined
        return
      case '[method]incoming-response.consume':
      case '[method]incoming-body.stream':
        this.#owner.set(numberOf(ok(result)), exchange)
        return
      case '[method]input-stream.read': {
        const bytes = ok(result)
        if (bytes !== undefined) exchange.got = Buffer.concat([exchange.got, bytesOf(bytes)])
      }
    }
  }
}

/** The number of a resource; -1: it is none. */
function numberOf(value: unknown): number {
  const n = Object(value)['number'] as unknown
  return typeof n === 'number' ? n : -1
}

/** What is in an `ok`. */
function ok(value: unknown): unknown {
  return Object(value)['ok']
}

/** The case of an error; `undefined`: it is none. */
function errorOf(value: unknown): string | undefined {
  const error = Object(value)['err'] as unknown
  if (error === undefined) return undefined
  return typeof error === 'string' ? error : (Object.keys(Object(error))[0] ?? 'error')
}

function bytesOf(value: unknown): Buffer {
  const { utf8, base64 } = Object(value) as { readonly utf8?: string; readonly base64?: string }
  return utf8 === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(utf8)
}
