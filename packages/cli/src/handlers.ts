import type { AnyHandler } from '@theater/handler'
import type { Connection } from '@theater/handler-cli'
import type { ListenAddress, ListenOptions, Secrets } from '@theater/handler-http'
import type { StoreBackend } from '@theater/handler-store'
import { checkApart } from './contributed.ts'

/** What the handlers of a host are made with. */
export interface HandlerOptions {
  /** Where `theater:store` keeps things; opened when an actor first uses it. */
  readonly store: string
  /** The streams that `inherit` in a cli grant means for an actor. */
  readonly connect?: ((actor: string) => Connection | undefined) | undefined
  /** Where requests come in that actors are granted to answer. Absent: nowhere. */
  readonly listen?: Listening | undefined
  /** Secrets that grants of http may have set as headers. @default {} */
  readonly secrets?: Secrets | undefined
  /** Handlers of others, which stand behind these. @default [] */
  readonly contributed?: readonly AnyHandler[] | undefined
}

/** Where requests come in. */
export interface Listening {
  readonly at: ListenOptions
  /** Called when they can. */
  readonly onListen: (address: ListenAddress) => void
  /** Called with the id of an actor that has answered a request and left a later one without an answer. */
  readonly onUnanswered: (actor: string) => void
}

/** The shared namespace of `theater:store` in which trees are found that grants of fs name. */
const TREES = 'trees'

/**
 * Makes the handlers that `theater` offers. None of them gives an actor anything without a grant.
 *
 * @throws CliError `bad-handler` for one of others that would stand in the way of these
 */
export async function makeHandlers({
  store: path,
  connect,
  listen,
  secrets = {},
  contributed = [],
}: HandlerOptions): Promise<readonly AnyHandler[]> {
  const [
    { cli },
    { clocks },
    { fs },
    { http },
    { log },
    { messaging },
    { process },
    { random },
    { blocks, store },
    { supervisor },
    { timer },
  ] = await Promise.all([
    import('@theater/handler-cli'),
    import('@theater/handler-clocks'),
    import('@theater/handler-fs'),
    import('@theater/handler-http'),
    import('@theater/handler-log'),
    import('@theater/handler-messaging'),
    import('@theater/handler-process'),
    import('@theater/handler-random'),
    import('@theater/handler-store'),
    import('@theater/handler-supervisor'),
    import('@theater/handler-timer'),
  ])
  const options = connect === undefined ? {} : { connect }
  const backend = lazyBackend(path)
  const web =
    listen === undefined
      ? { listen: false as const }
      : { listen: listen.at, onListen: listen.onListen, onUnanswered: listen.onUnanswered }
  const own = [
    cli(options),
    clocks(),
    fs({ trees: blocks(backend, { namespace: TREES }) }),
    http({ ...web, secrets }),
    log(),
    messaging(),
    process(),
    random(),
    store({ backend }),
    supervisor(),
    timer(),
  ]
  checkApart(own, contributed)
  return [...own, ...contributed]
}

/** Lets go of what the handlers hold. */
export async function disposeHandlers(handlers: readonly AnyHandler[]): Promise<void> {
  for (const handler of handlers) await handler[Symbol.asyncDispose]?.()
}

/** A backend in a file that is not there until somebody uses it. */
function lazyBackend(path: string): StoreBackend {
  let opened: Promise<StoreBackend> | undefined
  const backend = (): Promise<StoreBackend> =>
    (opened ??= import('@theater/handler-store/sqlite').then(({ sqlite }) => sqlite(path)))
  return {
    put: async (...args) => (await backend()).put(...args),
    size: async (...args) => (await backend()).size(...args),
    chunks: async (...args) => (await backend()).chunks(...args),
    begin: async (...args) => (await backend()).begin(...args),
    upload: async (...args) => (await backend()).upload(...args),
    uploaded: async (...args) => (await backend()).uploaded(...args),
    append: async (...args) => (await backend()).append(...args),
    finish: async (...args) => (await backend()).finish(...args),
    giveUp: async (...args) => (await backend()).giveUp(...args),
    expire: async (...args) => (await backend()).expire(...args),
    entry: async (...args) => (await backend()).entry(...args),
    edit: async (...args) => (await backend()).edit(...args),
    noted: async (...args) => (await backend()).noted(...args),
    keys: async (...args) => (await backend()).keys(...args),
    blobs: async (...args) => (await backend()).blobs(...args),
    forget: async (...args) => (await backend()).forget(...args),
    sweep: async (...args) => (await backend()).sweep(...args),
    label: async (...args) => (await backend()).label(...args),
    set: async (...args) => (await backend()).set(...args),
    last: async (...args) => (await backend()).last(...args),
    list: async (...args) => (await backend()).list(...args),
    async [Symbol.asyncDispose]() {
      await (await opened)?.[Symbol.asyncDispose]?.()
    },
  }
}
