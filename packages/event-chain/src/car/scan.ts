import { cidOf } from '@theater/values'
import type { Hash } from '@theater/values'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken } from '../errors.ts'
import type { BrokenReason, ChainError } from '../errors.ts'
import { linkedContent } from '../event.ts'
import type { Event, OpenEvent } from '../event.ts'
import type { Header } from '../header.ts'
import type { ChainEntry } from '../log/entry.ts'
import { isLead, treeAt } from '../log/seal-part.ts'
import type { SealedPart } from '../log/seal-part.ts'
import type { SealedState } from '../log/sealed-state.ts'
import { GrowingTree, leafHash } from '../log/tree.ts'
import type { BlobReader } from '../store.ts'
import type { Tombstones } from '../tombstones.ts'
import { brokenResult, StructureChecker } from '../verify.ts'
import type { Intact, StructureResult } from '../verify.ts'
import { maxVarint } from './format.ts'
import type { BadFraming, Section } from './source.ts'

/** Where a block stands in the file. */
export interface Place {
  readonly at: number
  readonly length: number
}

/** What all chains of one file share while it is scanned. */
export interface Scan extends BlobReader {
  readonly hash: Hash
  readonly unfinished: 'refuse' | 'allow'
  readonly maxEvents: number
  /** The roots that no chain has ended in yet, by hexadecimal hash. */
  readonly roots: Map<string, Uint8Array>
  /** Blocks that something links to and that stand outside of events, by hexadecimal CID. */
  readonly places: Map<string, Place>
  /** What the file's seal says of chains, by hexadecimal id. */
  readonly sealed: ReadonlyMap<string, ChainEntry>
  /** Which parts of chains the file has, by hexadecimal id, as its seal says. */
  readonly parts: ReadonlyMap<string, SealedPart>
  /** What the file's seal says of bodies that were erased. */
  readonly tombstones: Tombstones
}

/** A section whose bytes were hashed. */
export interface HashedSection extends Section {
  /** What the bytes hash to. */
  readonly digest: Uint8Array
  /** Whether that is what the CID says. */
  readonly intact: boolean
}

/** Every so many events a chain remembers where in the file it was. */
export const markEvery = 64

/** The first byte of a header: an array of seven. No body begins with it. */
export const headerByte = 0x87

interface Current {
  readonly opened: { readonly header: Header; readonly hash: Uint8Array }
  open: OpenEvent | null
  linked: Uint8Array | null
  /** The CIDs of blocks that may follow: two at most. */
  expected: Uint8Array[]
  /** The CIDs of blocks that came. */
  readonly seen: Uint8Array[]
}

/**
 * One chain of a CAR file while it is scanned. The order of blocks is part of the format, so that a damaged block, which
 * nothing can find by its name any more, still belongs to one event: the one whose body or blob it claims or turns out to
 * be, else the one that follows.
 */
export class ChainScan {
  readonly #scan: Scan
  readonly #checker: StructureChecker
  #current: Current | null = null
  #intact: Intact | null = null
  #result: StructureResult | null = null
  #label: string | null = null
  #root: Uint8Array | null = null
  #tree: GrowingTree | undefined
  #sealed: SealedState | null = null
  #part: SealedPart | null = null
  /** Where every {@link markEvery}th event of those that are here begins. */
  readonly marks: number[] = []

  constructor(scan: Scan) {
    this.#scan = scan
    this.#checker = new StructureChecker(scan)
  }

  /** Whether nothing more can come of this chain: it is broken, or it has come to a root. */
  get isOver(): boolean {
    return this.#result !== null || this.#intact !== null
  }

  get chain(): Uint8Array | null {
    return this.#checker.chain ?? this.#current?.opened.header.chain ?? null
  }

  /** How many events are right. */
  get size(): number {
    return this.#checker.size
  }

  /** The hash of the last event that is right. */
  get head(): Uint8Array | null {
    return this.#checker.head
  }

  /** The epoch of the last event that is right. */
  get epoch(): number {
    return this.#checker.epoch
  }

  /** The actor's id in genesis; null where that is withheld. */
  get label(): string | null {
    return this.#label
  }

  /** The root that the chain came to. */
  get root(): Uint8Array | null {
    return this.#root
  }

  /** What the file's seal says of it; null where it says nothing. */
  get sealed(): SealedState | null {
    return this.#sealed
  }

  /** Which part of the chain the file has; null where it is all of it. */
  get part(): SealedPart | null {
    return this.#part
  }

