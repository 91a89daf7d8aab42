/** Random numbers that are a function of a seed and a number: the same input again, in any process. */
export class Random {
  #state: number

  constructor(seed: number, at: number) {
    this.#state = (Math.imul(seed | 0, 0x9e37_79b1) ^ Math.imul(at | 0, 0x85eb_ca6b)) >>> 0
    this.u32()
    this.u32()
  }

  /** 32 bits (splitmix32). */
  u32(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** At least 0 and less than `n`. */
  below(n: number): number {
    return Math.floor((this.u32() / 2 ** 32) * n)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.u32() / 2 ** 32 < probability
  }

  /** One of these. */
  of<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('none of nothing')
    return items[this.below(items.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff)
  }
}
