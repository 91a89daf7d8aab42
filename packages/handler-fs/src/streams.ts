import {
  WitError,
  type Denial,
  type InputStream,
  type IoError,
  type OutputStream,
  type Pollable,
  type StreamError,
} from '@theater/handler'
import { fail, witError } from './errors.ts'
import { denied } from './authority.ts'
import type { Held, Mount, Resource, Session } from './session.ts'
import type { DirectoryEntry, ErrorCode } from './types.ts'

/** How many bytes an output stream takes at once. */
const WRITE = 1 << 20

/** Which file a stream is of, as plain data. */
export type Place = {
  readonly mount: string
  readonly path: string
  /** It writes at the end, wherever that is. */
  readonly append?: true
}

/** A file is always ready. */
const READY: Pollable = {
  ready: () => true,
  async wait() {
    // Nothing to wait for.
  },
}

/** Why an operation on a file's stream failed; `filesystem-error-code` finds the code in it. */
export class FsIoError implements IoError {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    this.code = code
  }

  toDebugString(): string {
    return `filesystem error: ${this.code}`
  }
}

const failed = (code: ErrorCode, message: string, cause?: unknown): WitError<StreamError> =>
  new WitError<StreamError>({ tag: 'last-operation-failed', val: new FsIoError(code) }, message, { cause })

const closed = (): WitError<StreamError> =>
  new WitError<StreamError>({ tag: 'closed' }, 'the stream is closed')

/** An input stream of before a restart. Its place is lost, and an end would look like the file's own: so it fails. */
export class CutInputStream implements InputStream {
  readonly pollable = READY
  readonly #place: Place
  #failed = false

  constructor(place: Place) {
    this.#place = place
  }

  describe(): Place {
    return this.#place
  }

  read(): never {
    if (this.#failed) throw closed()
    this.#failed = true
    throw failed('io', 'cut off by a restart')
  }

  async blockingRead(): Promise<never> {
    return this.read()
  }
}

/** The interface's error for a refused operation on a stream. */
export function streamDenied(denial: Denial): WitError<StreamError> {
  const { payload } = denied(denial)
  return failed(payload, denial.refusal.refused)
}

/** What both directions share: a place in a file, and that the first failure is the last. */
export abstract class FileStream implements Resource {
  readonly pollable = READY
  readonly mount: Mount
  protected readonly session: Session
  protected readonly held: Held
  readonly #path: string
  #open = true

  /** Takes over one use of `held`. @param path the file's, below the mount */
  constructor(session: Session, mount: Mount, held: Held, path: string) {
    this.session = session
    this.mount = mount
    this.held = held
    this.#path = path
    session.add(this)
  }

  /** For asks: reading and writing is still the authority over the file. */
  describe(): Place {
    return { mount: this.mount.name, path: this.#path }
  }

  /** Runs an operation on the file; what the file system answers becomes a stream error and closes the stream. */
  protected attempt<T>(operation: () => T): T {
    if (!this.#open) throw closed()
    try {
      return operation()
    } catch (error) {
      const { payload, message } = witError(error)
      this[Symbol.dispose]()
      throw failed(payload, message, error)
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.session.remove(this)
    this.held.release()
  }
}

/** `descriptor.read-via-stream`. */
export class FileInputStream extends FileStream implements InputStream {
  #offset: bigint

  constructor(session: Session, mount: Mount, held: Held, path: string, offset: bigint) {
    super(session, mount, held, path)
    this.#offset = offset
  }

  read(len: number): Uint8Array {
    const want = Math.min(len, this.session.limits.readBytes)
    const bytes = this.attempt(() => this.held.backend.read(this.held.handle, want, this.#offset))
    if (bytes.length === 0 && want > 0) throw closed()
    this.#offset += BigInt(bytes.length)
    return bytes
  }

  async blockingRead(len: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    return this.read(len)
  }
}

/** `descriptor.write-via-stream` and `append-via-stream`. What was taken is in the file, so there is nothing to flush. */
export class FileOutputStream extends FileStream implements OutputStream {
  #offset: number | 'end'

  constructor(session: Session, mount: Mount, held: Held, path: string, offset: number | 'end') {
    super(session, mount, held, path)
    this.#offset = offset
  }

  override describe(): Place {
    return this.#offset === 'end' ? { ...super.describe(), append: true } : super.describe()
  }

  checkWrite(): number {
    return this.attempt(() => WRITE)
  }

  write(contents: Uint8Array): void {
    this.attempt(() => {
      const { backend, handle } = this.held
      const size = (): bigint => backend.stat(handle).size
      if (this.#offset === 'end') {
        this.mount.meter.write(contents.length, undefined, size)
        return backend.append(handle, contents)
      }
      if (this.#offset + contents.length > Number.MAX_SAFE_INTEGER) throw fail('file-too-large')
      this.mount.meter.write(contents.length, this.#offset, size)
      backend.writeNow(handle, contents, this.#offset)
      this.#offset += contents.length
    })
  }

  flush(): void {
    this.attempt(() => {})
  }

  async blockingFlush(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.flush()
  }
}

/** `directory-entry-stream`: the listing as it was when it was asked for, sorted by the bytes of the names. */
export class DirectoryEntries implements Resource {
  readonly mount: Mount
  readonly #session: Session
  readonly #entries: readonly DirectoryEntry[]
  #unnameable: number
  #next = 0
  #open = true

  constructor(session: Session, mount: Mount, entries: readonly DirectoryEntry[], unnameable: number) {
    this.#session = session
    this.mount = mount
    this.#entries = sorted(entries)
    this.#unnameable = unnameable
    session.add(this)
  }

  /** @throws WitError `illegal-byte-sequence`, once after the last, where names that are no text had to be left out */
  readDirectoryEntry(): DirectoryEntry | undefined {
    if (!this.#open) throw fail('bad-descriptor')
    const entry = this.#entries[this.#next]
    if (entry !== undefined) {
      this.#next++
      return entry
    }
    if (this.#unnameable > 0) {
      this.#unnameable = 0
      throw fail('illegal-byte-sequence', 'some names are not UTF-8')
    }
    return undefined
  }

  [Symbol.dispose](): void {
    this.#open = false
    this.#session.remove(this)
  }
}

function sorted(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
  return entries
    .map((entry) => ({ entry, key: Buffer.from(entry.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => entry)
}
