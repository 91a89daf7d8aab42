import type {
  TheaterActorTypes,
  TheaterMessagingChannels,
  TheaterMessagingClient,
  TheaterMessagingTopics,
} from '@theater/wit'

/** A message, `theater:actor/types.message` as lifted. */
export type Message = TheaterActorTypes.Message

/** A receiver's own "no", `theater:actor/types.failure` as lifted. */
export type Failure = TheaterActorTypes.Failure

/** Who sent a message, `theater:actor/types.sender` as lifted. */
export type Sender = TheaterActorTypes.Sender

/** Why a message was not queued, `theater:messaging/client.send-error` as lifted. */
export type SendError = TheaterMessagingClient.SendError

/** Why a request has no answer, `theater:messaging/client.request-error` as lifted. */
export type RequestError = TheaterMessagingClient.RequestError

/** Why a message was not published, `theater:messaging/topics.publish-error` as lifted. */
export type PublishError = TheaterMessagingTopics.PublishError

/** Why a subscription is as it was, `theater:messaging/topics.subscribe-error` as lifted. */
export type SubscribeError = TheaterMessagingTopics.SubscribeError

/** Why no channel is opened, `theater:messaging/channels.open-error` as lifted. */
export type OpenError = TheaterMessagingChannels.OpenError

/** Why nothing is done with a channel, `theater:messaging/channels.channel-error` as lifted. */
export type ChannelError = TheaterMessagingChannels.ChannelError

const UTF8 = new TextEncoder()

/** The size that a limit counts: the body and the format, in bytes. */
export function sizeOf(message: Message): number {
  return message.body.byteLength + UTF8.encode(message.format).byteLength
}

/** The size of a failure, likewise. */
export function failureSize({ code, message, detail }: Failure): number {
  return code.length + message.length + (detail === undefined ? 0 : sizeOf(detail))
}

/**
 * Reads a message out of a value that another actor gave; `undefined` when it is none. A receiver may export a
 * function of our name with types of its own.
 */
export function readMessage(value: unknown): Message | undefined {
  if (!isObject(value)) return undefined
  const { format, body } = value
  if (typeof format !== 'string' || !(body instanceof Uint8Array)) return undefined
  return { format, body }
}

/** Reads a failure out of a value that another actor gave; `undefined` when it is none. */
export function readFailure(value: unknown): Failure | undefined {
  if (!isObject(value)) return undefined
  const { code, message, detail } = value
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  if (detail === undefined) return { code, message }
  const read = readMessage(detail)
  return read === undefined ? undefined : { code, message, detail: read }
}

/** Whether a value is an object whose keys may be read. */
export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null
}
