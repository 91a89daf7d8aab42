import type { Call, HandlerFunction } from '@theater/handler'
import { askFor, askForBoth, denied } from './authority.ts'
import type { FsAsk, Need } from './grant.ts'
import { streamDenied } from './streams.ts'
import { needOfOpening } from './open.ts'
import type { DescriptorFlags, OpenFlags } from './types.ts'

/** The tracks of `wasi:filesystem`. */
export const TYPES = 'wasi:filesystem/types@0.2'
export const PREOPENS = 'wasi:filesystem/preopens@0.2'

export const STREAMS = 'wasi:io/streams@0.2'

const DESCRIPTOR = `${TYPES}#[method]descriptor.`

/** Answers from what the handler holds. */
const held: HandlerFunction = { mode: 'sync', effect: 'none' }

/** Looks at the host. `path`: where in the arguments one is that is relative to the descriptor. */
function reads(path?: number): HandlerFunction {
  return {
    mode: 'sync',
    effect: 'read',
    ask: ({ args }: Call): FsAsk => askFor('r', args[0], path === undefined ? '' : args[path]),
    deny: denied,
  }
}

/** Changes the host. */
function changes(effect: 'idempotent' | 'once', ask: (call: Call) => FsAsk): HandlerFunction {
  return { mode: 'async', effect, ask, deny: denied }
}

/** Opens a way to change the host, and changes nothing yet. */
const opens = (need: Need): HandlerFunction => ({
  mode: 'sync',
  effect: 'none',
  ask: ({ args }) => askFor(need, args[0]),
  deny: denied,
})

const changesSelf = changes('idempotent', ({ args }) => askFor('w', args[0]))
const changesAt = (path: number) => changes('idempotent', ({ args }) => askFor('w', args[0], args[path]))
const addsAt = (path: number) => changes('idempotent', ({ args }) => askFor('a', args[0], args[path]))

/** Waits for the disk. Not a change: what it makes durable is there already. */
const syncs: HandlerFunction = {
  mode: 'async',
  effect: 'read',
  ask: ({ args }) => askFor('r', args[0]),
  deny: denied,
}

/** Reads of a file's stream. */
const streamReads = (mode: 'sync' | 'async'): HandlerFunction => ({
  mode,
  effect: 'read',
  ask: ({ args }) => askFor('r', args[0]),
  deny: streamDenied,
})

/**
 * Writes of a file's stream. A stream does not outlive the host's process, so none is ever done again: the guest finds
 * the stream closed.
 */
const streamWrites: HandlerFunction = {
  mode: 'async',
  effect: 'idempotent',
  ask: ({ args }) => askFor(appends(args[0]) ? 'a' : 'w', args[0]),
  deny: streamDenied,
}

/** Whether a stream, by its description, writes at the end of its file. */
function appends(stream: unknown): boolean {
  return typeof stream === 'object' && stream !== null && 'append' in stream && stream.append === true
}

function openFlags(args: readonly unknown[]): readonly [OpenFlags | undefined, DescriptorFlags | undefined] {
  return [args[3] as OpenFlags | undefined, args[4] as DescriptorFlags | undefined]
}

/**
 * What each function needs and does.
 *
 * Most changes are `idempotent`: done again after a crash of the host they leave the same files. The answer to the second
 * time can differ (`exist`, `no-entry`), and it is true when it is given: a directory used as a lock is never said to be
 * taken when it might be another's. `rename-at` is `once`: another file may have taken the old name meanwhile, and would
 * be moved over the first. `open-at` is a change only with `create` or `truncate`.
 */
export const FUNCTIONS: Readonly<Record<string, HandlerFunction>> = {
  [`${PREOPENS}#get-directories`]: held,
  [`${TYPES}#filesystem-error-code`]: held,
  [`${TYPES}#[method]directory-entry-stream.read-directory-entry`]: { mode: 'sync', effect: 'read' },

  [`${DESCRIPTOR}get-flags`]: held,
  [`${DESCRIPTOR}get-type`]: held,
  [`${DESCRIPTOR}advise`]: held,
  [`${DESCRIPTOR}is-same-object`]: { mode: 'sync', effect: 'read' },

  [`${DESCRIPTOR}read`]: reads(),
  [`${DESCRIPTOR}read-via-stream`]: reads(),
  [`${DESCRIPTOR}read-directory`]: reads(),
  [`${DESCRIPTOR}stat`]: reads(),
  [`${DESCRIPTOR}stat-at`]: reads(2),
  [`${DESCRIPTOR}readlink-at`]: reads(1),
  [`${DESCRIPTOR}metadata-hash`]: reads(),
  [`${DESCRIPTOR}metadata-hash-at`]: reads(2),

  [`${DESCRIPTOR}sync`]: syncs,
  [`${DESCRIPTOR}sync-data`]: syncs,

  [`${DESCRIPTOR}open-at`]: {
    ...changes('idempotent', ({ args }) => {
      const [open, flags] = openFlags(args)
      return askFor(needOfOpening(open, flags), args[0], args[2])
    }),
    // A way to change something that is opened and not used changes nothing.
    effectOf({ args }) {
      const [open] = openFlags(args)
      return open?.create === true || open?.truncate === true ? 'idempotent' : 'read'
    },
  },

  [`${DESCRIPTOR}write-via-stream`]: opens('w'),
  [`${DESCRIPTOR}append-via-stream`]: opens('a'),

  [`${DESCRIPTOR}write`]: changesSelf,
  [`${DESCRIPTOR}set-size`]: changesSelf,
  [`${DESCRIPTOR}set-times`]: changesSelf,
  [`${DESCRIPTOR}set-times-at`]: changesAt(2),
  [`${DESCRIPTOR}create-directory-at`]: addsAt(1),
  [`${DESCRIPTOR}remove-directory-at`]: changesAt(1),
  [`${DESCRIPTOR}unlink-file-at`]: changesAt(1),
  // The path of the new link; what it says is the resolver's to judge.
  [`${DESCRIPTOR}symlink-at`]: addsAt(2),
  [`${DESCRIPTOR}link-at`]: changes('idempotent', ({ args }) =>
    askForBoth('a', args[0], args[2], args[3], args[4]),
  ),
  [`${DESCRIPTOR}rename-at`]: changes('once', ({ args }) =>
    askForBoth('w', args[0], args[1], args[2], args[3]),
  ),

  [`${STREAMS}#[method]input-stream.read`]: streamReads('sync'),
  [`${STREAMS}#[method]input-stream.skip`]: streamReads('sync'),
  [`${STREAMS}#[method]input-stream.blocking-read`]: streamReads('async'),
  [`${STREAMS}#[method]input-stream.blocking-skip`]: streamReads('async'),
  [`${STREAMS}#[method]output-stream.write`]: streamWrites,
  [`${STREAMS}#[method]output-stream.write-zeroes`]: streamWrites,
  [`${STREAMS}#[method]output-stream.splice`]: streamWrites,
  [`${STREAMS}#[method]output-stream.blocking-write-and-flush`]: streamWrites,
  [`${STREAMS}#[method]output-stream.blocking-write-zeroes-and-flush`]: streamWrites,
  [`${STREAMS}#[method]output-stream.blocking-splice`]: streamWrites,
}
