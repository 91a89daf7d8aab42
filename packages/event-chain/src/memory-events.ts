import { isGone } from './archived.ts'
import { linkInBody } from './body.ts'
import { ChainError } from './errors.ts'
import { EventLog } from './event-log.ts'
import type { Headers } from './slab-event.ts'
import type { Archived, Leaves, Removal, StoredEvent } from './store.ts'

/** The events of one chain in memory: all of them, or those that were not archived. */
export class MemoryEvents {
  #here = new EventLog()
  /** What was taken out, oldest first. */
  readonly #removals: Removal[] = []

  get size(): number {
    return this.#here.size + this.#gap
  }

  /** What was taken out; undefined where nothing was. */
  get archived(): Archived | undefined {
    const last = this.#removals.at(-1)
    if (last === undefined) return undefined
    const parts = this.#removals.map(({ from, base, file }) => ({ from, to: base, file }))
    return { lead: last.lead, base: last.base, last: last.last, parts }
  }

  /** The leaves that are kept of what was taken out. */
  get leaves(): readonly Leaves[] {
    return this.#removals.at(-1)?.leaves ?? []
  }

  get notes(): Uint8Array | undefined {
    return this.#removals.at(-1)?.notes
  }

  push(event: StoredEvent): void {
    this.#here.push(event)
  }

  /** The event at a place, see {@link EventLog.at}; undefined where there is none, or it is in an archive. */
  at(seq: number, headers?: Headers): StoredEvent | undefined {
    return isGone(this.archived, seq) ? undefined : this.#here.at(this.#place(seq), headers)
  }

  /** Overwrites the body of an event, and answers what it was; null where there was none. */
  erase(seq: number): Uint8Array | null {
    return isGone(this.archived, seq) ? null : this.#here.erase(this.#place(seq))
  }

  /** The digests of the blocks that contents of these events stand in. */
  *links(from = 0, to = this.size): Generator<Uint8Array> {
    for (let seq = from; seq < to; seq++) {
      const link = linkInBody(this.at(seq)?.body ?? null)
      if (link !== null) yield link
    }
  }

  /** Takes events out. @throws ChainError `conflict`, `invalid` */
  takeOut(removal: Removal): void {
    const { lead, base } = removal
    checkRemoval(removal, this.archived, this.size)
    const left = new EventLog()
    for (let seq = 0; seq < this.size; seq++) {
      const event = seq < lead || seq >= base ? this.at(seq) : undefined
      if (event !== undefined) left.push(copyOf(event))
    }
    this.#here = left
    this.#removals.push(removal)
  }

  /** Puts the part back that was taken out last. @throws ChainError `not-found`, `invalid` */
  putBack(events: readonly StoredEvent[]): void {
    const removal = this.#removals.at(-1)
    if (removal === undefined) throw nothingOut()
    const { lead, base } = removal
    checkReturned(removal, events.length)
    const all = new EventLog()
    for (let seq = 0; seq < lead; seq++) all.push(this.at(seq) as StoredEvent)
    for (const event of events) all.push(event)
    for (let seq = base; seq < this.size; seq++) all.push(this.at(seq) as StoredEvent)
    this.#here = all
    this.#removals.pop()
  }

  get #gap(): number {
    const last = this.#removals.at(-1)
    return last === undefined ? 0 : last.base - last.lead
  }

  #place(seq: number): number {
    const lead = this.#removals.at(-1)?.lead ?? Infinity
    return seq < lead ? seq : seq - this.#gap
  }
}

/** Copies, so that nobody holds the rest of the buffer that they stand in. */
function copyOf({ header, body }: StoredEvent): StoredEvent {
  return { header: header.slice(), body: body?.slice() ?? null }
}

/** Whether a removal goes on from what was taken out before, and leaves something. @throws ChainError */
export function checkRemoval(
  { lead, from, base }: Removal,
  archived: Pick<Archived, 'lead' | 'base'> | undefined,
  size: number,
): void {
  if (from !== (archived?.base ?? lead) || lead !== (archived?.lead ?? lead))
    throw new ChainError('conflict', 'other events were taken out than whoever archives knows of')
  if (lead < 2 || base <= from || base >= size)
    throw new ChainError('invalid', `the events ${from} to ${base - 1} of ${size} cannot be taken out`)
}

/** @throws ChainError `invalid` where it is not all that was taken out */
export function checkReturned({ from, base }: Pick<Removal, 'from' | 'base'>, count: number): void {
  if (count !== base - from)
    throw new ChainError('invalid', `${base - from} events were taken out, and ${count} are to be put back`)
}

/** The error for a chain of which all is here. */
export function nothingOut(): ChainError {
  return new ChainError('not-found', 'no events of this chain were taken out')
}

/** The error for events that no checkpoint is over. */
export function notCovered(base: number, over: number): ChainError {
  return new ChainError(
    'invalid',
    `the log of the host is over ${over} events of the chain, and not over the ${base} that are to be taken out`,
  )
}
