import { bytesSource, openCar, readCarHeader, SectionReader } from '@theater/event-chain/car'
import type { CarSource } from '@theater/event-chain/car'
import { decodeHeader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Verdict } from '@theater/replay'
import { broken } from './case.ts'
import type { Case } from './case.ts'
import type { Copy } from './copy.ts'

/** Where the bytes of each block stand in a CAR file, by the hexadecimal digest. */
async function blockPlaces(source: CarSource): Promise<ReadonlyMap<string, { at: number; length: number }>> {
  const places = new Map<string, { at: number; length: number }>()
  const { end } = await readCarHeader(source)
  const sections = new SectionReader(source, end, source.size)
  for (;;) {
    const section = await sections.next()
    if (section === null || 'framing' in section) return places
    const { cid, bytes, bytesAt } = section
    if (cid !== null) places.set(cid.subarray(4).toHex(), { at: bytesAt, length: bytes.length })
  }
}

/** One byte of the file changed, in the header and in the body of every event. */
export async function fileCases(file: Uint8Array, copy: Copy): Promise<Case[]> {
  const places = await blockPlaces(bytesSource(file))
  const cases: Case[] = []
  for (const [at, { stored }] of copy.drafts.entries()) {
    const digests = { header: sha256(stored.header), body: decodeHeader(stored.header, at).body }
    for (const [what, digest] of Object.entries(digests)) {
      const place = places.get(digest.toHex())
      if (place === undefined) continue
      const offset = place.at + ((at * 7919) % place.length)
      cases.push({
        class: 'byte flipped in the file',
        what,
        at,
        expect: broken(at),
        check: () => openFlipped(file, offset, 1 << (at % 8)),
      })
    }
  }
  return cases
}

async function openFlipped(file: Uint8Array, offset: number, bit: number): Promise<Verdict> {
  const below = bytesSource(file)
  const source: CarSource = {
    size: below.size,
    async read(from, length) {
      const bytes = await below.read(from, length)
      if (offset < from || offset >= from + bytes.length) return bytes
      const copy = bytes.slice()
      copy[offset - from] = (copy[offset - from] ?? 0) ^ bit
      return copy
    },
  }
  const { chains } = await openCar(source, { hash: sha256 })
  const subject = { chain: null, actor: null, head: null }
  for (const { result, size } of chains) {
    if (result.ok) continue
    const { index, reason, message } = result
    return { ...subject, verdict: 'broken', size, index, reason, message }
  }
  return { ...subject, verdict: 'verified', size: 0, turns: 0, undone: 0, finished: true }
}
