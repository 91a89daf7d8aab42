import { WitError } from '@theater/handler'
import type { Call, HandlerFunction, Intent, Reconciled } from '@theater/handler'
import type { Json } from '@theater/values'
import type { WasiKeyvalueAtomics, WasiKeyvalueStore } from '@theater/wit'
import type { Edit, Entry, Value } from './backend.ts'
import { same, sha256 } from './chunks.ts'
import { isBucket, keyvalueError } from './errors.ts'
import type { StoreAsk, StoreRight } from './grant.ts'
import type { Session } from './session.ts'

// A pre-release is a track of its own.
const DRAFT = '0.2.0-draft2'
/** The interfaces of `wasi:keyvalue`. */
export const KEYVALUE = {
  store: `wasi:keyvalue/store@${DRAFT}`,
  atomics: `wasi:keyvalue/atomics@${DRAFT}`,
  batch: `wasi:keyvalue/batch@${DRAFT}`,
} as const

const BUCKET = `${KEYVALUE.store}#bucket`
const CAS = `${KEYVALUE.atomics}#cas`
const SWAP = `${KEYVALUE.atomics}#swap`
const INCREMENT = `${KEYVALUE.atomics}#increment`

/** The most bytes of a key. */
const KEY_BYTES = 1024

/** Keys and values within the namespace of a grant. What is kept is in the backend; here is only the name. */
class Bucket {
  readonly session: Session
  readonly name: string

  constructor(session: Session, name: string) {
    this.session = session
    this.name = name
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = await this.entry(key)
    return entry?.value
  }

  set(key: string, value: Uint8Array): Promise<void> {
    return this.setMany([[key, value]])
  }

  delete(key: string): Promise<void> {
    return this.deleteMany([key])
  }

  async exists(key: string): Promise<boolean> {
    return (await this.entry(key)) !== undefined
  }

  /** Keys in the order of their bytes; the cursor is the last of them. */
  async listKeys(cursor: string | undefined): Promise<WasiKeyvalueStore.KeyResponse> {
    const { space, limits } = this.session
    const found = await this.session.ask((backend) =>
      backend.keys(space, this.name, cursor, limits.listed + 1),
    )
    const keys = found.slice(0, limits.listed)
    return { keys, cursor: found.length > keys.length ? keys.at(-1) : undefined }
  }

  async getMany(keys: readonly string[]): Promise<([string, Uint8Array] | undefined)[]> {
    const found: ([string, Uint8Array] | undefined)[] = []
    let bytes = 0
    for (const key of keys) {
      const value = await this.get(key)
      bytes += value?.byteLength ?? 0
      this.#checkCall(bytes)
      found.push(value === undefined ? undefined : [key, value])
    }
    return found
  }

  /** All of them or none. Of two values for a key the later one is meant. */
  async setMany(pairs: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    this.#checkCall(pairs.reduce((sum, [, value]) => sum + value.byteLength, 0))
    const values = new Map(pairs.map(([key, value]) => [key, valueOf(value)]))
    await this.edit(
      [...values].map(([key, value]) => ({ key, change: () => value })),
      () => 'set',
    )
  }

  /** All of them or none. */
  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.edit(
      [...new Set(keys)].map((key) => ({ key, change: () => 'remove' as const })),
      () => 'delete',
    )
  }

  /** What a key has, checked. */
  async entry(key: string): Promise<Entry | undefined> {
    checkKey(key)
    const found = await this.session.ask((backend) => backend.entry(this.session.space, this.name, key))
    if (found !== undefined) checkValue(found)
    return found
  }

  /** Changes keys in one step, and has the backend remember a note of it. */
  async edit(edits: readonly Edit[], note: (version: number) => string): Promise<void> {
    for (const { key } of edits) checkKey(key)
    const { space, actor, room } = this.session
    const outcome = await this.session.ask((backend) =>
      backend.edit(space, this.name, edits, { writer: actor.id, note }, room.quota),
    )
    if (outcome.tag === 'full') throw keyvalueError('quota', `${outcome.left} bytes are left`)
  }

  describe(): Json {
    return { bucket: this.name }
  }

  #checkCall(bytes: number): void {
    const { callBytes } = this.session.limits
    if (bytes > callBytes) throw keyvalueError('too-large', `one call moves ${callBytes} bytes`)
  }
}

/** A compare-and-swap: a key, and the version that it had when it was looked at; 0 where it was not there. */
class Cas {
  readonly bucket: Bucket
  readonly key: string
  version: number

  constructor(bucket: Bucket, key: string, version: number) {
    this.bucket = bucket
    this.key = key
    this.version = version
  }

  /** What the key has now. A swap is against what was shown last. */
  async current(): Promise<Uint8Array | undefined> {
    const entry = await this.bucket.entry(this.key)
    this.version = entry?.version ?? 0
    return entry?.value
  }

  describe(): Json {
    return { bucket: this.bucket.name, key: this.key, version: this.version }
  }
}

/** The functions of `wasi:keyvalue` that are no methods. */
export type Keyvalue = ReturnType<typeof keyvalue>

