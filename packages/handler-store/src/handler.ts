import { defineHandler } from '@theater/handler'
import type { ActorContext, Binding, Call, Handler, Intent, Reconciled } from '@theater/handler'
import { CHUNK_BYTES } from './backend.ts'
import type { Hash, StoreBackend } from './backend.ts'
import { cut, intact, joined, same, sha256 } from './chunks.ts'
import { blobError, checkPut, checkSet, isHash, isName, labelError } from './errors.ts'
import { authorize, storeGrant, within } from './grant.ts'
import type { StoreAsk, StoreGrant } from './grant.ts'
import { memory } from './memory.ts'

const BLOBS = 'theater:store/blobs@0.1'
const LABELS = 'theater:store/labels@0.1'

/** Where {@link store} keeps things, and its limits. No option grants anything. */
export interface StoreOptions {
  /**
   * Where blobs and labels are kept. The handler disposes of it with itself.
   *
   * @default memory()
   */
  readonly backend?: StoreBackend
  /**
   * The most bytes that one call puts or gets.
   *
   * @default 16777216
   */
  readonly maxCallBytes?: number
  /**
   * The most bytes of blobs in a namespace, where a grant does not say.
   *
   * @default 1073741824
   */
  readonly maxBytes?: number
  /**
   * The most labels in a namespace.
   *
   * @default 65536
   */
  readonly maxLabels?: number
  /**
   * The most names that one call lists.
   *
   * @default 1024
   */
  readonly maxListed?: number
}

/** The functions of `theater:store@0.1`, as the boundary calls them. */
export interface StoreImports {
  readonly [BLOBS]: {
    /** Keeps bytes. */
    readonly put: (data: Uint8Array) => Promise<Hash>
    /** Reads part of a blob. */
    readonly get: (hash: Hash, offset: bigint, length: bigint) => Promise<Uint8Array>
    /** The number of bytes of a blob. */
    readonly size: (hash: Hash) => Promise<bigint>
  }
  readonly [LABELS]: {
    /** What a label names. */
    readonly get: (name: string) => Promise<Hash | undefined>
    /** Compares and sets. */
    readonly set: (name: string, expected: Hash | undefined, value: Hash | undefined) => Promise<void>
    /** Names with a prefix. */
    readonly list: (prefix: string, after: string | undefined, limit: number) => Promise<readonly string[]>
  }
}

interface Limits {
  readonly callBytes: number
  readonly bytes: number
  readonly labels: number
  readonly listed: number
}

/**
 * Makes the handler of `theater:store`: content under its own hash, and names for hashes.
 *
 * Each actor has a namespace of its own unless its grant names a shared one.
 *
 * @example
 * import { store } from '@theater/handler-store'
 *
 * const handler = store()
 * handler.authorize({ rights: 'rw', labels: 'reports/' }, { label: 'reports/today', right: 'w' }) // true
 */
export function store(options: StoreOptions = {}): Handler<StoreGrant, StoreImports> {
  const backend = options.backend ?? memory()
  const limits: Limits = {
    callBytes: options.maxCallBytes ?? 16 * 1024 * 1024,
    bytes: options.maxBytes ?? 1024 * 1024 * 1024,
    labels: options.maxLabels ?? 65_536,
    listed: Math.max(1, options.maxListed ?? 1024),
  }
  let ending: Promise<void> | undefined
  const denyBlob = () => blobError({ tag: 'denied' })
  const denyLabel = () => labelError({ tag: 'denied' })
  const readsBlobs = { mode: 'async', effect: 'read', ask: askBlobs('r'), deny: denyBlob } as const
  return defineHandler<StoreGrant, StoreImports>({
    name: 'store',
    interfaces: [BLOBS, LABELS],
    grant: storeGrant,
    functions: {
      [`${BLOBS}#put`]: { mode: 'async', effect: 'idempotent', ask: askBlobs('w'), deny: denyBlob },
      [`${BLOBS}#get`]: readsBlobs,
      [`${BLOBS}#size`]: readsBlobs,
      [`${LABELS}#get`]: { mode: 'async', effect: 'read', ask: askLabel('r'), deny: denyLabel },
      // Not idempotent: done again after it succeeded, a compare-and-set answers `conflict`. See `reconcile`.
      [`${LABELS}#set`]: { mode: 'async', effect: 'once', ask: askLabel('w'), deny: denyLabel },
      [`${LABELS}#list`]: { mode: 'async', effect: 'read', ask: askLabels, deny: denyLabel },
    },
    within: (child, parent) => within(child, parent, limits.bytes),
    authorize,
    bind: (actor, grant) => bind(actor, grant, backend, limits),
    async [Symbol.asyncDispose]() {
      ending ??= backend[Symbol.asyncDispose]?.() ?? Promise.resolve()
      await ending
    },
  })
}

