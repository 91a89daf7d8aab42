import type { TheaterMessagingTopics } from '@theater/wit'
import { TopicError } from '../host-errors.ts'
import { encodeReply, type WireMessage } from '../message.ts'
import { payloadOf } from './host.ts'

type Host = typeof TheaterMessagingTopics
type Refusal = TheaterMessagingTopics.PublishError | TheaterMessagingTopics.SubscribeError

/** A body as it is published: JSON, or bytes. */
export function encodeBody(body: unknown): WireMessage {
  return encodeReply(body, 'the body')
}

/** Publishes now. @throws TopicError */
export function publish(host: Host, topic: string, message: WireMessage): string[] {
  return asked(topic, () => [...host.publish(topic, message)])
}

/** Begins or ends a subscription now. @throws TopicError */
export function subscribe(host: Host, topic: string, begins: boolean): void {
  asked(topic, () => (begins ? host.subscribe(topic) : host.unsubscribe(topic)))
}

function asked<T>(topic: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<Refusal>(thrown)
    throw error === undefined ? thrown : new TopicError(topic, error)
  }
}
