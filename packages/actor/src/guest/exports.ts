import type {
  TheaterActorLifecycle,
  TheaterActorMigration,
  TheaterHttpRequestHandler,
  TheaterHttpWebsocketHandler,
  TheaterMessagingChannelPeer,
  TheaterMessagingReceiver,
  TheaterMessagingResponder,
  TheaterMessagingSubscriber,
  TheaterSupervisorWatcher,
  TheaterTimerTarget,
  WasiHttpIncomingHandler,
} from '@theater/wit'

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
  /** `theater:messaging/subscriber`. */
  readonly subscriber: Async<typeof TheaterMessagingSubscriber>
  /** `theater:messaging/channel-peer`. */
  readonly channelPeer: Async<typeof TheaterMessagingChannelPeer>
  /** `theater:http/websocket-handler`. */
  readonly websocketHandler: Async<typeof TheaterHttpWebsocketHandler>
  /** `theater:supervisor/watcher`. */
  readonly watcher: Async<typeof TheaterSupervisorWatcher>
  /** `theater:timer/target`. */
  readonly target: Async<typeof TheaterTimerTarget>
  /** `theater:http/request-handler`. */
  readonly requestHandler: Async<typeof TheaterHttpRequestHandler>
  /** `wasi:http/incoming-handler`. */
  readonly incomingHandler: Async<typeof WasiHttpIncomingHandler>
}

type Async<I> = {
  [K in keyof I]: I[K] extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : never
}
