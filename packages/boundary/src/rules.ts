/** A function whose success queues calls of other actors' exports, in one message. */
export interface MessageRule {
  readonly kind: 'message'
  /** The export that the receivers get called at, by its name within its track. */
  readonly fn: string
  /** The receivers' ids, from the guest's lifted arguments and from what the call was answered with. */
  to(args: readonly unknown[], answer: unknown): readonly string[]
  /** The receivers' arguments. */
  args(args: readonly unknown[], sender: string): readonly unknown[]
  /** The topic that it is published under. */
  topic?(args: readonly unknown[]): string
}

/** A function whose success queues a change of what the actor is subscribed to. */
export interface SubscriptionRule {
  readonly kind: 'subscribe' | 'unsubscribe'
  topic(args: readonly unknown[]): string
}

/** A function whose success queues something that leaves the actor. */
export type QueueRule = MessageRule | SubscriptionRule

const topicOf = ([topic]: readonly unknown[]): string => topic as string

/**
 * The functions that queue, by name within their track. The rule is the boundary's, not a handler's, so that a re-run
 * without handlers comes to the same `send` events, and so that nobody can deliver what the guest did not say.
 */
const rules: Readonly<Record<string, QueueRule>> = {
  'theater:messaging/client@0.1#send': {
    kind: 'message',
    fn: 'theater:messaging/receiver@0.1#handle-send',
    to: (args) => [args[0] as string],
    args: (args, sender) => [{ tag: 'actor', val: sender }, args[1]],
  },
  'theater:messaging/topics@0.1#publish': {
    kind: 'message',
    fn: 'theater:messaging/subscriber@0.1#handle-publish',
    // Who was subscribed is known by the host alone, so it is what the call was answered with, and in the record.
    to: (_args, answer) => answer as readonly string[],
    args: (args, sender) => [{ tag: 'actor', val: sender }, args[0], args[1]],
    topic: topicOf,
  },
  'theater:messaging/topics@0.1#subscribe': { kind: 'subscribe', topic: topicOf },
  'theater:messaging/topics@0.1#unsubscribe': { kind: 'unsubscribe', topic: topicOf },
}

/** The queue rule of a function, by its name within its track. */
export function queueRule(name: string): QueueRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined
}
