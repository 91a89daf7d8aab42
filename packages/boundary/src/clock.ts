import { Writer } from '@theater/values'
import type { Hash } from '@theater/values'

/** Version of the rules in this file; genesis names it. */
export const DERIVE_VERSION = 1

const label = new TextEncoder().encode('turn')

/** The last instant that `wasi:clocks` can say. */
const END_NS = (1n << 64n) - 1n

const NOTHING = new Uint8Array(0)

/** Nanoseconds that one reading of a derived clock takes. */
const READING_NS = 1000n

/** Where the clocks of one actor are. */
export interface ClockImage {
  readonly turnMs: number
  readonly addedNs: bigint
}

/**
 * The derived clocks of one actor (rule 1): wall = turn start, monotonic = turn start minus actor start, each plus
 * 1 µs per reading and plus the elapsed milliseconds of the calls that waited in this turn. Never backwards.
 */
export class DerivedClock {
  readonly #startMs: bigint
  #turnMs: number
  /** Nanoseconds of `#turnMs`; `undefined` until somebody reads a clock: integers of 64 bits are slow to make, for every turn. */
  #knownTurnNs: bigint | undefined
  #addedNs = 0n
  /** How far the actor's monotonic clock is ahead of the machine's; `undefined` until the machine's was read. */
  #aheadNs: bigint | undefined

  /** @param startMs milliseconds since the epoch at which the actor was made */
  constructor(startMs: number) {
    this.#startMs = BigInt(startMs)
    this.#turnMs = startMs
  }

  /** The first millisecond that the next turn may start at: not before anything this actor saw. */
  notBefore(): number {
    if (this.#addedNs === 0n) return this.#turnMs
    return Number((this.#turnNs + this.#addedNs + 999_999n) / 1_000_000n)
  }

  /** Whether it is past the last instant of the monotonic clock, 584 years on: only a record that was made up gets there. */
  get ended(): boolean {
    return this.#monotonicNow() > END_NS
  }

  /** Where the turn began that runs, or ran last, in milliseconds since the epoch. */
  get turnStart(): number {
    return this.#turnMs
  }

  startTurn(ms: number): void {
    this.#turnMs = ms
    this.#knownTurnNs = undefined
    this.#addedNs = 0n
  }

  /** When the turn started, in milliseconds, and the nanoseconds since: all that a re-run of the record would come to. */
  get now(): ClockImage {
    return { turnMs: this.#turnMs, addedNs: this.#addedNs }
  }

  set now({ turnMs, addedNs }: ClockImage) {
    this.startTurn(turnMs)
    this.#addedNs = addedNs
  }

  /** A call waited that long. */
  elapse(ms: number): void {
    if (ms !== 0) this.#addedNs += BigInt(ms) * 1_000_000n
  }

  /** Milliseconds, rounded up, until a monotonic instant; 0 when it is past. */
  until(deadlineNs: bigint): number {
    const left = deadlineNs - this.#monotonicNow()
    return left <= 0n ? 0 : Number((left + 999_999n) / 1_000_000n)
  }

  /** One reading of the wall clock, in nanoseconds since the epoch. */
  wall(): bigint {
    this.#addedNs += READING_NS
    return this.#turnNs + this.#addedNs
  }

  /** One reading of the monotonic clock, in nanoseconds since the actor's start. */
  monotonic(): bigint {
    this.#addedNs += READING_NS
    return this.#monotonicNow()
  }

  /** What the guest reads where the machine's monotonic clock says this: it goes on from where the actor is. */
  monotonicFrom(machineNs: bigint): bigint {
    const now = this.#monotonicNow()
    const ahead = now - machineNs
    // Waits are counted in whole milliseconds, and turns begin by the wall clock: the actor may be ahead of what it read.
    if (this.#aheadNs === undefined || ahead > this.#aheadNs) this.#aheadNs = ahead
    return machineNs + this.#aheadNs
  }

  /** What the guest reads where the machine's wall clock says this: the later of it and what the actor saw. */
  wallFrom(machineNs: bigint): bigint {
    const now = this.#turnNs + this.#addedNs
    return machineNs > now ? machineNs : now
  }

  /** Goes on to a live reading of the monotonic clock. @throws Error for one behind what the actor saw, or after its end */
  reachMonotonic(ns: bigint): void {
    this.#reach(ns - this.#monotonicNow())
  }

  /** Goes on to a live reading of the wall clock. @throws Error for one behind what the actor saw, or after its end */
  reachWall(ns: bigint): void {
    this.#reach(ns - this.#turnNs - this.#addedNs)
  }

  #reach(ns: bigint): void {
    if (ns < 0n) throw new Error('a clock that goes backwards')
    this.#addedNs += ns
    if (this.ended) throw new Error('a reading after the end of the clock')
  }

  get #turnNs(): bigint {
    return (this.#knownTurnNs ??= BigInt(this.#turnMs) * 1_000_000n)
  }

  #monotonicNow(): bigint {
    return this.#turnNs + this.#addedNs - this.#startMs * 1_000_000n
  }
}

/** A time of `wasi:clocks/wall-clock`, as lifted. */
export interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** A time from nanoseconds since the epoch. */
export function datetime(ns: bigint): Datetime {
  return { seconds: ns / 1_000_000_000n, nanoseconds: Number(ns % 1_000_000_000n) }
}

/** A draw from a seed that is not here. */
export class SeedWithheld extends Error {}

/**
 * Derived randomness (rule 1): block `i` of turn `t` is sha256(sha256(seed ‖ "turn" ‖ u64be t) ‖ u64be i), where `t`
 * is the sequence of the turn's event (of the seed's event while instantiating). A turn that is undone leaves no trace:
 * the next one draws from a stream of its own.
 */
export class DerivedRandom {
  readonly #seed: Uint8Array | null
  readonly #hash: Hash
  #turn = 0
  #key: Uint8Array | undefined
  #block: Uint8Array = NOTHING
  #used = 0
  #next = 0n

  /** @param seed null: it is withheld, and a draw throws {@link SeedWithheld} */
  constructor(seed: Uint8Array | null, hash: Hash) {
    this.#seed = seed
    this.#hash = hash
  }

  startTurn(seq: number): void {
    this.#turn = seq
    // Most turns draw nothing, so the key is made at the first draw.
    this.#key = undefined
    this.#next = 0n
    this.#used = 0
    this.#block = NOTHING
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length)
    let at = 0
    while (at < length) {
      if (this.#used === this.#block.length) {
        if (this.#seed === null) throw new SeedWithheld('the seed is withheld')
        this.#key ??= this.#hash(join(this.#seed, label, u64(BigInt(this.#turn))))
        this.#block = this.#hash(join(this.#key, u64(this.#next++)))
        this.#used = 0
      }
      const n = Math.min(length - at, this.#block.length - this.#used)
      out.set(this.#block.subarray(this.#used, this.#used + n), at)
      this.#used += n
      at += n
    }
    return out
  }

  u64(): bigint {
    return new DataView(this.bytes(8).buffer).getBigUint64(0)
  }
}

function u64(n: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, n)
  return bytes
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Writer()
  for (const part of parts) out.raw(part)
  return out.bytes().slice()
}
