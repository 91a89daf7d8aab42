import { defineHandler, WitError } from '@theater/handler'
import type { ActorContext, Ask, Binding, Call, Denial, Handler, PendingRequest } from '@theater/handler'
import {
  channelError,
  openError,
  publishError,
  readReply,
  requestError,
  sendError,
  subscribeError,
} from './errors.ts'
import { authorize, messagingGrant, within } from './grant.ts'
import type { MessagingAsk, MessagingGrant } from './grant.ts'
import { failureSize, isObject, sizeOf } from './types.ts'
import type {
  ChannelError,
  Failure,
  Message,
  OpenError,
  PublishError,
  RequestError,
  SendError,
  Sender,
  SubscribeError,
} from './types.ts'

const CLIENT = 'theater:messaging/client@0.1'
const TOPICS = 'theater:messaging/topics@0.1'
const CHANNELS = 'theater:messaging/channels@0.1'
const PENDING = `${CLIENT}#pending`
const RECEIVE = 'theater:messaging/receiver@0.1#handle-send'
const SUBSCRIBER = 'theater:messaging/subscriber@0.1#handle-publish'
const OPEN = 'theater:messaging/channel-peer@0.1#handle-open'
const RESPOND = 'theater:messaging/responder@0.1#handle-request'

/** Limits of {@link messaging}. No option grants anything. */
export interface MessagingOptions {
  /**
   * The largest message that is sent or taken as an answer, in bytes of format and body.
   *
   * @default 1048576
   */
  readonly maxMessageBytes?: number
  /**
   * The longest time a request may take, in milliseconds. What a guest asks for is lowered to it; 0 asks for it.
   *
   * @default 300000
   */
  readonly maxTimeoutMs?: number
}

/** The options with their defaults. */
interface Limits {
  readonly bytes: number
  readonly timeoutMs: number
}

/** The functions of `theater:messaging/client@0.1`, `topics@0.1` and `channels@0.1`, as the boundary calls them. */
export interface MessagingImports {
  readonly [CLIENT]: {
    /** Queues a message. */
    readonly send: (to: string, message: Message) => void
    /** Starts a request. */
    readonly request: (to: string, message: Message, timeoutMs: number) => Promise<Pending>
    /** Waits for the answer. */
    readonly '[static]pending.finish': (pending: object) => Promise<Message>
  }
  readonly [TOPICS]: {
    /** Queues a message for all who are subscribed, and says who that is. */
    readonly publish: (topic: string, message: Message) => readonly string[]
    /** Queues the beginning of a subscription. */
    readonly subscribe: (topic: string) => void
    /** Queues the end of one. */
    readonly unsubscribe: (topic: string) => void
    /** What is in force. */
    readonly subscriptions: () => readonly string[]
  }
  readonly [CHANNELS]: {
    /** Queues the question for a channel, and names it. */
    readonly open: (to: string, message: Message) => string
    /** Queues that it is accepted. */
    readonly accept: (channel: string) => void
    /** Queues a message to the other end. */
    readonly send: (channel: string, message: Message) => void
    /** Queues that it is closed. */
    readonly close: (channel: string, why: Failure | undefined) => void
    /** What was not closed. */
    readonly list: () => readonly string[]
  }
}

/** A request in flight; dropping it gives up waiting. */
export interface Pending {
  [Symbol.dispose](): void
}

/** What {@link Binding.describe} says of a pending: started with an id, or why it never was. */
type Description =
  | { readonly to: string; readonly id: PendingRequest['id'] }
  | { readonly to: string; readonly refused: 'denied' | 'too-large' }

type State =
  | { readonly to: string; readonly request: PendingRequest }
  | { readonly to: string; readonly refused: 'denied' | 'too-large' }

/**
 * Makes the handler of `theater:messaging/client@0.1`, `topics@0.1` and `channels@0.1`: messages and requests to other
 * actors, topics, and channels.
 *
 * A grant names the receivers and the topics, see {@link MessagingGrant}; without one an import stays unmet. Answering a request
 * needs no grant: the answer is what the receiver's own `handle-request` returns.
 *
 * @example
 * import { messaging } from '@theater/handler-messaging'
 *
 * const handler = messaging({ maxMessageBytes: 64 * 1024 })
 * handler.authorize({ to: ['reporter', 'worker-*'] }, { send: 'worker-7' }) // true
 */
