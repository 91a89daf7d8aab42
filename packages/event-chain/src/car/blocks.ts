import { broken } from '../errors.ts'
import type { Block } from '../store.ts'
import { readCarHeader } from './open.ts'
import { SectionReader } from './source.ts'
import type { CarSource } from './source.ts'

/**
 * Yields the blocks of a CAR file as they stand there, checked against nothing: for tools that look into a file or take it
 * apart. `carHeader` and `sectionHead` put one together again.
 *
 * @throws ChainError `bad-car`; `broken` with reason `framing`
 */
export async function* carBlocks(
  source: CarSource,
  maxBlock: number = 256 * 1024 * 1024,
): AsyncGenerator<Block, void, undefined> {
  const { end } = await readCarHeader(source)
  const sections = new SectionReader(source, end, maxBlock)
  for (;;) {
    const section = await sections.next()
    if (section === null) return
    if ('framing' in section) throw broken('framing', section.framing)
    const { cid, bytes } = section
    if (cid === null) throw broken('framing', 'a block whose CID is none of sha2-256 over dag-cbor or raw')
    yield { cid, bytes }
  }
}
