import { hex } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import type { Leaves } from '../store.ts'
import { isTombstone } from './entry.ts'
import type { GrownChain, LogStore, LogUpdate, TreeState, TreeUpdate, WitnessRecord } from './store.ts'

interface Kept extends TreeState {
  readonly tiles: readonly Uint8Array[]
}

const empty: Kept = { size: 0, edge: [], tiles: [] }

/** A chain that a log in memory may have to say something of. */
interface Known {
  readonly chain: Uint8Array
  readonly epoch: number
  readonly size: number
  readonly origin?: Uint8Array | undefined
}

/** The log of a store in memory. */
export class MemoryLog implements LogStore {
  readonly #chains: () => Iterable<Known>
  readonly #erase: (chain: Uint8Array, seq: number) => void
  readonly #kept: (chain: Uint8Array) => readonly Leaves[]
  readonly #entries: Uint8Array[] = []
  readonly #tombstones = new Map<string, number[]>()
  readonly #indexes = new Map<string, number[]>()
  readonly #trees = new Map<string, Kept>()
  readonly #rotations: string[] = []
  readonly #witnesses = new Map<string, WitnessRecord>()
  #own = empty
  #note: string | null = null

  /**
   * @param chains the chains of the store as they are now, oldest first
   * @param erase erases the body of an event of the store
   * @param kept the leaves of a chain that are kept of events that were archived
   */
  constructor(
    chains: () => Iterable<Known>,
    erase: (chain: Uint8Array, seq: number) => void,
    kept: (chain: Uint8Array) => readonly Leaves[],
  ) {
    this.#chains = chains
    this.#erase = erase
    this.#kept = kept
  }

  async log(): Promise<TreeState & { readonly note: string | null }> {
    const { size, edge } = this.#own
    return { size, edge, note: this.#note }
  }

  async grown(limit: number): Promise<readonly GrownChain[]> {
    const out: GrownChain[] = []
    for (const { chain, epoch, size, origin } of this.#chains()) {
      if (out.length >= limit) break
      if (origin !== undefined) continue
      const tree = this.#trees.get(hex(chain)) ?? empty
      if (size > tree.size) out.push({ chain, epoch, size, tree: { size: tree.size, edge: tree.edge } })
    }
    return out
  }

  async extendLog({ from, entries, tree, chains, note, rotation }: LogUpdate): Promise<void> {
    if (from !== this.#own.size) throw logConflict(from, this.#own.size)
    for (const { bytes, chain, erases } of entries) {
      if (chain !== null) this.#placed(hex(chain), bytes)
      this.#entries.push(bytes)
      if (chain !== null && erases !== undefined) this.#erase(chain, erases)
    }
    for (const { chain, tree } of chains) {
      const key = hex(chain)
      this.#trees.set(key, grow(this.#trees.get(key) ?? empty, tree))
    }
    this.#own = grow(this.#own, tree)
    this.#note = note
    if (rotation) this.#rotations.push(note)
  }

  #placed(key: string, bytes: Uint8Array): void {
    const index = this.#entries.length
    if (isTombstone(bytes)) this.#tombstones.set(key, [...(this.#tombstones.get(key) ?? []), index])
    else this.#indexes.set(key, [...(this.#indexes.get(key) ?? []), index])
  }

  async scrub(): Promise<void> {
    // What is erased here is overwritten at once.
  }

  async tombstones(chain: Uint8Array): Promise<readonly number[]> {
    return this.#tombstones.get(hex(chain)) ?? []
  }

  async entry(index: number): Promise<Uint8Array | undefined> {
    return this.#entries[index]
  }

  async entries(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#entries.slice(from, to)
  }

  async lastEntry(chain: Uint8Array, before = Infinity): Promise<number | undefined> {
    return this.#indexes.get(hex(chain))?.findLast((index) => index < before)
  }

  async tiles(chain: Uint8Array | null, from: number, to: number): Promise<readonly Uint8Array[]> {
    const { tiles } = chain === null ? this.#own : (this.#trees.get(hex(chain)) ?? empty)
    return tiles.slice(from, to)
  }

  async leaves(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]> {
    return leavesIn(this.#kept(chain), from, to)
  }

  /** How many events of a chain the log is over. */
  over(chain: Uint8Array): number {
    return this.#trees.get(hex(chain))?.size ?? 0
  }

  async rotations(): Promise<readonly string[]> {
    return this.#rotations.slice()
  }

  async witnesses(): Promise<readonly WitnessRecord[]> {
    return [...this.#witnesses.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async keepWitness(record: WitnessRecord): Promise<void> {
    this.#witnesses.set(record.key, record)
  }
}

/** The leaves from one index up to another, of those that are kept. */
export function leavesIn(kept: readonly Leaves[], from: number, to: number): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = from; at < to; at++) {
    const leaf = kept.map((some) => some.hashes[at - some.from]).find((one) => one !== undefined)
    if (leaf !== undefined) found.push(leaf)
  }
  return found
}

function grow(before: Kept, { size, edge, tiles }: TreeUpdate): Kept {
  return { size, edge, tiles: [...before.tiles, ...tiles] }
}

/** The error for a log that has another size than its writer knows of. */
export function logConflict(expected: number, size: number): ChainError {
  return new ChainError(
    'conflict',
    `the log has ${size} entries, and not the ${expected} that the writer knows of`,
  )
}
