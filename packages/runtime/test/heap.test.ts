import { expect, it } from 'vitest'
import { Heap } from '../src/heap.ts'
import type { Placed } from '../src/heap.ts'

interface Item extends Placed {
  readonly n: number
}

/** Every order of some numbers, those that are equal among them. */
function* orders(numbers: readonly number[]): Generator<readonly number[]> {
  if (numbers.length === 0) yield []
  for (const [i, n] of numbers.entries())
    for (const rest of orders(numbers.toSpliced(i, 1))) yield [n, ...rest]
}

/** What is left, from the least on. */
function drained(heap: Heap<Item>): number[] {
  const found: number[] = []
  for (let least = heap.least; least !== undefined; least = heap.least) {
    found.push(least.n)
    heap.remove(least)
  }
  return found
}

it('gives what is in it from the least on, in whatever order it came, whatever was taken out meanwhile', () => {
  const numbers = [1, 2, 2, 3, 4, 5]
  const wrong: string[] = []
  for (const order of orders(numbers)) {
    for (let out = 0; out <= order.length; out++) {
      const heap = new Heap<Item>((a, b) => a.n < b.n)
      const items = order.map((n): Item => ({ n, place: -1 }))
      for (const item of items) heap.add(item)
      const removed = items[out]
      if (removed !== undefined) {
        heap.remove(removed)
        // Taking out what is out changes nothing.
        heap.remove(removed)
      }
      const left = items.filter((item) => item !== removed).map(({ n }) => n)
      if (drained(heap).join() !== left.toSorted((a, b) => a - b).join())
        wrong.push(`${order.join()} without ${String(removed?.n)}`)
    }
  }
  expect(wrong).toEqual([])
})
