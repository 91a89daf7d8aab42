import type { Contents } from './contents.ts'
import type { BrokenReason } from './errors.ts'
import type { Kind } from './kinds.ts'

/**
 * Where a chain stands between two events.
 *
 * - `start`: nothing yet; `genesis` follows
 * - `seed`: `seed` follows
 * - `starting`: the component is being instantiated; this has no end mark of its own
 * - `idle`: between turns
 * - `turn`: inside a turn
 * - `stopped`: only `resume` follows
 * - `failed`: instantiating failed; no turn follows
 */
export type GrammarState = 'start' | 'seed' | 'starting' | 'idle' | 'turn' | 'stopped' | 'failed'

/** Why an event cannot stand where it stands. */
export interface Violation {
  readonly reason: BrokenReason
  readonly message: string
}

// genesis seed (call|result|drop)* (trap|abort)?  then, unless that failed,
// turn (call|result|drop|send)* (return|trap|abort), with grant|resume|stop between turns.
// `resume` may stand inside a turn, too: a crash was recovered from. After `stop` only `resume`.
const next: Readonly<Record<GrammarState, Partial<Record<Kind, GrammarState>>>> = {
  start: { genesis: 'seed' },
  seed: { seed: 'starting' },
  starting: {
    call: 'starting',
    result: 'starting',
    drop: 'starting',
    resume: 'starting',
    trap: 'failed',
    abort: 'failed',
    turn: 'turn',
    grant: 'idle',
    stop: 'stopped',
  },
  idle: { turn: 'turn', grant: 'idle', resume: 'idle', stop: 'stopped' },
  turn: {
    call: 'turn',
    result: 'turn',
    drop: 'turn',
    send: 'turn',
    resume: 'turn',
    return: 'idle',
    trap: 'idle',
    abort: 'idle',
  },
  stopped: { resume: 'idle' },
  failed: { resume: 'failed', stop: 'stopped' },
}

/**
 * The order of events as a state machine: which kind may follow, which call a `result`, `send` or `abort` may name.
 * Its memory does not grow with the chain, and by one bit per event of the turn that is under way.
 */
export class Grammar {
  #state: GrammarState = 'start'
  #failed = false
  #seq = 0
  /** The intent that waits for its result. */
  #intent: number | null = null
  /** False where the call's content is withheld: it may have been answered at once. */
  #intentSure = true
  #lastSend = -1
  /** The calls of this turn (or of instantiating), as bits from `#base` on. */
  #base = 0
  #calls = new Uint8Array(16)

  /** @param after how many events there were before, and where the chain stands: between two turns. @default nothing yet */
  constructor(after?: { readonly size: number; readonly state: GrammarState }) {
    if (after === undefined) return
    this.#state = after.state
    this.#seq = this.#base = after.size
  }

  /** Where the chain stands. */
  get state(): GrammarState {
    return this.#state
  }

  /** The sequence number of the intent that waits for its result; null for none. */
  get intent(): number | null {
    return this.#intent
  }

  /** Whether the chain may end here: not inside a turn, and no intent is open. */
  get finished(): boolean {
    const open = this.#intent !== null && this.#intentSure
    return this.#state !== 'start' && this.#state !== 'seed' && this.#state !== 'turn' && !open
  }

  /**
   * Takes the next event.
   *
   * @param content The event's content, null where it is withheld
   * @returns Why the event cannot stand here; null when it can
   */
  step<K extends Kind>(kind: K, content: Contents[K] | null): Violation | null {
    const seq = this.#seq++
    const state = next[this.#state][kind]
    if (state === undefined)
      return { reason: 'grammar', message: `a ${kind} cannot come ${place[this.#state]}` }
    const violation = this.#intentAllows(kind) ?? this.#check({ seq, kind, content } as Step)
    if (violation !== null) return violation
    if (state === 'failed') this.#failed = true
    this.#state = this.#state === 'stopped' && this.#failed ? 'failed' : state
    if (state === 'idle' || state === 'failed') this.#forget()
    return null
  }

  #intentAllows(kind: Kind): Violation | null {
    if (this.#intent === null) {
      if (kind !== 'result') return null
      return { reason: 'call', message: 'a result cannot come where no call waits for one' }
    }
    if (kind === 'result' || kind === 'abort' || kind === 'resume') return null
    if (this.#intentSure) {
      return { reason: 'call', message: `a ${kind} cannot come before the result of call ${this.#intent}` }
    }
    this.#intent = null
    return null
  }

  #check({ seq, kind, content }: Step): Violation | null {
    switch (kind) {
      case 'call':
        this.#mark(seq)
        if (content === null || content.outcome === null) {
          this.#intent = seq
          this.#intentSure = content !== null
        }
        return null
      case 'result': {
        const waiting = this.#intent
        this.#intent = null
        if (content === null || content.call === waiting) return null
        return { reason: 'call', message: `the result is one of call ${content.call}; call ${waiting} waits` }
      }
      case 'send':
        if (content === null) return null
        if (!this.#isCall(content.call))
          return { reason: 'call', message: `${content.call} is no call of this turn` }
        if (content.call <= this.#lastSend)
          return { reason: 'call', message: 'sends leave once, and in order' }
        this.#lastSend = content.call
        return null
      case 'abort':
        this.#intent = null
        if (content === null || content.call === null || this.#isCall(content.call)) return null
        return { reason: 'call', message: `${content.call} is no call of this turn` }
      case 'genesis':
      case 'seed':
      case 'turn':
      case 'drop':
      case 'return':
      case 'trap':
      case 'grant':
      case 'resume':
      case 'stop':
        return null
    }
  }

  #mark(seq: number): void {
    const bit = seq - this.#base
    if (bit >= this.#calls.length * 8) {
      const calls = new Uint8Array(this.#calls.length * 2 + (bit >> 3))
      calls.set(this.#calls)
      this.#calls = calls
    }
    this.#calls[bit >> 3] = (this.#calls[bit >> 3] ?? 0) | (1 << (bit & 7))
  }

  #isCall(seq: number): boolean {
    const bit = seq - this.#base
    if (bit < 0 || bit >= this.#calls.length * 8) return false
    return ((this.#calls[Math.floor(bit / 8)] ?? 0) & (1 << (bit & 7))) !== 0
  }

  #forget(): void {
    this.#base = this.#seq
    this.#lastSend = -1
    if (this.#calls.length > 4096) this.#calls = new Uint8Array(16)
    else this.#calls.fill(0)
  }
}

type Step = {
  readonly [K in Kind]: { readonly seq: number; readonly kind: K; readonly content: Contents[K] | null }
}[Kind]

const place: Readonly<Record<GrammarState, string>> = {
  start: 'before genesis',
  seed: 'before the seed',
  starting: 'while instantiating',
  idle: 'between turns',
  turn: 'inside a turn',
  stopped: 'after a stop, before a resume',
  failed: 'after a failed instantiation',
}
