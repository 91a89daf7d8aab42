import type { Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { broken } from '../errors.ts'
import type { JoinedFrom, Run } from './join.ts'

/** What a part says an event is: the hash of its header. */
type Named = (seq: number) => Promise<Uint8Array | undefined>

/** Events, each of which is in one of the runs that are given where it is in any; as few runs as may be, in their order. */
export function cover<R extends { readonly from: number; readonly to: number }>(all: readonly R[]): R[] {
  const left = all.toSorted((a, b) => b.from - a.from)
  const found: R[] = []
  for (let end = 0; left.length > 0;) {
    // After a gap it goes on where there is something again.
    end = Math.max(end, left.at(-1)?.from ?? end)
    let longest: R | undefined
    for (let next = left.at(-1); next !== undefined && next.from <= end; next = left.at(-1)) {
      left.pop()
      if (next.to > (longest?.to ?? end)) longest = next
    }
    if (longest === undefined) continue
    found.push({ ...longest, from: end })
    end = longest.to
  }
  return found
}

/**
 * Checks that parts of one chain say the same of every event that two of them name: each names those that it has, and the one that it begins
 * behind. Headers link to those before, so of what two parts have in common the last one tells. Those that say the same as one which all are held
 * against say the same as each other.
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
  const all = parts.flatMap(({ named, ranges }) => ranges.map(({ from, to }) => ({ named, from, to })))
  const against = cover(all)
  let first: number | undefined
  for (const one of all)
    for (let i = firstBeyond(against, one.from); i < against.length; i++) {
      const other = against[i]
      if (other === undefined || other.from >= one.to) break
      if (other.named === one.named) continue
      const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)]
      const found = await differ(one.named, other.named, from, to)
      if (found !== undefined && (first === undefined || found < first)) first = found
    }
  if (first !== undefined)
    throw broken('prev', 'what was given has two different events here, so it is not of one chain', first)
}

/** The place of the first run that ends behind an event. */
function firstBeyond(runs: readonly { readonly to: number }[], seq: number): number {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle]?.to ?? seq) <= seq) low = middle + 1
    else high = middle
  }
  return low
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