/** Binds `wasi:keyvalue`. */
export function keyvalue(session: Session) {
  return {
    [KEYVALUE.store]: {
      open(identifier: string): Bucket {
        if (!isBucket(identifier)) throw keyvalueError('no-such-store')
        return new Bucket(session, identifier)
      },
    },
    [KEYVALUE.atomics]: {
      async '[static]cas.new'(bucket: Bucket, key: string): Promise<Cas> {
        checkOwn(session, bucket)
        const entry = await bucket.entry(key)
        return new Cas(bucket, key, entry?.version ?? 0)
      },
      async increment(bucket: Bucket, key: string, delta: bigint): Promise<bigint> {
        checkOwn(session, bucket)
        let result = 0n
        const change = (current: Entry | undefined): Value => {
          if (current !== undefined) checkValue(current)
          result = numberOf(current) + delta
          if (BigInt.asIntN(64, result) !== result) throw keyvalueError('overflow', 'more than 64 bits')
          return valueOf(new TextEncoder().encode(String(result)))
        }
        await bucket.edit([{ key, change }], () => incrementNote(bucket, key, delta))
        return result
      },
      async swap(cas: Cas, value: Uint8Array): Promise<void> {
        const { bucket, key, version } = cas
        checkOwn(session, bucket)
        let latest = version
        try {
          if (value.byteLength > session.limits.callBytes)
            throw keyvalueError('too-large', `one call moves ${session.limits.callBytes} bytes`)
          const change = (current: Entry | undefined) => {
            latest = current?.version ?? 0
            return latest === version ? valueOf(value) : 'keep'
          }
          await bucket.edit([{ key, change }], (now) => swapNote(cas, value, latest === version ? now : 0))
        } catch (error) {
          throw casError(error)
        }
        if (latest !== version) throw casError(new Cas(bucket, key, latest))
      },
    },
    [KEYVALUE.batch]: {
      async getMany(bucket: Bucket, keys: readonly string[]): Promise<([string, Uint8Array] | undefined)[]> {
        checkOwn(session, bucket)
        return bucket.getMany(keys)
      },
      async setMany(bucket: Bucket, pairs: readonly (readonly [string, Uint8Array])[]): Promise<void> {
        checkOwn(session, bucket)
        await bucket.setMany(pairs)
      },
      async deleteMany(bucket: Bucket, keys: readonly string[]): Promise<void> {
        checkOwn(session, bucket)
        await bucket.deleteMany(keys)
      },
    },
  }
}

const UNKNOWN = 'the host cannot tell whether it was done'

/** Fails where a bucket is another actor's: the boundary hands none over, so it is a fault of the host. */
function checkOwn(session: Session, bucket: Bucket): void {
  if (bucket.session !== session) throw new TypeError('the bucket is of another actor')
}

/** A swap's own error for what went wrong in the store. */
function storeError(...args: Parameters<typeof keyvalueError>): WitError<WasiKeyvalueAtomics.CasError> {
  return new WitError<WasiKeyvalueAtomics.CasError>({
    tag: 'store-error',
    val: keyvalueError(...args).payload,
  })
}

/** A swap's own error: what the store says, or the next attempt. What is no error of the guest stays what it is. */
function casError(error: unknown): unknown {
  if (error instanceof Cas) return new WitError({ tag: 'cas-failed', val: error })
  return WitError.is(error) ? new WitError({ tag: 'store-error', val: error.payload }) : error
}

/** What the boundary knows of the functions of `wasi:keyvalue`. */
export function keyvalueFunctions(): Readonly<Record<string, HandlerFunction>> {
  const deny = () => keyvalueError('access-denied')
  const read = (keys: (call: Call) => readonly string[]) =>
    ({ mode: 'async', effect: 'read', ask: asking(['read'], keys), deny }) as const
  const write = (effect: 'idempotent' | 'once', rights: readonly StoreRight[], keys = oneKey) =>
    ({ mode: 'async', effect, ask: asking(rights, keys), deny }) as const
  return {
    [`${KEYVALUE.store}#open`]: {
      mode: 'sync',
      effect: 'none',
      ask: ({ args }) => ({ bucket: text(args[0]) }),
      deny,
    },
    [`${BUCKET_METHOD}get`]: read(oneKey),
    [`${BUCKET_METHOD}exists`]: read(oneKey),
    [`${BUCKET_METHOD}list-keys`]: read(({ args }) => [`${bucketOf(args[0])}/`]),
    [`${BUCKET_METHOD}set`]: write('idempotent', ['write', 'label']),
    [`${BUCKET_METHOD}delete`]: write('idempotent', ['label']),
    [`${KEYVALUE.atomics}#[static]cas.new`]: read(oneKey),
    [`${KEYVALUE.atomics}#[method]cas.current`]: read(casKey),
    [INCREMENT]: write('once', ['read', 'write', 'label']),
    [SWAP]: {
      ...write('once', ['write', 'label'], casKey),
      deny: () => storeError('access-denied', ''),
    },
    [`${KEYVALUE.batch}#get-many`]: read(manyKeys),
    [`${KEYVALUE.batch}#set-many`]: write('idempotent', ['write', 'label'], manyKeys),
    [`${KEYVALUE.batch}#delete-many`]: write('idempotent', ['label'], manyKeys),
  }
}

