import type { Misfit, TurnEnd } from '@theater/boundary'
import { ComponentError } from '@theater/component'
import { ChainError } from '@theater/event-chain'
import type { ChainErrorCode } from '@theater/event-chain'
import { TheaterError } from './errors.ts'
import type { LogLine } from './host.ts'
import type { Failure } from './options.ts'
import { trapWords } from './traps.ts'
import { unwrap } from './turn-reply.ts'
import type { TurnReply } from './turn-reply.ts'

/** What an error says, for a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What is logged of a listener outside of the actors that failed. @param actor whose doing it heard of */
export function listenerFailed(of: string, error: unknown, actor: string | null = null): LogLine {
  const message = `a listener of ${of} failed: ${reasonOf(error)}`
  return { actor: actor ?? '', level: 'error', message, fields: [] }
}

/** The error for an actor whose record cannot be written or read. */
export function recordFailure(actor: string, error: unknown): TheaterError {
  if (TheaterError.is(error)) return error
  if (ChainError.is(error) && error.code === 'exists')
    return new TheaterError('exists', `there is a record of ${actor} already`, { actor, cause: error })
  return new TheaterError(
    'store-failed',
    `the record of ${actor} cannot be written or read; it stands still`,
    { actor, cause: error },
  )
}

/** What storage refuses while nothing is wrong with the record that is in it. */
const refusals: ReadonlySet<string> = new Set<ChainErrorCode>([
  'stale',
  'dead',
  'closed',
  'busy',
  'full',
  'read-only',
  'io',
])

/** The error for an actor that its record does not bring back. @param error whatever kept it from that */
export function cannotComeBack(actor: string, error: unknown): TheaterError {
  if (TheaterError.is(error)) return error
  if (ChainError.is(error) && refusals.has(error.code)) return recordFailure(actor, error)
  const message = `${actor} cannot be brought back: ${reasonOf(error)}`
  return new TheaterError('cannot-resume', message, { actor, cause: error })
}

/** What a failure says, with what it came from where that is not in its words. */
export function inWords({ message, cause }: TheaterError): string {
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message} (${cause.message})`
    : message
}

/** Whether a failure says that somebody else writes the record now. */
export function isTakenOver(failure: TheaterError | undefined): failure is TheaterError {
  return failure?.code === 'store-failed' && ChainError.is(failure.cause) && failure.cause.code === 'stale'
}

/** The error for a component that cannot be loaded; anything else is thrown on. */
export function badComponent(actor: string, error: unknown): TheaterError {
  if (!ComponentError.is(error)) throw error
  return new TheaterError('bad-component', `${actor}: ${error.message}`, {
    actor,
    detail: error.code,
    cause: error,
  })
}

/** The error for a component that could not be instantiated. */
export function instantiationFailure(actor: string, end: TurnEnd): TheaterError {
  const detail = end.tag === 'trap' || end.tag === 'abort' ? end.code : end.tag
  const cause = 'error' in end ? end.error : undefined
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  const said = end.tag === 'trap' ? trapWords(end.code) : detail
  const message = `${actor} could not be instantiated (${end.tag}: ${said})${why}`
  return new TheaterError('failed-to-start', message, { actor, detail, cause })
}

/** Why an actor did not come to be, by what its `init`, or the `load` in its place, came to; `undefined`: it did. */
export function initFailure(actor: string, what: string, reply: TurnReply): TheaterError | undefined {
  if (reply.tag === 'answered') {
    const result = reply.value as { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: Failure }
    return result.tag === 'ok' ? undefined : initRefused(actor, what, result.val)
  }
  const error = thrownBy(actor, reply)
  // Neither is the actor's doing.
  if (reply.tag === 'closed' || reply.tag === 'stopped' || reply.tag === 'store-failed') return error
  if (reply.tag === 'aborted' && reply.code === 'stopped')
    return new TheaterError('stopped', `${actor} was stopped while it was made`, { actor, cause: error })
  const message = `${actor}: ${what} failed: ${error.message}`
  return new TheaterError('failed-to-start', message, { actor, detail: reply.tag, cause: error })
}

/** The error for an `init` that answered with a failure. */
function initRefused(actor: string, what: string, failure: Failure): TheaterError {
  const { code, message } = failure
  return new TheaterError('failed-to-start', `${actor}: ${what} failed (${code}): ${message}`, {
    actor,
    detail: failure,
  })
}

function thrownBy(actor: string, reply: TurnReply): TheaterError {
  try {
    unwrap(actor, reply)
  } catch (error) {
    if (TheaterError.is(error)) return error
  }
  return new TheaterError('failed-to-start', `${actor}: init did not answer`, { actor })
}

/** The error for a component that declares functions otherwise than their interfaces do. */
export function misfit(actor: string, wrong: readonly Misfit[]): TheaterError {
  const lines = wrong.map(
    ({ side, fn }) =>
      `\`${actor}\` ${side}s \`${fn}\` with other types than that interface has. Build it against the interface as it is.`,
  )
  return new TheaterError('bad-component', lines.join('\n'), { actor, detail: 'other-types' })
}
