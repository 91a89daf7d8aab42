import { Boundary, functionsOf, segments } from '@theater/boundary'
import type {
  Actual,
  Divergence,
  Functions,
  Segment,
  Snapshot,
  TheaterEvent,
  TurnEnd,
} from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
import type { Hash } from '@theater/values'
import type { Break, Feed } from './feed.ts'
import { allowance, handleLimit } from './limits.ts'
import type { Start } from './start.ts'
import { Teller } from './teller.ts'
import type { InconclusiveCode } from './types.ts'

type StartSegment = Extract<Segment, { kind: 'start' }>
type TurnSegment = Extract<Segment, { kind: 'turn' }>

/** Where a re-run ended, and how. */
export type RerunEnd =
  | {
      readonly tag: 'same'
      readonly turns: number
      readonly undone: number
      /** Where the record ends within a turn: what the component does next. */
      readonly next: Next | undefined
    }
  | { readonly tag: 'diverged'; readonly divergence: Divergence; readonly fn: string | null }
  | {
      readonly tag: 'inconclusive'
      readonly code: InconclusiveCode
      readonly index: number
      readonly message: string
    }
  /** The record ends while the component is being instantiated. */
  | { readonly tag: 'unfinished'; readonly next: Next }
  | ({ readonly tag: 'broken' } & Break)

/** What a component does where its record ends. */
export interface Next {
  /** The turn in which it does it; null while it is being instantiated. */
  readonly turn: number | null
  /** The export that runs. */
  readonly fn: string | null
  readonly actual: Actual
}

/** How one segment ended, when it was not as the record says. */
type Fault = Exclude<RerunEnd, { tag: 'same' }>

/** What a re-run is made of. */
export interface RerunParts {
  readonly component: Component
  readonly prepared: Prepared
  readonly feed: Feed
  readonly size: number
  /** The state that it begins with. @default the one after the instantiation */
  readonly start?: Start | undefined
  readonly maxTraps: number
  readonly hash: Hash
  /** Is told of each event that the component did again, or was given; in the middle of a turn. */
  readonly reached?: ((event: TheaterEvent) => void) | undefined
  /** Ends the re-run between two turns. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a component over its record, from the beginning or from a state that it is given. A turn that the record says was undone is run too, up to its
 * end, and takes the instance with it: the next turn gets one that is as it was before. Where genesis says that
 * instances live for a turn, every turn gets one of its own.
 */
export class Rerun {
  readonly #parts: RerunParts
  #boundary: Boundary | undefined
  /** What every instance is made of; `undefined` until the first was. */
  #origin: StartSegment | undefined
  #crossings: Functions | undefined
  /** Where instances live for a turn: the first millisecond that the next turn may start at. */
  #notBefore: number | undefined
  /** The state before the turns that were undone last; `undefined` where it has changed since. */
  #kept: Snapshot | undefined
  /** Whether the instance there is began from a snapshot: then no one is accused for what it does. */
  #restored = false
  /** Whether snapshots are used. */
  #snapshots = true
  /** Turns that were undone and that no snapshot was had of, so that all before is run again. */
  #rebuilt = 0
  #turns = 0
  #undone = 0
  /** What the component went on to do while it was instantiated, when the record of that ended. */
  #beyond: Actual | undefined
  /** Whether it began with the state that it was given. */
  began = false
  /** What the component went on to do when the record of its last turn ended. */
  #next: Next | undefined
  readonly #teller: Teller

  constructor(parts: RerunParts) {
    this.#parts = parts
    this.#teller = new Teller(parts.reached)
  }

