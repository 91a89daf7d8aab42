import { decode, isCounter, same } from './cbor.ts'
import type { Item } from './cbor.ts'
import { isPath, need, readRotations, readSealed, Refused } from './notes.ts'
import type { OtherSealed } from './notes.ts'
import { rootBy } from './tree.ts'
import type { OtherPart, OtherSeam } from './tree.ts'

/** What a host signed, as it stands in a file. */
export interface OtherSeal {
  readonly note: string
  readonly chains: readonly OtherSealed[]
  readonly rotations: Item
  readonly erased: readonly OtherSealed[]
  readonly parts: readonly OtherPart[]
}

const list = (item: Item | undefined): readonly Item[] => {
  if (!Array.isArray(item)) throw new Refused('no list')
  return item
}

/** Reads a seal. @throws Refused */
export function readSeal(bytes: Uint8Array): OtherSeal {
  let map: Item
  try {
    map = decode(bytes)
  } catch {
    throw new Refused('no seal')
  }
  if (!(map instanceof Map)) throw new Refused('no seal')
  const version = map.get('seal')
  const keys = ['note', 'seal', 'chains', 'rotations', ...['erased', 'parts'].slice(0, Number(version) - 1)]
  need(version === 1 || version === 2 || version === 3, 'another version')
  need(map.size === keys.length && keys.every((key) => (map as Map<string, Item>).has(key)), 'other keys')
  const [note, rotations = null] = [map.get('note'), map.get('rotations')]
  if (typeof note !== 'string') throw new Refused('no note')
  readRotations(rotations)
  const chains = list(map.get('chains')).map((one) => readSealed(one, 0))
  const erased = list(map.get('erased') ?? []).map((one) => readSealed(one, 2))
  need(version !== 2 || erased.length > 0, 'nothing was erased')
  let next = 0
  const parts = list(map.get('parts') ?? []).map((one) => {
    const [chain, begin, end, ...more] = list(one)
    const at = chains.findIndex(
      ({ entry }, i) => i >= next && Buffer.isBuffer(chain) && same(entry[1] as Buffer, chain),
    )
    const [, id, , size, root] = chains[at]?.entry ?? []
    if (!Buffer.isBuffer(id) || !isCounter(size) || !Buffer.isBuffer(root) || more.length > 0)
      throw new Refused('no part')
    next = at + 1
    return readPart({ chain: id, size, root }, begin, end)
  })
  need(version !== 3 || parts.length > 0, 'no parts')
  return { note, chains, rotations, erased, parts }
}

function readPart(
  of: Pick<OtherPart, 'chain' | 'size' | 'root'>,
  first: Item | undefined,
  second: Item | undefined,
): OtherPart {
  const seam = (item: Item | undefined, length: number): OtherSeam | null => {
    if (item === null) return null
    const [size, last, path, ...more] = list(item)
    need(more.length === length - 3 && isCounter(size) && size >= 2, 'no seam')
    if (!Buffer.isBuffer(last) || last.length !== 32 || !isPath(path)) throw new Refused('no seam')
    return { size: size as number, last, path }
  }
  const [begin, end] = [seam(first, 5), seam(second, 3)]
  need(begin !== null || end !== null, 'all of the chain')
  need(begin === null || end === null || end.size > begin.size, 'an end before the begin')
  if (begin === null) return { ...of, begin, end }
  const [, , , lead, leadPath] = list(first)
  if (!isCounter(lead) || lead < 2 || lead >= begin.size || !isPath(leadPath))
    throw new Refused('no beginning')
  return { ...of, begin: { ...begin, lead, leadPath }, end }
}

/** Whether the seams of a part are under the entry of its chain. */
export function isPartUnder({ begin, end, size: of, root }: OtherPart): boolean {
  return [begin, end].every((seam) => {
    if (seam === null) return true
    const found = rootBy(seam.last, seam.size - 1, of, seam.path)
    return found !== undefined && same(found, root)
  })
}
