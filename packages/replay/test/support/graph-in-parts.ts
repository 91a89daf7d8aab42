import { hex } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'
import { expect } from 'vitest'
import { checkGraph as check } from '../../src/graph.ts'
import type { Graph } from '../../src/graph.ts'

/** `checkGraph`, which finds the same however few messages fit into memory at once. */
export async function checkGraph(sources: readonly ChainSource[]): Promise<Omit<Graph, 'uncheckedCounts'>> {
  const { uncheckedCounts, ...whole } = await check(sources)
  const count = (why: string): number => whole.unchecked.filter((one) => one.why === why).length
  expect(uncheckedCounts).toEqual({ 'not-given': count('not-given'), withheld: count('withheld') })
  for (const max of [1, 3]) expect(plain(await check(sources, { maxLinks: max }))).toEqual(plain(whole))
  return whole
}

/** What was found, to be compared. */
export function plain({ held, unchecked, outside, faults }: Omit<Graph, 'uncheckedCounts'>): unknown {
  const key = ({ chain, index }: { readonly chain: Uint8Array; readonly index: number }): string =>
    `${hex(chain)} ${index}`
  return {
    held,
    outside,
    unchecked: unchecked.map(key).sort(),
    faults: faults.map((one) => ({ ...one, at: key(one) })),
  }
}
