import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { hex, sameBytes } from './cbor-bytes.ts'
import { broken, ChainError } from './errors.ts'
import type { BrokenReason } from './errors.ts'
import { closeEvent, linkedContent, openBody, openHeader } from './event.ts'
import type { Event, OpenEvent } from './event.ts'
import { Grammar } from './grammar.ts'
import type { GrammarState } from './grammar.ts'
import type { Header } from './header.ts'
import type { Archived, BlobReader, StoredEvent } from './store.ts'
import { Tombstones } from './tombstones.ts'
import type { Tombstone } from './tombstones.ts'

/** How a chain is checked. */
export interface VerifyOptions {
  /** The chain's id, where the caller knows it. */
  readonly chain?: Uint8Array | undefined
  /** The hash that the last event has to have, where the caller knows it. */
  readonly head?: Uint8Array | undefined
  /** Where blocks are found that contents stand in. Without, such contents count as withheld. */
  readonly blobs?: BlobReader | undefined
  /** What a host signed of bodies that it erased. Without, such bodies count as withheld. @default none */
  readonly tombstones?: Iterable<Tombstone> | Tombstones | undefined
  /** What of the chain is not among the events, because it is in archives. What comes behind it begins between two turns. @default nothing */
  readonly archived?: Pick<Archived, 'lead' | 'base' | 'last'> | undefined
  /** Whether the chain may end inside a turn, as it does after a crash. @default 'refuse' */
  readonly unfinished?: 'refuse' | 'allow' | undefined
  /** The most events that are looked at. @default unlimited */
  readonly maxEvents?: number | undefined
  /** What is known of the events before those that are given, which are not looked at; `chain` has to be given too. @default from genesis on */
  readonly after?: Part | undefined
  /** Of the last place between two turns that has at most so many events before it, {@link Intact} is to say what it is. @default none */
  readonly mark?: number | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/** What is known of the first events of a chain. */
export interface Part {
  readonly size: number
  /** The hash of the last of them. */
  readonly head: Uint8Array
  /** The epoch of the last of them. */
  readonly epoch: number
  /** Where the chain stands after them; it can be gone on with from `idle`. */
  readonly state: GrammarState
}

/** What is known of a chain that is intact. */
export interface Intact {
  readonly ok: true
  readonly chain: Uint8Array
  readonly size: number
  readonly head: Uint8Array
  readonly epoch: number
  /** The first event whose content is not here, and that no tombstone is of; null where there is none. */
  readonly withheld: number | null
  /** The events whose bodies are not here, and that a tombstone says were erased, ascending. */
  readonly redacted: readonly number[]
  /** False where the chain ends inside a turn. */
  readonly finished: boolean
  /** What it is up to the place that was to be marked; undefined where there is none. */
  readonly mark?: Part | undefined
  /** The events that were not there, because they are in archives; not there where all were. */
  readonly archived?: { readonly from: number; readonly to: number }
}

/** Where a chain is broken, and why. */
export interface Broken {
  readonly ok: false
  /** The first event that is not right; the chain's size, where what is missing comes after its last. */
  readonly index: number
  readonly reason: BrokenReason
  readonly message: string
}

/** What {@link verifyStructure} says. */
export type StructureResult = Intact | Broken

/** Checks a chain event by event. {@link verifyStructure} and {@link checkEvents} drive it; so does a CAR reader. */
export class StructureChecker {
  readonly #expectedChain: Uint8Array | undefined
  readonly #maxEvents: number
  readonly #hash: Hash
  #grammar: Grammar
  #chain: Uint8Array | null = null
  #size = 0
  #head: Uint8Array | null = null
  #epoch = 0
  /** Whether the epoch of the event before is known. */
  #epochKnown = true
  #withheld: number | null = null
  readonly #archived: VerifyOptions['archived']
  #skipped: { readonly from: number; readonly to: number } | undefined
  readonly #tombstones: Tombstones
  readonly #redacted: number[] = []
  readonly #marked: number | undefined
  #mark: Part | undefined

