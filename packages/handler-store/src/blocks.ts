import type { StoreBackend } from './backend.ts'
import { chunkCount, cut, joined } from './chunks.ts'
import { spaceOf } from './space.ts'

/** How the CID of a blob begins: version 1, raw, sha2-256 of 32 bytes. */
const CID = Uint8Array.of(0x01, 0x55, 0x12, 0x20)

/** Blobs by CID, as those know them who read trees of files. */
export interface Blocks {
  /** A blob's bytes, unchecked; `undefined` where there is none, or where the CID is of something else than a blob. */
  get(cid: Uint8Array): Promise<Uint8Array | undefined>
  /** Keeps a blob. What the host puts has no quota. */
  put(cid: Uint8Array, bytes: Uint8Array): Promise<void>
}

/**
 * The blobs of a namespace as blocks, for a host: to mount a tree that an actor has put there, or to put one there for actors.
 *
 * @param of the name of a shared namespace, or the actor whose own it is
 *
 * @example
 * const files = fs({ trees: blocks(backend, { namespace: 'audit' }) })
 */
export function blocks(
  backend: StoreBackend,
  of: { readonly namespace: string } | { readonly actor: string },
): Blocks {
  const space = 'namespace' in of ? spaceOf(of.namespace, '') : spaceOf(undefined, of.actor)
  return {
    async get(cid) {
      const hash = hashOf(cid)
      const size = hash && (await backend.size(space, hash))
      if (hash === undefined || size === undefined) return undefined
      const chunks = await backend.chunks(space, hash, 0, chunkCount(size))
      return chunks && joined(chunks)
    },
    async put(cid, bytes) {
      const hash = hashOf(cid)
      if (hash === undefined) throw new TypeError('the CID is not that of a blob: version 1, raw, sha2-256')
      await backend.put(space, hash, cut(bytes), { quota: Number.MAX_SAFE_INTEGER, now: Date.now() })
    },
  }
}

function hashOf(cid: Uint8Array): Uint8Array | undefined {
  const is = cid.byteLength === 36 && CID.every((byte, i) => cid[i] === byte)
  return is ? cid.slice(CID.byteLength) : undefined
}
