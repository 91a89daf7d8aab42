import { defineHandler } from '@theater/handler'
import type { Binding, Call, Handler } from '@theater/handler'
import type { Hash, StoreBackend } from './backend.ts'
import { cut, sha256 } from './chunks.ts'
import { blobError, checkSet, isHash, isName, labelError, transferError } from './errors.ts'
import { authorize, storeGrant, within } from './grant.ts'
import type { StoreAsk, StoreGrant } from './grant.ts'
import {
  closedKeyvalue,
  describeKeyvalue,
  KEYVALUE,
  keyvalue,
  keyvalueFunctions,
  reconcileKeyvalue,
  resumeKeyvalue,
} from './keyvalue.ts'
import type { Keyvalue } from './keyvalue.ts'
import { memory } from './memory.ts'
import { reconcile } from './reconcile.ts'
import { Session } from './session.ts'
import type { Limits } from './session.ts'
import { spaceOf } from './space.ts'
import { describeTransfer, dropTransfer, resumeTransfer, TRANSFERS, transfers } from './transfers.ts'
import type { Transfers } from './transfers.ts'

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
  /**
   * The most uploads that are open at once in a namespace. Those of turns that trapped are until they expire.
   *
   * @default 256
   */
  readonly maxUploads?: number
  /**
   * Milliseconds after which an upload is given up that nothing was written to.
   *
   * @default 86400000
   */
  readonly uploadMs?: number
}

/** The functions of `theater:store@0.1` and of `wasi:keyvalue`, as the boundary calls them. */
export interface StoreImports extends Keyvalue {
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
  readonly [TRANSFERS]: Transfers
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
 * handler.authorize({ rights: ['label'], labels: 'reports/' }, { label: 'reports/today', right: 'label' }) // true
 */
export function store(options: StoreOptions = {}): Handler<StoreGrant, StoreImports> {
  const backend = options.backend ?? memory()
  const limits: Limits = {
    callBytes: options.maxCallBytes ?? 16 * 1024 * 1024,
    bytes: options.maxBytes ?? 1024 * 1024 * 1024,
    labels: options.maxLabels ?? 65_536,
    listed: Math.max(1, options.maxListed ?? 1024),
    uploads: options.maxUploads ?? 256,
    idleMs: options.uploadMs ?? 24 * 60 * 60 * 1000,
  }
  let ending: Promise<void> | undefined
  const denyBlob = () => blobError({ tag: 'denied' })
  const denyLabel = () => labelError({ tag: 'denied' })
  const denyTransfer = () => transferError({ tag: 'denied' })
  const readsBlobs = { mode: 'async', effect: 'read', ask: askBlobs('read'), deny: denyBlob } as const
  const uploads = { mode: 'async', effect: 'idempotent', ask: askBlobs('write'), deny: denyTransfer } as const
  const reads = { mode: 'async', effect: 'read', ask: askBlobs('read'), deny: denyTransfer } as const
  return defineHandler<StoreGrant, StoreImports>({
    name: 'store',
    interfaces: [BLOBS, LABELS, TRANSFERS, ...Object.values(KEYVALUE)],
    grant: storeGrant,
    functions: {
      [`${BLOBS}#put`]: { mode: 'async', effect: 'idempotent', ask: askBlobs('write'), deny: denyBlob },
      [`${BLOBS}#get`]: readsBlobs,
      [`${BLOBS}#size`]: readsBlobs,
      [`${LABELS}#get`]: { mode: 'async', effect: 'read', ask: askLabel('read'), deny: denyLabel },
      // Not idempotent: done again after it succeeded, a compare-and-set answers `conflict`. See `reconcile`.
      [`${LABELS}#set`]: { mode: 'async', effect: 'once', ask: askLabel('label'), deny: denyLabel },
      [`${LABELS}#list`]: { mode: 'async', effect: 'read', ask: askLabels, deny: denyLabel },
      [`${TRANSFERS}#start`]: uploads,
      [`${TRANSFERS}#[method]upload.write`]: uploads,
      [`${TRANSFERS}#[method]upload.size`]: { ...uploads, effect: 'read' },
      [`${TRANSFERS}#[method]upload.finish`]: uploads,
      [`${TRANSFERS}#open`]: reads,
      [`${TRANSFERS}#[method]reader.size`]: { ...reads, mode: 'sync', effect: 'none' },
      [`${TRANSFERS}#[method]reader.read`]: reads,
      ...keyvalueFunctions(),
    },
    within: (child, parent) => within(child, parent, limits.bytes),
    authorize,
    rests: () => true,
    bind(actor, grant) {
      const space = spaceOf(grant.namespace, actor.id)
      return bind(new Session(actor, backend, space, grant.maxBytes ?? limits.bytes, limits))
    },
    async [Symbol.asyncDispose]() {
      ending ??= backend[Symbol.asyncDispose]?.() ?? Promise.resolve()
      await ending
    },
  })
}

function bind(session: Session): Binding<StoreImports> {
  const { space, limits } = session
  return {
    imports: {
      [BLOBS]: {
        async put(data) {
          session.checkCall(data.byteLength)
          const hash = sha256(data)
          await session.fill((backend) => backend.put(space, hash, cut(data), session.room))
          return hash
        },
        get: (hash, offset, length) => session.read(hash, offset, length),
        size: async (hash) => BigInt(await session.sizeOf(hash)),
      },
      [LABELS]: {
        async get(name) {
          if (!isName(name)) throw labelError({ tag: 'bad-name' })
          return session.ask((backend) => backend.label(space, name))
        },
        async set(name, expected, value) {
          // The interface has no case for a value that is no hash; like a bad name, it is a bug of the caller.
          if (!isName(name) || (value !== undefined && !isHash(value))) throw labelError({ tag: 'bad-name' })
          const change = { name, expected, value }
          const { id } = session.actor
          checkSet(
            await session.ask((backend) => backend.set(space, id, change, limits.labels)),
            limits.labels,
          )
        },
        async list(prefix, after, limit) {
          if (limit === 0) return []
          return session.ask((backend) => backend.list(space, prefix, after, Math.min(limit, limits.listed)))
        },
      },
      [TRANSFERS]: transfers(session),
      ...keyvalue(session),
    },
    describe: (_type, object) => describeTransfer(object) ?? describeKeyvalue(object),
    resume: (type, description) =>
      resumeTransfer(session, type, description) ?? resumeKeyvalue(session, type, description),
    dropped: (type, description) => dropTransfer(session, type, description),
    closed: (fn) =>
      fn.startsWith(`${TRANSFERS}#[method]`) ? transferError({ tag: 'closed' }) : closedKeyvalue(fn),
    reconcile: (intent) =>
      intent.fn === `${LABELS}#set` ? reconcile(session, intent) : reconcileKeyvalue(session, intent),
  }
}

function askBlobs(right: 'read' | 'write'): () => StoreAsk {
  return () => ({ blobs: right })
}

function askLabel(right: 'read' | 'label'): (call: Call) => StoreAsk {
  return (call) => ({ label: text(call.args[0]), right })
}

function askLabels(call: Call): StoreAsk {
  return { labels: text(call.args[0]) }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
