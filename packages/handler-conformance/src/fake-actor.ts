import type {
  ActorContext,
  ChannelFailure,
  ChildRequest,
  DeliveryFailure,
  InvokeOptions,
  PendingRequest,
  RecordedCall,
  Reply,
  Spawned,
  Timer,
  TimerFailure,
  TopicFailure,
} from '@theater/handler'

/** A message that left a {@link FakeActor}, in order. */
export interface Sent {
  readonly kind: 'send' | 'request'
  readonly to: string
  readonly fn: string
  readonly args: readonly unknown[]
  readonly timeoutMs?: number
}

/** A line that a {@link FakeActor} logged. */
export interface LogLine {
  readonly level: Parameters<ActorContext['log']>[0]
  readonly message: string
  readonly fields: readonly (readonly [string, string])[]
}

/** How a {@link FakeActor} answers. */
export interface FakeActorOptions {
  /** @default 'actor' */
  readonly id?: string
  /** Answers sends. @default queues everything */
  readonly onSend?: (to: string, fn: string, args: readonly unknown[]) => DeliveryFailure | undefined
  /** Answers requests; a promise that does not settle is a request without an answer. @default `unknown-actor` */
  readonly onRequest?: (to: string, fn: string, args: readonly unknown[]) => Reply | Promise<Reply>
  /** The actor's exports, by the names that handlers call them by, and what becomes of a call. @default none */
  readonly exports?: Readonly<Record<string, (args: readonly unknown[], options: InvokeOptions) => unknown>>
  /** Requests of before a restart, by their `n`. @default none */
  readonly known?: ReadonlyMap<number, Promise<Reply>>
  /** Answers who is subscribed to a topic. @default nobody */
  readonly onPublish?: (topic: string) => readonly string[] | TopicFailure
  /** Answers subscriptions. @default takes all of them */
  readonly onSubscribe?: (topic: string, fn: string | undefined) => TopicFailure | undefined
  /** Answers what is done with channels; those that are opened are called `TO/N`. @default all of it can be done */
  readonly onChannel?: (
    step: 'open' | 'accept' | 'send' | 'close',
    name: string,
  ) => ChannelFailure | undefined
  /** Outside effects that its record has, by their numbers. @default none */
  readonly recorded?: ReadonlyMap<number, RecordedCall>
  /** The time by its own clock, in milliseconds. @default 0 */
  readonly now?: number
  /** Answers timers; those that are set have the ids 1, 2 and so on. @default sets all of them */
  readonly onTimer?: (timer: Pick<Timer, 'due' | 'interval'>) => TimerFailure | undefined
  /** Answers spawns; whoever is made is a child until it is stopped. @default `trapped` */
  readonly onSpawn?: (request: ChildRequest) => Spawned | Promise<Spawned>
}

/** An {@link ActorContext} for tests of handlers: it remembers what a handler asked of it and does nothing else. */
export interface FakeActor extends ActorContext {
  /** What left, in order. */
  readonly sent: readonly Sent[]
  /** What was logged, in order. */
  readonly lines: readonly LogLine[]
  /** Statuses the actor was ended with. */
  readonly exits: readonly number[]
  /** The `n` of requests that were given up. */
  readonly cancelled: readonly number[]
  /** The topics that it is subscribed to, in the order in which it was. */
  readonly subscribed: readonly string[]
  /** What it was asked to make, in order. */
  readonly spawns: readonly ChildRequest[]
  /** Ends the actor: its signal aborts. */
  end(reason?: unknown): void
}

/**
 * Makes a {@link FakeActor}.
 *
 * @example
 * const actor = fakeActor({ id: 'auditor' })
 * const binding = await log().bind(actor, {})
 * binding.imports['theater:actor/log@0.1'].log('info', 'hello', [])
 * actor.lines // [{ level: 'info', message: 'hello', fields: [] }]
 */
