import { decode, isLink, same, sha256 } from './cbor.ts'
import type { Item } from './cbor.ts'
import { Broken, isBytes, readHeader, shaped, shapes } from './events.ts'
import type { Header } from './events.ts'

/** Where a chain stands, and what may come next. */
class Order {
  state = 'start'
  failed = false
  intent: number | undefined
  sure = true
  calls = new Set<number>()
  lastSend = -1

  take(seq: number, kind: string, content: readonly Item[] | null): void {
    const inside = this.state === 'turn' || this.state === 'starting'
    const allowed: Readonly<Record<string, readonly string[]>> = {
      start: ['genesis'],
      seed: ['seed'],
      starting: ['call', 'result', 'drop', 'resume', 'trap', 'abort', 'turn', 'grant', 'stop'],
      idle: ['turn', 'grant', 'resume', 'stop'],
      turn: ['call', 'result', 'drop', 'send', 'resume', 'return', 'trap', 'abort'],
      stopped: ['resume'],
      failed: ['resume', 'stop'],
    }
    if (allowed[this.state]?.includes(kind) !== true) throw new Broken(seq, 'grammar')
    if (this.intent === undefined && kind === 'result') throw new Broken(seq, 'call')
    if (this.intent !== undefined && !['result', 'resume', 'abort'].includes(kind)) {
      if (this.sure) throw new Broken(seq, 'call')
      this.intent = undefined
    }
    switch (kind) {
      case 'genesis':
        this.state = 'seed'
        break
      case 'seed':
        this.state = 'starting'
        break
      case 'turn':
        this.#begin('turn')
        break
      case 'grant':
        this.#begin('idle')
        break
      case 'stop':
        this.#begin('stopped')
        break
      case 'resume':
        if (!inside) this.state = this.failed ? 'failed' : 'idle'
        break
      case 'call':
        this.calls.add(seq)
        if (content === null || content[4] === null) {
          this.intent = seq
          this.sure = content !== null
        }
        break
      case 'result':
        if (content !== null && content[0] !== this.intent) throw new Broken(seq, 'call')
        this.intent = undefined
        break
      case 'send':
        if (content !== null) {
          const call = content[0] as number
          if (!this.calls.has(call) || call <= this.lastSend) throw new Broken(seq, 'call')
          this.lastSend = call
        }
        break
      case 'abort':
      case 'trap':
      case 'return': {
        const call = kind === 'abort' && content !== null ? content[1] : null
        if (typeof call === 'number' && !this.calls.has(call)) throw new Broken(seq, 'call')
        if (this.state === 'starting') this.failed = true
        this.#begin(this.failed ? 'failed' : 'idle')
        break
      }
    }
  }

  #begin(state: string): void {
    this.state = state
    this.intent = undefined
    this.calls = new Set()
    this.lastSend = -1
  }

  get finished(): boolean {
    const open = this.intent !== undefined && this.sure
    return !['start', 'seed', 'turn'].includes(this.state) && !open
  }
}

/** An event as it stands in a file. */
export interface Stored {
  readonly header: Uint8Array
  readonly body: Uint8Array | null
}

/** Events of a chain that are not there, between two turns. */
export interface Gap {
  /** How many come before it. */
  readonly lead: number
  /** The number of the first one behind it, and the hash that this one links to. */
  readonly size: number
  readonly last: Buffer
  /** Whether those before it, of which this is the last, are known to be of the chain. */
  readonly isOfIt: (lead: Buffer) => boolean
}

/** What is known of a chain. */
export interface Checked {
  readonly chain: Buffer
  readonly actor: string | null
  readonly hashes: readonly Buffer[]
  readonly withheld: number | null
  /** Events whose contents are not there. */
  readonly absent: readonly number[]
  /** Events whose bodies are not there. */
  readonly missing: readonly number[]
}

/**
 * Checks the structure of a chain.
 *
 * @param block a block that stands outside of events, by its digest
 * @throws Broken
 */
