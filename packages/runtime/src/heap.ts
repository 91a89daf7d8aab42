/** What a {@link Heap} holds; it knows its place there. */
export interface Placed {
  /** Where it is; -1: nowhere. The heap's business. */
  place: number
}

/** Gives the least of what was put in. What is in the middle can be taken out again, so that nothing stays that nobody wants. */
export class Heap<T extends Placed> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  /** @param before whether `a` comes before `b` */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  /** The least; `undefined` where there is none. */
  get least(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    this.#put(item, this.#items.length)
    this.#rise(item)
  }

  /** Takes something out; what is not in it stays out. */
  remove(item: T): void {
    const { place } = item
    if (place === -1) return
    item.place = -1
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  #put(item: T, place: number): void {
    item.place = place
    this.#items[place] = item
  }

  #rise(item: T): void {
    for (;;) {
      const { place } = item
      const above = place === 0 ? undefined : this.#items[(place - 1) >> 1]
      if (above === undefined || !this.#before(item, above)) return
      this.#swap(item, above)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      const right = this.#items[2 * item.place + 2]
      const least = right !== undefined && left !== undefined && this.#before(right, left) ? right : left
      if (least === undefined || !this.#before(least, item)) return
      this.#swap(item, least)
    }
  }

  #swap(a: T, b: T): void {
    const { place } = a
    this.#put(a, b.place)
    this.#put(b, place)
  }
}
