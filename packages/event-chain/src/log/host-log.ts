import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import type { ChainReader, LoggedStore } from '../store.ts'
import { Tombstones } from '../tombstones.ts'
import { checkpointText, parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { decodeHeader } from '../header.ts'
import { byteLength, decodeEntry, encodeEntry, MAX_REASON } from './entry.ts'
import type { LogEntry } from './entry.ts'
import type { SigningKey, VerifierKey } from './key.ts'
import { formatNote, parseNote, signNote, verifyNote } from './note.ts'
import type { SignedCheckpoint } from './signed-checkpoints.ts'
import { TILE } from './store.ts'
import type { GrownChain, LogStore, LogUpdate, TreeState, TreeUpdate } from './store.ts'
import { tombstonesOf } from './seal.ts'
import { GrowingTree, leafHash, TreeHasher } from './tree.ts'
import { WitnessClient } from './witness-client.ts'
import type { WitnessClientOptions } from './witness-client.ts'

/** What a {@link HostLog} is made of. */
export interface HostLogOptions {
  /** The store of the host's chains. */
  readonly store: LoggedStore
  /** What signs. Its name is the log's origin. */
  readonly key: SigningKey
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/** How bodies are erased. */
export interface RedactOptions {
  /** Why, for whoever reads the chain: it is signed, and goes with every export. At most 1024 bytes. */
  readonly reason: string
  /** When, in milliseconds since the epoch. @default now */
  readonly time?: number | undefined
}

/** Bodies that were erased. */
export interface Redaction {
  /** The events whose bodies were there until now. */
  readonly erased: readonly number[]
  /** The checkpoint that their tombstones are under. */
  readonly checkpoint: SignedCheckpoint
}

/** How many chains one checkpoint takes in at most: what it writes at once is bounded. */
const MAX_CHAINS = 1000

/** How many headers are read at once. */
const SOME = 512

/**
 * The one log of a host: an entry for every chain that grew, under a checkpoint that is signed. Whoever saw a checkpoint can be
 * shown later that nothing before it was changed, cut or left out.
 *
 * It takes in what the store has confirmed, writes no event, and is not waited for by any turn.
 *
 * @example
 * ```ts
 * const log = await HostLog.open({ store, key: await SigningKey.generate('example.com/theater') })
 * const checkpoint = await log.checkpoint()
 * console.log(checkpoint?.note)
 * ```
 */
export class HostLog {
  readonly #store: LoggedStore
  readonly #hash: Hash
  #key: SigningKey
  #tree: GrowingTree
  #latest: SignedCheckpoint | undefined
  #running: Promise<unknown> = Promise.resolve()

  private constructor(
    { store, key, hash = sha256 }: HostLogOptions,
    tree: GrowingTree,
    latest: SignedCheckpoint | undefined,
  ) {
    this.#store = store
    this.#hash = hash
    this.#key = key
    this.#tree = tree
    this.#latest = latest
  }

  /**
   * Goes on with the log of a store, or begins it.
   *
   * @throws ChainError `bad-key` where another key signed it last: the log would have two voices. `damaged` where what the
   * store has is not what was signed
   */
  static async open(options: HostLogOptions): Promise<HostLog> {
    const { store, key, hash = sha256 } = options
    const { note, size, edge } = await store.hostLog.log()
    const tree = treeAt({ size, edge }, hash)
    if (note === null) {
      if (size > 0) throw new ChainError('damaged', 'the log has entries, and lost the checkpoint over them')
      return new HostLog(options, tree, undefined)
    }
    const latest = await readCheckpoint(note, key.verifier)
    await checkNotHandedOver(store.hostLog, size, key.verifier)
    if (latest.size !== size || !sameBytes(latest.root, tree.root)) {
      throw new ChainError('damaged', 'the log is not what its last checkpoint says')
    }
    return new HostLog(options, tree, latest)
  }

  /** The public key that checkpoints are signed with now. */
  get key(): VerifierKey {
    return this.#key.verifier
  }

  /** The last checkpoint; undefined before the first. */
  get latest(): SignedCheckpoint | undefined {
    return this.#latest
  }

  /**
   * Takes in every chain that grew since the last checkpoint, and signs the head. Calls run one after the other.
   *
   * @returns The last checkpoint, which is the one before where nothing grew; undefined where there never was anything
   * @throws ChainError what the store throws: `stale`, `conflict`, `broken`
   */
  checkpoint(): Promise<SignedCheckpoint | undefined> {
    return this.#next(() => this.#takeAll())
  }

  /**
   * Erases bodies of a chain, and signs that it did: for each a tombstone in the log, under a new checkpoint. Links, trees and
   * proofs stand; what the bodies said is gone from the store, and with it the chance to run the chain again from there on. Nobody may
   * run the actor meanwhile.
   *
   * @param seqs The events. One that was erased before is passed over.
   * @returns The events whose bodies were erased now, and the checkpoint that they are under
   * @throws ChainError `not-found` for an event that is not there; `invalid` for genesis, or a reason of more than 1024 bytes; `busy` where
   * they are erased, and another process keeps the storage from forgetting them: erase them once more
   *
   * @example
   * ```ts
   * await log.redact(chain, [7], { reason: 'asked for by the customer' })
   * ```
   */
  redact(chain: Uint8Array, seqs: readonly number[], options: RedactOptions): Promise<Redaction> {
    return this.#next(async () => {
      const { reason, time = Date.now() } = options
      if (byteLength(reason) > MAX_REASON || !reason.isWellFormed())
        throw new ChainError('invalid', `a reason is text of at most ${MAX_REASON} bytes`)
      await this.#takeAll()
      const before = new Tombstones((await tombstonesOf(this.#store, chain)).map(({ entry }) => entry))
      const added: Added[] = []
      for (const seq of new Set(seqs)) {
        const [stored] = await Array.fromAsync(this.#store.read(chain, seq, seq + 1))
        if (stored === undefined)
          throw new ChainError('not-found', `the chain has no event ${seq}`, { index: seq })
        if (decodeHeader(stored.header, seq).kind === 'genesis')
          throw new ChainError('invalid', 'the genesis event says what the chain is, and is never erased', {
            index: seq,
          })
        const event = this.#hash(stored.header)
        if (stored.body === null && before.of({ chain, seq, hash: event }) !== undefined) continue
        added.push({ entry: { kind: 'tombstone', chain, seq, event, time, reason }, chain, erases: seq })
      }
      if (added.length > 0) await this.#extend(added, [], [this.#key])
      await this.#store.hostLog.scrub()
      return { erased: added.map(({ erases = 0 }) => erases), checkpoint: this.#latest as SignedCheckpoint }
    })
  }

  /**
   * Hands the log over to another key of the same name: the one before and the new one both sign the checkpoint that says so,
   * and it is kept.
   *
   * @throws ChainError `bad-key` for a key of another name, or the same key
   */
  rotate(next: SigningKey): Promise<SignedCheckpoint> {
    return this.#next(async () => {
      const before = this.#key
      if (next.verifier.name !== before.verifier.name || next.verifier.type !== 'note') {
        throw new ChainError('bad-key', `the next key has the name of the log, ${before.verifier.name}`)
      }
      if (next.verifier.equals(before.verifier))
        throw new ChainError('bad-key', 'this key signs the log already')
      const entry: LogEntry = { kind: 'key', publicKey: next.verifier.publicKey }
      return this.#extend([{ entry, chain: null }], [], [before, next], () => {
        this.#key = next
      })
    })
  }

  async #takeAll(): Promise<SignedCheckpoint | undefined> {
    for (;;) {
      const grown = await this.#store.hostLog.grown(MAX_CHAINS)
      if (grown.length === 0) return this.#latest
      await this.#take(grown)
      // What grows while it is signed is for the next checkpoint: a host that is busy would sign without end.
      if (grown.length < MAX_CHAINS) return this.#latest
    }
  }

  /**
   * A witness of this log, which nobody has asked yet.
   *
   * @throws ChainError `bad-key`, `invalid`
   */
  witness(options: Omit<WitnessClientOptions, 'store' | 'hash'>): WitnessClient {
    return new WitnessClient({ ...options, store: this.#store, hash: this.#hash })
  }

  #next<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#running.then(run)
    this.#running = result.catch(() => undefined)
    return result
  }

  async #take(grown: readonly GrownChain[]): Promise<void> {
    const entries: Added[] = []
    const chains: LogUpdate['chains'][number][] = []
    for (const { chain, epoch, size, tree: state } of grown) {
      const tree = new Grown(state, this.#hash)
      await this.#grow(tree, chain, state.size, size)
      entries.push({ entry: { kind: 'chain', chain, epoch, size, root: tree.root }, chain })
      chains.push({ chain, tree: tree.update() })
    }
    await this.#extend(entries, chains, [this.#key])
  }

  /** Appends the leaves of a chain's events, many at a time where the store has headers without the bodies. */
  async #grow(tree: Grown, chain: Uint8Array, from: number, to: number): Promise<void> {
    const hasher = new TreeHasher(this.#hash)
    const { hostLog } = this.#store
    let at = from
    while (hostLog.headers !== undefined && at < to) {
      const some = await hostLog.headers(chain, at, Math.min(to, at + SOME))
      if (some.length === 0) break
      for (const header of some) tree.append(hasher.event(header))
      at += some.length
    }
    // Where one is not there, this says so.
    if (at < to)
      for await (const { header } of this.#store.read(chain, at, to)) tree.append(hasher.event(header))
  }

  /** @param done what follows from it, before anybody else goes on */
  async #extend(
    added: readonly Added[],
    chains: LogUpdate['chains'],
    keys: readonly SigningKey[],
    done?: () => void,
  ): Promise<SignedCheckpoint> {
    const from = this.#tree.size
    const tree = new Grown({ size: from, edge: this.#tree.edge }, this.#hash)
    const entries = added.map(({ entry, ...of }) => ({ bytes: encodeEntry(entry), ...of }))
    for (const { bytes } of entries) tree.append(leafHash(bytes, this.#hash))
    const update = tree.update()
    const checkpoint = { origin: this.key.name, size: update.size, root: tree.root }
    const note = formatNote(await signNote(checkpointText(checkpoint), keys))
    // Nobody sees a checkpoint before the store has it: after a crash here another one of this size may be signed.
    await this.#store.hostLog.extendLog({
      from,
      entries,
      tree: update,
      chains,
      note,
      rotation: keys.length > 1,
    })
    this.#tree = treeAt(update, this.#hash)
    const signed = { ...checkpoint, note }
    this.#latest = signed
    done?.()
    return signed
  }
}

interface Added {
  readonly entry: LogEntry
  readonly chain: Uint8Array | null
  readonly erases?: number
}

/** A tree that notes which subtrees it completes. */
class Grown {
  readonly #tree: GrowingTree
  readonly #tiles: Uint8Array[] = []

  constructor(state: TreeState, hash: Hash) {
    this.#tree = treeAt(state, hash)
  }

  get root(): Uint8Array {
    return this.#tree.root
  }

  append(leaf: Uint8Array): void {
    this.#tree.append(leaf, (level, _index, root) => {
      if (level === TILE) this.#tiles.push(root)
    })
  }

  update(): TreeUpdate {
    const { size, edge } = this.#tree
    return { size, edge, tiles: this.#tiles }
  }
}

function treeAt({ size, edge }: TreeState, hash: Hash): GrowingTree {
  try {
    return new GrowingTree(hash, size, edge)
  } catch (cause) {
    throw new ChainError('damaged', `a tree of ${size} leaves has lost its edge`, { cause })
  }
}

/** A checkpoint in which the key changed is signed by the one before as well. @throws ChainError `bad-key` */
async function checkNotHandedOver(log: LogStore, size: number, key: VerifierKey): Promise<void> {
  const last = await log.entry(size - 1)
  const entry = last === undefined ? undefined : decodeEntry(last)
  if (entry?.kind === 'key' && !sameBytes(entry.publicKey, key.publicKey)) {
    throw new ChainError(
      'bad-key',
      `${key.name} (${key.id}) has handed the log over to another key: use that one`,
    )
  }
}

async function readCheckpoint(note: string, key: VerifierKey): Promise<SignedCheckpoint> {
  const checkpoint = stored(note)
  const by = await verifyNote(parseNote(note), [key]).catch((cause: unknown) => {
    throw new ChainError('damaged', 'the signature of the last checkpoint in the store is not right', {
      cause,
    })
  })
  if (by.length === 0 || checkpoint.origin !== key.name) {
    throw new ChainError(
      'bad-key',
      `the log in the store is that of ${checkpoint.origin}, and ${key.name} (${key.id}) did not sign it: use the key that did, or hand over from it`,
    )
  }
  return { ...checkpoint, note }
}

function stored(note: string): Checkpoint {
  try {
    return parseCheckpoint(parseNote(note).text)
  } catch (cause) {
    throw new ChainError('damaged', 'the last checkpoint in the store is none', { cause })
  }
}

/** A store whose log can be proven from: what proofs are made of. */
export type ProvingStore = ChainReader & { readonly hostLog: LogStore }
