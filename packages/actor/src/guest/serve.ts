import type { TheaterMessagingChannelPeer, TheaterMessagingReceiver } from '@theater/wit'
import { isBytes } from '../bytes.ts'
import type { ChannelEnd, ChildEnd, Socket } from '../capabilities.ts'
import type { Actor } from '../define.ts'
import { detailOf as jsonDetail } from './failure-detail.ts'
import { Failure } from '../failure.ts'
import { stringify } from '../json.ts'
import { decodeMessage, type DecodedMessage, decodeReply, encodeReply, type WireMessage } from '../message.ts'
import type { End } from './channels.ts'
import type { Loose } from './definition.ts'
import type { Environment } from './environment.ts'
import type { Exports } from './exports.ts'
import { asked, badMessage, checked, failureOf, refuse, refuseClient, stackOf } from './faults.ts'
import type { Host } from './host.ts'
import { Visit, Whole } from './http.ts'
import type { Exchange } from './http.ts'
import { show } from './log.ts'
import { endOf as socketEnd, requestOf as openingOf } from './sockets.ts'
import { Kit, Turn, TurnContext } from './turn.ts'
import type { Held } from './turn.ts'

type Sender = TheaterMessagingReceiver.Sender

/** What a client is told whose request the web does not know. */
const UNKNOWN = 'The actor cannot take this request.'

/**
 * Runs a definition: its exports over the host's imports. The state is here, in the instance's memory.
 *
 * What a handler throws is answered as a `failure`. It is never a trap: a trap costs the host a rebuild.
 */
