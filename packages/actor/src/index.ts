/**
 * The kit for actors written in TypeScript.
 *
 * ```ts
 * import { defineActor, Failure, t } from '@theater/actor'
 *
 * export default defineActor({
 *   uses: ['log'],
 *   state: { count: 0 },
 *   accepts: { add: t.object({ by: t.integer() }) },
 *   messages: {
 *     add({ state, log }, { by }) {
 *       if (by < 0) throw new Failure('negative', 'this counter only counts up')
 *       state.count += by
 *       log.info('added', { by, count: state.count })
 *       return state.count
 *     },
 *     get: ({ state }) => state.count,
 *   },
 * })
 * ```
 *
 * @module
 */
export type * from './capabilities.ts'
export { ref } from './capabilities.ts'
export type {
  Actor,
  ChannelHandlers,
  Context,
  Definition,
  Handlers,
  MessagesOf,
  ReplyTo,
  Signatures,
  SocketHandlers,
  Schemas,
  Sound,
  Unsound,
} from './define.ts'
export { defineActor } from './define.ts'
export type { KitCode } from './failure.ts'
export { Failure } from './failure.ts'
export type { RequestFailure } from './host-errors.ts'
export {
  ChannelError,
  FetchError,
  FsError,
  ProgramError,
  RequestError,
  SendError,
  SocketError,
  SpawnError,
  StoreError,
  TimerError,
  TopicError,
} from './host-errors.ts'
export type { Body, Json, JsonSafe, NotJson } from './json.ts'
export type { Infer, InferInput, SchemaIssue, SchemaResult, StandardSchema } from './schema.ts'
export { t } from './schema.ts'
