import { BYTE_FUEL, FREE_BYTES } from '@theater/component'
import type { InstanceMeter, Tripped } from '@theater/component'

/** What one instance of an actor may use. Genesis has it. */
export interface Allowance {
  /** Fuel for each turn. */
  readonly fuel: number
  /** Fuel for the instantiation. */
  readonly start: number
  /** Call depth, in units of the meter. */
  readonly depth: number
  /** Bytes of all its memories together. */
  readonly memory: number
  /** Elements of all its tables together. */
  readonly elements: number
}

/** Whether fuel ran out: what a crossing cost was not there any more. */
export const EMPTY = Symbol('empty')

/** The fuel of one instance: how much the turn that runs has used, and what crossings cost it. */
export class Fuel {
  readonly #meter: InstanceMeter | undefined
  #given: number
  /** Used in this turn before the fuel that was given last. */
  #before = 0

  /**
   * @param meter `undefined`: nothing is metered, and no event says fuel
   * @param start for the instantiation
   */
  constructor(meter: InstanceMeter | undefined, start: number) {
    this.#meter = meter
    this.#given = start
  }

  /**
   * The export begins, with fuel of its own.
   *
   * @param inTurn whether the instantiation was a part of the turn, so that what that used counts
   */
  begin(given: number, inTurn: boolean): void {
    if (this.#meter === undefined) return
    this.#before = inTurn ? this.#given - this.#meter.left : 0
    this.#given = given
    this.#meter.left = given
  }

  /** Fuel used since the turn began; null without a meter. */
  used(): number | null {
    return this.#meter === undefined ? null : this.#since(this.#meter.left)
  }

  #since(left: number): number {
    return this.#before + (this.#given - left)
  }

  /** What was used up, and ended the guest. */
  get tripped(): Tripped | undefined {
    return this.#meter?.tripped
  }

  /** Takes what a guest's bytes cost on their way out. Answers like {@link used}. */
  take(bytes: number): number | null | typeof EMPTY {
    const meter = this.#meter
    if (meter === undefined) return null
    let { left } = meter
    if (bytes > FREE_BYTES) meter.left = left -= (bytes - FREE_BYTES) * BYTE_FUEL
    return left < 0 ? EMPTY : this.#since(left)
  }

  /** Takes what bytes cost on their way to the guest. `false`: that was not there. */
  pay(bytes: number): boolean {
    return bytes <= FREE_BYTES || this.take(bytes) !== EMPTY
  }
}
