import { decode, isLink, same, sha256 } from './cbor.ts'
import type { Item, Link } from './cbor.ts'
import { checkChain } from './chain.ts'
import type { Checked, Gap, Stored } from './chain.ts'
import { Broken, isGenesis, readHeader } from './events.ts'
import { Refused } from './notes.ts'
import { isPartUnder, readSeal } from './seal.ts'
import type { OtherSeal } from './seal.ts'
import { rootBy } from './tree.ts'
import type { OtherPart } from './tree.ts'

/** A chain of a file. */
interface FileChain {
  readonly actor: string | null
  readonly size: number
  readonly broken: Broken | null
  readonly checked: Checked | null
  /** What the file has of it, in its order. */
  readonly events: readonly Stored[]
  readonly part: OtherPart | null
}

/** A file that is none of chains. */
export class NotAFile extends Error {}

interface Section {
  /** Its first bytes, from its length on: a CID may stand there that is not where the length says. */
  readonly start: Buffer
  readonly cid: Buffer
  readonly bytes: Buffer
}

/** Takes a CAR file apart. @throws NotAFile for its header; blocks that are not framed right are left out, with what follows */
function sections(file: Buffer): { roots: Buffer[]; blocks: Section[]; lost: Buffer | null } {
  let at = 0
  const varint = (): number | undefined => {
    let n = 0
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = file[at++]
      if (byte === undefined) return undefined
      n += (byte & 127) * 2 ** shift
      if (byte < 128) return byte === 0 && shift > 0 ? undefined : n
    }
    return undefined
  }
  const length = varint()
  if (length === undefined || at + length > file.length) throw new NotAFile('no header')
  let header: Item
  try {
    header = decode(file.subarray(at, at + length))
  } catch {
    throw new NotAFile('a header that is not canonical')
  }
  at += length
  const roots =
    header instanceof Map && header.size === 2 && header.get('version') === 1
      ? header.get('roots')
      : undefined
  if (!Array.isArray(roots) || roots.length === 0) throw new NotAFile('a header that is none')
  const links = (roots as readonly Item[]).map((root) => {
    if (!isLink(root) || root.codec !== 'dag-cbor') throw new NotAFile('a root that is none')
    return root.digest
  })
  if (new Set(links.map((root) => root.toString('hex'))).size !== links.length)
    throw new NotAFile('a root twice')
  const blocks: Section[] = []
  while (at < file.length) {
    const start = file.subarray(at, at + 9 + 36)
    const size = varint()
    if (size === undefined || size < 36 || at + size > file.length)
      return { roots: links, blocks, lost: start }
    blocks.push({ start, cid: file.subarray(at, at + 36), bytes: file.subarray(at + 36, at + size) })
    at += size
  }
  return { roots: links, blocks, lost: null }
}

/** What is known of a file. */
export interface CheckedFile {
  readonly chains: readonly FileChain[]
  readonly seal: OtherSeal | null
  /** Blocks that stand outside of events, by their digests. */
  readonly outside: ReadonlyMap<string, Uint8Array>
}

/** CIDs begin so, of dag-cbor and of raw blocks. */
const heads = ['01711220', '01551220'] as const
const digestIn = (cid: string): string => cid.slice(heads[0].length)

function intact({ cid, bytes }: Section): boolean {
  const head = cid.subarray(0, 4).toString('hex')
  return heads.some((one) => one === head) && same(cid.subarray(4), sha256(bytes))
}

/** Whether a section names one of these blocks, whatever its length says. */
function claims(start: Buffer, cids: readonly string[]): boolean {
  return cids.some((cid) => start.indexOf(Buffer.from(cid, 'hex')) >= 1)
}

/** One chain of a file, block by block. */
class FileReading {
  readonly events: { header: Buffer; body: Buffer | null }[] = []
  readonly #outside: Map<string, Buffer>
  readonly #parts: readonly OtherPart[]
  readonly #roots: readonly Buffer[]
  /** The numbers of the event under way, and of the next one. */
  #at = -1
  #next = 0
  part: OtherPart | undefined
  /** CIDs of blocks that the event under way lets come, and of those that came. */
  #wanted: string[] = []
  #seen: string[] = []
  /** The digest of the block that its content stands in, until that is here. */
  #content: string | undefined
  broken: Broken | null = null

  /** The chain under way, and those before it. */
  #chain: string | undefined
  readonly #before: ReadonlySet<string>