  constructor({ archived, ...options }: VerifyOptions = {}) {
    const { chain, maxEvents = Infinity, hash = sha256, tombstones, after, mark } = options
    this.#grammar = new Grammar(after)
    this.#marked = mark
    if (after !== undefined) {
      this.#chain = chain ?? null
      this.#size = after.size
      this.#head = after.head
      this.#epoch = after.epoch
    }
    this.#archived = archived
    this.#tombstones = tombstones instanceof Tombstones ? tombstones : new Tombstones(tombstones)
    this.#expectedChain = chain
    this.#maxEvents = maxEvents
    this.#hash = hash
  }

  /** How many events were taken. */
  get size(): number {
    return this.#size
  }

  /** The hash of the last event taken; null before the first. */
  get head(): Uint8Array | null {
    return this.#head
  }

  /** The chain's id; null before the first event. */
  get chain(): Uint8Array | null {
    return this.#chain
  }

  /** The epoch of the last event taken. */
  get epoch(): number {
    return this.#epoch
  }

  /**
   * Goes on behind events that are in archives, between two turns.
   *
   * @param base the sequence number of the next event
   * @param last the hash of the one before
   */
  skip({ base, last }: Pick<Archived, 'base' | 'last'>): void {
    this.#skipped = { from: this.#size, to: base }
    this.#grammar = new Grammar({ size: base, state: 'idle' })
    this.#size = base
    this.#head = last
    this.#epochKnown = false
  }