function bind(
  actor: ActorContext,
  grant: StoreGrant,
  backend: StoreBackend,
  limits: Limits,
): Binding<StoreImports> {
  // Prefixed: an actor's id and the name of a shared namespace may be the same text.
  const space = grant.namespace === undefined ? `actor:${actor.id}` : `shared:${grant.namespace}`
  const quota = grant.maxBytes ?? limits.bytes

  /** The answer of the backend, or a rejection when the actor ends first. */
  async function ask<T>(answer: () => Promise<T>): Promise<T> {
    actor.signal.throwIfAborted()
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(actor.signal.reason)
    actor.signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([answer(), promise])
    } finally {
      actor.signal.removeEventListener('abort', abort)
    }
  }

  /** How many bytes a blob has. */
  async function sizeOf(hash: Hash): Promise<number> {
    if (!isHash(hash)) throw blobError({ tag: 'bad-hash' })
    const size = await ask(() => backend.size(space, hash))
    if (size === undefined) throw blobError({ tag: 'not-found' })
    return size
  }

  /** Part of a blob, checked chunk by chunk. */
  async function read(hash: Hash, offset: bigint, length: bigint): Promise<Uint8Array> {
    const size = await sizeOf(hash)
    const start = Number(offset < size ? offset : size)
    const end = Number(BigInt(start) + length < size ? BigInt(start) + length : size)
    if (end - start > limits.callBytes) throw blobError({ tag: 'too-large', val: BigInt(limits.callBytes) })
    if (start === end && size > 0) return new Uint8Array()
    const first = Math.floor(start / CHUNK_BYTES)
    const count = Math.max(1, Math.ceil(end / CHUNK_BYTES) - first)
    const chunks = await ask(() => backend.chunks(space, hash, first, count))
    if (chunks === undefined) throw blobError({ tag: 'not-found' })
    if (!intact(hash, size, first, chunks)) throw blobError({ tag: 'damaged' })
    return joined(chunks).slice(start - first * CHUNK_BYTES, end - first * CHUNK_BYTES)
  }

  return {
    imports: {
      [BLOBS]: {
        async put(data) {
          if (data.byteLength > limits.callBytes) {
            throw blobError({ tag: 'too-large', val: BigInt(limits.callBytes) })
          }
          const hash = sha256(data)
          const room = { quota, now: Date.now() }
          checkPut(await ask(() => backend.put(space, hash, cut(data), room)))
          return hash
        },
        get: read,
        size: async (hash) => BigInt(await sizeOf(hash)),
      },
      [LABELS]: {
        async get(name) {
          if (!isName(name)) throw labelError({ tag: 'bad-name' })
          return ask(() => backend.label(space, name))
        },
        async set(name, expected, value) {
          // The interface has no case for a value that is no hash; like a bad name, it is a bug of the caller.
          if (!isName(name) || (value !== undefined && !isHash(value))) throw labelError({ tag: 'bad-name' })
          const change = { name, expected, value }
          checkSet(await ask(() => backend.set(space, actor.id, change, limits.labels)), limits.labels)
        },
        async list(prefix, after, limit) {
          if (limit === 0) return []
          return ask(() => backend.list(space, prefix, after, Math.min(limit, limits.listed)))
        },
      },
    },
    reconcile: (intent) => reconcile(intent, actor, space, backend),
  }
}

/**
 * Finds out whether a compare-and-set happened. Looking at the label alone cannot tell: that it has the new value may
 * be somebody else's doing, that it has the old one may mean that somebody changed it back. So a backend remembers, in
 * the same step as the change, each writer's last change and whether another writer has changed that label since.
 * An actor makes one call at a time, so the lost one comes after everything it had an answer for:
 *
 * - The actor's last change is another one, or there is none: the lost one never happened, or it met a conflict,
 *   which changes nothing. Not done.
 * - It is this very change, and nobody came after it: done. It may also be an earlier, equal change whose answer
 *   the actor has; then the lost one would have met the actor's own value. The label is as the actor asked, and nobody
 *   else believes to have set it, so `ok` misleads nobody.
 * - It is this change and was overtaken: it may be the lost one, or an earlier one that somebody changed back before
 *   the lost one could happen. Unknown.
 */
async function reconcile(
  intent: Intent,
  actor: ActorContext,
  space: string,
  backend: StoreBackend,
): Promise<Reconciled> {
  if (intent.fn !== `${LABELS}#set`) return 'unknown'
  const [name, expected, value] = intent.args
  const last = await backend.last(space, actor.id)
  if (
    last === undefined ||
    last.name !== name ||
    !equal(last.expected, expected) ||
    !equal(last.value, value)
  ) {
    return 'not-done'
  }
  return last.overtaken ? 'unknown' : { done: undefined }
}

function equal(hash: Hash | undefined, other: unknown): boolean {
  return (other === undefined || other instanceof Uint8Array) && same(hash, other)
}

function askBlobs(right: 'r' | 'w'): () => StoreAsk {
  return () => ({ blobs: right })
}

function askLabel(right: 'r' | 'w'): (call: Call) => StoreAsk {
  return (call) => ({ label: text(call.args[0]), right })
}

function askLabels(call: Call): StoreAsk {
  return { labels: text(call.args[0]) }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