export function messaging(options: MessagingOptions = {}): Handler<MessagingGrant, MessagingImports> {
  const limits = { bytes: options.maxMessageBytes ?? 1024 * 1024, timeoutMs: options.maxTimeoutMs ?? 300_000 }
  return defineHandler<MessagingGrant, MessagingImports>({
    name: 'messaging',
    interfaces: [CLIENT, TOPICS, CHANNELS],
    grant: messagingGrant,
    functions: {
      [`${CLIENT}#send`]: { mode: 'sync', effect: 'none', ask: askSend, deny: denySend },
      // No case for a refusal and so no `deny`: a refused request is a pending whose answer is `denied`.
      [`${CLIENT}#request`]: { mode: 'async', effect: 'idempotent' },
      [`${CLIENT}#[static]pending.finish`]: {
        mode: 'async',
        effect: 'read',
        ownDeadline: true,
        ask: askFinish,
        deny: denyFinish,
      },
      // Who is subscribed is read from the host; what is said leaves with the turn.
      [`${TOPICS}#publish`]: {
        mode: 'sync',
        effect: 'read',
        ask: (call) => ({ publish: text(call.args[0]) }),
        deny: () => new WitError<PublishError>({ tag: 'denied' }),
      },
      [`${TOPICS}#subscribe`]: {
        mode: 'sync',
        effect: 'none',
        ask: (call) => ({ subscribe: text(call.args[0]) }),
        deny: () => new WitError<SubscribeError>({ tag: 'denied' }),
      },
      // Whoever listens may always stop.
      [`${TOPICS}#unsubscribe`]: { mode: 'sync', effect: 'none' },
      [`${TOPICS}#subscriptions`]: { mode: 'sync', effect: 'read' },
      // Who opens a channel asks for somebody, as a send does; the two ends of one need nothing more.
      [`${CHANNELS}#open`]: {
        mode: 'sync',
        effect: 'none',
        ask: askSend,
        deny: () => new WitError<OpenError>({ tag: 'denied' }),
      },
      [`${CHANNELS}#accept`]: { mode: 'sync', effect: 'none' },
      [`${CHANNELS}#send`]: { mode: 'sync', effect: 'none' },
      [`${CHANNELS}#close`]: { mode: 'sync', effect: 'none' },
      [`${CHANNELS}#list`]: { mode: 'sync', effect: 'read' },
    },
    within,
    authorize,
    rests: () => true,
    bind: (actor, grant) => bind(actor, grant, limits),
  })
}