  /** How many events that are right come before an event in the file. */
  placeOf(seq: number): number {
    const begin = this.#part?.begin ?? null
    return begin === null || seq < begin.lead ? seq : seq - begin.size + begin.lead
  }

  /** What became of the chain, once `end` was called. */
  get result(): StructureResult {
    return this.#result ?? { ok: false, index: 0, reason: 'empty', message: 'event 0: there are no events' }
  }

  /** Whether a block is, or claims to be, one that the event under way links to. */
  expects(section: HashedSection): boolean {
    return this.#match(section.digest) !== undefined || (!section.intact && this.#claims(section.start))
  }

  /** Takes the next block of the file. */
  async take(section: HashedSection): Promise<void> {
    await this.#guarded(() => this.#take(section))
  }

  /** Takes note that no more block of the event under way follows. */
  async close(): Promise<void> {
    await this.#guarded(() => this.#close())
  }

  /** Takes note that the file cannot be read on. */
  async lost({ framing, start }: BadFraming): Promise<void> {
    await this.#guarded(async () => {
      if (!this.#claims(start)) await this.#close()
      throw this.#fail('framing', framing)
    })
  }

  /** Takes note that no block of this chain follows, and settles its result. */
  async end(): Promise<void> {
    await this.#guarded(async () => {
      await this.#close()
      if (this.#intact === null)
        throw this.#fail('head', 'the chain ends here, and the file names another head')
      this.#result = this.#intact
    })
  }

  async #guarded(run: () => Promise<void>): Promise<void> {
    if (this.#result !== null) return
    try {
      await run()
    } catch (error) {
      this.#result = brokenResult(error)
      this.#current = null
    }
  }

  async #take(section: HashedSection): Promise<void> {
    const { cid, bytes, digest, intact, offset } = section
    const current = this.#current
    const expected = this.#match(digest)
    if (current !== null && cid !== null && expected !== undefined && sameBytes(expected, cid)) {
      current.expected = current.expected.filter((other) => other !== expected)
      current.seen.push(expected)
      this.#belongs(current, section)
      return
    }
    if (this.expects(section)) throw this.#fail('digest', 'a block of this event does not hash to its name')
    const header = bytes[0] === headerByte
    if (intact && !header && current !== null && isPartOf(current, digest)) {
      throw this.#fail('stray', 'a block that this event does not link to, or does once')
    }
    await this.#close()
    if (!intact) throw this.#fail('digest', 'a block does not hash to its name')
    if (!header || cid === null || !sameBytes(cid, cidOf('dag-cbor', digest))) {
      throw this.#fail('stray', 'a block that nothing links to, where a header belongs')
    }
    const opened = this.#checker.openHeader(bytes)
    if (this.#intact !== null)
      throw this.#fail('stray', 'the chain goes on after the head that the file names')
    if (this.placeOf(this.#checker.size) % markEvery === 0) this.marks.push(offset)
    this.#current = {
      opened,
      open: null,
      linked: null,
      expected: [cidOf('dag-cbor', opened.header.body)],
      seen: [],
    }
  }

  /** Behind the chain's beginning, where the file has a part of it: goes on with that. */
  #skip(): void {
    const begin = this.#part?.begin ?? null
    const { head, size, chain } = this.#checker
    if (begin === null || head === null || chain === null || size !== begin.lead) return
    const entry = this.#scan.sealed.get(hex(chain))
    if (entry === undefined || !isLead(begin, head, entry, this.#scan.hash))
      throw broken(
        'prev',
        'what the file has of the beginning is not of the chain that its seal is over',
        size - 1,
      )
    this.#checker.skip({ base: begin.size, last: begin.last })
    this.#tree = treeAt(begin, entry, this.#scan.hash)
    // The part may begin where the entry ends.
    this.#settle(entry)
  }

  /** Takes a block that the event under way links to. */
  #belongs(current: Current, { cid, bytes, bytesAt }: HashedSection): void {
    if (current.open === null) {
      current.open = this.#checker.openBody(current.opened, bytes)
      const { link } = current.open
      if (link === null) this.#expectOfGenesis(current)
      else this.#expect(current, cidOf('dag-cbor', link))
      return
    }
    if (cid === null) return
    this.#scan.places.set(hex(cid), { at: bytesAt, length: bytes.length })
    const { link } = current.open
    if (link !== null && current.linked === null && sameBytes(cid.subarray(4), link)) {
      current.linked = bytes
      this.#expectOfGenesis(current)
    }
  }

  #expect(current: Current, cid: Uint8Array): void {
    if (!this.#scan.places.has(hex(cid))) current.expected.push(cid)
  }

  /** Genesis links to the WIT and the component, which only its content tells: it is taken before they are here. */
  #expectOfGenesis(current: Current): void {
    if (current.open === null || current.opened.header.kind !== 'genesis') return
    const event = this.#finish(current.open, current.linked)
    if (event.content === null || event.kind !== 'genesis') return
    this.#expect(current, event.content.wit)
    this.#expect(current, event.content.component)
  }

  async #close(): Promise<void> {
    const current = this.#current
    this.#current = null
    if (current === null || this.#checker.size > current.opened.header.seq) return
    const open = current.open ?? this.#checker.openBody(current.opened, null)
    let { linked } = current
    // The block may have come with an earlier event.
    if (linked === null && open.link !== null) {
      linked = await linkedContent(open.link, this.#scan, this.#checker.size, this.#scan.hash)
    }
    this.#finish(open, linked)
  }

  #finish(open: OpenEvent, linked: Uint8Array | null): Event {
    const event = this.#checker.close(open, linked)
    if (event.content !== null && event.kind === 'genesis') this.#label = event.content.actor
    if (event.seq === 0) this.#part = this.#scan.parts.get(hex(event.chain)) ?? null
    if (this.#scan.sealed.size > 0) this.#compare(event)
    const name = hex(event.hash)
    const root = this.#scan.roots.get(name)
    if (root !== undefined) {
      const { begin = null, end = null } = this.#part ?? {}
      if (begin !== null && event.seq < begin.size)
        throw broken('missing', 'the part that the seal speaks of is not in the file', begin.size)
      if (end !== null && (event.seq + 1 !== end.size || !sameBytes(end.last, event.hash)))
        throw broken('head', `the seal is of a part that ends with event ${end.size - 1}`, event.seq + 1)
      this.#scan.roots.delete(name)
      this.#root = root
      // Nothing is written any more of a part that ends before its chain.
      this.#intact = this.#checker.end({ unfinished: end === null ? this.#scan.unfinished : 'refuse' })
    }
    this.#skip()
    return event
  }

  /** Grows the chain's tree up to where the seal is over it. */
  #compare({ chain, seq, hash }: Event): void {
    if (seq === 0) {
      const entry = this.#scan.sealed.get(hex(chain))
      if (entry === undefined) return
      this.#sealed = { entry, matches: false }
      this.#tree = new GrowingTree(this.#scan.hash)
    }
    const { entry } = this.#sealed ?? {}
    const { begin = null, end = null } = this.#part ?? {}
    if (entry === undefined || this.#tree === undefined || (begin !== null && seq < begin.size)) return
    // Of a part that ends before its chain the last event says it, which links to all before it.
    if (end !== null) {
      if (seq + 1 === end.size) this.#sealed = { entry, matches: sameBytes(end.last, hash), end: end.size }
      return
    }
    this.#tree.append(leafHash(hash, this.#scan.hash))
    this.#settle(entry)
  }

  #settle(entry: ChainEntry): void {
    if (this.#tree === undefined || this.#tree.size < entry.size) return
    this.#sealed = { entry, matches: sameBytes(this.#tree.root, entry.root) }
    this.#tree = undefined
  }

  #match(digest: Uint8Array): Uint8Array | undefined {
    return this.#current?.expected.find((cid) => sameBytes(cid.subarray(4), digest))
  }

  /** Whether a damaged section names a block of this event; its length may be what is damaged, so the CID may be off. */
  #claims(start: Uint8Array): boolean {
    for (const cid of this.#current?.expected ?? []) {
      for (let at = 1; at <= maxVarint; at++)
        if (sameBytes(start.subarray(at, at + cid.length), cid)) return true
    }
    return false
  }

  /** The error at the event that is under way, else at the one that would follow. */
  #fail(reason: BrokenReason, message: string): ChainError {
    const { size } = this.#checker
    // Genesis is taken before its blobs are here; until the next header they are still part of it.
    const taken = this.#current !== null && this.#current.opened.header.seq < size
    return broken(reason, message, taken ? size - 1 : size)
  }
}

/** Whether a block that the event does not expect stands where one of its own belongs, or is one of them once more. */
function isPartOf({ open, linked, expected, seen }: Current, digest: Uint8Array): boolean {
  if (open === null || (open.link !== null && linked === null && expected.length > 0)) return true
  return seen.some((cid) => sameBytes(cid.subarray(4), digest))
}
