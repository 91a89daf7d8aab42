import { WitError } from '@theater/handler'
import type { ChannelFailure, DeliveryFailure, Reply, TopicFailure } from '@theater/handler'
import { failureSize, isObject, readFailure, readMessage, sizeOf } from './types.ts'
import type {
  ChannelError,
  Message,
  OpenError,
  PublishError,
  RequestError,
  SendError,
  SubscribeError,
} from './types.ts'

/**
 * Turns the reason why a message was not queued into the guest's error, or throws what is a fault of the host:
 * a send does not wait, so nothing about the receiver's turn can be its answer.
 */
export function sendError(failure: DeliveryFailure): WitError<SendError> {
  switch (failure.tag) {
    case 'unknown-actor':
    case 'not-served':
      return new WitError<SendError>({ tag: failure.tag })
    // The actor is there but takes no messages any more.
    case 'stopped':
      return new WitError<SendError>({ tag: 'not-served' })
    case 'too-large':
    case 'outbox-full':
      return new WitError<SendError>(failure)
    case 'mailbox-full':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw new Error(`a send was answered with '${failure.tag}', which only a request can be`)
  }
}

/** Turns the reason why a message was not published into the guest's error. @throws Error for what is a fault of the host */
export function publishError(failure: TopicFailure): WitError<PublishError> {
  switch (failure.tag) {
    case 'bad-topic':
      return new WitError<PublishError>({ tag: failure.tag })
    case 'outbox-full':
      return new WitError<PublishError>({ tag: failure.tag, val: failure.val })
    case 'too-many':
    case 'too-large':
    case 'unknown-actor':
    case 'not-served':
    case 'stopped':
    case 'mailbox-full':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw new Error(`a publish was answered with '${failure.tag}', which it cannot be`)
  }
}

/** Turns the reason why a subscription is as it was into the guest's error. @throws Error for what is a fault of the host */
export function subscribeError(failure: TopicFailure): WitError<SubscribeError> {
  switch (failure.tag) {
    case 'bad-topic':
    case 'not-served':
      return new WitError<SubscribeError>({ tag: failure.tag })
    case 'too-many':
      return new WitError<SubscribeError>({ tag: failure.tag, val: failure.val })
    case 'outbox-full':
    case 'too-large':
    case 'unknown-actor':
    case 'stopped':
    case 'mailbox-full':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw new Error(`a subscription was answered with '${failure.tag}', which it cannot be`)
  }
}

/** Turns the reason why no channel is opened into the guest's error. @throws Error for what is a fault of the host */
export function openError(failure: ChannelFailure): WitError<OpenError> {
  switch (failure.tag) {
    case 'unknown-actor':
    case 'not-served':
      return new WitError<OpenError>({ tag: failure.tag })
    // The actor is there but takes nothing any more.
    case 'stopped':
      return new WitError<OpenError>({ tag: 'not-served' })
    case 'too-large':
      return new WitError<OpenError>({ tag: failure.tag, val: failure.val })
    case 'outbox-full':
    case 'too-many':
      return new WitError<OpenError>({ tag: failure.tag, val: failure.val })
    case 'not-open':
    case 'mailbox-full':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw new Error(`an open was answered with '${failure.tag}', which it cannot be`)
  }
}

/** Turns the reason why nothing is done with a channel into the guest's error. @throws Error for what is a fault of the host */
export function channelError(failure: ChannelFailure): WitError<ChannelError> {
  switch (failure.tag) {
    case 'not-open':
      return new WitError<ChannelError>({ tag: failure.tag })
    // The other end has ended, and the news of it is under way.
    case 'unknown-actor':
    case 'not-served':
    case 'stopped':
      return new WitError<ChannelError>({ tag: 'not-open' })
    case 'too-large':
      return new WitError<ChannelError>({ tag: failure.tag, val: failure.val })
    case 'outbox-full':
      return new WitError<ChannelError>({ tag: failure.tag, val: failure.val })
    case 'too-many':
    case 'mailbox-full':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw new Error(`a channel was answered with '${failure.tag}', which it cannot be`)
  }
}

/**
 * Turns the outcome of a request into its answer or the guest's error.
 *
 * @param limit the largest message the requester takes, in bytes
 * @throws WitError with a {@link RequestError}
 */
export function readReply(reply: Reply, limit: number): Message {
  switch (reply.tag) {
    case 'answered':
      return readAnswer(reply.val, limit)
    case 'unknown-actor':
    case 'not-served':
    case 'mailbox-full':
    case 'stopped':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'outcome-unknown':
      throw requestError({ tag: reply.tag })
    case 'too-large':
      throw requestError({ tag: 'too-large', val: reply.val })
    case 'outbox-full':
      throw new Error("a request was answered with 'outbox-full', which only a send can be")
  }
}

/** A {@link RequestError} for throwing. */
export function requestError(error: RequestError): WitError<RequestError> {
  return new WitError<RequestError>(error)
}

/** The answer is made by another actor: hostile until it has been read field by field. */
function readAnswer(answer: unknown, limit: number): Message {
  if (isObject(answer) && answer['tag'] === 'ok') {
    const message = readMessage(answer['val'])
    if (message !== undefined && sizeOf(message) <= limit) return message
  }
  if (isObject(answer) && answer['tag'] === 'err') {
    const failure = readFailure(answer['val'])
    if (failure !== undefined && failureSize(failure) <= limit) {
      throw requestError({ tag: 'failed', val: failure })
    }
  }
  // Something ran, and its answer is too big to take, or it only bears the responder's name and has another type.
  // `too-large` and `not-served` would claim that nothing happened.
  throw requestError({ tag: 'outcome-unknown' })
}
