import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { goneAt } from '../archived.ts'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import { decodeHeader } from '../header.ts'
import type { Header } from '../header.ts'
import type { Archived, BlobReader, ChainInfo, ChainReader, StoredEvent } from '../store.ts'
import { Tombstones } from '../tombstones.ts'
import type { StructureResult } from '../verify.ts'
import type { ChainEntry } from '../log/entry.ts'
import { buriedIn, checkParts, decodeSeal, sealBytes } from '../log/seal.ts'
import type { Seal } from '../log/seal.ts'
import type { SealedPart } from '../log/seal-part.ts'
import type { SealedState } from '../log/sealed-state.ts'
import { badCar, decodeCarHeader, decodeVarint, maxCarHeader, maxVarint } from './format.ts'
import { ChainScan, headerByte, markEvery } from './scan.ts'
import type { HashedSection, Place, Scan } from './scan.ts'
import { SectionReader } from './source.ts'
import type { CarSource, Section } from './source.ts'

/** How a CAR file is opened. The limits are the reader's own: the file may be hostile. */
export interface OpenCarOptions {
  /** Whether a chain may end inside a turn. @default 'refuse' */
  readonly unfinished?: 'refuse' | 'allow' | undefined
  /** The most bytes of one block. @default 256 MiB */
  readonly maxBlock?: number | undefined
  /** The most events of one chain. @default unlimited */
  readonly maxEvents?: number | undefined
  /** The most chains. @default 100_000 */
  readonly maxChains?: number | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/** A chain in a CAR file. */
export interface CarChain {
  /** The chain's id; null where not even its first header is right. */
  readonly chain: Uint8Array | null
  /** The actor's id in genesis; null where that is withheld or not right. */
  readonly label: string | null
  /** The root that belongs to it: the hash of its last event; null where the file names none for it. */
  readonly root: Uint8Array | null
  /** Whether it is intact, or where it is broken. */
  readonly result: StructureResult
  /** How many of its events are right: of a broken chain those before the index. */
  readonly size: number
  /** Which part of the chain the file has; null where it is all of it. The `size` counts the events before it too. */
  readonly part: SealedPart | null
  /** Whether it is what the file's seal says of it; null where that says nothing. Who made the seal is for `verifySeal`. */
  readonly sealed: SealedState | null
}

/**
 * An open CAR file: readable like a store, without being loaded. Of a broken chain the events before the index can be
 * read. Of chains with the same label `find` gives the first.
 */
export interface CarFile extends ChainReader, BlobReader {
  /** Every chain that the file holds or names. */
  readonly chains: readonly CarChain[]
  /** What a host signed of them; null where the file has nothing of it. */
  readonly seal: Seal | null
}

/**
 * Opens a CAR file that `exportCar` wrote, and checks all of it in one pass: every block against its CID, every chain by
 * its structure. The order of blocks is part of the format, and nothing else may be in the file; so whatever was changed
 * in it is found at the index of an event. Memory does not grow with the file, but for a few bytes per large block and
 * per 64 events.
 *
 * @throws ChainError `bad-car` where the file's header is not right; `too-large` for too many chains
 *
 * @example
 * ```ts
 * await using source = await fileSource('counter.car')
 * const car = await openCar(source)
 * for (const { label, result } of car.chains) console.log(label, result.ok ? 'intact' : `broken at ${result.index}`)
 * ```
 */
export async function openCar(source: CarSource, options: OpenCarOptions = {}): Promise<CarFile> {
  const { hash = sha256, maxBlock = 256 * 1024 * 1024, maxEvents = Infinity, unfinished = 'refuse' } = options
  const { maxChains = 100_000 } = options
  const { roots, end } = await readCarHeader(source)
  if (roots.length > maxChains) throw new ChainError('too-large', `the file has ${roots.length} chains`)
  const names = new Map(roots.map((root) => [hex(root), root]))
  if (names.size !== roots.length) throw badCar('a root is named twice')
  const places = new Map<string, Place>()
  const sections = new SectionReader(source, end, maxBlock)
  const first = await sections.next()
  const seal = first === null || 'framing' in first ? null : sealOf(hashSection(first, hash), names, hash)
  const scan: Scan = {
    hash,
    unfinished,
    maxEvents,
    roots: names,
    places,
    sealed: new Map(
      (seal?.chains ?? []).map(({ entry }) => [hex(entry.chain), entry] as [string, ChainEntry]),
    ),
    parts: new Map((seal?.parts ?? []).map((part) => [hex(part.chain), part])),
    tombstones: new Tombstones(seal === null ? [] : buriedIn(seal, hash)),
    get: async (cid) => {
      const place = places.get(hex(cid))
      return place === undefined ? undefined : source.read(place.at, place.length)
    },
    has: async (cid) => places.has(hex(cid)),
  }
  const scans = await scanFile(
    seal === null ? new SectionReader(source, end, maxBlock) : sections,
    scan,
    maxChains,
  )
  return new OpenCar(scan, scans, seal, (offset) => new SectionReader(source, offset, maxBlock))
}

/**
 * Reads the first bytes of a CAR file: the hashes its roots stand for, and where the first block is.
 *
 * @throws ChainError `bad-car`
 */
export async function readCarHeader(
  source: CarSource,
): Promise<{ readonly roots: readonly Uint8Array[]; readonly end: number }> {
  const length = decodeVarint(await source.read(0, maxVarint))
  if (length === null) throw badCar('it does not begin with a length')
  if (length.value > maxCarHeader) throw badCar(`a header of ${length.value} bytes`)
  const end = length.length + length.value
  if (end > source.size) throw badCar('its header goes on after the end of the file')
  return { roots: decodeCarHeader(await source.read(length.length, length.value)), end }
}

async function scanFile(sections: SectionReader, scan: Scan, maxChains: number): Promise<ChainScan[]> {
  const scans: ChainScan[] = []
  const seen = new Set<string>()
  const begin = (): ChainScan => {
    if (scans.length >= maxChains)
      throw new ChainError('too-large', `the file has more than ${maxChains} chains`)
    const chain = new ChainScan(scan)
    scans.push(chain)
    return chain
  }
  let chain: ChainScan | undefined
  for (;;) {
    const section = await sections.next()
    if (section === null) break
    if ('framing' in section) {
      chain ??= begin()
      await chain.lost(section)
      break
    }
    const hashed = hashSection(section, scan.hash)
    if (chain !== undefined && (await endsBefore(hashed, chain, seen, scan))) {
      await chain.end()
      chain = undefined
    }
    chain ??= begin()
    await chain.take(hashed)
    if (chain.chain !== null) seen.add(hex(chain.chain))
  }
  await chain?.end()
  return scans
}

/** The seal, where the first block of the file is one: it is named as a root, and no root is left for it to be a head of. */
function sealOf(
  { bytes, cid, digest, intact }: HashedSection,
  roots: Map<string, Uint8Array>,
  hash: Hash,
): Seal | null {
  const name = [digest, ...(cid === null ? [] : [cid.subarray(4)])].map(hex).find((name) => roots.has(name))
  // Where a chain has one event the block is a header.
  if (name === undefined || !sealBytes.includes(bytes[0] ?? 0)) return null
  if (!intact) throw badCar('its seal is damaged')
  roots.delete(name)
  let seal: Seal
  try {
    seal = decodeSeal(bytes)
  } catch (cause) {
    throw badCar('its first block is a root, and neither a header nor a seal that is known here', cause)
  }
  try {
    checkParts(seal, hash)
  } catch (cause) {
    throw badCar('where a part begins or ends is not what its seal is over', cause)
  }
  return seal
}

/** Whether a block is the first of the next chain. */
async function endsBefore(
  section: HashedSection,
  chain: ChainScan,
  seen: ReadonlySet<string>,
  scan: Scan,
): Promise<boolean> {
  if (section.intact) {
    const genesis = genesisHeader(section)
    if (genesis === null || seen.has(hex(genesis.chain))) return false
    // In a chain that has not come to its root another one's genesis is out of place; it begins that other one all the same.
    await chain.close()
    if (!chain.isOver) await chain.take(section)
    return true
  }
  if (scan.roots.size === 0 || chain.expects(section)) return false
  // A damaged block after a chain that came to its root is the next one's; after one that is broken it may be anything.
  const wasBroken = chain.isOver
  await chain.close()
  return chain.isOver && !wasBroken
}

function hashSection(section: Section, hash: Hash): HashedSection {
  const digest = hash(section.bytes)
  const { cid } = section
  return { ...section, digest, intact: cid !== null && sameBytes(cid.subarray(4), digest) }
}

/** The header that begins a chain; null for any other block. */
function genesisHeader({ bytes }: Section): Header | null {
  // Only a header without a link to the one before is as short as this; most headers need not be decoded.
  if (bytes[0] !== headerByte || bytes.length > 100) return null
  try {
    const header = decodeHeader(bytes)
    return header.seq === 0 && header.prev === null ? header : null
  } catch (error) {
    if (ChainError.is(error)) return null
    throw error
  }
}

class OpenCar implements CarFile {
  readonly chains: readonly CarChain[]
  readonly seal: Seal | null
  readonly #scan: Scan
  readonly #scans: readonly ChainScan[]
  readonly #byChain = new Map<string, ChainScan>()
  readonly #sections: (offset: number) => SectionReader