export function serve(actor: Actor, host: Host, environment: Environment): Exports {
  const definition: Loose = actor.definition
  const kit = new Kit(host)
  const whole = new Whole(environment)
  const held: Held = { state: structuredClone(definition.state) }

  /** Begins a turn. {@link over} has to follow. */
  function begin(): Turn {
    environment.begin()
    return new Turn(kit, held)
  }

  function over(turn: Turn): void {
    turn.finish()
    environment.end()
  }

  /** Runs one turn. `work` says what it is about, once that is known, and commits it when it has succeeded. */
  function run<T>(sender: string | null, work: (ctx: object, turn: Turn) => T | Promise<T>): T | Promise<T> {
    const turn = begin()
    let done: T | Promise<T>
    try {
      done = work(new TurnContext(turn, sender), turn)
    } catch (error) {
      throw undone(turn, sender, error)
    }
    // A promise where none is needed takes the engine longer than most handlers.
    if (isPromise(done)) return settled(turn, sender, done)
    over(turn)
    return done
  }

  async function settled<T>(turn: Turn, sender: string | null, done: Promise<T>): Promise<T> {
    let value: T
    try {
      value = await done
    } catch (error) {
      throw undone(turn, sender, error)
    }
    over(turn)
    return value
  }

  /** What is said of a turn that came to nothing. */
  function undone(turn: Turn, sender: string | null, error: unknown): Error {
    turn.fail()
    const failure = refuse(failureOf(error, turn.name, kit.log, sender === null))
    over(turn)
    return failure
  }

  /** Runs the handler of a message, whose result is the reply; at once where that is. Each function in between would cost as much as a short handler. */
  function dispatch(sender: Sender, message: WireMessage): WireMessage | Promise<WireMessage> {
    const from = idOf(sender)
    const turn = begin()
    let given: unknown
    let reply: WireMessage
    try {
      given = received(turn, new TurnContext(turn, from), message)
      if (isPromise(given))
        return settled(
          turn,
          from,
          given.then((value) => replied(value, turn)),
        )
      reply = replied(given, turn)
    } catch (error) {
      throw undone(turn, from, error)
    }
    over(turn)
    return reply
  }

  function received(turn: Turn, ctx: object, message: WireMessage): unknown {
    let decoded: DecodedMessage
    try {
      decoded = decodeMessage(message)
    } catch (error) {
      throw badMessage(error)
    }
    const { type, body } = decoded
    turn.name = type
    const { messages, accepts } = definition
    // Names come from senders: `constructor` must not find a function.
    const handler = messages !== undefined && Object.hasOwn(messages, type) ? messages[type] : undefined
    if (handler === undefined) throw new Failure('unknown-message', `there is no message ${type} here`)
    if (accepts === undefined || !Object.hasOwn(accepts, type)) return handler(ctx, body)
    return checked(accepts[type]!, body, 'body').then((value) => handler(ctx, value))
  }

  function replied(value: unknown, turn: Turn): WireMessage {
    const what = `the reply to ${turn.name}`
    const reply =
      value === undefined || isBytes(value)
        ? encodeReply(value, what)
        : { format: 'application/json', body: environment.bytesOf(stringify(value, what)) }
    turn.commit()
    return reply
  }

  /** Hears of a channel. Nobody waits for an answer. */
  function hear(
    sender: Sender,
    channel: string,
    work: (ctx: object, turn: Turn, end: End) => unknown,
  ): void | Promise<void> {
    return run(idOf(sender), async (ctx, turn) => {
      await work(ctx, turn, turn.end(channel, peerOf(sender, channel)))
      turn.commit()
    })
  }

  /** Is asked for a channel: what the handler throws refuses it. */
  function beAsked(sender: Sender, channel: string, message: WireMessage): void | Promise<void> {
    return run(idOf(sender), async (ctx, turn) => {
      turn.name = 'open'
      const end = turn.end(channel, peerOf(sender, channel))
      const { open } = definition.channels ?? {}
      try {
        if (open === undefined) throw new Failure('no-channels', 'this actor takes no channels')
        // In front of what the handler sends on it.
        const accepting = turn.accept(end)
        accepting.now =
          (await open(
            ctx,
            end,
            asked(() => decodeReply(message)),
          )) !== 'later'
        turn.commit()
      } catch (error) {
        turn.fail()
        turn.refuse(channel, failureOf(error, turn.name, kit.log))
      }
    })
  }

  /** Hears of a WebSocket connection. */
  function hearSocket(
    connection: string,
    of: string,
    work: (ctx: object, socket: Socket) => unknown,
  ): unknown {
    return run(null, async (ctx, turn) => {
      turn.name = of
      const answer = await work(ctx, turn.socket(connection))
      turn.commit()
      return answer
    })
  }

  /** A new actor subscribes to what it has handlers for. */
  function subscribeAll(turn: Turn): void {
    for (const topic of Object.keys(definition.subscriptions ?? {}))
      if (topic !== '*') turn.topics.subscribe(topic)
  }

  /** Answers an HTTP request, of whatever form; at once where the handler does. What it throws is no business of the client's. */
  function answer<T>(request: Request, exchange: Exchange<T>): T | Promise<T> {
    const turn = begin()
    turn.name = 'fetch'
    let said: T | Promise<T>
    try {
      const given = definition.fetch!(new TurnContext(turn, null), request)
      said = isPromise(given)
        ? given.then((response) => exchange.answer(response, turn))
        : exchange.answer(given, turn)
    } catch (error) {
      return failed(turn, exchange, error)
    }
    if (isPromise(said)) return later(turn, exchange, said)
    over(turn)
    return said
  }

  async function later<T>(turn: Turn, exchange: Exchange<T>, said: Promise<T>): Promise<T> {
    let answered: T
    try {
      answered = await said
    } catch (error) {
      return failed(turn, exchange, error)
    }
    over(turn)
    return answered
  }

  function failed<T>(turn: Turn, exchange: Exchange<T>, error: unknown): T {
    turn.fail()
    // The client is told nothing of it, so it is told here or nowhere.
    if (Failure.is(error))
      kit.log?.warn('fetch failed', { code: error.code, error: show(error), stack: stackOf(error) })
    else kit.log?.error('fetch threw', { error: show(error), stack: stackOf(error) })
    over(turn)
    return exchange.refuse(500, 'The actor failed.')
  }

  return {
    lifecycle: {
      init: async (message) => {
        await run(null, async (ctx, turn) => {
          turn.name = 'init'
          subscribeAll(turn)
          const given = message.body.length === 0 ? undefined : asked(() => decodeReply(message))
          const params =
            definition.params === undefined ? given : await checked(definition.params, given, 'params')
          await definition.init?.(ctx, params)
          turn.commit()
        })
      },
    },
    migration: {
      save: () => {
        try {
          return encodeReply(held.state, 'the state')
        } catch (error) {
          // There is no answer that says so: this is a trap, and this line is all that is known of it.
          kit.log?.error('save threw', { error: show(error), stack: stackOf(error) })
          throw error
        }
      },
      load: (message) => {
        environment.begin()
        try {
          const saved = decodeReply(message)
          if (isBytes(saved)) throw new SyntaxError('the state is JSON')
          const loaded = { state: definition.load === undefined ? saved : definition.load(saved) }
          const turn = new Turn(kit, loaded)
          subscribeAll(turn)
          turn.commit()
          held.state = loaded.state
        } catch (error) {
          if (Failure.is(error)) throw refuse(failureOf(error, 'load', kit.log))
          throw refuse({ code: 'bad-state', message: show(error), detail: undefined })
        }
      },
    },
    receiver: {
      handleSend: async (sender, message) => {
        await dispatch(sender, message)
      },
    },
    responder: { handleRequest: dispatch },
    subscriber: {
      handlePublish: (sender, topic, message) =>
        run(idOf(sender), async (ctx, turn) => {
          turn.name = `what is published under ${topic}`
          const { subscriptions = {} } = definition
          // Topics come from elsewhere: `constructor` must not find a function.
          const handler = Object.hasOwn(subscriptions, topic) ? subscriptions[topic] : subscriptions['*']
          if (handler === undefined) throw new Failure('unknown-message', `there is no topic ${topic} here`)
          await handler(
            ctx,
            asked(() => decodeReply(message)),
            { topic },
          )
          turn.commit()
        }),
    },
    channelPeer: {
      handleOpen: beAsked,
      handleAccept: (sender, channel) =>
        hear(sender, channel, (ctx, turn, end) => {
          turn.name = 'accepted'
          return definition.channels?.accepted?.(ctx, end)
        }),
      handleMessage: (sender, channel, message) =>
        hear(sender, channel, (ctx, turn, end) => {
          turn.name = 'message'
          const body = asked(() => decodeReply(message))
          return definition.channels?.message?.(ctx, end, body)
        }),
      handleClose: (sender, channel, how) =>
        hear(sender, channel, (ctx, turn, end) => {
          turn.name = 'closed'
          return definition.channels?.closed?.(ctx, end, endOf(how))
        }),
    },
    websocketHandler: {
      handleOpen: async (connection, request) => {
        try {
          const answer = await hearSocket(connection, 'open', (ctx, socket) =>
            definition.websocket?.open?.(ctx, socket, openingOf(request)),
          )
          return typeof answer === 'string' ? answer : undefined
        } catch (error) {
          throw refuseClient(error)
        }
      },
      handleMessage: async (connection, { val }) => {
        await hearSocket(connection, 'message', (ctx, socket) =>
          definition.websocket?.message?.(ctx, socket, val),
        )
      },
      handleClose: async (connection, how) => {
        await hearSocket(connection, 'close', (ctx, socket) =>
          definition.websocket?.close?.(ctx, socket, socketEnd(how)),
        )
      },
    },
    watcher: {
      childEnded: async (id, how) => {
        const child: ChildEnd = { id, how: how.tag, limit: how.tag === 'limit' ? how.val : undefined }
        try {
          await run(id, async (ctx, turn) => {
            turn.name = 'onChildEnded'
            try {
              await definition.onChildEnded?.(ctx, child)
            } catch (error) {
              // Nobody waits for an answer that could say so.
              if (Failure.is(error))
                kit.log?.warn('onChildEnded failed', { code: error.code, error: show(error) })
              throw error
            }
            turn.commit()
          })
        } catch {
          // It is in the log; the state is as it was.
        }
      },
    },
    target: {
      fired: ({ id, due, missed }, message) =>
        run(null, async (ctx, turn) => {
          const { type, body } = asked(() => decodeMessage(message))
          turn.name = `the timer ${type}`
          const { timers = {} } = definition
          const handler = Object.hasOwn(timers, type) ? timers[type] : undefined
          if (handler === undefined) throw new Failure('unknown-message', `there is no timer ${type} here`)
          await handler(ctx, body, { id: Number(id), due: Number(due), missed: Number(missed) })
          turn.commit()
        }),
    },
    requestHandler: {
      handle: (came) => {
        let request: Request
        try {
          request = environment.requestOf(came)
        } catch {
          return whole.refuse(400, UNKNOWN)
        }
        return answer(request, whole)
      },
    },
    incomingHandler: {
      handle: async (incoming, out) => {
        const visit = new Visit(host.http!, incoming, out)
        try {
          let request: Request
          try {
            request = visit.request()
          } catch {
            return visit.refuse(400, UNKNOWN)
          }
          await answer(request, visit)
        } finally {
          visit.close()
        }
      },
    },
  }
}

function idOf(sender: Sender): string | null {
  return sender.tag === 'actor' ? sender.val : null
}

/** Of any realm. */
function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** The other end of a channel; of the program's the host says nothing, but it is in the name. */
function peerOf(sender: Sender, channel: string): string {
  return idOf(sender) ?? channel.split('/').find((end) => end.startsWith('@')) ?? ''
}

function endOf(how: TheaterMessagingChannelPeer.Closed): ChannelEnd {
  if (how.tag !== 'failed') return { how: how.tag, failure: undefined }
  const { code, message, detail } = how.val
  const json = jsonDetail(detail)
  return { how: how.tag, failure: json === undefined ? { code, message } : { code, message, detail: json } }
}
