import { ChainWriter, encodeContent } from '@theater/event-chain'
import type {
  Appended,
  ChainError,
  ChainInfo,
  Durability,
  Kind,
  Position,
  Salts,
  Store,
} from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { packed, unpacked } from './packed.ts'

/** Where records are written, and how durable what is written is. */
export interface Desk {
  readonly store: Store
  readonly salts: Salts
  readonly durability: Durability | undefined
}

/**
 * The record of one actor, where it ends, and its writer while there is something to write: of an actor that rests nothing is kept but a few
 * numbers. A record that an earlier host wrote has to be taken over before anything is added to it.
 */
export class OwnRecord {
  readonly #desk: Desk
  #writer: ChainWriter | undefined
  /** While there is no writer. */
  #chain: string
  #head: string
  #size: number
  /** `undefined`: an earlier host wrote it, and this one has no lease of it yet. */
  #epoch: number | undefined
  /** Whether it says that this host writes it. */
  #taken: boolean

  private constructor({ chain, size, head }: Position, desk: Desk, writer: ChainWriter | undefined) {
    this.#desk = desk
    this.#writer = writer
    this.#size = size
    this.#chain = packed(chain)
    this.#head = packed(head)
    this.#epoch = writer?.epoch
    this.#taken = writer !== undefined
  }

  /**
   * Begins a record. Nothing of it is durable yet.
   *
   * @param own the durability that the store keeps as its own
   */
  static begin(desk: Desk, label: string, genesis: Uint8Array, own: Durability | undefined): OwnRecord {
    const writer = ChainWriter.create({ ...desk, hash: sha256, label, genesis, ownDurability: own })
    return new OwnRecord(writer, desk, writer)
  }

  /** One that an earlier host left. */
  static left({ chain, size, head }: ChainInfo, desk: Desk): OwnRecord {
    return new OwnRecord({ chain, size, head }, desk, undefined)
  }

  get chain(): Uint8Array {
    return this.#writer?.chain ?? unpacked(this.#chain)
  }

  /** Whether this host may add to it. */
  get taken(): boolean {
    return this.#taken
  }

  /** How many events there are, durable or not: the next one's sequence number. */
  get size(): number {
    return this.#writer?.size ?? this.#size
  }

  /** The hash of the last event, durable or not. */
  get head(): Uint8Array {
    return this.#writer?.head ?? unpacked(this.#head)
  }

  /** How many events the store has confirmed. */
  get durable(): number {
    return this.#writer?.durable ?? this.#size
  }

  /** Why nothing can be written any more; null while it can. */
  get failure(): ChainError | null {
    return this.#writer?.failure ?? null
  }

  /** From here on no host before this one may add to it. @throws ChainError */
  async lease(): Promise<number> {
    this.#epoch ??= await this.#desk.store.lease(this.chain)
    return this.#epoch
  }

  /** Takes it over from the host before: a `resume` event says so. @throws ChainError */
  async takeOver(): Promise<void> {
    const epoch = await this.lease()
    this.#taken = true
    this.append('resume', encodeContent('resume', { epoch }))
    await this.flush()
  }

  /** Adds an event; it is not durable yet. The content is copied. @throws ChainError */
  append(kind: Kind, content: Uint8Array): Appended {
    if (this.#epoch === undefined || !this.#taken) throw new TypeError('the record was not taken over')
    const { chain } = this
    this.#writer ??= ChainWriter.resume({
      ...this.#desk,
      hash: sha256,
      chain,
      size: this.#size,
      head: unpacked(this.#head),
      epoch: this.#epoch,
    })
    return this.#writer.append(kind, content)
  }

  /** Makes durable what was added. @throws ChainError */
  async flush(): Promise<void> {
    await this.#writer?.flush()
  }

  /** Resolves when the store has what was flushed, also where nobody waits for it otherwise. @throws ChainError */
  async stored(): Promise<void> {
    await this.#writer?.stored()
  }

  /** Whether there is no writer: nothing of it is under way. */
  get rests(): boolean {
    return this.#writer === undefined
  }

  /** Lets go of the writer, where the store has all that it wrote. */
  rest(): void {
    const writer = this.#writer
    if (writer === undefined || writer.failure !== null || writer.durable !== writer.size) return
    this.#size = writer.size
    this.#head = packed(writer.head)
    this.#writer = undefined
  }
}
