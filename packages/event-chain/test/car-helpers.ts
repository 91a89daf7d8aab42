import { sha256 } from '../src/node.ts'
import { bytesSource, exportCar, openCar, readCarHeader, SectionReader, sectionHead } from '../src/car.ts'
import type { CarFile, OpenCarOptions } from '../src/car.ts'
import type { Store } from '../src/index.ts'

export interface CarBlock {
  readonly offset: number
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
  readonly bytesAt: number
  readonly role: 'header' | 'body' | 'blob'
  /** Which chain and event it belongs to. */
  readonly chain: number
  readonly index: number
}

export async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return new Uint8Array(Buffer.concat(all))
}

export async function exported(store: Store, ...chains: Uint8Array[]): Promise<Uint8Array> {
  return bytesOf(exportCar(store, chains, { hash: sha256 }))
}

export function open(bytes: Uint8Array, options: OpenCarOptions = {}): Promise<CarFile> {
  return openCar(bytesSource(bytes), { hash: sha256, unfinished: 'allow', ...options })
}

/** The blocks of an intact file, each with the event it belongs to. */
export async function blocksOf(
  car: Uint8Array,
): Promise<{ readonly start: Uint8Array; readonly blocks: CarBlock[] }> {
  const source = bytesSource(car)
  const { end } = await readCarHeader(source)
  const sections = new SectionReader(source, end, 1 << 30)
  const blocks: CarBlock[] = []
  let chain = -1
  let index = -1
  for (;;) {
    const section = await sections.next()
    if (section === null) break
    if ('framing' in section || section.cid === null) throw new Error('the file is not intact')
    const role = section.bytes[0] === 0x87 ? 'header' : blocks.at(-1)?.role === 'header' ? 'body' : 'blob'
    const isGenesis = role === 'header' && section.bytes.length < 100
    if (isGenesis) chain++
    if (role === 'header') index = isGenesis ? 0 : index + 1
    blocks.push({ ...section, cid: section.cid, role, chain, index })
  }
  return { start: car.slice(0, end), blocks }
}

export function carOf(
  start: Uint8Array,
  blocks: readonly { cid: Uint8Array; bytes: Uint8Array }[],
): Uint8Array {
  const parts = blocks.flatMap(({ cid, bytes }) => [sectionHead(cid, bytes.length), bytes])
  return new Uint8Array(Buffer.concat([start, ...parts]))
}
