// Wrote `parts-v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make-parts.ts`. As of `v1.json`,
// nothing of it is ever written again.
import { decode } from '@ipld/dag-cbor'
import { encodeData } from '@theater/values'
import { exportCar } from '../../src/car.ts'
import { ChainWriter, encodeContent, hex, memoryStore } from '../../src/index.ts'
import { encodeSeal, HostLog, makeSeal, removalOf, SigningKey } from '../../src/log.ts'
import type { Begin, Seal, Seam } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { bytesOf } from '../car-helpers.ts'
import { countingSalts, genesis, seed, values } from '../helpers.ts'

// Any key does; that of the file was thrown away.
const key = await SigningKey.generate('vectors.example/theater')
const store = memoryStore()
const writer = ChainWriter.create({
  store,
  salts: countingSalts(),
  label: 'counter',
  genesis: encodeContent('genesis', genesis()),
})
writer.append('seed', encodeContent('seed', seed))
for (let i = 0; i < 6; i++) {
  const turn = {
    fn: 'add',
    args: encodeData([i]),
    sender: null,
    cause: null,
    time: 1_790_000_000_000,
    made: [],
  }
  writer.append('turn', encodeContent('turn', turn))
  writer.append('return', encodeContent('return', { result: values(i), fuel: 7 }))
}
await writer.flush()
const { chain } = writer
const log = await HostLog.open({ store, key })
await log.checkpoint()

async function sealed(to?: number): Promise<Seal> {
  const seal = await makeSeal(store, [chain], sha256, { to })
  if (seal === undefined) throw new Error('there is a checkpoint')
  return seal
}

/** A file under a seal that was changed, with all else as it is. */
async function car(to: number | undefined, change: (seal: Seal) => Seal = (seal) => seal): Promise<string> {
  const good = await sealed(to)
  const bytes = await bytesOf(exportCar(store, [chain], { hash: sha256, seal: good, components: false }))
  const bad = change(good)
  if (bad === good) return hex(bytes)
  const [was, now] = [encodeSeal(good), encodeSeal(bad)]
  const text = hex(bytes)
    .replaceAll(hex(sha256(was)), hex(sha256(now)))
    .replace(hex(was), hex(now))
  if (was.length !== now.length) throw new Error('its length stands before it')
  return text
}

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
const begins = (change: (begin: Begin) => Partial<Begin>): ((seal: Seal) => Seal) =>
  withParts(({ begin, ...part }) => ({ ...part, begin: begin && { ...begin, ...change(begin) } }))
const ends = (change: (end: Seam) => Partial<Seam>): ((seal: Seal) => Seal) =>
  withParts(({ end, ...part }) => ({ ...part, end: end && { ...end, ...change(end) } }))
function withParts(change: (part: Seal['parts'][number]) => Seal['parts'][number]): (seal: Seal) => Seal {
  return (seal) => ({ ...seal, parts: seal.parts.map(change) })
}

const files: object[] = []
const add = (what: string, says: object, text: string): void => void files.push({ what, ...says, hex: text })
const first = { from: 0, to: 6 }
const second = { from: 6, to: 10 }
const tail = { from: 10, to: 14 }
const takeOut = async (base: number): Promise<void> => {
  const options = { lead: 2, base, file: 'x', notes: new Uint8Array(0), hash: sha256 }
  await store.archives.takeOut(chain, await removalOf(store, chain, options))
}

add('the first part', { ok: true, ...first }, await car(6))
add('it ends at another event', { ok: false, error: 'bad-car' }, await car(6, ends(() => ({ size: 4 }))))
add('it ends in another hash', { ok: false, error: 'bad-car' }, await car(6, ends(({ last }) => ({ last: flip(last) }))))
await takeOut(6)
add('a part between two', { ok: true, ...second }, await car(10))
await takeOut(10)
add('what is left', { ok: true, ...tail }, await car(undefined))
add('it begins behind another hash', { ok: false, error: 'bad-car' }, await car(undefined, begins(({ last }) => ({ last: flip(last) }))))
add('it begins at another event', { ok: false, error: 'bad-car' }, await car(undefined, begins(() => ({ size: 12 }))))
add('the path to what it begins behind was changed', { ok: false, error: 'bad-car' }, await car(undefined, begins(({ path }) => ({ path: path.map(flip) }))))
add('more of the beginning than there is', { ok: false, index: 2, reason: 'seq' }, await car(undefined, begins(() => ({ lead: 3 }))))
add('a beginning that is not under the entry', { ok: false, index: 1, reason: 'prev' }, await car(undefined, begins(({ leadPath }) => ({ leadPath: leadPath.map(flip) }))))

const plain = decode<Record<string, any>>(encodeSeal(await sealed()))
const [part] = plain['parts'] as [[Uint8Array, unknown[], null]]
const [, begin] = part
const bad = (why: string, changes: Record<string, unknown>, without: readonly string[] = []) => {
  const all = Object.entries({ ...plain, ...changes }).filter(([name]) => !without.includes(name))
  return { why, hex: hex(encodeData(Object.fromEntries(all) as never)) }
}
const parts = (...all: unknown[]): Record<string, unknown> => ({ parts: all })
const seam = begin.slice(0, 3)

const invalid = [
  bad('version 3 without parts', {}, ['parts']),
  bad('version 3, and nothing is there in part', parts()),
  bad('version 3 without what was erased', {}, ['erased']),
  bad('version 2 with parts', { seal: 2 }),
  bad('version 1 with parts', { seal: 1 }, ['erased']),
  bad('version 4', { seal: 4 }),
  bad('a part that is all of the chain', parts([chain, null, null])),
  bad('a part of a chain without an entry', parts([new Uint8Array(32), begin, null])),
  bad('two parts of one chain', parts(part, part)),
  bad('a part of two items', parts([chain, begin])),
  bad('a begin of three items', parts([chain, seam, null])),
  bad('an end of five items', parts([chain, null, begin])),
  bad('an end before the begin', parts([chain, begin, seam.with(0, 6)])),
  bad('a beginning without the seed', parts([chain, begin.with(3, 1), null])),
  bad('a beginning as long as all before the part', parts([chain, begin.with(3, 10), null])),
  bad('a hash of 31 bytes', parts([chain, begin.with(1, new Uint8Array(31)), null])),
  bad('a path that is none', parts([chain, begin.with(2, 'x'), null])),
]

console.log(JSON.stringify({ key: key.verifier.toString(), chain: hex(chain), files, invalid }, null, 1))