  constructor(
    outside: Map<string, Buffer>,
    parts: readonly OtherPart[],
    roots: readonly Buffer[],
    before: ReadonlySet<string>,
  ) {
    this.#roots = roots
    this.#before = before
    this.#outside = outside
    this.#parts = parts
  }

  /** Takes the next block; false: it is the first of another chain. */
  take(block: Section): boolean {
    const event = this.events.at(-1)
    const right = intact(block)
    const cid = block.cid.toString('hex')
    const digest = sha256(block.bytes).toString('hex')
    const mine =
      this.#wanted.some((one) => one === cid || digestIn(one) === digest) ||
      (!right && claims(block.start, this.#wanted))
    if (event !== undefined && mine) {
      if (right && this.#wanted.includes(cid)) this.#belongs(event, cid, block.bytes)
      else this.broken = new Broken(this.#at, 'digest')
      return true
    }
    const isHeader = block.bytes[0] === 0x87
    // Behind the last event of a chain the next one is another chain's first.
    const isOver = event !== undefined && this.#names(event.header)
    if (isOver && (!right || (isHeader && this.#beginsAnother(block.bytes)))) return false
    const lacks = event?.body === null || this.#content !== undefined
    if (right && !isHeader && event !== undefined && (lacks || this.#seen.includes(cid))) {
      this.broken = new Broken(this.#at, 'stray')
    } else if (!right) this.broken = new Broken(this.#next, 'digest')
    else if (!isHeader) this.broken = new Broken(this.#next, 'stray')
    else this.#begin(block.bytes)
    return true
  }

  /** The file cannot be read on from here. */
  lose(start: Buffer): void {
    const mine = claims(start, this.#wanted)
    this.broken ??= new Broken(mine ? this.#at : this.#next, 'framing')
  }

  #begin(header: Buffer): void {
    try {
      const { body, chain } = readHeader(header, this.#next)
      const before = this.events.at(-1)
      // What else is wrong with it is said first.
      if (before !== undefined && this.#names(before.header)) this.broken = new Broken(this.#next, 'stray')
      this.#chain ??= chain.toString('hex')
      if (this.#next === 0) this.part = this.#parts.find((one) => same(one.chain, chain))
      const begin = this.part?.begin ?? null
      this.#at = this.#next
      this.#next = begin !== null && this.#next + 1 === begin.lead ? begin.size : this.#next + 1
      this.#wanted = [heads[0] + body.toString('hex')]
      this.#seen = []
      this.#content = undefined
      this.events.push({ header, body: null })
    } catch (error) {
      this.broken = error as Broken
    }
  }

  /** Whether a header is the first of a chain that did not come yet. */
  #beginsAnother(bytes: Buffer): boolean {
    try {
      const { chain, prev, seq } = readHeader(bytes, 0)
      const name = chain.toString('hex')
      return prev === null && seq === 0 && name !== this.#chain && !this.#before.has(name)
    } catch {
      return false
    }
  }

  /** Whether a root names an event. */
  #names(header: Buffer): boolean {
    const hash = sha256(header)
    return this.#roots.some((root) => same(root, hash))
  }

  #belongs(event: { body: Buffer | null }, cid: string, bytes: Buffer): void {
    const digest = digestIn(cid)
    this.#seen.push(cid)
    this.#wanted = this.#wanted.filter((one) => one !== cid)
    if (event.body === null) {
      event.body = bytes
      this.#content = contentLink(bytes)
      if (this.#content !== undefined && this.#outside.has(this.#content)) this.#content = undefined
    } else this.#outside.set(digest, bytes)
    if (this.#content === digest) this.#content = undefined
    this.#wanted.push(...linksOf(bytes).filter((one) => !this.#outside.has(digestIn(one))))
  }
}

/**
 * Checks a file of chains; of one that was damaged it says which event of which chain is not right first.
 *
 * @throws NotAFile
 */
export function checkFile(bytes: Uint8Array): CheckedFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const { roots, blocks, lost } = sections(file)
  let seal: OtherSeal | null = null
  const [first] = blocks
  // By its name, or by what it hashes to: one of both may be what is damaged.
  const isRoot = (digest: Buffer): boolean => roots.some((root) => same(root, digest))
  if (
    first !== undefined &&
    [0xa4, 0xa5, 0xa6].includes(first.bytes[0] ?? 0) &&
    (isRoot(first.cid.subarray(4)) || isRoot(sha256(first.bytes)))
  ) {
    if (!intact(first)) throw new NotAFile('a damaged seal')
    try {
      seal = readSeal(first.bytes)
    } catch (error) {
      throw error instanceof Refused ? new NotAFile(error.message) : error
    }
    if (!seal.parts.every((part) => isPartUnder(part)))
      throw new NotAFile('a part that is not under its entry')
    blocks.shift()
    roots.shift()
  }
  const chains: FileChain[] = []
  const came: string[] = []
  const outside = new Map<string, Buffer>()
  for (let at = 0; at < blocks.length || (chains.length === 0 && lost !== null);) {
    const reading = new FileReading(outside, seal?.parts ?? [], roots, new Set(came))
    while (reading.broken === null && at < blocks.length && reading.take(blocks[at] as Section)) at++
    if (reading.broken === null && at === blocks.length && lost !== null) reading.lose(lost)
    // Nothing is known to come behind what is broken.
    const last = reading.events.at(-1)?.header
    const isWhole = reading.broken === null && last !== undefined && isRoot(sha256(last))
    const unfinished = !isWhole || (reading.part?.end ?? null) === null
    const nothing = { size: 0, checked: null, found: null }
    const { size, checked, found } =
      reading.broken !== null && last === undefined
        ? nothing
        : judge(reading.events, outside, reading.part, unfinished)
    const head = checked?.hashes.at(-1)
    const named = head !== undefined && roots.some((root) => same(root, head))
    const short = checked === null ? null : misses(checked.hashes, reading.part, named)
    const broken = found ?? reading.broken ?? short ?? (named ? null : new Broken(size, 'head'))
    const { events, part = null } = reading
    if (checked !== null) came.push(checked.chain.toString('hex'))
    chains.push({ actor: checked?.actor ?? null, size, broken, checked, events, part })
    if (broken !== null) return { chains, seal, outside }
  }
  for (let left = chains.length; left < roots.length; left++) {
    const broken = new Broken(0, 'missing')
    chains.push({ actor: null, size: 0, broken, checked: null, events: [], part: null })
  }
  return { chains, seal, outside }
}

/** Whether a chain does not come to where the seal says that its part begins, or ends. */
function misses(hashes: readonly Buffer[], part: OtherPart | undefined, named: boolean): Broken | null {
  const { begin = null, end = null } = part ?? {}
  if (begin !== null && hashes.length < begin.size) return new Broken(begin.size, named ? 'missing' : 'head')
  const last = hashes.at(-1)
  if (end === null || last === undefined || (hashes.length === end.size && same(last, end.last))) return null
  return new Broken(hashes.length, 'head')
}

const cidOf = ({ codec, digest }: Link): string =>
  heads[codec === 'dag-cbor' ? 0 : 1] + digest.toString('hex')

/** The digest of the block that a content stands in. */
function contentLink(body: Buffer): string | undefined {
  try {
    const item = decode(body)
    const content = Array.isArray(item) ? (item as readonly Item[])[1] : undefined
    return isLink(content) ? content.digest.toString('hex') : undefined
  } catch {
    return undefined
  }
}

/** The CIDs of blocks that a body, or a genesis in a block of its own, links to. */
function linksOf(bytes: Buffer): string[] {
  try {
    const item = decode(bytes)
    const content = Array.isArray(item) && item.length === 2 ? (item as readonly Item[])[1] : item
    if (isLink(content)) return [cidOf(content)]
    const map = Array.isArray(content) ? (content as readonly Item[])[0] : undefined
    if (!isGenesis(map)) return []
    return ['wit', 'component'].flatMap((key) => {
      const link = (map as Map<string, Item>).get(key)
      return isLink(link) ? [cidOf(link)] : []
    })
  } catch {
    return []
  }
}

/** What a part does not have of the chain's beginning. */
function gapOf({ begin, size, root }: OtherPart): Gap | undefined {
  if (begin === null) return undefined
  const isOfIt = (lead: Buffer): boolean => {
    const under = rootBy(lead, begin.lead - 1, size, begin.leadPath)
    return under !== undefined && same(under, root)
  }
  return { lead: begin.lead, size: begin.size, last: begin.last, isOfIt }
}

function judge(
  events: readonly Stored[],
  outside: ReadonlyMap<string, Buffer>,
  part: OtherPart | undefined,
  unfinished: boolean,
): { size: number; checked: Checked | null; found: Broken | null } {
  const block = (digest: Buffer): Uint8Array | undefined => outside.get(digest.toString('hex'))
  try {
    const checked = checkChain(events, block, unfinished, part && gapOf(part))
    return { size: checked.hashes.length, checked, found: null }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { size: error.index, checked: null, found: error }
  }
}
