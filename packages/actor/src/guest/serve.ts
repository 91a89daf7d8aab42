import type {
  TheaterActorLifecycle,
  TheaterActorMigration,
  TheaterMessagingReceiver,
  TheaterMessagingResponder,
} from '@theater/wit'
import { isBytes } from '../bytes.ts'
import type { FileSystem, Log, Store } from '../capabilities.ts'
import type { Actor } from '../define.ts'
import { Failure } from '../failure.ts'
import type { Json } from '../json.ts'
import { decodeMessage, decodeReply, encodeReply, type WireMessage } from '../message.ts'
import { issueText, type StandardSchema } from '../schema.ts'
import type { Environment } from './environment.ts'
import { makeFileSystem } from './fs.ts'
import type { Host } from './host.ts'
import { makeLog, show } from './log.ts'
import { Conversation } from './messaging.ts'
import { makeStore } from './store.ts'

type Sender = TheaterMessagingReceiver.Sender
type WireFailure = TheaterMessagingReceiver.Failure

/** The exports of an actor. `theater build` exports those that its definition has a use for. */
export interface Exports {
  /** `theater:actor/lifecycle`. */
  readonly lifecycle: Async<typeof TheaterActorLifecycle>
  /** `theater:actor/migration`. */
  readonly migration: Async<typeof TheaterActorMigration>
  /** `theater:messaging/receiver`. */
  readonly receiver: Async<typeof TheaterMessagingReceiver>
  /** `theater:messaging/responder`. */
  readonly responder: Async<typeof TheaterMessagingResponder>
}

type Async<I> = {
  [K in keyof I]: I[K] extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : never
}

/** The definition, as it is at run time. */
interface Loose {
  readonly state?: unknown
  readonly load?: (saved: Json) => unknown
  readonly params?: StandardSchema
  readonly init?: (ctx: object, params: unknown) => unknown
  readonly accepts?: { readonly [type: string]: StandardSchema }
  readonly messages?: { readonly [type: string]: (ctx: object, body: unknown) => unknown }
}

/**
 * Runs a definition: its exports over the host's imports. The state is here, in the instance's memory.
 *
 * What a handler throws is answered as a `failure`. It is never a trap: a trap costs the host a rebuild.
 */
