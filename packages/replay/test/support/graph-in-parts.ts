import { hex } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'
import { expect } from 'vitest'
import { checkGraph as check } from '../../src/graph.ts'
import type { Graph } from '../../src/graph.ts'

/** `checkGraph`, which finds the same however few messages fit into memory at once. */
export async function checkGraph(sources: readonly ChainSource[]): Promise<Graph> {
  const whole = await check(sources)
  for (const max of [1, 3]) expect(plain(await check(sources, undefined, max))).toEqual(plain(whole))
  return whole
}

function plain({ held, unchecked, outside, faults }: Graph): unknown {
  const key = ({ chain, index }: { readonly chain: Uint8Array; readonly index: number }): string =>
    `${hex(chain)} ${index}`
  return {
    held,
    outside,
    unchecked: unchecked.map(key).sort(),
    faults: faults.map((one) => ({ ...one, at: key(one) })),
  }
}