export function fakeActor(options: FakeActorOptions = {}): FakeActor {
  const controller = new AbortController()
  const sent: Sent[] = []
  const lines: LogLine[] = []
  const exits: number[] = []
  const cancelled: number[] = []
  const spawns: ChildRequest[] = []
  const subscribed: string[] = []
  const channels: string[] = []
  const timers = new Map<bigint, Timer>()
  let set = 0n
  /** By id, whether it lives. */
  const children = new Map<string, boolean>()
  let requests = 0

  const exported = (fn: string) =>
    options.exports !== undefined && Object.hasOwn(options.exports, fn) ? options.exports[fn] : undefined

  function pendingOf(n: number, reply: Promise<Reply>): PendingRequest {
    return {
      id: { n },
      reply,
      cancel: () => {
        cancelled.push(n)
      },
    }
  }

  return {
    id: options.id ?? 'actor',
    signal: controller.signal,
    sent,
    lines,
    exits,
    cancelled,
    spawns,
    subscribed,
    topics: {
      subscribers: (topic) => options.onPublish?.(topic) ?? [],
      subscribe(topic, fn) {
        const failure = options.onSubscribe?.(topic, fn)
        if (failure === undefined && !subscribed.includes(topic)) subscribed.push(topic)
        return failure
      },
      unsubscribe(topic) {
        const failure = options.onSubscribe?.(topic, undefined)
        const at = failure === undefined ? subscribed.indexOf(topic) : -1
        if (at !== -1) subscribed.splice(at, 1)
        return failure
      },
      list: () => subscribed.toSorted(),
    },
    channels: {
      open(to) {
        const failure = options.onChannel?.('open', to)
        if (failure !== undefined) return failure
        channels.push(`${to}/${channels.length}`)
        return { channel: channels.at(-1) ?? '' }
      },
      use(channel, step) {
        const failure = options.onChannel?.(step, channel)
        if (failure === undefined && step === 'close' && channels.includes(channel))
          channels.splice(channels.indexOf(channel), 1)
        return failure
      },
      list: () => channels.toSorted(),
    },
    timers: {
      now: options.now ?? 0,
      set(_fn, timer) {
        const failure = options.onTimer?.(timer)
        if (failure !== undefined) return failure
        const made = { id: ++set, ...timer }
        timers.set(made.id, made)
        return made
      },
      cancel: (id) => timers.delete(id),
      list: () => [...timers.values()],
    },
    children: {
      async spawn(request) {
        spawns.push(request)
        const spawned = (await options.onSpawn?.(request)) ?? { tag: 'trapped' }
        if (spawned.tag === 'made') children.set(spawned.id, true)
        return spawned
      },
      spawned: () => undefined,
      async stop(id) {
        return children.has(id) && children.set(id, false) === children
      },
      list: () => [...children].flatMap(([id, lives]) => (lives ? [id] : [])),
    },
    // One for all calls: nobody else performs them.
    intent: { chain: new Uint8Array(32), seq: 0, hash: new Uint8Array(32) },
    recorded: async (seq) => options.recorded?.get(seq),
    end: (reason = new Error('the actor ended')) => controller.abort(reason),
    exports: (fn) => exported(fn) !== undefined,
    async invoke(fn, args, invocation) {
      const run = exported(fn)
      if (run === undefined)
        throw Object.assign(new Error(`the fake actor exports no ${fn}`), { code: 'not-served' })
      return run(args, invocation)
    },
    send(to, fn, args) {
      const failure = options.onSend?.(to, fn, args)
      if (failure === undefined) sent.push({ kind: 'send', to, fn, args })
      return failure
    },
    request(to, fn, args, { timeoutMs }) {
      sent.push({ kind: 'request', to, fn, args, timeoutMs })
      requests += 1
      return pendingOf(
        requests,
        Promise.resolve(options.onRequest?.(to, fn, args) ?? { tag: 'unknown-actor' }),
      )
    },
    pending(id) {
      const n = id['n']
      const reply = typeof n === 'number' ? options.known?.get(n) : undefined
      return typeof n === 'number' && reply !== undefined ? pendingOf(n, reply) : undefined
    },
    log(level, message, fields = []) {
      lines.push({ level, message, fields })
    },
    exit(status) {
      exits.push(status)
    },
  }
}