export function serve(actor: Actor, host: Host, environment: Environment): Exports {
  const definition: Loose = actor.definition
  const kit = new Kit(host)
  let state: unknown = structuredClone(definition.state)

  async function turn(sender: string | null, what: string, work: (ctx: object) => unknown): Promise<WireMessage> {
    environment.begin()
    const conversation = host.client && new Conversation(host.client)
    const draft = new Draft(state)
    try {
      const reply = encodeReply(await work(kit.context(draft, sender, conversation)), `the reply to ${what}`)
      conversation?.flush()
      state = draft.end()
      return reply
    } catch (error) {
      throw refuse(failureOf(error, what, kit.log))
    } finally {
      draft.end()
      conversation?.close()
    }
  }

  function dispatch(sender: Sender, message: WireMessage): Promise<WireMessage> {
    const from = sender.tag === 'actor' ? sender.val : null
    return turn(from, 'a message', async (ctx) => {
      const { type, body } = asked(() => decodeMessage(message))
      const { messages = {}, accepts = {} } = definition
      // Names come from senders: `constructor` must not find a function.
      const handler = Object.hasOwn(messages, type) ? messages[type] : undefined
      if (handler === undefined) throw new Failure('unknown-message', `there is no message ${type} here`)
      const schema = Object.hasOwn(accepts, type) ? accepts[type] : undefined
      return await handler(ctx, schema === undefined ? body : await checked(schema, body, 'body'))
    })
  }

  return {
    lifecycle: {
      init: async (message) => {
        await turn(null, 'init', async (ctx) => {
          const given = message.body.length === 0 ? undefined : asked(() => decodeReply(message))
          const params = definition.params === undefined ? given : await checked(definition.params, given, 'params')
          await definition.init?.(ctx, params)
        })
      },
    },
    migration: {
      save: () => encodeReply(state, 'the state'),
      load: (message) => {
        try {
          const saved = decodeReply(message)
          if (isBytes(saved)) throw new SyntaxError('the state is JSON')
          state = definition.load === undefined ? saved : definition.load(saved)
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
  }
}

/** A copy of the state for one turn, made when it is first asked for. */
class Draft {
  readonly #state: unknown
  #copy: { value: unknown } | undefined
  #over = false

  constructor(state: unknown) {
    this.#state = state
  }

  get value(): unknown {
    this.#check()
    this.#copy ??= { value: structuredClone(this.#state) }
    return this.#copy.value
  }

  set value(next: unknown) {
    this.#check()
    this.#copy = { value: next }
  }

  /** The state after the turn. From now on nobody else reads or writes it here. */
  end(): unknown {
    this.#over = true
    return this.#copy === undefined ? this.#state : this.#copy.value
  }

  #check(): void {
    if (this.#over) throw new Error('this turn is over: a handler must await all that it starts')
  }
}

/** What does not change from turn to turn. */
class Kit {
  readonly log: Log | undefined
  readonly #host: Host
  readonly #store: Store | undefined
  readonly #fs: FileSystem | undefined
  #id: string | undefined
  #parent: { readonly id: string | null } | undefined

  constructor(host: Host) {
    this.#host = host
    this.log = host.log && makeLog(host.log)
    this.#store = host.blobs && host.labels && makeStore(host.blobs, host.labels)
    this.#fs = host.preopens && makeFileSystem(host.preopens)
  }

  /** The context of one turn: what the actor uses, and nothing else. */
  context(draft: Draft, sender: string | null, conversation: Conversation | undefined): object {
    const ctx = {
      get state() {
        return draft.value
      },
      set state(next: unknown) {
        draft.value = next
      },
      sender,
    }
    if (this.log) Object.assign(ctx, { log: this.log })
    if (this.#store) Object.assign(ctx, { store: this.#store })
    if (this.#fs) Object.assign(ctx, { fs: this.#fs })
    if (conversation) {
      Object.assign(ctx, {
        send: conversation.send.bind(conversation),
        sendNow: conversation.sendNow.bind(conversation),
        request: conversation.request.bind(conversation),
      })
    }
    const { self } = this.#host
    if (self) {
      // Asked for once: they never change.
      Object.defineProperties(ctx, {
        id: { enumerable: true, get: () => (this.#id ??= self.id()) },
        parent: { enumerable: true, get: () => (this.#parent ??= { id: self.parent() ?? null }).id },
      })
    }
    return ctx
  }
}

/** What the other side gave, decoded; what is wrong with it is the other side's fault. */
function asked<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw new Failure('bad-message', error instanceof Error ? error.message : String(error))
  }
}

async function checked(schema: StandardSchema, value: unknown, root: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => issueText(issue, root))
  throw new Failure('bad-message', issues.join('; '), { issues })
}

function failureOf(error: unknown, what: string, log: Log | undefined): WireFailure {
  if (Failure.is(error)) {
    const { code, message, detail } = error
    return { code, message, detail: detailOf(detail) }
  }
  const stack = error instanceof Error ? error.stack : undefined
  log?.error(`${what} threw`, { error: show(error), stack })
  return { code: 'exception', message: show(error), detail: undefined }
}

/** A failure must not fail: a detail that does not survive JSON is left out. */
function detailOf(detail: Json | undefined): WireMessage | undefined {
  try {
    return detail === undefined ? undefined : encodeReply(detail, 'the detail')
  } catch {
    return undefined
  }
}

/** The form in which the engine takes the `err` of a result. */
function refuse(failure: WireFailure): Error {
  return Object.assign(new Error(failure.message), { payload: failure })
}
