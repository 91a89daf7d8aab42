import type { Json } from './json.ts'

const brand = '@theater/actor/Failure'

/**
 * An actor's own "no". Thrown in a handler it becomes the answer of the turn, with its code: the state stays
 * as it was, and what {@link Messaging.send} queued is not sent.
 *
 * Codes are part of an actor's contract: 1 to 64 characters of `a-z 0-9 -`. The kit itself uses
 * {@link KitCode}.
 *
 * ```ts
 * throw new Failure('not-enough', `there are ${state.count}`, { count: state.count })
 * ```
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  /** What went wrong, for programs. */
  readonly code: string
  /** More about it, for programs that know `code`. */
  readonly detail: Json | undefined
  /** Marks the class across copies of this package. */
  readonly brand = brand

  /** Throws a `RangeError` for a code that is not one. */
  constructor(code: string, message: string, detail?: Json, options?: ErrorOptions) {
    super(message, options)
    if (!/^[a-z0-9-]{1,64}$/.test(code)) {
      throw new RangeError(`${JSON.stringify(code)} is no failure code: use 1 to 64 characters of a-z 0-9 -`)
    }
    this.code = code
    this.detail = detail
  }

  /** Whether a caught value is a `Failure`. */
  static is(value: unknown): value is Failure {
    return branded(value, brand)
  }
}

/**
 * The failure codes that the kit gives.
 *
 * - `exception`: a handler threw something that is not a `Failure`. A bug; the message is the error's.
 * - `bad-message`: the message is not in the kit's encoding, or its body is not what the handler's schema asks.
 * - `unknown-message`: there is no handler of that type.
 * - `bad-state`: a saved state cannot be taken over.
 * - `send-failed`: the handler succeeded and the host refused one of the sends that it had queued.
 */
export type KitCode = 'exception' | 'bad-message' | 'unknown-message' | 'bad-state' | 'send-failed'

/** Whether `value` is an object that carries this brand. */
export function branded(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && 'brand' in value && value.brand === name
}