const BUCKET_METHOD = `${KEYVALUE.store}#[method]bucket.`

/** The description of a bucket or a compare-and-swap; `undefined` where it is none. */
export function describeKeyvalue(object: object): Json | undefined {
  return object instanceof Bucket || object instanceof Cas ? object.describe() : undefined
}

/** The object that a description is of; `undefined` where it is of none. */
export function resumeKeyvalue(session: Session, type: string, description: Json): object | undefined {
  const { bucket, key, version } = Object(description) as { readonly [name: string]: unknown }
  if (typeof bucket !== 'string' || !isBucket(bucket)) return undefined
  const found = new Bucket(session, bucket)
  if (type === BUCKET) return found
  if (type !== CAS || typeof key !== 'string' || !Number.isSafeInteger(version)) return undefined
  return new Cas(found, key, Number(version))
}

/** The interface's error for a handle that cannot be had any more. */
export function closedKeyvalue(fn: string): WitError | undefined {
  if (!fn.startsWith('wasi:keyvalue/')) return undefined
  const why = 'open the bucket again'
  return fn === SWAP ? storeError('closed', why) : keyvalueError('closed', why)
}

/**
 * Finds out whether an increment or a swap happened, by the note that the backend keeps of the actor's last edit. A note of another
 * edit: it did not. A note of this swap, of which the entry is still the outcome: it did. Else it may have been an
 * earlier one of the same words, and nobody can tell.
 */
export async function reconcileKeyvalue(session: Session, { fn, args }: Intent): Promise<Reconciled> {
  const noted = await session.backend.noted(session.space, session.actor.id)
  if (fn === INCREMENT) {
    const [bucket, key, delta] = args
    const mine = bucket instanceof Bucket && incrementNote(bucket, String(key), BigInt(String(delta)))
    return mine === noted ? { failed: keyvalueError('outcome-unknown', UNKNOWN) } : 'not-done'
  }
  const [cas, value] = args
  if (fn !== SWAP || !(cas instanceof Cas) || !(value instanceof Uint8Array)) return 'unknown'
  const entry = await session.backend.entry(session.space, cas.bucket.name, cas.key)
  if (noted === undefined || !noted.startsWith(swapNote(cas, value, undefined))) return 'not-done'
  if (entry !== undefined && noted === swapNote(cas, value, entry.version)) return { done: undefined }
  // It met another version, and changed nothing.
  return noted === swapNote(cas, value, 0) ? 'not-done' : { failed: storeError('outcome-unknown', UNKNOWN) }
}

function incrementNote(bucket: Bucket, key: string, delta: bigint): string {
  return JSON.stringify(['increment', bucket.name, key, String(delta)])
}

/** What a swap is, and after it the version that came of it. */
function swapNote(cas: Cas, value: Uint8Array, version: number | undefined): string {
  const what = ['swap', cas.bucket.name, cas.key, cas.version, Buffer.from(sha256(value)).toString('hex')]
  return `${JSON.stringify(what)} ${version ?? ''}`
}

function valueOf(value: Uint8Array): Value {
  return { value, hash: sha256(value) }
}

function checkValue({ value, hash }: Value): void {
  if (!same(sha256(value), hash)) throw keyvalueError('damaged', 'the bytes kept are not those that were set')
}

function checkKey(key: string): void {
  if (Buffer.byteLength(key) > KEY_BYTES)
    throw keyvalueError('bad-key', `a key has at most ${KEY_BYTES} bytes`)
}

/** A number as decimal text: what other stores, and whoever reads the value, take for one. */
function numberOf(entry: Entry | undefined): bigint {
  if (entry === undefined) return 0n
  const found = Buffer.from(entry.value).toString('latin1')
  if (!/^-?[0-9]{1,19}$/.test(found)) throw keyvalueError('not-a-number', 'the value is no decimal number')
  return BigInt(found)
}

function asking(rights: readonly StoreRight[], keys: (call: Call) => readonly string[]) {
  return (call: Call): StoreAsk => ({ keys: keys(call), rights })
}

function oneKey({ args }: Call): readonly string[] {
  return [`${bucketOf(args[0])}/${text(args[1])}`]
}

function casKey({ args }: Call): readonly string[] {
  const { key } = Object(args[0]) as { readonly key?: unknown }
  return [`${bucketOf(args[0])}/${text(key)}`]
}

function manyKeys({ args }: Call): readonly string[] {
  const keys: readonly unknown[] = Array.isArray(args[1]) ? args[1] : []
  return keys.map((one) => `${bucketOf(args[0])}/${text(Array.isArray(one) ? one[0] : one)}`)
}

function bucketOf(description: unknown): string {
  const { bucket } = Object(description) as { readonly bucket?: unknown }
  return text(bucket)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
