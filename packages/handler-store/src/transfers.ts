import { createHash, randomUUID } from 'node:crypto'
import type { Json } from '@theater/values'
import { CHUNK_BYTES } from './backend.ts'
import type { Chunk, Hash, Upload as Written } from './backend.ts'
import { chunkCount, cut, joined, same, unchanged } from './chunks.ts'
import { checkAppend, transferError } from './errors.ts'
import type { Session } from './session.ts'

/** The interface of what is too large for one call. */
export const TRANSFERS = 'theater:store/transfers@0.1'

const UPLOAD = `${TRANSFERS}#upload`
const READER = `${TRANSFERS}#reader`

/** How many chunks are read at once when an upload is finished: a megabyte. */
const BATCH = 16

/** A blob in the making, as the guest has it. What is written is in the backend; here is only its name. */
class Upload {
  readonly #session: Session
  readonly #name: string

  constructor(session: Session, name: string) {
    this.#session = session
    this.#name = name
  }

  /** Writes behind what is there, or nothing where the bytes are there already. */
  async write(offset: bigint, data: Uint8Array): Promise<void> {
    const session = this.#session
    session.checkCall(data.byteLength)
    const { size, hash } = await this.#written()
    if (hash !== undefined) throw transferError({ tag: 'closed' })
    if (offset !== BigInt(size)) {
      if (await this.#holds(size, offset, data)) return
      throw transferError({ tag: 'bad-offset', val: BigInt(size) })
    }
    if (data.byteLength === 0) return
    const first = Math.floor(size / CHUNK_BYTES)
    const begun = size % CHUNK_BYTES === 0 ? [] : await this.#chunks(size, first, 1)
    const chunks = cut(joined([...begun, { hash: new Uint8Array(), bytes: data }]))
    await session.fill(async (backend) =>
      checkAppend(await backend.append(session.space, this.#name, first, chunks, session.room)),
    )
  }

  /** How many bytes were written. */
  async size(): Promise<bigint> {
    const { size } = await this.#written()
    return BigInt(size)
  }

  /** Makes a blob of what was written. What the hash is of is what is on the disk now. */
  async finish(): Promise<Hash> {
    const { size, hash: finished } = await this.#written()
    if (finished !== undefined) return finished
    const digest = createHash('sha256')
    for (let first = 0; first < chunkCount(size); first += BATCH) {
      const chunks = await this.#chunks(size, first, Math.min(BATCH, chunkCount(size) - first))
      for (const { bytes } of chunks) digest.update(bytes)
    }
    const hash = new Uint8Array(digest.digest())
    const { space, room } = this.#session
    const done = await this.#session.ask((backend) => backend.finish(space, this.#name, hash, room.now))
    if (!done) throw transferError({ tag: 'closed' })
    return hash
  }

  /** What the record says of it. */
  describe(): Json {
    return { upload: this.#name }
  }

  async #written(): Promise<Written> {
    const { space, expired } = this.#session
    const found = await this.#session.ask((backend) => backend.upload(space, this.#name))
    if (found === undefined || found.touched < expired) throw transferError({ tag: 'closed' })
    return found
  }

  /** Chunks of what was written, checked. */
  async #chunks(size: number, first: number, count: number): Promise<readonly Chunk[]> {
    const { space } = this.#session
    const chunks = await this.#session.ask((backend) => backend.uploaded(space, this.#name, first, count))
    if (chunks === undefined) throw transferError({ tag: 'closed' })
    if (!unchanged(size, first, chunks)) throw transferError({ tag: 'damaged' })
    return chunks
  }

  async #holds(size: number, offset: bigint, data: Uint8Array): Promise<boolean> {
    const length = BigInt(data.byteLength)
    if (offset + length > size) return false
    const { start, end, first, count } = this.#session.partOf(size, offset, length)
    if (start === end) return true
    const bytes = joined(await this.#chunks(size, first, count))
    return same(bytes.subarray(start - first * CHUNK_BYTES, end - first * CHUNK_BYTES), data)
  }
}

/** A blob that is read in pieces, as the guest has it. */
class Reader {
  readonly #session: Session
  readonly #hash: Hash
  readonly #size: number

  constructor(session: Session, hash: Hash, size: number) {
    this.#session = session
    this.#hash = hash
    this.#size = size
  }

  /** How many bytes the blob has. A blob never changes, so this one does not either. */
  size(): bigint {
    return BigInt(this.#size)
  }

  /** Part of the blob, checked chunk by chunk. */
  read(offset: bigint, length: bigint): Promise<Uint8Array> {
    return this.#session.read(this.#hash, offset, length)
  }

  /** What the record says of it. */
  describe(): Json {
    return { hash: Buffer.from(this.#hash).toString('hex'), size: this.#size }
  }
}

/** The functions of `theater:store/transfers` that are no methods. */
export interface Transfers {
  /** Starts an upload. */
  readonly start: () => Promise<Upload>
  /** Opens a blob. */
  readonly open: (hash: Hash) => Promise<Reader>
}

/** Binds `theater:store/transfers`. */
export function transfers(session: Session): Transfers {
  const { space, limits } = session
  return {
    async start() {
      // Nobody asks for those again that have expired.
      await session.ask((backend) => backend.expire(space, session.expired))
      const name = randomUUID()
      const begun = await session.ask((backend) =>
        backend.begin(space, name, session.room.now, limits.uploads),
      )
      if (!begun) throw transferError({ tag: 'too-many', val: BigInt(limits.uploads) })
      return new Upload(session, name)
    },
    open: async (hash) => new Reader(session, hash, await session.sizeOf(hash)),
  }
}

/** The description of a handle; `undefined` where it is none of these. */
export function describeTransfer(object: object): Json | undefined {
  return object instanceof Upload || object instanceof Reader ? object.describe() : undefined
}

/** The handle that a description is of; `undefined` where it is of none. */
export function resumeTransfer(session: Session, type: string, description: Json): object | undefined {
  if (type === UPLOAD) {
    const name = uploadOf(description)
    return name === undefined ? undefined : new Upload(session, name)
  }
  if (type !== READER) return undefined
  const { hash, size } = Object(description) as { readonly hash?: unknown; readonly size?: unknown }
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash) || !Number.isSafeInteger(size))
    return undefined
  return new Reader(session, new Uint8Array(Buffer.from(hash, 'hex')), Number(size))
}

/** Gives up an upload that the guest has dropped. */
export function dropTransfer(session: Session, type: string, description: Json): void {
  const name = type === UPLOAD ? uploadOf(description) : undefined
  if (name !== undefined) session.afterwards((backend) => backend.giveUp(session.space, name))
}

/** A name that this handler may have given: it becomes part of a path. */
function uploadOf(description: Json): string | undefined {
  const { upload } = Object(description) as { readonly upload?: unknown }
  return typeof upload === 'string' && /^[0-9a-f-]{36}$/.test(upload) ? upload : undefined
}
