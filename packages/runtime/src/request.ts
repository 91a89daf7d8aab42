import type { PendingRequest, Reply } from '@theater/handler'
import type { Wait, WaitGraph } from './waits.ts'

/** What came of a request: its reply, or that the host closed before there was one. */
export type Answer = Reply | { readonly tag: 'closed' }

/** A request on its way to its receiver and back. */
export class Call {
  #answer: Answer | undefined
  #listener: ((answer: Answer) => void) | undefined
  readonly #withdraw: () => boolean

  /** @param withdraw takes it back; `false` where its receiver has begun it */
  constructor(withdraw: () => boolean) {
    this.#withdraw = withdraw
  }

  get answer(): Answer | undefined {
    return this.#answer
  }

  /** Takes it back. `false`: its receiver has begun it, or has answered. */
  withdraw(): boolean {
    return this.#answer === undefined && this.#withdraw()
  }

  /** It is answered. Whoever listens hears it in the same step. */
  settle(answer: Answer): void {
    if (this.#answer !== undefined) return
    this.#answer = answer
    this.#listener?.(answer)
  }

  /** Listens from here on; the one who listens last is told. */
  listen(listener: (answer: Answer) => void): void {
    this.#listener = listener
  }
}

/** The actor that waits, as a request sees it. */
export interface Requester {
  readonly id: string
  /** Aborts when the actor ends. */
  readonly signal: AbortSignal
  /** Leaves its turn where its record is. */
  abandon(): void
}

/** What identifies a request in its sender's chain. A description carries it, so it is plain data. */
export type RequestId = {
  readonly to: string
  /** Sequence number of its intent. */
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly deadline: number
}

/** Reads what {@link PendingRequest.id} was, from a record that anybody may have written. */
export function readRequestId(value: unknown): RequestId | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { to, seq, deadline } = value as { readonly [key: string]: unknown }
  if (typeof to !== 'string' || typeof seq !== 'number' || typeof deadline !== 'number') return undefined
  return { to, seq, deadline }
}

/** The longest delay that a timer takes. */
const MAX_TIMER = 0x7fff_ffff

/** A request as its handler holds it. */
export class Pending implements PendingRequest {
  readonly id: RequestId
  readonly #requester: Requester
  readonly #waits: WaitGraph
  readonly #call: Call
  readonly #reply = Promise.withResolvers<Reply>()
  readonly #onEnd = (): void => this.#finish({ tag: 'timeout' })
  #wait: Wait | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #begun = false
  #over = false

  constructor(requester: Requester, waits: WaitGraph, call: Call, id: RequestId) {
    this.#requester = requester
    this.#waits = waits
    this.#call = call
    this.id = id
  }

  /** Reading it is what makes the actor wait: only then can a cycle of waiting actors close. */
  get reply(): Promise<Reply> {
    if (!this.#begun && !this.#over) this.#begin()
    return this.#reply.promise
  }

  cancel(): void {
    this.#finish({ tag: 'timeout' })
  }

  #begin(): void {
    this.#begun = true
    const call = this.#call
    if (call.answer !== undefined) {
      this.#hear(call.answer)
      return
    }
    const wait: Wait = {
      from: this.#requester.id,
      to: this.id.to,
      withdraw: () => call.withdraw(),
      deadlock: () => this.#finish({ tag: 'deadlock' }),
    }
    if (!this.#waits.add(wait)) {
      this.#finish({ tag: 'deadlock' })
      return
    }
    this.#wait = wait
    call.listen((answer) => this.#hear(answer))
    const { signal } = this.#requester
    signal.addEventListener('abort', this.#onEnd, { once: true })
    const left = Math.max(0, Math.min(this.id.deadline - Date.now(), MAX_TIMER))
    this.#timer = setTimeout(this.#onEnd, left)
    if (signal.aborted) this.#onEnd()
  }

  #hear(answer: Answer): void {
    if (answer.tag !== 'closed') {
      this.#finish(answer)
      return
    }
    // What the receiver did will only be known when the store is opened again: the turn goes on there.
    this.#letGo()
    if (!this.#over) this.#requester.abandon()
    this.#over = true
  }

  #finish(reply: Reply): void {
    if (this.#over) return
    this.#over = true
    this.#letGo()
    this.#reply.resolve(reply)
  }

  #letGo(): void {
    clearTimeout(this.#timer)
    this.#requester.signal.removeEventListener('abort', this.#onEnd)
    if (this.#wait !== undefined) this.#waits.remove(this.#wait)
    this.#wait = undefined
  }
}
