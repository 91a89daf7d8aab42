/**
 * The contracts of Theater and the WASI 0.2 packages they stand on, as TypeScript types and as `.wit` files.
 *
 * Each export is the namespace of one interface, with values as jco hands them over ("as lifted"): `list<u8>`
 * is a `Uint8Array`, 64-bit integers are `bigint`, an `err` is thrown. Nothing here exists at run time.
 *
 * ```ts
 * import type { TheaterMessagingClient } from '@theater/wit'
 *
 * const refused: TheaterMessagingClient.SendError = { tag: 'too-large', val: 65_536n }
 * ```
 *
 * The WIT itself is under `@theater/wit/wit/`: `import.meta.resolve('@theater/wit/wit/theater/actor.wit')`.
 *
 * @module
 */
/** `theater:actor/lifecycle`. */
export type * as TheaterActorLifecycle from './types/theater-actor-lifecycle.ts'
/** `theater:actor/log`. */
export type * as TheaterActorLog from './types/theater-actor-log.ts'
/** `theater:actor/migration`. */
export type * as TheaterActorMigration from './types/theater-actor-migration.ts'
/** `theater:actor/self`. */
export type * as TheaterActorSelf from './types/theater-actor-self.ts'
/** `theater:actor/types`. */
export type * as TheaterActorTypes from './types/theater-actor-types.ts'
/** `theater:http/client`. */
export type * as TheaterHttpClient from './types/theater-http-client.ts'
/** `theater:http/request-handler`. */
export type * as TheaterHttpRequestHandler from './types/theater-http-request-handler.ts'
/** `theater:http/websocket`. */
export type * as TheaterHttpWebsocket from './types/theater-http-websocket.ts'
/** `theater:http/websocket-handler`. */
export type * as TheaterHttpWebsocketHandler from './types/theater-http-websocket-handler.ts'
/** `theater:messaging/channel-peer`. */
export type * as TheaterMessagingChannelPeer from './types/theater-messaging-channel-peer.ts'
/** `theater:messaging/channels`. */
export type * as TheaterMessagingChannels from './types/theater-messaging-channels.ts'
/** `theater:messaging/client`. */
export type * as TheaterMessagingClient from './types/theater-messaging-client.ts'
/** `theater:messaging/receiver`. */
export type * as TheaterMessagingReceiver from './types/theater-messaging-receiver.ts'
/** `theater:messaging/responder`. */
export type * as TheaterMessagingResponder from './types/theater-messaging-responder.ts'
/** `theater:messaging/subscriber`. */
export type * as TheaterMessagingSubscriber from './types/theater-messaging-subscriber.ts'
/** `theater:messaging/topics`. */
export type * as TheaterMessagingTopics from './types/theater-messaging-topics.ts'
/** `theater:process/programs`. */
export type * as TheaterProcessPrograms from './types/theater-process-programs.ts'
/** `theater:store/blobs`. */
export type * as TheaterStoreBlobs from './types/theater-store-blobs.ts'
/** `theater:store/labels`. */
export type * as TheaterStoreLabels from './types/theater-store-labels.ts'
/** `theater:store/transfers`. */
export type * as TheaterStoreTransfers from './types/theater-store-transfers.ts'
/** `theater:supervisor/children`. */
export type * as TheaterSupervisorChildren from './types/theater-supervisor-children.ts'
/** `theater:supervisor/watcher`. */
export type * as TheaterSupervisorWatcher from './types/theater-supervisor-watcher.ts'
/** `theater:timer/target`. */
export type * as TheaterTimerTarget from './types/theater-timer-target.ts'
/** `theater:timer/timers`. */
export type * as TheaterTimerTimers from './types/theater-timer-timers.ts'
/** `wasi:cli/environment`. */
export type * as WasiCliEnvironment from './types/wasi-cli-environment.ts'
/** `wasi:cli/exit`. */
export type * as WasiCliExit from './types/wasi-cli-exit.ts'
/** `wasi:cli/run`. */
export type * as WasiCliRun from './types/wasi-cli-run.ts'
/** `wasi:cli/stderr`. */
export type * as WasiCliStderr from './types/wasi-cli-stderr.ts'
/** `wasi:cli/stdin`. */
export type * as WasiCliStdin from './types/wasi-cli-stdin.ts'
/** `wasi:cli/stdout`. */
export type * as WasiCliStdout from './types/wasi-cli-stdout.ts'
/** `wasi:cli/terminal-input`. */
export type * as WasiCliTerminalInput from './types/wasi-cli-terminal-input.ts'
/** `wasi:cli/terminal-output`. */
export type * as WasiCliTerminalOutput from './types/wasi-cli-terminal-output.ts'
/** `wasi:cli/terminal-stderr`. */
export type * as WasiCliTerminalStderr from './types/wasi-cli-terminal-stderr.ts'
/** `wasi:cli/terminal-stdin`. */
export type * as WasiCliTerminalStdin from './types/wasi-cli-terminal-stdin.ts'
/** `wasi:cli/terminal-stdout`. */
export type * as WasiCliTerminalStdout from './types/wasi-cli-terminal-stdout.ts'
/** `wasi:clocks/monotonic-clock`. */
export type * as WasiClocksMonotonicClock from './types/wasi-clocks-monotonic-clock.ts'
/** `wasi:clocks/wall-clock`. */
export type * as WasiClocksWallClock from './types/wasi-clocks-wall-clock.ts'
/** `wasi:filesystem/preopens`. */
export type * as WasiFilesystemPreopens from './types/wasi-filesystem-preopens.ts'
/** `wasi:filesystem/types`. */
export type * as WasiFilesystemTypes from './types/wasi-filesystem-types.ts'
/** `wasi:http/incoming-handler`. */
export type * as WasiHttpIncomingHandler from './types/wasi-http-incoming-handler.ts'
/** `wasi:http/outgoing-handler`. */
export type * as WasiHttpOutgoingHandler from './types/wasi-http-outgoing-handler.ts'
/** `wasi:http/types`. */
export type * as WasiHttpTypes from './types/wasi-http-types.ts'
/** `wasi:io/error`. */
export type * as WasiIoError from './types/wasi-io-error.ts'
/** `wasi:io/poll`. */
export type * as WasiIoPoll from './types/wasi-io-poll.ts'
/** `wasi:io/streams`. */
export type * as WasiIoStreams from './types/wasi-io-streams.ts'
/** `wasi:keyvalue/atomics`. */
export type * as WasiKeyvalueAtomics from './types/wasi-keyvalue-atomics.ts'
/** `wasi:keyvalue/batch`. */
export type * as WasiKeyvalueBatch from './types/wasi-keyvalue-batch.ts'
/** `wasi:keyvalue/store`. */
export type * as WasiKeyvalueStore from './types/wasi-keyvalue-store.ts'
/** `wasi:random/insecure-seed`. */
export type * as WasiRandomInsecureSeed from './types/wasi-random-insecure-seed.ts'
/** `wasi:random/insecure`. */
export type * as WasiRandomInsecure from './types/wasi-random-insecure.ts'
/** `wasi:random/random`. */
export type * as WasiRandomRandom from './types/wasi-random-random.ts'
/** `wasi:sockets/instance-network`. */
export type * as WasiSocketsInstanceNetwork from './types/wasi-sockets-instance-network.ts'
/** `wasi:sockets/ip-name-lookup`. */
export type * as WasiSocketsIpNameLookup from './types/wasi-sockets-ip-name-lookup.ts'
/** `wasi:sockets/network`. */
export type * as WasiSocketsNetwork from './types/wasi-sockets-network.ts'
/** `wasi:sockets/tcp-create-socket`. */
export type * as WasiSocketsTcpCreateSocket from './types/wasi-sockets-tcp-create-socket.ts'
/** `wasi:sockets/tcp`. */
export type * as WasiSocketsTcp from './types/wasi-sockets-tcp.ts'
/** `wasi:sockets/udp-create-socket`. */
export type * as WasiSocketsUdpCreateSocket from './types/wasi-sockets-udp-create-socket.ts'
/** `wasi:sockets/udp`. */
export type * as WasiSocketsUdp from './types/wasi-sockets-udp.ts'