function bind(actor: ActorContext, grant: MessagingGrant, limits: Limits): Binding<MessagingImports> {
  const sender: Sender = { tag: 'actor', val: actor.id }
  const limit = limits.bytes
  const states = new WeakMap<object, State>()

  function hold(state: State): Pending {
    const pending: Pending = {
      [Symbol.dispose]() {
        // Finished or never started: cancelling has nothing to cancel then.
        if (states.delete(pending) && 'request' in state) state.request.cancel()
      },
    }
    states.set(pending, state)
    return pending
  }

  function use(channel: string, step: 'accept' | 'send' | 'close', said?: Message | Failure): void {
    actor.signal.throwIfAborted()
    const failure = actor.channels.use(channel, step, [
      sender,
      channel,
      ...(said === undefined ? [] : [said]),
    ])
    if (failure !== undefined) throw channelError(failure)
  }

  return {
    imports: {
      [CLIENT]: {
        send(to, message) {
          actor.signal.throwIfAborted()
          if (sizeOf(message) > limit) throw new WitError<SendError>({ tag: 'too-large', val: BigInt(limit) })
          const failure = actor.send(to, RECEIVE, [sender, message])
          if (failure !== undefined) throw sendError(failure)
        },
        async request(to, message, timeoutMs) {
          actor.signal.throwIfAborted()
          if (authorize(grant, { request: to }) !== true) return hold({ to, refused: 'denied' })
          if (sizeOf(message) > limit) return hold({ to, refused: 'too-large' })
          const asked = timeoutMs === 0 ? limits.timeoutMs : Math.min(timeoutMs, limits.timeoutMs)
          const started = actor.request(to, RESPOND, [sender, message], { timeoutMs: asked })
          return hold({ to, request: started })
        },
        async '[static]pending.finish'(pending) {
          actor.signal.throwIfAborted()
          const state = states.get(pending)
          if (state === undefined) throw new Error('this pending is not of this actor, or was finished')
          // The guest gave it away: nothing to cancel once the answer is here, even if the boundary disposes of it.
          states.delete(pending)
          if ('refused' in state) throw refusal(state.refused, limit)
          return readReply(await orAbort(state.request, actor.signal), limit)
        },
      },
      [TOPICS]: {
        publish(topic, message) {
          actor.signal.throwIfAborted()
          if (sizeOf(message) > limit)
            throw new WitError<PublishError>({ tag: 'too-large', val: BigInt(limit) })
          const found = actor.topics.subscribers(topic)
          if ('tag' in found) throw publishError(found)
          return found
        },
        subscribe(topic) {
          actor.signal.throwIfAborted()
          const failure = actor.topics.subscribe(topic, SUBSCRIBER)
          if (failure !== undefined) throw subscribeError(failure)
        },
        unsubscribe(topic) {
          actor.signal.throwIfAborted()
          const failure = actor.topics.unsubscribe(topic)
          if (failure !== undefined) throw subscribeError(failure)
        },
        subscriptions: () => actor.topics.list(),
      },
      [CHANNELS]: {
        open(to, message) {
          actor.signal.throwIfAborted()
          if (sizeOf(message) > limit) throw new WitError<OpenError>({ tag: 'too-large', val: BigInt(limit) })
          const opened = actor.channels.open(to, OPEN, [sender, to, message])
          if ('tag' in opened) throw openError(opened)
          return opened.channel
        },
        accept: (channel) => use(channel, 'accept'),
        send(channel, message) {
          if (sizeOf(message) > limit)
            throw new WitError<ChannelError>({ tag: 'too-large', val: BigInt(limit) })
          use(channel, 'send', message)
        },
        close(channel, why) {
          if (why !== undefined && failureSize(why) > limit)
            throw new WitError<ChannelError>({ tag: 'too-large', val: BigInt(limit) })
          use(channel, 'close', why)
        },
        list: () => actor.channels.list(),
      },
    },
    describe(type, object) {
      if (type !== PENDING) return undefined
      const state = states.get(object)
      if (state === undefined) return undefined
      const description: Description =
        'refused' in state ? { to: state.to, refused: state.refused } : { to: state.to, id: state.request.id }
      return description
    },
    resume(type, description) {
      if (type !== PENDING || !isObject(description) || typeof description['to'] !== 'string')
        return undefined
      const { to, refused, id } = description
      if (refused === 'denied' || refused === 'too-large') return hold({ to, refused })
      const request = isId(id) ? actor.pending(id) : undefined
      return request === undefined ? undefined : hold({ to, request })
    },
    closed(fn) {
      // Started before a restart and not known any more: the receiver may or may not have run.
      return fn === `${CLIENT}#[static]pending.finish` ? requestError({ tag: 'outcome-unknown' }) : undefined
    },
  }
}

function askSend(call: Call): MessagingAsk {
  return { send: text(call.args[0]) }
}

/** A pending arrives as its description. */
function askFinish(call: Call): MessagingAsk | undefined {
  const pending = call.args[0]
  // A closed handle has no description and exercises nothing.
  if (!isObject(pending)) return undefined
  return { request: text(pending['to']), started: isId(pending['id']) }
}

function denySend(): WitError<SendError> {
  return new WitError<SendError>({ tag: 'denied' })
}

function denyFinish(denial: Denial): WitError<RequestError> {
  // The grant was narrowed while the request was under way: `denied` would claim that nothing ran.
  return requestError({ tag: isStarted(denial.ask) ? 'outcome-unknown' : 'denied' })
}

function isStarted(ask: Ask): boolean {
  return ask['started'] === true
}

function refusal(refused: 'denied' | 'too-large', limit: number): WitError<RequestError> {
  return requestError(refused === 'denied' ? { tag: 'denied' } : { tag: 'too-large', val: BigInt(limit) })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isId(value: unknown): value is PendingRequest['id'] {
  return (
    isObject(value) &&
    Object.values(value).every((part) => typeof part === 'string' || typeof part === 'number')
  )
}

/** The reply, or a rejection when the actor ends first. */
async function orAbort(
  request: PendingRequest,
  signal: AbortSignal,
): Promise<Awaited<PendingRequest['reply']>> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    request.cancel()
    reject(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([request.reply, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
