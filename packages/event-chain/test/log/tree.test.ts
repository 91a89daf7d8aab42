import { sha256 } from '@theater/values'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consistencyPath,
  extendsTree,
  GrowingTree,
  includes,
  inclusionPath,
  leafHash,
  nodeHash,
} from '../../src/log.ts'
import type { Subtree } from '../../src/log.ts'

/** The tree hash as RFC 6962, section 2.1, defines it. */
function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return leaves[0] as Uint8Array
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

const subtreesOf =
  (leaves: readonly Uint8Array[]): Subtree =>
  async (level, index) => {
    const width = 2 ** level
    const part = leaves.slice(index * width, (index + 1) * width)
    if (part.length !== width) throw new Error('a subtree that is not complete')
    return treeHash(part)
  }

const leavesOf = (n: number): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => leafHash(Uint8Array.of(i, i >> 8)))
const headOf = (leaves: readonly Uint8Array[]) => ({ size: leaves.length, root: treeHash(leaves) })

describe('known answers', () => {
  // The inputs and roots that implementations of Certificate Transparency are tested with.
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ]
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]

  test('roots of trees of no leaf to eight', () => {
    const tree = new GrowingTree()
    expect(tree.root.toHex()).toBe(roots[0])
    for (const [i, input] of inputs.entries()) {
      tree.append(leafHash(Uint8Array.fromHex(input)))
      expect(tree.root.toHex()).toBe(roots[i + 1])
    }
  })
})

describe('a tree', () => {
  test('grows to the root that its definition gives, goes on from its edge, and tells of each subtree once', () => {
    const leaves = leavesOf(300)
    let tree = new GrowingTree()
    const told = new Map<string, string>()
    for (const [i, leaf] of leaves.entries()) {
      expect(tree.root).toEqual(treeHash(leaves.slice(0, i)))
      if (i % 37 === 0) tree = new GrowingTree(sha256, tree.size, tree.edge)
      tree.append(leaf, (level, index, root) => {
        expect(told.has(`${level} ${index}`)).toBe(false)
        told.set(`${level} ${index}`, root.toHex())
      })
    }
    for (const [place, root] of told) {
      const [level = 0, index = 0] = place.split(' ').map(Number)
      expect(treeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)).toHex()).toBe(root)
    }
    expect(told.size).toBe(300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1)
  })

  test.each([
    [1, []],
    [2, [new Uint8Array(32), new Uint8Array(32)]],
    [1, [new Uint8Array(31)]],
    [-1, []],
    [0.5, []],
  ])('of %d leaves does not go on from an edge that is not its own', (size, edge) => {
    expect(() => new GrowingTree(sha256, size, edge)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })

  test('goes on beyond 2^32 leaves', async () => {
    const size = 2 ** 33 + 2
    // Nobody has so many leaves: every complete subtree of a level is the same one.
    const levels = [leafHash(new Uint8Array(0))]
    for (let i = 0; i < 34; i++) levels.push(nodeHash(levels[i] as Uint8Array, levels[i] as Uint8Array))
    const subtree: Subtree = async (level) => levels[level] as Uint8Array
    const tree = new GrowingTree(sha256, size, [levels[33] as Uint8Array, levels[1] as Uint8Array])
    const path = await inclusionPath(subtree, 2 ** 33 + 1, size)
    expect(includes(tree.root, size, 2 ** 33 + 1, levels[0] as Uint8Array, path)).toBe(true)
    const before = new GrowingTree(sha256, 2 ** 32, [levels[32] as Uint8Array])
    const grown = await consistencyPath(subtree, before.size, size)
    expect(extendsTree(before, tree, grown)).toBe(true)
  })
})

describe('a path', () => {
  test('shows each leaf of each small tree at its place, and at no other', async () => {
    for (let size = 1; size <= 24; size++) {
      const leaves = leavesOf(size)
      const root = treeHash(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const path = await inclusionPath(subtreesOf(leaves), index, size)
        for (let at = 0; at <= size; at++) expect(includes(root, size, at, leaf, path)).toBe(at === index)
        expect(includes(root, size, index, leafHash(Uint8Array.of(255, 255)), path)).toBe(false)
      }
    }
  })

  test('shows that a tree begins with another', async () => {
    const leaves = leavesOf(40)
    for (let size = 0; size <= 40; size++) {
      const after = headOf(leaves.slice(0, size))
      for (let before = 0; before <= size; before++) {
        const path = await consistencyPath(subtreesOf(leaves), before, size)
        expect(extendsTree(headOf(leaves.slice(0, before)), after, path)).toBe(true)
      }
    }
  })

  test('that was changed shows nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 200 }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('flip', 'drop', 'double', 'swap', 'shorten'),
        fc.nat(),
        async (size, m, n, change, at) => {
          const leaves = leavesOf(size)
          const index = m % size
          const before = 1 + (n % (size - 1))
          const alter = (path: readonly Uint8Array[]): Uint8Array[] => {
            const out: Uint8Array[] = path.map((node) => node.slice())
            const i = at % out.length
            const node = out[i] as Uint8Array
            if (change === 'flip') node[at % 32] = (node[at % 32] as number) ^ 1
            else if (change === 'drop') out.splice(i, 1)
            else if (change === 'double') out.splice(i, 0, node)
            else if (change === 'shorten') out[i] = node.slice(1)
            else out.reverse()
            return out
          }
          const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
            a.length === b.length && a.every((node, i) => node.toHex() === b[i]?.toHex())
          const path = await inclusionPath(subtreesOf(leaves), index, size)
          const other = alter(path)
          const root = treeHash(leaves)
          expect(includes(root, size, index, leaves[index] as Uint8Array, other)).toBe(same(path, other))
          const grown = await consistencyPath(subtreesOf(leaves), before, size)
          const not = alter(grown)
          expect(extendsTree(headOf(leaves.slice(0, before)), headOf(leaves), not)).toBe(same(grown, not))
          // Another beginning, or another end.
          const forged = [leafHash(Uint8Array.of(1, 2, 3)), ...leaves.slice(1)]
          expect(extendsTree(headOf(forged.slice(0, before)), headOf(leaves), grown)).toBe(false)
          expect(extendsTree(headOf(leaves.slice(0, before)), headOf(forged), grown)).toBe(false)
        },
      ),
    )
  })

  test('is not made for what is not there', async () => {
    const subtree = subtreesOf(leavesOf(4))
    const invalid = expect.objectContaining({ code: 'invalid' })
    await expect(inclusionPath(subtree, 4, 4)).rejects.toEqual(invalid)
    await expect(inclusionPath(subtree, -1, 4)).rejects.toEqual(invalid)
    await expect(consistencyPath(subtree, 5, 4)).rejects.toEqual(invalid)
  })

  test('of numbers that are none shows nothing', () => {
    const leaf = leafHash(new Uint8Array(0))
    for (const [size, index] of [
      [1, -1],
      [1, 0.5],
      [NaN, 0],
      [1, 1],
      [2 ** 60, 0],
      [0, 0],
    ] as const) {
      expect(includes(leaf, size, index, leaf, [])).toBe(false)
    }
    for (const [before, after] of [
      [2, 1],
      [-1, 1],
      [0.5, 1],
      [1, Infinity],
    ] as const) {
      expect(extendsTree({ size: before, root: leaf }, { size: after, root: leaf }, [])).toBe(false)
    }
    expect(extendsTree({ size: 1, root: leaf }, { size: 2, root: leaf }, [])).toBe(false)
  })
})
