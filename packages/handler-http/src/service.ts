import type { ActorContext } from '@theater/handler'
import { HANDLE } from './functions.ts'
import { IncomingRequest, type RequestHead } from './incoming-request.ts'
import type { Inflow } from './inflow.ts'
import type { HttpLimits } from './limits.ts'
import { ResponseOutparam, type Answer } from './outgoing-response.ts'
import type { Session } from './session.ts'

/** One actor, as requests reach it: each is one turn. */
export class Service {
  readonly #actor: ActorContext
  readonly #session: Session

  constructor(actor: ActorContext, session: Session) {
    this.#actor = actor
    this.#session = session
  }

  get name(): string {
    return this.#actor.id
  }

  get limits(): HttpLimits {
    return this.#session.limits
  }

  /** Whether bodies pass through while the turn runs. Otherwise requests are whole before it, answers after it. */
  get streams(): boolean {
    return this.#session.streams
  }

  /**
   * Has the actor answer a request. Resolves when its turn is durable.
   *
   * @param whole the body, where all of it was read before
   * @param answered gets the answer, while the turn runs
   * @param signal takes it back while the turn has not begun
   */
  async handle(
    head: RequestHead,
    body: Inflow,
    whole: Uint8Array | undefined,
    answered: (answer: Answer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const request = new IncomingRequest(this.#session, head, body, whole)
    const outparam = new ResponseOutparam(this.#session, (answer) => {
      if (answer !== undefined) answered(answer)
    })
    await this.#actor.invoke(HANDLE, [request, outparam], { deadline: this.limits['answer-ms'], signal })
  }
}
