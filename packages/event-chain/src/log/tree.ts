import { hashInto, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { putBytes, sameBytes } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'

/**
 * The Merkle tree of RFC 6962, section 2.1: over the headers of a chain, and over the entries of a host's log. Sizes and
 * indexes are integers below 2^53, so nothing here shifts bits.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */

/** The hash of a leaf: sha-256 of a zero byte and the data. 32 bytes. */
export function leafHash(data: Uint8Array, hash: Hash = sha256): Uint8Array {
  const bytes = new Uint8Array(1 + data.length)
  bytes.set(data, 1)
  return hash(bytes)
}

/** The hash of an inner node: sha-256 of a one byte and both children. 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array, hash: Hash = sha256): Uint8Array {
  const bytes = new Uint8Array(65)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 33)
  return hash(bytes)
}

/** The same for many, each in the place of the one before: what is hashed is no garbage. */
export class TreeHasher {
  readonly #hash: Hash
  readonly #leaf = new Uint8Array(33)
  readonly #node = new Uint8Array(65)

  constructor(hash: Hash) {
    this.#hash = hash
    this.#node[0] = 1
  }

  /** The leaf of an event in its chain's tree: over the hash of its header. */
  event(header: Uint8Array): Uint8Array {
    hashInto(this.#hash, header, this.#leaf, 1)
    return this.#hash(this.#leaf)
  }

  /** See {@link nodeHash}. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array {
    putBytes(this.#node, 1, left)
    putBytes(this.#node, 33, right)
    return this.#hash(this.#node)
  }
}

/** Refuses what is not the size of a tree or an index in one. */
export function checkSize(name: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new ChainError('invalid', `${name} ${n} is not a counter`)
}

/**
 * A tree that grows, as its right edge: one hash for each power of two that its size is the sum of. Appending takes one
 * hash on average, and what is kept is some twenty hashes for a million leaves.
 */
export class GrowingTree {
  readonly #hash: Hash
  readonly #hasher: TreeHasher
  #size: number
  readonly #edge: Uint8Array[]

  /**
   * @param size how many leaves there are. @default 0
   * @param edge what {@link GrowingTree.edge} gave at that size
   * @throws ChainError `invalid` where the edge does not belong to a tree of that size
   */
  constructor(hash: Hash = sha256, size = 0, edge: readonly Uint8Array[] = []) {
    checkSize('a size', size)
    if (edge.length !== ones(size) || edge.some(({ length }) => length !== 32)) {
      throw new ChainError('invalid', `a tree of ${size} leaves does not have this edge`)
    }
    this.#hash = hash
    this.#hasher = new TreeHasher(hash)
    this.#size = size
    this.#edge = edge.map((node) => node.slice())
  }

  get size(): number {
    return this.#size
  }

  /** The roots of the complete subtrees that the tree is made of, the largest first. */
  get edge(): readonly Uint8Array[] {
    return this.#edge.slice()
  }

  /** The root of the tree: of an empty one the hash of nothing. 32 bytes. */
  get root(): Uint8Array {
    const { length } = this.#edge
    if (length === 0) return this.#hash(new Uint8Array(0))
    return this.#edge.reduceRight((right, left) => nodeHash(left, right, this.#hash))
  }

  /**
   * Appends a leaf, which came through {@link leafHash}.
   *
   * @param complete told of every subtree that this completes: its level (a leaf's is 0), its place among those, its root
   */
  append(leaf: Uint8Array, complete?: (level: number, index: number, root: Uint8Array) => void): void {
    let node = leaf
    let index = this.#size
    complete?.(0, index, node)
    for (let level = 1; index % 2 === 1; level++) {
      node = this.#hasher.node(this.#edge.pop() as Uint8Array, node)
      index = (index - 1) / 2
      complete?.(level, index, node)
    }
    this.#edge.push(node)
    this.#size++
  }
}

/** How many bits of an integer are set. */
function ones(n: number): number {
  let count = 0
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

/**
 * Whether `path` shows that a leaf stands at `index` of the tree of `size` leaves with this root. Faces hostile paths.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
 */
export function includes(
  root: Uint8Array,
  size: number,
  index: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
  hash: Hash = sha256,
): boolean {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false
  let at = index
  let last = size - 1
  let node = leaf
  for (const sibling of path) {
    if (sibling.length !== 32 || last === 0) return false
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node, hash)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else node = nodeHash(node, sibling, hash)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameBytes(node, root)
}

/** A tree, as it is named. */
export interface TreeHead {
  /** How many leaves it has. */
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/**
 * Whether `path` shows that the tree `after` begins with the leaves of `before`: that nothing in it was changed or taken
 * away. Faces hostile paths.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2
 */
export function extendsTree(
  before: TreeHead,
  after: TreeHead,
  path: readonly Uint8Array[],
  hash: Hash = sha256,
): boolean {
  if (!Number.isSafeInteger(before.size) || !Number.isSafeInteger(after.size)) return false
  if (before.size < 0 || before.size > after.size) return false
  if (before.size === after.size) return path.length === 0 && sameBytes(before.root, after.root)
  if (before.size === 0) return path.length === 0 && sameBytes(before.root, hash(new Uint8Array(0)))
  if (path.some(({ length }) => length !== 32)) return false
  let at = before.size - 1
  let last = after.size - 1
  while (at % 2 === 1) {
    at = (at - 1) / 2
    last = Math.floor(last / 2)
  }
  // A tree that is one complete subtree is a node of the larger one: its root is not repeated in the path.
  const nodes = at === 0 ? [before.root, ...path] : [...path]
  const first = nodes.shift()
  if (first === undefined) return false
  let old = first
  let now = first
  for (const node of nodes) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      old = nodeHash(node, old, hash)
      now = nodeHash(node, now, hash)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else now = nodeHash(now, node, hash)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameBytes(old, before.root) && sameBytes(now, after.root)
}
