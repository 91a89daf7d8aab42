import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { ChainError } from '../errors.ts'
import { checkSize, nodeHash } from './tree.ts'

/** The root of a complete subtree of `2 ** level` leaves, the `index`th of those. */
export type Subtree = (level: number, index: number) => Promise<Uint8Array>

/**
 * The path that shows that the leaf at `index` is in the tree of the first `size` leaves: from its sibling up.
 *
 * @throws ChainError `invalid` where there is no such leaf; what `subtree` throws
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
 */
export async function inclusionPath(
  subtree: Subtree,
  index: number,
  size: number,
  hash: Hash = sha256,
): Promise<Uint8Array[]> {
  checkSize('a size', size)
  checkSize('an index', index)
  if (index >= size) throw new ChainError('invalid', `a tree of ${size} leaves has none at ${index}`)
  const path: Uint8Array[] = []
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + half(to - from)
    if (index < middle) {
      path.push(await rangeRoot(subtree, middle, to, hash))
      to = middle
    } else {
      path.push(await rangeRoot(subtree, from, middle, hash))
      from = middle
    }
  }
  return path.reverse()
}

/**
 * The path that shows that the tree of `size` leaves begins with those of the tree of `before` leaves.
 *
 * @throws ChainError `invalid` where the tree is the smaller one; what `subtree` throws
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.2
 */
export async function consistencyPath(
  subtree: Subtree,
  before: number,
  size: number,
  hash: Hash = sha256,
): Promise<Uint8Array[]> {
  checkSize('a size', size)
  checkSize('a size', before)
  if (before > size) throw new ChainError('invalid', `a tree of ${size} leaves does not begin with ${before}`)
  if (before === 0 || before === size) return []
  const path: Uint8Array[] = []
  let from = 0
  let to = size
  // Whether everything before the range is in the old tree as a complete subtree that the verifier knows.
  let known = true
  while (before !== to) {
    const middle = from + half(to - from)
    if (before <= middle) {
      path.push(await rangeRoot(subtree, middle, to, hash))
      to = middle
    } else {
      path.push(await rangeRoot(subtree, from, middle, hash))
      from = middle
      known = false
    }
  }
  if (!known) path.push(await rangeRoot(subtree, from, to, hash))
  return path.reverse()
}

/** The root over the leaves from `from` up to `to`, where `from` is a multiple of the largest power of two in their number. */
async function rangeRoot(subtree: Subtree, from: number, to: number, hash: Hash): Promise<Uint8Array> {
  const length = to - from
  const level = Math.log2(length)
  if (Number.isInteger(level)) return subtree(level, from / length)
  const middle = from + half(length)
  const left = await rangeRoot(subtree, from, middle, hash)
  return nodeHash(left, await rangeRoot(subtree, middle, to, hash), hash)
}

/** The largest power of two below a size of two or more. */
function half(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}
