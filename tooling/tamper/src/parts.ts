import { ChainError, decodeHeader, memoryStore } from '@theater/event-chain'
import type { ChainInfo, LoggedStore, StoredEvent } from '@theater/event-chain'
import { bytesSource, exportCar, joinParts, openCar } from '@theater/event-chain/car'
import type { CarFile } from '@theater/event-chain/car'
import { encodeSeal, HostLog, makeSeal, removalOf, SigningKey } from '@theater/event-chain/log'
import type { Seal } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import type { ChainSource, Verdict } from '@theater/replay'
import { broken, cut, either } from './case.ts'
import type { Case, Expectation, Verify } from './case.ts'
import { inputEdits } from './contents.ts'
import { relink } from './copy.ts'
import type { Copy, Draft } from './copy.ts'

const NAME = 'tamper.example/host'

/** The files of a chain that was archived in two parts. */
interface Parted {
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly tail: Uint8Array
}

/** Changes of chains that stand in several files: what was archived, and what is left. */
export async function partCases(copy: Copy): Promise<readonly (readonly Case[])[]> {
  const key = await SigningKey.generate(NAME)
  const seams = seamsOf(copy.drafts)
  const lead = copy.drafts.findIndex(({ kind }) => kind === 'turn')
  const all: [Case[], Case[], Case[]] = [[], [], []]
  for (const [i, base] of seams.entries()) {
    const before = seams[Math.floor(i / 2)]
    // What holds of one seam holds of the next: each takes two hosts.
    if (i % 3 !== 1 || before === undefined || before === base) continue
    const made = once(() => parted(eventsOf(copy), copy, { key, lead, bases: [before, base] }))
    all[0].push(...exchanged(copy, { base, before, lead, key, made }))
    all[1].push(...leftOut(base, { before, lead, made, size: copy.drafts.length }))
    all[2].push(...forged(base, made))
  }
  return all
}

interface Place {
  readonly base: number
  readonly before: number
  readonly lead: number
  readonly key: SigningKey
  readonly made: () => Promise<Parted>
}

/** An archive that was hashed again is not the one that what is left goes on from, whoever sealed it. */
function exchanged(copy: Copy, { base, before, lead, key, made }: Place): Case[] {
  const { drafts, source } = copy
  const name = 'archive hashed again, with what is left'
  const [edit] = drafts
    .slice(lead, base)
    .flatMap((draft, i) => inputEdits(draft).map(({ change }) => ({ change, at: lead + i })))
  if (edit === undefined) return []
  const { change, at } = edit
  const theirs = once(async () => {
    const other = relink([...drafts.slice(0, at), change, ...drafts.slice(at + 1)], source.store)
    return parted(await Array.fromAsync(other.store.read(other.chain)), copy, {
      key,
      lead,
      bases: [before, base],
    })
  })
  const expect = either(broken(base - 1), broken(base))
  const add = (what: string, files: () => Promise<Uint8Array[]>): Case => ({
    class: name,
    what,
    at,
    expect,
    check: (verify) => joined(verify, files),
  })
  return [
    add('all of what was archived', async () => {
      const [mine, other] = [await made(), await theirs()]
      return [other.first, other.second, mine.tail]
    }),
    add('what is left', async () => {
      const [mine, other] = [await made(), await theirs()]
      return [mine.first, mine.second, other.tail]
    }),
  ]
}

/** What is not there is not verified, and nobody is accused of it. */
function leftOut(
  base: number,
  { before, lead, made, size }: Omit<Place, 'key' | 'base'> & { readonly size: number },
): Case[] {
  const withheld = (at: number): Expectation => ({
    says: `inconclusive: withheld at ${at}`,
    holds: (v) => v.verdict === 'inconclusive' && v.code === 'withheld' && v.index === at,
  })
  const add = (what: string, expect: Expectation, pick: (parts: Parted) => Uint8Array[]): Case => ({
    class: 'archive left out',
    what,
    at: base,
    expect,
    check: (verify) => joined(verify, async () => pick(await made())),
  })
  return [
    add('none', cut(size), ({ first, second, tail }) => [tail, first, second]),
    add('all', withheld(lead), ({ tail }) => [tail]),
    add('the first', withheld(lead), ({ second, tail }) => [second, tail]),
    add('the second', withheld(before), ({ first, tail }) => [first, tail]),
    add('what came behind', cut(base), ({ first, second }) => [first, second]),
  ]
}