  /** @throws the reason of the signal */
  async run(): Promise<RerunEnd> {
    const { feed, signal } = this.#parts
    try {
      for await (const segment of segments(feed.events())) {
        signal?.throwIfAborted()
        const fault = await this.#segment(segment)
        if (fault === undefined) this.#teller.done()
        else return this.#told(fault)
      }
    } finally {
      this.#discard()
    }
    const { gap } = feed
    if (feed.break !== undefined) return { tag: 'broken', ...feed.break }
    if (gap !== undefined) return { tag: 'inconclusive', ...gap }
    if (this.#beyond !== undefined)
      return { tag: 'unfinished', next: { turn: null, fn: null, actual: this.#beyond } }
    return { tag: 'same', turns: this.#turns, undone: this.#undone, next: this.#next }
  }

  /** Tells what was done before a fault. Where this host ended a turn nothing is known of the rest of it. */
  #told(end: Fault): Fault {
    if (end.tag === 'diverged') this.#teller.before(end.divergence.seq)
    return end
  }

  async #segment(segment: Segment): Promise<Fault | undefined> {
    if (this.#beyond !== undefined && segment.kind !== 'start') {
      const expected = segment.kind === 'turn' ? segment.turn : segment.event
      return { tag: 'diverged', divergence: { seq: expected.seq, expected, actual: this.#beyond }, fn: null }
    }
    switch (segment.kind) {
      case 'start': {
        const { genesis, seed, events } = segment
        this.#teller.begin([genesis, ...(seed === undefined ? [] : [seed]), ...events])
        // Inputs: the component is given them.
        this.#teller.before(2)
        return this.#start(segment)
      }
      case 'between':
        this.#teller.begin([segment.event])
        return undefined
      case 'turn': {
        const { turn, events } = segment
        this.#teller.begin([turn, ...events])
        if (segment.end !== 'return') return this.#undo(segment)
        this.#turns++
        const failed = (await this.#ready(turn.seq)) ?? (await this.#again(segment, this.#turn(segment)))
        this.#kept = undefined
        return failed
      }
    }
  }

  /** Only what an instance does that was run from the beginning counts against a record. */
  async #again(segment: TurnSegment, found: Fault | undefined): Promise<Fault | undefined> {
    if (found === undefined || !this.#restored) return found
    return (await this.#withoutSnapshots(segment.turn.seq)) ?? this.#turn(segment)
  }

  #start(segment: StartSegment): Fault | undefined {
    this.#origin = segment
    const boundary = this.#newBoundary(segment)
    const end = boundary.instantiateSync(segment.events)
    if (end.tag === 'incomplete') {
      if (end.actual.kind === 'draw') return this.#drew(end.actual.before)
      this.#beyond = end.actual
      return undefined
    }
    if (segment.end === undefined && end.tag === 'return') {
      const refused = this.#begin(boundary)
      if (refused !== undefined) return refused
      this.#boundary = boundary
      if (this.#perTurn) this.#spend(boundary)
      return undefined
    }
    boundary.dispose()
    return fault(end, segment.end, 1, null)
  }

  /** Lays the state that it begins with over an instance that is just made. */
  #begin(boundary: Boundary): Fault | undefined {
    const { start } = this.#parts
    if (start === undefined) return undefined
    const refused = boundary.restore(start.snapshot)
    this.began = refused === undefined
    if (refused === undefined) return undefined
    boundary.dispose()
    const code = refused.none === 'host-memory' ? 'limits-above-mine' : 'no-snapshot'
    return { tag: 'inconclusive', code, index: 0, message: refused.message }
  }

  #turn({ turn, events, end: expected }: TurnSegment): Fault | undefined {
    const boundary = this.#boundary as Boundary
    this.#teller.before(turn.seq + 1)
    const end = boundary.rerunSync(turn, events)
    if (expected === 'return' && end.tag === 'return') {
      if (this.#perTurn) this.#spend(boundary)
      return undefined
    }
    if (end.tag === 'incomplete' && end.actual.kind === 'draw') return this.#drew(end.actual.before)
    if (expected === undefined && end.tag === 'incomplete') {
      this.#next = { turn: turn.seq, fn: turn.content.fn, actual: end.actual }
      return undefined
    }
    return fault(end, expected, turn.seq, turn.content.fn)
  }

  #drew(before: number | null): Fault {
    const { feed, size } = this.#parts
    const code = feed.seedGap ?? 'withheld'
    const what = code === 'redacted' ? 'erased' : 'withheld'
    const message = `the component draws from its seed, which is ${what}`
    return { tag: 'inconclusive', code, index: before ?? size, message }
  }

  async #undo(segment: TurnSegment): Promise<Fault | undefined> {
    const failed = await this.#ready(segment.turn.seq)
    if (failed !== undefined) return failed
    // What the record breaks off is the last there is.
    if (segment.end !== undefined) {
      this.#undone++
      const above = this.#keep(segment.turn.seq)
      if (above !== undefined) return above
    }
    const found = await this.#again(segment, this.#turn(segment))
    this.#discard()
    return found
  }

  /** Keeps the state for the turn after the one that is going to be undone. */
  #keep(index: number): Fault | undefined {
    if (this.#perTurn || this.#kept !== undefined) return undefined
    const snapshot = this.#snapshots ? this.#boundary?.snapshot() : undefined
    if (snapshot !== undefined && !('none' in snapshot)) {
      this.#kept = snapshot
      return undefined
    }
    const { maxTraps } = this.#parts
    // What is bounded is how often all the turns before are run again.
    if (++this.#rebuilt > maxTraps) {
      const message = `more than ${maxTraps} turns were undone, each of which makes it begin again`
      return { tag: 'inconclusive', code: 'limits-above-mine', index, message }
    }
    return undefined
  }

  /** Makes sure that there is an instance, as the turns before `to` left it. */
  async #ready(to: number): Promise<Fault | undefined> {
    if (this.#boundary !== undefined) return undefined
    if (this.#perTurn && this.#origin !== undefined) {
      this.#boundary = this.#newBoundary(this.#origin)
      return undefined
    }
    if (this.#kept !== undefined && this.#origin !== undefined)
      return this.#goBack(this.#origin, this.#kept, to)
    this.#restored = false
    for await (const segment of segments(this.#parts.feed.events(to))) {
      const failed =
        segment.kind === 'start'
          ? this.#start(segment)
          : segment.kind === 'turn' && segment.end === 'return'
            ? this.#turn(segment)
            : undefined
      if (failed !== undefined) return failed.tag === 'inconclusive' ? failed : unstable(to)
      if (this.#boundary === undefined) return unstable(to)
    }
    const { feed } = this.#parts
    return feed.break === undefined ? undefined : { tag: 'broken', ...feed.break }
  }

  /** From here on all the turns before are run again. */
  #withoutSnapshots(to: number): Promise<Fault | undefined> {
    this.#discard()
    this.#kept = undefined
    this.#snapshots = false
    return this.#ready(to)
  }

  /** Makes an instance that is as the kept one was. */
  async #goBack(origin: StartSegment, kept: Snapshot, to: number): Promise<Fault | undefined> {
    const boundary = this.#newBoundary(origin)
    const end = boundary.instantiateSync(origin.events)
    const refused = end.tag === 'return' ? boundary.restore(kept) : undefined
    if (end.tag !== 'return' || refused !== undefined) {
      boundary.dispose()
      // Whatever is wrong with the snapshot says nothing of the record.
      if (refused !== undefined && refused.none !== 'host-memory') return this.#withoutSnapshots(to)
      if (end.tag !== 'abort' && refused === undefined) return unstable(to)
      const message = refused?.message ?? 'the component could not be instantiated again'
      return { tag: 'inconclusive', code: 'limits-above-mine', index: to, message }
    }
    this.#restored = true
    this.#boundary = boundary
    return undefined
  }

  get #perTurn(): boolean {
    return this.#origin?.genesis.content.instance === 'turn'
  }

  /** The instance has had its turn; what it saw of time is all that is kept. */
  #spend(boundary: Boundary): void {
    this.#notBefore = boundary.notBefore
    this.#discard()
  }

  #discard(): void {
    this.#boundary?.dispose()
    this.#boundary = undefined
  }

  #newBoundary({ genesis, seed }: StartSegment): Boundary {
    const { component, prepared, hash } = this.#parts
    const { actor, parent, time, grants, instance } = genesis.content
    const maxHandles = handleLimit(genesis.content)
    this.#crossings ??= functionsOf({ component, prepared, grants })
    return new Boundary({
      component,
      prepared,
      crossings: this.#crossings,
      actor: { id: actor, parent },
      time,
      instance,
      notBefore: this.#notBefore,
      grants,
      seed: seed?.content.seed ?? null,
      allowance: allowance(genesis.content),
      hash,
      // Of events that were told, as those of a rebuild are, nothing is told again.
      taken: ({ seq }) => this.#teller.before(seq),
      ...(maxHandles !== undefined && { maxHandles }),
    })
  }
}

/** What it means that a segment ended otherwise than the record says; `undefined`: it did not. */
function fault(
  end: TurnEnd,
  expected: TheaterEvent['kind'] | undefined,
  index: number,
  fn: string | null,
): Fault | undefined {
  switch (end.tag) {
    case 'diverged':
      return { tag: 'diverged', divergence: end.divergence, fn }
    case 'trap':
      return expected === 'trap' ? undefined : impossible(end)
    case 'abort': {
      if (end.recorded) return undefined
      const why = end.error instanceof Error ? `: ${end.error.message}` : ''
      const message = `the re-run was ended by this host (${end.code})${why}`
      const code = end.code === 'host-stack' ? 'host-stack' : 'limits-above-mine'
      return { tag: 'inconclusive', code, index, message }
    }
    case 'return':
    case 'incomplete':
    case 'lost':
      return impossible(end)
  }
}

/** A component that does not do the same twice: what it did the first time was verified, so nobody is accused. */
function unstable(index: number): Fault {
  const message =
    "the component does not do the same twice; without a meter the bits of a NaN are the engine's own"
  return { tag: 'inconclusive', code: 'meter-version', index, message }
}

function impossible(end: TurnEnd): never {
  throw new TypeError(`a re-run ended with "${end.tag}", which its record does not allow`)
}