export function checkChain(
  events: Iterable<Stored>,
  block: (digest: Buffer) => Uint8Array | undefined,
  unfinished: boolean,
  gap?: Gap,
): Checked {
  let order = new Order()
  const hashes: Buffer[] = []
  let chain: Buffer | undefined
  let epoch = 0
  let actor: string | null = null
  const absent: number[] = []
  const missing: number[] = []
  let sure = true
  for (const { header: bytes, body } of events) {
    if (hashes.length === gap?.lead) {
      if (!gap.isOfIt(hashes[gap.lead - 1] as Buffer)) throw new Broken(gap.lead - 1, 'prev')
      hashes.length = gap.size - 1
      hashes.push(gap.last)
      order = new Order()
      order.state = 'idle'
      sure = false
    }
    const index = hashes.length
    const header = readHeader(bytes, index)
    if (chain !== undefined && !same(header.chain, chain)) throw new Broken(index, 'chain')
    if (header.seq !== index) throw new Broken(index, 'seq')
    if (chain === undefined) {
      if (header.prev !== null) throw new Broken(index, 'prev')
      if (!same(header.chain, header.body)) throw new Broken(index, 'chain')
      if (header.epoch !== 0) throw new Broken(index, 'epoch')
    } else {
      if (header.prev === null || !same(header.prev, hashes.at(-1) as Buffer)) throw new Broken(index, 'prev')
      const other = sure ? header.epoch !== epoch : header.epoch < epoch
      if (header.kind === 'resume' ? header.epoch <= epoch : other) throw new Broken(index, 'epoch')
      sure = true
    }
    const content = readContent(header, body, block, index)
    if (content === null) absent.push(index)
    if (body === null) missing.push(index)
    order.take(index, header.kind, content)
    if (content !== null && header.kind === 'resume' && content[0] !== header.epoch)
      throw new Broken(index, 'epoch')
    if (content !== null && header.kind === 'genesis')
      actor = (content[0] as Map<string, Item>).get('actor') as string
    chain = header.chain
    epoch = header.epoch
    hashes.push(sha256(bytes))
  }
  if (chain === undefined) throw new Broken(0, 'empty')
  if (!order.finished && !unfinished) throw new Broken(hashes.length, 'unfinished-turn')
  return { chain, actor, hashes, withheld: absent[0] ?? null, absent, missing }
}

function readContent(
  header: Header,
  body: Uint8Array | null,
  block: (digest: Buffer) => Uint8Array | undefined,
  index: number,
): readonly Item[] | null {
  if (body === null) return null
  if (!same(sha256(body), header.body)) throw new Broken(index, 'digest')
  let item: Item
  try {
    item = decode(body, deepest)
  } catch {
    throw new Broken(index, isBody(body) ? 'content' : 'body')
  }
  if (!shaped(item, [isBytes(16), () => true])) throw new Broken(index, 'body')
  const [, inline] = item as readonly Item[]
  if (!isLink(inline)) {
    if (body.length > 18 + 32_768) throw new Broken(index, 'body')
    return contentOf(header.kind, inline as Item, index)
  }
  if (inline.codec !== 'dag-cbor') throw new Broken(index, 'body')
  const bytes = block(inline.digest)
  if (bytes === undefined) return null
  if (!same(sha256(bytes), inline.digest)) throw new Broken(index, 'digest')
  try {
    return contentOf(header.kind, decode(bytes, deepest), index)
  } catch (error) {
    if (error instanceof Broken) throw error
    throw new Broken(index, 'content')
  }
}

/** What nests in a content is counted by itself. */
const deepest = 520

/** Whether bytes begin as a body: what is wrong is the content. */
const isBody = (body: Uint8Array): boolean => body[0] === 0x82 && body[1] === 0x50

function contentOf(kind: string, item: Item, index: number): readonly Item[] {
  if (shapes[kind]?.(item) !== true) throw new Broken(index, 'content')
  return item as readonly Item[]
}