  constructor(
    scan: Scan,
    scans: readonly ChainScan[],
    seal: Seal | null,
    sections: (offset: number) => SectionReader,
  ) {
    this.seal = seal
    this.#scan = scan
    this.#scans = scans
    for (const one of scans)
      if (one.size > 0 && one.chain !== null && !this.#byChain.has(hex(one.chain)))
        this.#byChain.set(hex(one.chain), one)
    this.#sections = sections
    // Roots that no chain came to belong to the chains that are broken, in order; the rest is not in the file at all.
    const left = [...scan.roots.values()]
    const chains: CarChain[] = []
    for (const { chain, label, result, size, root, part, sealed } of scans) {
      chains.push({ chain, label, root: root ?? left.shift() ?? null, result, size, part, sealed })
    }
    for (const root of left) {
      const message = 'event 0: the file names the chain and does not hold it'
      chains.push({
        chain: null,
        label: null,
        root,
        result: { ok: false, index: 0, reason: 'missing', message },
        size: 0,
        part: null,
        sealed: null,
      })
    }
    this.chains = chains
  }

  async *read(chain: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const scan = this.#find(chain)
    if (scan === undefined) throw new ChainError('not-found', `chain ${hex(chain)} is not in the file`)
    const end = Math.min(to ?? scan.size, scan.size)
    if (from >= end) return
    const archived = archivedOf(scan)
    const label = scan.label ?? hex(chain)
    const gone = goneAt(label, archived, from)
    if (gone !== undefined) throw gone
    // Places are counted by what is in the file.
    const mark = Math.floor(scan.placeOf(Math.max(from, 0)) / markEvery)
    const offset = scan.marks[mark]
    let seq = mark * markEvery
    if (archived !== undefined && seq >= archived.lead) seq += archived.base - archived.lead
    const behind = archived !== undefined && from >= archived.base
    if (offset === undefined) throw broken('missing', 'the event is not in the file', seq)
    const sections = this.#sections(offset)
    let event: { readonly header: Uint8Array; readonly digest: Uint8Array; body: Uint8Array | null } | null =
      null
    for (;;) {
      const section = await sections.next()
      const block = section === null || 'framing' in section ? null : section
      if (block !== null && event !== null && event.body === null && isNamed(block, event.digest)) {
        event.body = block.bytes
        continue
      }
      if (block !== null && this.#isBlob(block)) continue
      if (event !== null) {
        if (seq >= from) yield { header: event.header, body: event.body }
        seq++
        if (seq === archived?.lead) {
          if (!behind && seq < end) throw goneAt(label, archived, seq)
          seq = archived.base
        }
      }
      if (seq >= end) return
      if (block === null) throw broken('missing', 'the file was changed after it was opened', seq)
      event = { header: block.bytes, digest: decodeHeader(block.bytes, seq).body, body: null }
    }
  }

  async info(chain: Uint8Array): Promise<ChainInfo | undefined> {
    return infoOf(this.#find(chain))
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    return infoOf(this.#scans.find((scan) => scan.label === label && scan.size > 0))
  }

  async list(): Promise<readonly ChainInfo[]> {
    const infos = this.#scans.map(infoOf).filter((info) => info !== undefined)
    return infos.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0))
  }

  get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#scan.get(cid)
  }

  has(cid: Uint8Array): Promise<boolean> {
    return this.#scan.has(cid)
  }

  #find(chain: Uint8Array): ChainScan | undefined {
    return this.#byChain.get(hex(chain))
  }

  /** Whether this block is one that stands outside of events, and not a header whatever its bytes are. */
  #isBlob({ cid, bytesAt }: Section): boolean {
    return cid !== null && this.#scan.places.size > 0 && this.#scan.places.get(hex(cid))?.at === bytesAt
  }
}

function isNamed({ cid }: Section, digest: Uint8Array): boolean {
  return cid !== null && sameBytes(cid.subarray(4), digest)
}

function infoOf(scan: ChainScan | undefined): ChainInfo | undefined {
  if (scan === undefined || scan.chain === null || scan.head === null) return undefined
  const { chain, label, size, head, epoch } = scan
  const archived = archivedOf(scan)
  return { chain, label: label ?? hex(chain), size, head, epoch, ...(archived !== undefined && { archived }) }
}

/** What of a chain is in another file. */
function archivedOf({ part, size }: ChainScan): Archived | undefined {
  const begin = part?.begin ?? null
  if (begin === null || size < begin.lead) return undefined
  return { lead: begin.lead, base: begin.size, last: begin.last, parts: [] }
}
