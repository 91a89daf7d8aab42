import type { TheaterHttpWebsocketHandler, TheaterMessagingReceiver } from '@theater/wit'
import type { Log } from '../capabilities.ts'
import { Failure } from '../failure.ts'
import type { Json } from '../json.ts'
import { encodeReply, type WireMessage } from '../message.ts'
import { issueText, type StandardSchema } from '../schema.ts'
import { payloadOf } from './host.ts'
import { show } from './log.ts'

type WireFailure = TheaterMessagingReceiver.Failure

/** What the other side gave, decoded; what is wrong with it is the other side's fault. */
export function asked<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw badMessage(error)
  }
}

export function badMessage(error: unknown): Failure {
  return new Failure('bad-message', error instanceof Error ? error.message : String(error))
}

export async function checked(schema: StandardSchema, value: unknown, root: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => issueText(issue, root))
  throw new Failure('bad-message', issues.join('; '), { issues })
}

/** @param told whether who asked may see where it was thrown: the host sees everything, another actor does not */
export function failureOf(error: unknown, what: string, log: Log | undefined, told = false): WireFailure {
  if (Failure.is(error)) {
    const { code, message, detail } = error
    return { code, message, detail: detailOf(detail) }
  }
  const stack = stackOf(error)
  log?.error(`${what} threw`, { error: show(error), stack })
  // Without a log the answer is the only place for it.
  const detail = log === undefined && told && stack !== undefined ? detailOf({ stack }) : undefined
  return { code: 'exception', message: show(error), detail }
}

export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}

/** A failure must not fail: a detail that does not survive JSON is left out. */
function detailOf(detail: Json | undefined): WireMessage | undefined {
  try {
    return detail === undefined ? undefined : encodeReply(detail, 'the detail')
  } catch {
    return undefined
  }
}

/** Why a client gets no connection. What is no failure of the actor's own is no business of the client's. */
export function refuseClient(error: unknown): unknown {
  const failure = payloadOf<WireFailure>(error)
  if (failure === undefined) return error
  const refusal: TheaterHttpWebsocketHandler.Refusal =
    failure.code === 'exception' || failure.code === 'send-failed'
      ? { status: 500, reason: 'The actor failed.' }
      : { status: /^[45]\d\d$/.test(failure.code) ? Number(failure.code) : 403, reason: failure.message }
  return Object.assign(new Error(refusal.reason), { payload: refusal })
}

/** The form in which the engine takes the `err` of a result. */
export function refuse(failure: WireFailure): Error {
  return Object.assign(new Error(failure.message), { payload: failure })
}
