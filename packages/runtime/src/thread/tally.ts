import type { Doing, Hung } from '../watch.ts'

/** How often one actor may keep a thread from answering before it is not brought back. */
const OFFENCES = 3
/** How often where it would do the same again. Not once: the machine may have had something else to do. */
const SURE_OFFENCES = 2

/** What is done about a thread that had to be ended. */
export type Verdict =
  /** There is another one; it ends what `hung` names, and does not bring back those that are `barred`. */
  | { readonly tag: 'again'; readonly hung: readonly Hung[]; readonly barred: ReadonlySet<string> }
  | { readonly tag: 'enough' }

/** Counts the threads that had to be ended, so that there is no end to nothing. */
export class Tally {
  readonly #restarts: number
  readonly #windowMs: number
  readonly #now: () => number
  readonly #ends: number[] = []
  readonly #offences = new Map<string, number>()
  readonly #barred = new Set<string>()
  /** What no thread has said yet that it has ended. */
  #hung: Hung[] = []

  /** @param restarts how many there may be within `windowMs` milliseconds */
  constructor(restarts: number, windowMs: number, now: () => number = () => performance.now()) {
    this.#restarts = restarts
    this.#windowMs = windowMs
    this.#now = now
  }

  /** A thread opened: what it was to end has an end. */
  opened(): void {
    this.#hung = []
  }

  /** A thread was ended. @param hung whose doing that was, where anybody's */
  ended(hung: Hung | undefined): Verdict {
    const now = this.#now()
    this.#ends.push(now)
    while ((this.#ends[0] ?? now) <= now - this.#windowMs) this.#ends.shift()
    if (this.#ends.length > this.#restarts) return { tag: 'enough' }
    if (hung !== undefined) this.#note(hung)
    return { tag: 'again', hung: this.#hung, barred: this.#barred }
  }

  #note(hung: Hung): void {
    const { actor, doing } = hung
    const offences = (this.#offences.get(actor) ?? 0) + 1
    this.#offences.set(actor, offences)
    this.#hung = [...this.#hung, hung]
    if (offences >= (isSure(doing) ? SURE_OFFENCES : OFFENCES)) this.#barred.add(actor)
  }
}

/** Whether it does the same again where it is brought back. */
function isSure(doing: Doing): boolean {
  switch (doing) {
    case 'rerun':
    case 'load':
      return true
    // Their record says that they were ended.
    case 'start':
    case 'turn':
      return false
  }
}
