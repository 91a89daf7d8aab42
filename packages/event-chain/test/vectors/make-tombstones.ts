// Wrote `tombstones-v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make-tombstones.ts`. As
// of `v1.json`, nothing of it is ever written again.
import { decode } from '@ipld/dag-cbor'
import { encodeData } from '@theater/values'
import { exportCar } from '../../src/car.ts'
import { encodeContent, hex, memoryStore, ChainWriter } from '../../src/index.ts'
import { encodeEntry, encodeSeal, HostLog, makeSeal, SigningKey } from '../../src/log.ts'
import type { Seal } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { bytesOf } from '../car-helpers.ts'
import { countingSalts, genesis, seed, values } from '../helpers.ts'
import { toDagJson } from './dag-json.ts'

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
for (const answer of [true, false]) {
  const turn = { fn: 'is-it', args: encodeData([]), sender: null, cause: null, time: 1_790_000_000_000, made: [] }
  writer.append('turn', encodeContent('turn', turn))
  writer.append('return', encodeContent('return', { result: values(answer), fuel: 7 }))
}
await writer.flush()
const { chain } = writer
const log = await HostLog.open({ store, key })
await log.redact(chain, [3], { reason: 'asked for by the customer', time: 1_790_000_001_000 })
const seal = (await makeSeal(store, [chain])) as Seal
const car = async (given: Seal | undefined): Promise<string> =>
  hex(await bytesOf(exportCar(store, [chain], { hash: sha256, seal: given, components: false })))

const entry = {
  kind: 'tombstone',
  chain: new Uint8Array(32).fill(1),
  seq: 24,
  event: new Uint8Array(32).fill(2),
  time: 1_790_000_000_000,
  reason: 'é',
} as const
const good = hex(encodeEntry(entry))
const fields: Parameters<typeof encodeData>[0][] = [2, entry.chain, entry.seq, entry.event, entry.time, entry.reason]
const bad = (why: string, data: Parameters<typeof encodeData>[0]) => ({ why, hex: hex(encodeData(data)) })
const [buried] = seal.erased
if (buried === undefined) throw new Error('there is a tombstone')
const forged = (changes: Partial<typeof buried.entry>): Seal => {
  const entry = { ...buried.entry, ...changes }
  return { ...seal, erased: [{ ...buried, bytes: encodeEntry(entry), entry }] }
}
const plain = decode<Record<string, any>>(encodeSeal(seal))

const vectors = {
  key: key.verifier.toString(),
  entries: [entry, { ...entry, seq: 0, time: 0, reason: '' }].map((one) => {
    const bytes = encodeEntry(one)
    return { dagJson: toDagJson(decode(bytes)), hex: hex(bytes) }
  }),
  files: [
    { what: 'an event was erased', withheld: null, redacted: [3], signed: true, hex: await car(seal) },
    { what: 'nobody signed that it was', withheld: 3, redacted: [], signed: null, hex: await car(undefined) },
    {
      what: 'the tombstone was taken out of the seal',
      withheld: 3,
      redacted: [],
      signed: true,
      hex: await car({ ...seal, erased: [] }),
    },
    {
      what: 'the tombstone is of another event, and not under the checkpoint',
      withheld: 3,
      redacted: [],
      signed: false,
      hex: await car(forged({ seq: 4 })),
    },
    {
      what: 'the reason was changed, so that the tombstone is not under the checkpoint',
      withheld: 3,
      redacted: [],
      signed: false,
      hex: await car(forged({ reason: 'nobody asked' })),
    },
  ],
  invalid: {
    entries: [
      { why: 'cut', hex: good.slice(0, -2) },
      bad('five items', fields.slice(0, 5)),
      bad('seven items', [...fields, null]),
      bad('a chain of 31 bytes', fields.with(1, new Uint8Array(31))),
      bad('a negative number', fields.with(2, -1)),
      bad('no hash of an event', fields.with(3, null)),
      bad('a time that is no integer', fields.with(4, 1.5)),
      bad('a reason of 1,025 bytes', fields.with(5, 'x'.repeat(1025))),
      bad('a kind that is none', fields.with(0, 3)),
    ],
    seals: [
      bad('version 2 without what was erased', omit(plain, 'erased')),
      bad('version 2, and nothing was erased', { ...plain, erased: [] } as never),
      bad('version 1 with what was erased', { ...plain, seal: 1 } as never),
      bad('an entry of the chain among what was erased', { ...plain, erased: plain['chains'] } as never),
      bad('version 3', { ...plain, seal: 3 } as never),
    ],
  },
}

function omit(map: Record<string, any>, key: string): never {
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key)) as never
}

console.log(JSON.stringify(vectors, null, 1))
