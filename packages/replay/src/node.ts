/**
 * What Node does faster: the platform's sha-256, and components transpiled in a worker. And re-runs in a thread that can be
 * ended, for records of strangers.
 *
 * @module
 */
import type { CarFile } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import * as anywhere from './index.ts'
import type {
  ChainSource,
  GraphOptions,
  GraphReport,
  JoinOptions,
  Replayed,
  ReplayOptions,
  Verdict,
  VerifyOptions,
} from './index.ts'
import { componentLoader } from './node/component-loader.ts'
import { RerunThread } from './node/rerun-thread.ts'
import { ScratchFile } from './node/scratch-file.ts'
import type { RerunThreadOptions, ThreadReplayOptions, ThreadVerifyOptions } from './node/rerun-thread.ts'

export * from './index.ts'
export { componentLoader } from './node/component-loader.ts'
export { carriedSnapshots, keptSnapshots } from './node/kept-snapshots.ts'
export {
  RerunThread,
  type RerunThreadOptions,
  type ThreadReplayOptions,
  type ThreadVerifyOptions,
} from './node/rerun-thread.ts'

/** Like `verify` of the main entry, with defaults for `load` and `hash`. */
export async function verify(source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> {
  return anywhere.verify(source, withDefaults(options))
}

/** Like `verifyGraph` of the main entry, with defaults for `load` and `hash`. */
export async function verifyGraph(
  sources: readonly ChainSource[],
  options: Partial<GraphOptions> = {},
): Promise<GraphReport> {
  return anywhere.verifyGraph(sources, { scratch, ...withDefaults(options) })
}

/** Like `verifyCar` of the main entry, with defaults for `load` and `hash`. */
export async function verifyCar(car: CarFile, options: Partial<GraphOptions> = {}): Promise<GraphReport> {
  return anywhere.verifyCar(car, { scratch, ...withDefaults(options) })
}

/** Like `joinVerdicts` of the main entry, with defaults for `hash` and `scratch`. */
export async function joinVerdicts(
  sources: readonly ChainSource[],
  verdicts: readonly Verdict[],
  options: JoinOptions = {},
): Promise<GraphReport> {
  return anywhere.joinVerdicts(sources, verdicts, { hash: sha256, scratch, ...options })
}

/** Like `replay` of the main entry, with defaults for `load` and `hash`. */
export async function replay(source: ChainSource, options: Partial<ReplayOptions> = {}): Promise<Replayed> {
  return anywhere.replay(source, withDefaults(options))
}

/**
 * Like {@link verify}, in a thread of its own that is ended where the component does not get on for `maxSeconds`: then the
 * verdict is `inconclusive`, with `limits-above-mine`. For many chains keep one {@link RerunThread}.
 *
 * @throws what reading the source throws; Error where the thread fails
 *
 * @example
 * ```ts
 * const verdict = await verifyInThread({ store: car, chain }, { maxSeconds: 60 })
 * ```
 */
export async function verifyInThread(
  source: ChainSource,
  { maxSeconds, cache, ...options }: ThreadVerifyOptions & RerunThreadOptions = {},
): Promise<Verdict> {
  await using thread = new RerunThread({ maxSeconds, cache })
  return await thread.verify(source, options)
}

/**
 * Like {@link replay}, in a thread of its own that is ended where the component does not get on for `maxSeconds`; what was
 * reached until then was told.
 *
 * @throws what reading the source throws; the reason of the signal; Error where the thread fails
 */
export async function replayInThread(
  source: ChainSource,
  { maxSeconds, cache, ...options }: ThreadReplayOptions & RerunThreadOptions = {},
): Promise<Replayed> {
  await using thread = new RerunThread({ maxSeconds, cache })
  return await thread.replay(source, options)
}

/** A temporary file, where there is much to put aside. */
function scratch(): ScratchFile {
  return new ScratchFile()
}

function withDefaults<O extends Partial<VerifyOptions>>(options: O): O & Pick<VerifyOptions, 'load'> {
  return { load: options.load ?? componentLoader(), hash: sha256, ...options }
}
