/** A call that was made and answered, as the record has it. */
export interface Said {
  /** The guest's lifted arguments. */
  readonly args: readonly unknown[]
  /** What it was answered with, without the `ok` around it. */
  readonly answer: unknown
  /** The actor that made it. */
  readonly sender: string
}

/** What a message says of a channel, for the end that it comes from. */
export interface ChannelStep {
  readonly kind: 'open' | 'accept' | 'close'
  readonly channel: string
}

/** A function whose success queues calls of other actors' exports, in one message. */
export interface MessageRule {
  readonly kind: 'message'
  /** The export that the receivers get called at, by its name within its track. */
  readonly fn: string
  /** The receivers' ids. */
  to(said: Said): readonly string[]
  /** The receivers' arguments. */
  args(said: Said): readonly unknown[]
  /** The topic that it is published under. */
  topic?(said: Said): string
  /** The channel that it opens, accepts or closes. */
  step?(said: Said): ChannelStep
}

/** A function whose success queues a change of what the actor is subscribed to. */
export interface SubscriptionRule {
  readonly kind: 'subscribe' | 'unsubscribe'
  topic(said: Said): string
}

/** A timer that was set. */
export interface SetTimer {
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly due: number
  /** Milliseconds; `undefined` for one that fires once. */
  readonly interval: number | undefined
  /** What it fires with. */
  readonly message: unknown
}

/** What is to become of a timer. */
export type TimerStep =
  | { readonly kind: 'set'; readonly timer: SetTimer }
  | { readonly kind: 'cancel'; readonly id: number }

/** A function whose success queues that a timer is set, or cancelled. */
export interface TimerRule {
  readonly kind: 'timer'
  step(said: Said): TimerStep
  /**
   * What holds of every answer, so that no host has a timer fire before it was asked to.
   *
   * @param now milliseconds since the epoch by the actor's clock
   * @throws Error with the rule that the answer breaks
   */
  check?(said: Said, now: number): void
}

/**
 * A function whose success queues something for its handler, which has it leave the host. Where the handler does it at
 * once, as an outside effect, nothing is queued.
 */
export interface HandedRule {
  readonly kind: 'handed'
  /** The WebSocket connection that it closes. */
  closes?(said: Said): string
}

/** A function whose success queues something that leaves the actor. */
export type QueueRule = MessageRule | SubscriptionRule | TimerRule | HandedRule

const topicOf = ({ args: [topic] }: Said): string => topic as string
const toFirst = ({ args: [to] }: Said): readonly string[] => [to as string]
const actor = (sender: string): unknown => ({ tag: 'actor', val: sender })

const PEER = 'theater:messaging/channel-peer@0.1'
const channelOf = ({ args: [channel] }: Said): string => channel as string
const toOther = (said: Said): readonly string[] => [otherEnd(channelOf(said), said.sender)]

/** `theater:timer/timers.timer`, as lifted. */
interface Timer {
  readonly id: bigint
  readonly due: bigint
  readonly interval?: bigint | undefined
}

function setBy({ args, answer }: Said): TimerStep {
  const { id, due, interval } = answer as Timer
  const timer: SetTimer = {
    id: Number(id),
    due: Number(due),
    interval: interval === undefined ? undefined : Number(interval),
    message: args[1],
  }
  return { kind: 'set', timer }
}

function checkOnce({ args: [when], answer }: Said, now: number): void {
  const { tag, val } = when as { readonly tag: 'after' | 'at'; readonly val: bigint }
  const { due, interval } = answer as Timer
  if (interval !== undefined) throw new Error('a timer that fires once and again')
  if (due < (tag === 'after' ? BigInt(now) + val : val))
    throw new Error('a timer that is due before it was asked to be')
}

function checkEvery({ args: [asked], answer }: Said, now: number): void {
  const { due, interval } = answer as Timer
  if (interval === undefined || interval !== asked || interval === 0n)
    throw new Error('a timer of another interval than was asked')
  if (due !== BigInt(now) + interval) throw new Error('a timer that is not due one interval from now')
}

/** The other end of a channel: its name begins with both, `OPENER/OTHER/…`. */
export function otherEnd(channel: string, self: string): string {
  const [opener = '', other = ''] = channel.split('/')
  return self === opener ? other : opener
}

/**
 * Whether an end of a channel is one of the program around the actors: `@` and a name, which no actor's id can be. Such an end
 * has no record.
 */
export function isOutside(end: string): boolean {
  return end.startsWith('@')
}

/**
 * The functions that queue, by name within their track. The rule is the boundary's, not a handler's, so that a re-run
 * without handlers comes to the same `send` events, and so that nobody can deliver what the guest did not say.
 */
const rules: Readonly<Record<string, QueueRule>> = {
  'theater:messaging/client@0.1#send': {
    kind: 'message',
    fn: 'theater:messaging/receiver@0.1#handle-send',
    to: toFirst,
    args: ({ args, sender }) => [actor(sender), args[1]],
  },
  'theater:messaging/topics@0.1#publish': {
    kind: 'message',
    fn: 'theater:messaging/subscriber@0.1#handle-publish',
    // Who was subscribed is known by the host alone, so it is what the call was answered with, and in the record.
    to: ({ answer }) => answer as readonly string[],
    args: ({ args, sender }) => [actor(sender), args[0], args[1]],
    topic: topicOf,
  },
  'theater:messaging/topics@0.1#subscribe': { kind: 'subscribe', topic: topicOf },
  'theater:messaging/topics@0.1#unsubscribe': { kind: 'unsubscribe', topic: topicOf },
  'theater:messaging/channels@0.1#open': {
    kind: 'message',
    fn: `${PEER}#handle-open`,
    to: toFirst,
    args: ({ args, answer, sender }) => [actor(sender), answer, args[1]],
    step: ({ answer }) => ({ kind: 'open', channel: answer as string }),
  },
  'theater:messaging/channels@0.1#accept': {
    kind: 'message',
    fn: `${PEER}#handle-accept`,
    to: toOther,
    args: ({ args, sender }) => [actor(sender), args[0]],
    step: (said) => ({ kind: 'accept', channel: channelOf(said) }),
  },
  'theater:messaging/channels@0.1#send': {
    kind: 'message',
    fn: `${PEER}#handle-message`,
    to: toOther,
    args: ({ args, sender }) => [actor(sender), args[0], args[1]],
  },
  'theater:messaging/channels@0.1#close': {
    kind: 'message',
    fn: `${PEER}#handle-close`,
    to: toOther,
    args: ({ args: [channel, why], sender }) => [
      actor(sender),
      channel,
      why === undefined ? { tag: 'done' } : { tag: 'failed', val: why },
    ],
    step: (said) => ({ kind: 'close', channel: channelOf(said) }),
  },
  'theater:timer/timers@0.1#once': { kind: 'timer', step: setBy, check: checkOnce },
  'theater:timer/timers@0.1#every': { kind: 'timer', step: setBy, check: checkEvery },
  'theater:timer/timers@0.1#cancel': {
    kind: 'timer',
    step: ({ args: [id] }) => ({ kind: 'cancel', id: Number(id as bigint) }),
  },
  'theater:http/websocket@0.1#send': { kind: 'handed' },
  'theater:http/websocket@0.1#close': { kind: 'handed', closes: channelOf },
}

/** The queue rule of a function, by its name within its track. */
export function queueRule(name: string): QueueRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined
}
