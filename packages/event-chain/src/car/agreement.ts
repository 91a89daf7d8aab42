import type { Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { broken } from '../errors.ts'
import type { JoinedFrom, Run } from './join.ts'

/** What a part says an event is: the hash of its header. */
type Named = (seq: number) => Promise<Uint8Array | undefined>

/**
 * Checks that parts of one chain say the same of every event that two of them name: each names those that it has, and the one that it begins
 * behind. Headers link to those before, so of what two parts have in common the last one tells.
 *
 * @throws ChainError `broken` at the first event of which two of them do not
 */
export async function checkAgreement(runs: readonly Run[], hash: Hash): Promise<void> {
  const parts = [...new Set(runs.map(({ of }) => of))].map((of) => ({
    named: reader(of, hash),
    ranges: [
      ...runs.filter((run) => run.of === of),
      ...(of.info.archived === undefined
        ? []
        : [{ from: of.info.archived.base - 1, to: of.info.archived.base }]),
    ],
  }))
  let first: number | undefined
  for (const [i, one] of parts.entries())
    for (const other of parts.slice(i + 1))
      for (const a of one.ranges)
        for (const b of other.ranges) {
          const found = await differ(one.named, other.named, Math.max(a.from, b.from), Math.min(a.to, b.to))
          if (found !== undefined && (first === undefined || found < first)) first = found
        }
  if (first !== undefined)
    throw broken('prev', 'what was given has two different events here, so it is not of one chain', first)
}

/** The first event of a range that two parts name differently. */
async function differ(one: Named, other: Named, from: number, to: number): Promise<number | undefined> {
  const same = async (seq: number): Promise<boolean> => {
    const [a, b] = await Promise.all([one(seq), other(seq)])
    return a === undefined || b === undefined || sameBytes(a, b)
  }
  if (from >= to || (await same(to - 1))) return undefined
  let [low, high] = [from, to - 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await same(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** Reads each header once: the last ones of a beginning are asked for by all other parts. */
function reader({ store, info: { chain, archived } }: JoinedFrom, hash: Hash): Named {
  const known = new Map<number, Uint8Array | undefined>()
  if (archived !== undefined) known.set(archived.base - 1, archived.last)
  return async (seq) => {
    if (!known.has(seq)) {
      const [event] = await Array.fromAsync(store.read(chain, seq, seq + 1))
      known.set(seq, event && hash(event.header))
    }
    return known.get(seq)
  }
}
