import type { TheaterStoreTransfers } from '@theater/wit'
import { concat, ownBytes } from '../bytes.ts'
import type { BlobUpload, Pieces, Range } from '../capabilities.ts'
import { StoreError } from '../host-errors.ts'
import { dispose, payloadOf } from './host.ts'
import { fromHex, toHex } from './hashes.ts'

/** How many bytes go to the host, and come from it, at once: whole chunks of the store. */
const PIECE = 256 * 1024

/** Puts and gets piece by piece, over the host's transfers. */
export class Transfers {
  readonly #host: typeof TheaterStoreTransfers
  /** What one call moves here: less than a piece where the host said so. */
  #limit = PIECE

  constructor(host: typeof TheaterStoreTransfers) {
    this.#host = host
  }

  upload(): BlobUpload {
    return this.#upload(transfer('no upload could be started', () => this.#host.start()))
  }

  async putStream(pieces: Pieces): Promise<string> {
    using upload = this.upload()
    let pending: Uint8Array[] = []
    let size = 0
    for await (const piece of each(pieces)) {
      const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
      pending.push(bytes)
      size += bytes.length
      // Small pieces are gathered: the store writes whole chunks.
      if (size < PIECE) continue
      upload.write(concat(pending))
      pending = []
      size = 0
    }
    upload.write(concat(pending))
    return upload.finish()
  }

  getStream(hash: string, { offset = 0, length }: Range): ReadableStream<Uint8Array> {
    const reader = transfer(`blob ${hash} could not be read`, () => this.#host.open(fromHex(hash)))
    const size = Number(transfer(`blob ${hash} has no size`, () => reader.size()))
    const end = length === undefined ? size : Math.min(size, offset + length)
    let at = offset
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (at >= end) {
          dispose(reader)
          controller.close()
          return
        }
        const bytes = this.#within(end - at, (count) =>
          transfer(`blob ${hash} could not be read`, () => ownBytes(reader.read(BigInt(at), BigInt(count)))),
        )
        at += bytes.length
        controller.enqueue(bytes)
      },
      cancel: () => dispose(reader),
    })
  }

  #upload(upload: TheaterStoreTransfers.Upload): BlobUpload {
    let size = 0
    const write = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length;) {
        at += this.#within(bytes.length - at, (count) => {
          const part = bytes.subarray(at, at + count)
          transfer(`${part.length} bytes could not be written`, () => upload.write(BigInt(size), part))
          size += part.length
          return part
        }).length
      }
    }
    return {
      get size() {
        return size
      },
      write: (data) => write(typeof data === 'string' ? new TextEncoder().encode(data) : data),
      finish: () => toHex(transfer('the upload could not be finished', () => upload.finish())),
      [Symbol.dispose]: () => dispose(upload),
    }
  }

  /** Moves as many bytes as the host takes, and keeps to that from then on. */
  #within(wanted: number, move: (count: number) => Uint8Array): Uint8Array {
    try {
      return move(Math.min(wanted, this.#limit))
    } catch (error) {
      const limit = StoreError.is(error) && error.code === 'too-large' ? error.limit : undefined
      if (limit === undefined || limit < 1 || limit >= this.#limit) throw error
      this.#limit = limit
      return move(Math.min(wanted, limit))
    }
  }
}

/** What comes of a stream, also in an engine whose streams cannot be gone through by themselves. */
async function* each(pieces: Pieces): AsyncGenerator<Uint8Array | string> {
  if (!('getReader' in pieces)) {
    yield* pieces
    return
  }
  const reader = pieces.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel()
  }
}

function transfer<T>(doing: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterStoreTransfers.Error>(thrown)
    if (error === undefined) throw thrown
    throw new StoreError(doing, error.tag, 'val' in error ? { limit: Number(error.val) } : {})
  }
}
