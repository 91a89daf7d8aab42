import { same, sha256 } from './cbor.ts'

const node = (left: Uint8Array, right: Uint8Array): Buffer =>
  sha256(Buffer.concat([Buffer.of(1), left, right]))
const leaf = (data: Uint8Array): Buffer => sha256(Buffer.concat([Buffer.of(0), data]))

/** The root of a tree, as RFC 6962 defines it. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256(Buffer.alloc(0))
  if (leaves.length === 1) return leaf(leaves[0] as Buffer)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return node(treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)))
}

/** The root that a path of inclusion leads to; undefined where it has not the right length. */
export function rootBy(
  data: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  const climb = (from: number, to: number, left: readonly Buffer[]): Buffer | undefined => {
    if (to - from === 1) return left.length === 0 ? leaf(data) : undefined
    let k = 1
    while (k * 2 < to - from) k *= 2
    const sibling = left.at(-1)
    if (sibling === undefined) return undefined
    const inLeft = index < from + k
    const mine = inLeft ? climb(from, from + k, left.slice(0, -1)) : climb(from + k, to, left.slice(0, -1))
    return mine && (inLeft ? node(mine, sibling) : node(sibling, mine))
  }
  return index >= 0 && index < size ? climb(0, size, path) : undefined
}

/** A place between two events of a chain. */
export interface OtherSeam {
  readonly size: number
  readonly last: Buffer
  readonly path: readonly Buffer[]
}

/** Which part of a chain a file has, with the size and the root of the chain's entry. */
export interface OtherPart {
  readonly chain: Buffer
  readonly size: number
  readonly root: Buffer
  readonly begin: (OtherSeam & { readonly lead: number; readonly leadPath: readonly Buffer[] }) | null
  readonly end: OtherSeam | null
}

/** The root of a chain's tree of which only the events behind a seam are there. */
export function rootBehind(begin: OtherSeam, hashes: readonly Buffer[], size: number): Buffer {
  const at = begin.size - 1
  const half = (count: number): number => {
    let k = 1
    while (k * 2 < count) k *= 2
    return k
  }
  // What the path has on the left, by where it stands.
  const known = new Map<string, Buffer>()
  const path = [...begin.path]
  for (let [from, to] = [0, size]; to - from > 1;) {
    const middle = from + half(to - from)
    const sibling = path.pop()
    if (at >= middle && sibling !== undefined) known.set(`${from} ${middle}`, sibling)
    if (at < middle) to = middle
    else from = middle
  }
  const root = (from: number, to: number): Buffer => {
    const there = known.get(`${from} ${to}`)
    if (there !== undefined) return there
    if (from >= begin.size) return treeRoot(hashes.slice(from, to))
    if (to - from === 1) return leaf(begin.last)
    const middle = from + half(to - from)
    return node(root(from, middle), root(middle, to))
  }
  return root(0, size)
}

/** Whether a tree is the beginning of another, by a path of consistency. */
export function isPrefix(
  before: { readonly size: number; readonly root: Buffer },
  now: { readonly size: number; readonly root: Buffer },
  path: readonly Buffer[],
): boolean {
  const left = [...path]
  if (before.size === 0 || before.size > now.size) return false
  if (before.size === now.size) return left.length === 0 && same(before.root, now.root)
  /** The roots over the first `m` and all `n` leaves of a subtree; `known` says that the first is the root that was kept. */
  const climb = (m: number, n: number, known: boolean): readonly [Buffer, Buffer] | undefined => {
    if (m === n) {
      const root = known ? before.root : left.shift()
      return root && [root, root]
    }
    let k = 1
    while (k * 2 < n) k *= 2
    const inner = m <= k ? climb(m, k, known) : climb(m - k, n - k, false)
    const sibling = left.shift()
    if (inner === undefined || sibling === undefined) return undefined
    const [was, is] = inner
    return m <= k ? [was, node(is, sibling)] : [node(sibling, was), node(sibling, is)]
  }
  const found = climb(before.size, now.size, true)
  return found !== undefined && left.length === 0 && same(found[0], before.root) && same(found[1], now.root)
}
