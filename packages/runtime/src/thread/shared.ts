import type { Stage } from '@theater/boundary'
import type { Doing, Hung, Watch } from '../watch.ts'

// The memory that a thread of actors and whoever watches it have in common: two numbers, then the id of an actor.
const PONG = 0
const SHOWN = 1
const NAME = 8
/** The longest id of an actor. */
const NAME_BYTES = 128

const doings: readonly Doing[] = ['load', 'start', 'rerun', 'turn']

/** Makes the memory that both sides look at. */
export function sharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(NAME + NAME_BYTES)
}

/** What the watcher sees of a thread. It can be read whatever the thread does, and after its end. */
export class Observed {
  readonly #words: Int32Array
  readonly #name: Uint8Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 2)
    this.#name = new Uint8Array(memory, NAME)
  }

  /** The last ping that was answered. */
  get answered(): number {
    return Atomics.load(this.#words, PONG)
  }

  /** Who has the thread; `undefined`: nobody whom we know of. */
  get running(): Hung | undefined {
    const shown = Atomics.load(this.#words, SHOWN)
    const doing = doings[shown >> 8]
    if (shown === 0 || doing === undefined) return undefined
    return { actor: Buffer.from(this.#name.subarray(0, shown & 0xff)).toString('latin1'), doing }
  }
}

/** Somebody who can be shown as having the thread. */
interface Player {
  readonly name: Uint8Array
  readonly doing: () => Doing
}

/**
 * The thread's own side: it shows who runs. One guest at a time is let in, from where it is resumed until it waits again:
 * of several that are resumed together the engine runs one after the other, and nobody could tell which does not come back.
 */
export class SharedWatch implements Watch {
  readonly #words: Int32Array
  readonly #name: Uint8Array
  /** Whoever was let in. */
  #player: Player | undefined
  /** How often somebody was. */
  #entries = 0
  readonly #waiting: { readonly player: Player; readonly enter: () => void }[] = []
  /** Those whose components are being made ready: shown where nobody else is. */
  readonly #preparing = new Set<Player>()
  #round: NodeJS.Immediate | undefined

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 2)
    this.#name = new Uint8Array(memory, NAME)
  }

  /** The event loop turns: says so. */
  answer(ping: number): void {
    Atomics.store(this.#words, PONG, ping)
  }

  stage(actor: string, doing: () => Doing): Stage {
    const player: Player = { name: Buffer.from(actor, 'latin1'), doing }
    return {
      enter: () => this.#enter(player),
      leave: () => {
        if (this.#player === player) this.#next()
      },
    }
  }

  preparing(actor: string, doing: Doing): Disposable {
    const player: Player = { name: Buffer.from(actor, 'latin1'), doing: () => doing }
    this.#preparing.add(player)
    if (this.#player === undefined) this.#show(player)
    return {
      [Symbol.dispose]: () => {
        this.#preparing.delete(player)
        if (this.#player === undefined) this.#show([...this.#preparing].at(-1))
      },
    }
  }

  #enter(player: Player): Promise<void> | undefined {
    if (this.#player === undefined || this.#player === player) {
      this.#let(player)
      return undefined
    }
    return new Promise((enter) => {
      this.#waiting.push({ player, enter })
      this.#watchRound()
    })
  }

  #let(player: Player): void {
    this.#player = player
    this.#entries++
    this.#show(player)
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#player = undefined
      this.#show([...this.#preparing].at(-1))
    } else {
      this.#let(next.player)
      next.enter()
    }
  }

  /**
   * Whoever was let in runs before the event loop turns, so one that has not left by then does not run at all: it is
   * suspended for good, or its turn was ended meanwhile. Nobody waits for that.
   */
  #watchRound(): void {
    if (this.#round !== undefined) return
    const entries = this.#entries
    this.#round = setImmediate(() => {
      this.#round = undefined
      if (this.#entries === entries && this.#player !== undefined) this.#next()
      if (this.#waiting.length > 0) this.#watchRound()
    })
  }

  #show(player: Player | undefined): void {
    if (player === undefined) {
      Atomics.store(this.#words, SHOWN, 0)
      return
    }
    const { name, doing } = player
    this.#name.set(name)
    Atomics.store(this.#words, SHOWN, (doings.indexOf(doing()) << 8) | name.length)
  }
}
