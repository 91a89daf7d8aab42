import { TheaterError } from './errors.ts'
import type { Failure, Message, PublishOutcome } from './options.ts'
import { isTopic } from './topics.ts'

/** A call of an export. */
interface ExportCall {
  readonly fn: string
  readonly args: readonly unknown[]
}

/** The call that brings a message from the host. */
export function sendCall(message: Message): ExportCall {
  return { fn: 'theater:messaging/receiver@0.1#handle-send', args: [{ tag: 'host' }, message] }
}

/** The call that asks from the host. */
export function requestCall(message: Message): ExportCall {
  return { fn: 'theater:messaging/responder@0.1#handle-request', args: [{ tag: 'host' }, message] }
}

/** The call that brings what the host publishes. */
export function publishCall(topic: string, message: Message): ExportCall {
  return {
    fn: 'theater:messaging/subscriber@0.1#handle-publish',
    args: [{ tag: 'host' }, topic, message],
  }
}

/** What a receiver says no with that was called by {@link sendCall} or {@link publishCall}; `undefined`: it does not. */
export function refusalOf(to: string, answer: unknown): TheaterError | undefined {
  const result = answer as { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: Failure }
  if (result.tag === 'ok') return undefined
  const { code, message } = result.val
  return new TheaterError('refused', `${to} refused the message (${code}): ${message}`, {
    actor: to,
    detail: result.val,
  })
}

/** What came of something that was published, at one of those who are subscribed. */
export async function publishOutcome(to: string, answering: Promise<unknown>): Promise<PublishOutcome> {
  try {
    return { to, error: refusalOf(to, await answering) }
  } catch (error) {
    if (!TheaterError.is(error)) throw error
    return { to, error }
  }
}

/** @throws TheaterError `bad-arguments` for what is not the name of a topic */
export function checkTopic(topic: string): void {
  if (isTopic(topic)) return
  throw new TheaterError(
    'bad-arguments',
    `${JSON.stringify(topic)} is not the name of a topic: 1 to 128 of a-z 0-9 . _ - : and /`,
  )
}

/** What {@link requestCall} was answered with. */
export function requested(answer: unknown): { readonly ok: Message } | { readonly err: Failure } {
  const result = answer as { tag: 'ok'; val: Message } | { tag: 'err'; val: Failure }
  return result.tag === 'ok' ? { ok: result.val } : { err: result.val }
}