  /** Checks the header of the next event against the events before. Throws ChainError `broken`. */
  openHeader(bytes: Uint8Array): { header: Header; hash: Uint8Array } {
    const archived = this.#archived
    if (archived !== undefined && this.#skipped === undefined && this.#size === archived.lead)
      this.skip(archived)
    const index = this.#size
    if (index >= this.#maxEvents) throw broken('too-large', `more than ${this.#maxEvents} events`, index)
    const { header, hash } = openHeader(bytes, index, this.#hash)
    const fail = (reason: BrokenReason, message: string): ChainError => broken(reason, message, index)
    const { chain, epoch, seq, kind, prev, body } = header
    const expected = this.#chain ?? this.#expectedChain
    if (expected !== undefined && !sameBytes(chain, expected)) {
      throw fail('chain', `the event is one of chain ${hex(chain)}`)
    }
    if (seq !== index) throw fail('seq', `the event is number ${seq}`)
    if (this.#head === null) {
      if (prev !== null) throw fail('prev', 'the first event links to one before it')
      if (!sameBytes(chain, body)) throw fail('chain', 'the chain id is not the digest of the genesis body')
      if (epoch !== 0) throw fail('epoch', `a chain begins in epoch 0, not ${epoch}`)
    } else {
      if (prev === null || !sameBytes(prev, this.#head))
        throw fail('prev', 'the event does not link to the one before')
      const wrong = this.#epochKnown ? epoch !== this.#epoch : epoch < this.#epoch
      if (kind === 'resume' ? epoch <= this.#epoch : wrong) {
        throw fail('epoch', `epoch ${epoch} in a ${kind} after epoch ${this.#epoch}`)
      }
    }
    return { header, hash }
  }

  /** Checks the body of the event whose header was just opened. Throws ChainError `broken`. */
  openBody(opened: { header: Header; hash: Uint8Array }, body: Uint8Array | null): OpenEvent {
    return openBody(opened, body, this.#size, this.#hash)
  }

  /** Takes the event, with the block its content stands in, if it stands in one. Throws ChainError `broken`. */
  close(open: OpenEvent, linked: Uint8Array | null): Event {
    const index = this.#size
    const event = closeEvent(open, linked, index)
    const { kind, content, epoch } = event
    // Behind what was archived, which ends between two turns.
    if (!this.#epochKnown && this.#head !== null)
      this.#markAt(index, this.#head, kind === 'resume' ? this.#epoch : epoch)
    const violation = this.#grammar.step(kind, content)
    if (violation !== null) throw broken(violation.reason, violation.message, index)
    if (content !== null && kind === 'resume' && content.epoch !== epoch) {
      throw broken('epoch', `a resume of epoch ${content.epoch} in epoch ${epoch}`, index)
    }
    if (content === null) {
      if (event.salt === null && this.#tombstones.of(event) !== undefined) this.#redacted.push(index)
      else this.#withheld ??= index
    }
    this.#chain = event.chain
    this.#head = event.hash
    this.#epoch = epoch
    this.#epochKnown = true
    this.#size = index + 1
    this.#markAt(this.#size, event.hash, epoch)
    return event
  }

  #markAt(size: number, head: Uint8Array, epoch: number): void {
    const { state } = this.#grammar
    if (this.#marked === undefined || size > this.#marked || (state !== 'idle' && state !== 'starting'))
      return
    this.#mark = { size, head, epoch, state }
  }

  /** Says what the chain is when no event follows. Throws ChainError `broken`. */
  end({ head, unfinished = 'refuse' }: VerifyOptions = {}): Intact {
    const size = this.#size
    if (this.#chain === null || this.#head === null) throw broken('empty', 'there are no events', 0)
    const { base } = this.#archived ?? {}
    if (base !== undefined && size < base)
      throw broken('missing', 'there is no event behind the archive', base)
    if (head !== undefined && !sameBytes(head, this.#head)) {
      throw broken('head', `the chain ends here, and not in ${hex(head)}`, size)
    }
    const { finished, intent } = this.#grammar
    if (!finished && unfinished === 'refuse') {
      const what = intent === null ? 'inside a turn' : `before the result of call ${intent}`
      throw broken('unfinished-turn', `the chain ends ${what}`, size)
    }
    return {
      ok: true,
      chain: this.#chain,
      size,
      head: this.#head,
      epoch: this.#epoch,
      withheld: this.#withheld,
      redacted: this.#redacted,
      finished,
      ...(this.#mark !== undefined && { mark: this.#mark }),
      ...(this.#skipped !== undefined && { archived: this.#skipped }),
    }
  }
}

/**
 * Checks a chain while it is read: yields each event once it is known to be right, and returns what the chain is.
 * Memory does not grow with the chain.
 *
 * @throws ChainError `broken` with index and reason at the first event that is not
 */
export async function* checkEvents(
  events: AsyncIterable<StoredEvent>,
  options: VerifyOptions = {},
): AsyncGenerator<Event, Intact, undefined> {
  const checker = new StructureChecker(options)
  for await (const event of events) {
    const taken = take(checker, event, options)
    yield taken instanceof Promise ? await taken : taken
  }
  return checker.end(options)
}

/** Takes the next event; a promise where the block has to be got that its content stands in. Throws ChainError `broken`. */
function take(
  checker: StructureChecker,
  { header, body }: StoredEvent,
  { blobs, hash = sha256 }: VerifyOptions,
): Event | Promise<Event> {
  const open = checker.openBody(checker.openHeader(header), body)
  return open.link === null
    ? checker.close(open, null)
    : linkedContent(open.link, blobs, checker.size, hash).then((linked) => checker.close(open, linked))
}

/**
 * Checks that events form one intact chain: canonical headers, links, places, epochs, chain id, digests of bodies and
 * linked contents, the shape of every content, and the order of kinds. It says nothing about whether the component
 * really did this: that takes a re-run.
 *
 * @returns The first event that is not right, with the reason, or what the chain is
 * @throws ChainError other than `broken`, where reading fails
 *
 * @example
 * ```ts
 * const result = await verifyStructure(store.read(chain), { blobs: store })
 * if (!result.ok) console.log(`broken at ${result.index}: ${result.reason}`)
 * ```
 */
export async function verifyStructure(
  events: AsyncIterable<StoredEvent>,
  options: VerifyOptions = {},
): Promise<StructureResult> {
  try {
    const checker = new StructureChecker(options)
    // Not by way of `checkEvents`: to yield each event takes as long as a hash.
    for await (const event of events) {
      const taken = take(checker, event, options)
      if (taken instanceof Promise) await taken
    }
    return checker.end(options)
  } catch (error) {
    return brokenResult(error)
  }
}

/** The result for a ChainError `broken`; anything else is thrown on. */
export function brokenResult(error: unknown): Broken {
  if (!ChainError.is(error) || error.code !== 'broken') throw error
  const { index = 0, reason = 'header', message } = error
  return { ok: false, index, reason, message }
}