/** What is left says what it goes on from: that is under the checkpoint, or it is no file. */
function forged(base: number, made: () => Promise<Parted>): Case[] {
  const add = (what: string, change: (seal: Seal) => Seal, expect: Expectation): Case => ({
    class: 'seam forged',
    what,
    at: base,
    expect,
    check: (verify) =>
      joined(verify, async () => {
        const { first, second, tail } = await made()
        return [first, second, await resealed(tail, change)]
      }),
  })
  const begins =
    (change: (begin: NonNullable<Seal['parts'][number]['begin']>) => object) =>
    (seal: Seal): Seal => ({
      ...seal,
      parts: seal.parts.map((part) => ({
        ...part,
        begin: part.begin && { ...part.begin, ...change(part.begin) },
      })),
    })
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  return [
    add(
      'the hash before it',
      begins(({ last }) => ({ last: flip(last) })),
      broken(0),
    ),
    add(
      'its number',
      begins(({ size }) => ({ size: size + 1 })),
      broken(0),
    ),
    add(
      'its path',
      begins(({ path }) => ({ path: path.map(flip) })),
      broken(0),
    ),
  ]
}

/** Verifies parts as one, as `theater verify` does. A file that is none is broken from its first byte. */
async function joined(verify: Verify, files: () => Promise<Uint8Array[]>): Promise<Verdict> {
  const subject = { chain: null, actor: null, size: 0, head: null }
  try {
    const parts: { readonly store: CarFile; readonly info: ChainInfo }[] = []
    for (const file of await files()) {
      const store = await openCar(bytesSource(file), { hash: sha256 })
      const [one] = store.chains
      if (one?.result.ok === false) return { ...subject, verdict: 'broken', ...one.result }
      const [info] = await store.list()
      if (info !== undefined) parts.push({ store, info })
    }
    const { store, info } = await joinParts(parts, { hash: sha256 })
    return await verify({ store, chain: info.chain })
  } catch (error) {
    if (!ChainError.is(error) || (error.code !== 'broken' && error.code !== 'bad-car')) throw error
    const { index = 0, reason = 'framing', message } = error
    return { ...subject, verdict: 'broken', index, reason, message }
  }
}

/** The events that begin a turn, but for the first. */
function seamsOf(drafts: readonly Draft[]): number[] {
  return drafts.flatMap(({ kind }, at) => (kind === 'turn' ? [at] : [])).slice(1)
}

function eventsOf({ drafts }: Copy): StoredEvent[] {
  return drafts.map(({ stored }) => stored)
}

/** Archives a chain twice, as a host would. */
async function parted(
  events: readonly StoredEvent[],
  { source }: Copy,
  {
    key,
    lead,
    bases,
  }: { readonly key: SigningKey; readonly lead: number; readonly bases: readonly [number, number] },
): Promise<Parted> {
  const store = memoryStore()
  const { chain } = decodeHeader(events[0]?.header ?? new Uint8Array(0))
  const head = sha256(events.at(-1)?.header ?? new Uint8Array(0))
  await store.create(chain, 'parted', { epoch: 0, events, head })
  await (await HostLog.open({ store, key, hash: sha256 })).checkpoint()
  const parts: Uint8Array[] = []
  for (const base of bases) {
    parts.push(await fileOf(store, source, chain, base))
    const options = { lead, base, file: 'part.car', notes: new Uint8Array(0), hash: sha256 }
    await store.archives.takeOut(chain, await removalOf(store, chain, options))
  }
  const [first, second] = parts
  if (first === undefined || second === undefined) throw new TypeError('there are two')
  return { first, second, tail: await fileOf(store, source, chain) }
}

async function fileOf(
  store: LoggedStore,
  { store: blobs }: ChainSource,
  chain: Uint8Array,
  to?: number,
): Promise<Uint8Array> {
  const seal = await makeSeal(store, [chain], sha256, { to })
  const from = {
    read: (id: Uint8Array, first?: number, end?: number) => store.read(id, first, end),
    info: (id: Uint8Array) => store.info(id),
    find: (label: string) => store.find(label),
    list: () => store.list(),
    get: (cid: Uint8Array) => blobs.get(cid),
    has: (cid: Uint8Array) => blobs.has(cid),
  }
  return new Blob(await Array.fromAsync(exportCar(from, [chain], { hash: sha256, seal }))).bytes()
}

/** The same file under another seal. */
async function resealed(file: Uint8Array, change: (seal: Seal) => Seal): Promise<Uint8Array> {
  const car = await openCar(bytesSource(file), { hash: sha256 })
  if (car.seal === null) throw new TypeError('it has a seal')
  // What an exporter would not write is put in the place of what it wrote.
  const [was, now] = [encodeSeal(car.seal), encodeSeal(change(car.seal))]
  return replaced(replaced(file, was, now), sha256(was), sha256(now))
}

function replaced(bytes: Uint8Array, was: Uint8Array, now: Uint8Array): Uint8Array {
  if (was.length !== now.length) throw new TypeError('its length stands before it')
  const out = Buffer.from(bytes)
  for (let at = out.indexOf(was); at !== -1; at = out.indexOf(was, at + 1)) out.set(now, at)
  return new Uint8Array(out)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
