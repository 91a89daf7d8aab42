import type { ActorContext } from '@theater/handler'
import { HANDLE, HANDLE_WHOLE } from './functions.ts'
import { IncomingRequest, type RequestHead } from './incoming-request.ts'
import type { Inflow } from './inflow.ts'
import type { HttpLimits } from './limits.ts'
import { ResponseOutparam, type Answer } from './outgoing-response.ts'
import type { Presence } from './presence.ts'
import { Unanswered } from './refusal.ts'
import type { Session } from './session.ts'
import { answerOf, requestOf } from './whole.ts'

/** A request on its way to an actor. */
export interface Delivery {
  readonly head: RequestHead
  /** The body as it comes, for whoever takes it so. */
  readonly body: () => Inflow
  /** The body, where all of it was read before. */
  readonly whole: Uint8Array | undefined
  /** Gets the answer, while the turn runs. */
  readonly answered: (answer: Answer) => void
  /** Who asks: where it goes, the request is taken back while the turn has not begun. */
  readonly client: Presence
}

/** Whoever answers the requests of a route: an actor, or several that share it. */
export interface Answering {
  readonly limits: Pick<HttpLimits, 'header-bytes' | 'request-bytes'>
  /** Whether bodies pass through while the turn runs. Otherwise requests are whole before it, answers after it. */
  readonly streams: boolean
  /** Has an actor answer a request. Resolves when its turn is durable; rejects with an error whose `code` is an `InvokeFailure`. */
  handle(delivery: Delivery): Promise<void>
}

/** Who is told of a {@link Service}. */
export interface ServiceEvents {
  /** The actor has no request under way any more. */
  readonly freed: () => void
  /** It left a request without an answer, and had answered others before. */
  readonly unanswered: () => void
}

/** One actor, as requests reach it: each is one turn. */
export class Service implements Answering {
  readonly #actor: ActorContext
  readonly #session: Session
  readonly #events: ServiceEvents
  /** Whether it takes requests with resources of `wasi:http`, and whole. */
  readonly #takes: { readonly parts: boolean; readonly whole: boolean }
  #underWay = 0
  /** Whether it has answered a request. */
  #answers = false

  constructor(actor: ActorContext, session: Session, events: ServiceEvents) {
    this.#actor = actor
    this.#session = session
    this.#events = events
    this.#takes = { parts: actor.exports(HANDLE), whole: actor.exports(HANDLE_WHOLE) }
  }

  get name(): string {
    return this.#actor.id
  }

  get limits(): HttpLimits {
    return this.#session.limits
  }

  get streams(): boolean {
    return this.#session.streams && this.#takes.parts
  }

  /** Whether it has no request under way, and none that waits for it. */
  get isIdle(): boolean {
    return this.#underWay === 0
  }

  /** @param waited milliseconds that the request has waited already */
  handle({ head, body, whole, answered, client }: Delivery, waited = 0): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let answers = false
    const tellAnswer = (answer: Answer | undefined): void => {
      if (answer === undefined) return
      answers = true
      answered(answer)
    }
    const back = new AbortController()
    const forget = client.onGone(() => back.abort())
    const timer = setTimeout(
      () => {
        back.abort()
        reject(new Unanswered('timeout'))
      },
      Math.max(1, this.limits['answer-ms'] - waited),
    )
    const over = (): void => {
      clearTimeout(timer)
      forget()
      this.#underWay -= 1
      if (this.#underWay === 0) this.#events.freed()
    }
    this.#underWay += 1
    // A turn that is late goes on, and the actor is not idle before its end: so that is waited for, if not by the client.
    this.#ask({ head, body, whole }, tellAnswer, { deadline: LONGEST, signal: back.signal }).then(
      () => {
        over()
        this.#tell(answers)
        resolve()
      },
      (error: unknown) => {
        over()
        // What a turn answered that trapped after it is not sent.
        if (error instanceof Error && Reflect.get(error, 'code') === 'trapped') this.#tell(false)
        reject(error)
      },
    )
    return promise
  }

  #tell(isAnswered: boolean): void {
    if (!isAnswered && this.#answers) this.#events.unanswered()
    this.#answers ||= isAnswered
  }

  /** Begins the turn, in the form that the actor takes the request in. */
  async #ask(
    { head, body, whole }: Pick<Delivery, 'head' | 'body' | 'whole'>,
    answered: (answer: Answer | undefined) => void,
    options: Parameters<ActorContext['invoke']>[2],
  ): Promise<void> {
    const { parts, whole: wholly } = this.#takes
    if (wholly && whole !== undefined && (!parts || whole.length <= SHORT_BODY)) {
      const said = await this.#actor.invoke(HANDLE_WHOLE, [requestOf(head, whole)], options)
      answered(answerOf(said, this.limits))
      return
    }
    const request = new IncomingRequest(this.#session, head, body(), whole)
    const outparam = new ResponseOutparam(this.#session, answered)
    await this.#actor.invoke(HANDLE, [request, outparam], options)
  }
}

/** The most bytes of a body that cross with their request, where an actor takes both forms. */
const SHORT_BODY = 64 * 1024

/** The longest delay that a timer takes. */
const LONGEST = 0x7fff_ffff
