import { WitError } from '@theater/handler'
import type { ErrorCode } from './types.ts'

/**
 * What the operating system answers, as `wasi:filesystem` says it. Left out on purpose, so that they abort the turn:
 * `EBADF` and `EFAULT` (only a bug of ours causes them) and everything that is not the system's answer to a guest.
 */
const CODES = {
  EACCES: 'access',
  EAGAIN: 'would-block',
  EALREADY: 'already',
  EBUSY: 'busy',
  EDEADLK: 'deadlock',
  EDQUOT: 'quota',
  EEXIST: 'exist',
  EFBIG: 'file-too-large',
  EILSEQ: 'illegal-byte-sequence',
  EINPROGRESS: 'in-progress',
  EINTR: 'interrupted',
  EINVAL: 'invalid',
  EIO: 'io',
  EISDIR: 'is-directory',
  ELOOP: 'loop',
  // The host is out of handles. WASI has no case of its own for that.
  EMFILE: 'insufficient-memory',
  EMLINK: 'too-many-links',
  EMSGSIZE: 'message-size',
  ENAMETOOLONG: 'name-too-long',
  ENFILE: 'insufficient-memory',
  ENODEV: 'no-device',
  ENOENT: 'no-entry',
  ENOLCK: 'no-lock',
  ENOMEM: 'insufficient-memory',
  ENOSPC: 'insufficient-space',
  ENOSYS: 'unsupported',
  ENOTDIR: 'not-directory',
  ENOTEMPTY: 'not-empty',
  ENOTRECOVERABLE: 'not-recoverable',
  ENOTSUP: 'unsupported',
  ENOTTY: 'no-tty',
  ENXIO: 'no-such-device',
  EOPNOTSUPP: 'unsupported',
  EOVERFLOW: 'overflow',
  EPERM: 'not-permitted',
  EPIPE: 'pipe',
  EROFS: 'read-only',
  ESPIPE: 'invalid-seek',
  // The object behind a handle is gone or was replaced: not absence of the name that the guest asked for.
  ESTALE: 'bad-descriptor',
  ETXTBSY: 'text-file-busy',
  EWOULDBLOCK: 'would-block',
  EXDEV: 'cross-device',
} as const satisfies Readonly<Record<string, ErrorCode>>

const KNOWN: ReadonlySet<unknown> = new Set(Object.values(CODES))

/** Whether a value is a code that this package answers with. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return KNOWN.has(value)
}

/** The error numbers that a guest may learn of; a {@link Backend} throws errors that carry one as `code`. */
export type Errno = keyof typeof CODES

/** Makes what a backend throws when the file system says no: an error with the error number as `code`. */
export function errno(code: Errno, message: string = code): Error {
  return Object.assign(new Error(message), { code })
}

/** An error of the interface; the message stays on the host. */
export function fail(code: ErrorCode, message?: string): WitError<ErrorCode> {
  return new WitError<ErrorCode>(code, message)
}

/**
 * The interface's error for what a backend threw. What is not the file system's answer is thrown again, and the turn
 * is aborted: a fault is never reported as absence.
 */
export function witError(error: unknown): WitError<ErrorCode> {
  if (WitError.is(error)) return error as WitError<ErrorCode>
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    Object.hasOwn(CODES, error.code)
  ) {
    return new WitError(CODES[error.code as Errno], error.message, { cause: error })
  }
  throw error
}

/** Runs `operation` and turns what the file system answers into the interface's error. */
export function answering<T>(operation: () => T): T {
  try {
    return operation()
  } catch (error) {
    throw witError(error)
  }
}

const BRAND = 'theater.MountError'

/**
 * Why a mount cannot be opened.
 *
 * - `not-absolute`: `host` is relative and the handler has no `base`.
 * - `not-found`, `not-a-directory`, `unreadable`: what is at `host`.
 * - `through-a-link`: `host` goes through a symbolic link. Grants are compared by path, so a path must say where it leads.
 * - `refused`: the directory shows the host process itself (procfs).
 * - `no-proc`: /proc is missing, so directories cannot be opened by handle.
 * - `no-trees`: a tree is mounted, and the handler has no store of them.
 * - `missing`, `damaged`: a block of a tree is not there, or is not what its hash says.
 * - `too-large`: a tree has more than the handler holds.
 * - `not-plain`: what is to be a tree has something in it that no tree has.
 */
export type MountErrorCode =
  | 'not-absolute'
  | 'not-found'
  | 'not-a-directory'
  | 'unreadable'
  | 'through-a-link'
  | 'refused'
  | 'no-proc'
  | 'no-trees'
  | 'missing'
  | 'damaged'
  | 'too-large'
  | 'not-plain'

/** A directory of a grant cannot be opened: for the embedder, never for the guest. */
export class MountError extends Error {
  readonly brand = BRAND
  readonly code: MountErrorCode
  /** The directory of the host, or the tree. */
  readonly host: string

  constructor(code: MountErrorCode, host: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MountError'
    this.code = code
    this.host = host
  }

  /** Recognises a MountError, also one of another copy of this package. */
  static is(value: unknown): value is MountError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}
