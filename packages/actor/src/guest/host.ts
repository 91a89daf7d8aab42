import type {
  TheaterActorLog,
  TheaterActorSelf,
  TheaterHttpWebsocket,
  TheaterMessagingChannels,
  TheaterMessagingClient,
  TheaterMessagingTopics,
  TheaterProcessPrograms,
  TheaterStoreBlobs,
  TheaterStoreLabels,
  TheaterStoreTransfers,
  TheaterSupervisorChildren,
  TheaterTimerTimers,
  WasiClocksWallClock,
  WasiFilesystemPreopens,
  WasiHttpTypes,
} from '@theater/wit'

/** The imports of an actor, as `theater build` hands them to the kit. What the actor does not use is not there. */
export interface Host {
  /** `theater:actor/self`. */
  readonly self?: typeof TheaterActorSelf
  /** `theater:actor/log`. */
  readonly log?: typeof TheaterActorLog
  /** `theater:messaging/client`. */
  readonly client?: typeof TheaterMessagingClient
  /** `theater:messaging/topics`. */
  readonly topics?: typeof TheaterMessagingTopics
  /** `theater:messaging/channels`. */
  readonly channels?: typeof TheaterMessagingChannels
  /** `theater:http/websocket`. */
  readonly sockets?: typeof TheaterHttpWebsocket
  /** `theater:store/blobs`. */
  readonly blobs?: typeof TheaterStoreBlobs
  /** `theater:store/labels`. */
  readonly labels?: typeof TheaterStoreLabels
  /** `theater:store/transfers`. */
  readonly transfers?: typeof TheaterStoreTransfers
  /** `theater:process/programs`. */
  readonly programs?: typeof TheaterProcessPrograms
  /** `theater:timer/timers`. */
  readonly alarms?: typeof TheaterTimerTimers
  /** `theater:supervisor/children`. */
  readonly children?: typeof TheaterSupervisorChildren
  /** `wasi:filesystem/preopens`; its functions give the resources of `wasi:filesystem/types`. */
  readonly preopens?: typeof WasiFilesystemPreopens
  /** `wasi:http/types`. */
  readonly http?: typeof WasiHttpTypes
  /** `wasi:clocks/wall-clock`, the reading only. */
  readonly wallClock?: Pick<typeof WasiClocksWallClock, 'now'>
}

/** What a host function threw as the `err` of its result; undefined for anything else, which is a bug. */
export function payloadOf<E>(thrown: unknown): E | undefined {
  return typeof thrown === 'object' && thrown !== null && 'payload' in thrown
    ? (thrown.payload as E)
    : undefined
}

/** Drops a resource now: the engine's own collector would drop it at some later turn. */
export function dispose(resource: object): void {
  const held = resource as Partial<Disposable>
  held[Symbol.dispose]?.()
}
