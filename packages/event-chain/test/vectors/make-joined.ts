// Wrote `joined-v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make-joined.ts`. As of `v1.json`,
// nothing of it is ever written again.
import { cidOf, encodeData } from '@theater/values'
import { bytesSource, carBlocks, carHeader, exportCar, readCarHeader } from '../../src/car.ts'
import { ChainWriter, encodeContent, hex, memoryStore } from '../../src/index.ts'
import type { Contents, Kind, LoggedStore } from '../../src/index.ts'
import { HostLog, makeSeal, removalOf, SigningKey } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { lying } from '../archive/lying.ts'
import { bytesOf, carOf } from '../car-helpers.ts'
import { countingSalts, genesis, seed, values } from '../helpers.ts'

// Any key does; that of the file was thrown away.
const NAME = 'vectors.example/theater'
const key = await SigningKey.generate(NAME)
const stranger = await SigningKey.generate(NAME)

interface Event {
  readonly kind: Kind
  readonly content: Uint8Array
  readonly epoch?: number
}
const event = <K extends Kind>(kind: K, content: Contents[K], epoch = 0): Event => ({
  kind,
  content: encodeContent(kind, content),
  epoch,
})
const turn = (i: number, fn = 'add', epoch = 0): Event[] => [
  event('turn', { fn, args: encodeData([i]), sender: null, cause: null, time: 1_790_000_000_000, made: [] }, epoch),
  event('return', { result: values(i), fuel: 7 }, epoch),
]
const turns = (from: number, to: number, fn?: string, epoch?: number): Event[] =>
  Array.from({ length: to - from }, (_, i) => turn(from + i, fn, epoch)).flat()
const beginning = [event('genesis', genesis()), event('seed', seed)]

interface Made {
  readonly store: LoggedStore
  readonly chain: Uint8Array
  readonly log: HostLog
  readonly write: (events: readonly Event[]) => Promise<void>
  /** A file of what the store has, up to an event. */
  readonly file: (to?: number) => Promise<Uint8Array>
  readonly takeOut: (base: number) => Promise<void>
}

/** A record, signed to its end. @param show what is shown to who signs it */
async function record(
  events: readonly Event[],
  by = key,
  show: (store: LoggedStore) => LoggedStore = (store) => store,
): Promise<Made> {
  const store = memoryStore()
  const [first, ...others] = events
  if (first === undefined) throw new Error('a chain has a genesis')
  const salts = countingSalts()
  let writer = ChainWriter.create({ store, salts, label: 'counter', genesis: first.content })
  const write = async (more: readonly Event[]): Promise<void> => {
    for (const { kind, content, epoch = 0 } of more) {
      if (epoch !== writer.epoch) {
        await writer.flush()
        const { chain, size, head } = writer
        writer = ChainWriter.resume({ store, salts, chain, size, head, epoch: await store.lease(chain) })
      }
      writer.append(kind, content)
    }
    await writer.flush()
  }
  await write(others)
  const { chain } = writer
  const shown = show(store)
  const log = await HostLog.open({ store: shown, key: by })
  await log.checkpoint()
  return {
    store,
    chain,
    log,
    write,
    file: async (to) => {
      const seal = await makeSeal(shown, [chain], sha256, { to })
      if (seal === undefined) throw new Error('there is a checkpoint')
      return bytesOf(exportCar(store, [chain], { hash: sha256, seal, components: false }))
    },
    takeOut: async (base) => {
      const options = { lead: 2, base, file: 'x', notes: new Uint8Array(0), hash: sha256 }
      await store.archives.takeOut(chain, await removalOf(shown, chain, options))
    },
  }
}

/** The blocks of a file under the seal of another one. */
async function under(seal: Uint8Array, file: Uint8Array): Promise<Uint8Array> {
  const [first] = await Array.fromAsync(carBlocks(bytesSource(seal)))
  const [, ...blocks] = await Array.fromAsync(carBlocks(bytesSource(file)))
  const [, ...heads] = (await readCarHeader(bytesSource(file))).roots
  if (first === undefined) throw new Error('there is a seal')
  const digest = sha256(first.bytes)
  return carOf(carHeader([digest, ...heads]), [{ cid: cidOf('dag-cbor', digest), bytes: first.bytes }, ...blocks])
}

const files: Record<string, string> = {}
const names = new Map<Uint8Array, string>()
const name = (what: string, bytes: Uint8Array): Uint8Array => {
  files[what] = hex(bytes)
  names.set(bytes, what)
  return bytes
}
const together: object[] = []
const add = (what: string, given: readonly Uint8Array[], says: object): void =>
  void together.push({ what, files: given.map((bytes) => names.get(bytes)), ...says })
const whole = (size: number, more: object = {}): object => ({
  ok: true,
  size,
  end: true,
  missing: null,
  signed: size,
  withheld: null,
  redacted: [],
  ...more,
})
const broken = (index: number, reason: string): object => ({ ok: false, index, reason })

// One record of fourteen events, which grows by four when most of it was archived.
const own = [...beginning, ...turns(0, 6)]
const a = await record(own)
const all = name('all', await a.file())
const first = name('0 to 5', await a.file(6))
const both = name('0 to 9', await a.file(10))
const inside = name('0 to 4, inside a turn', await a.file(5))
await a.takeOut(6)
const second = name('6 to 9', await a.file(10))
const late = name('6 to 13', await a.file())
await a.takeOut(10)
const tail = name('10 to 13', await a.file())
await a.write(turns(6, 8))
await a.log.checkpoint()
const grown = name('10 to 17', await a.file())

add('all parts', [first, second, tail], whole(14))
add('all parts, the last one first', [tail, second, first], whole(14))
add('a part twice', [first, second, first, tail], whole(14))
add('two parts that have events in common', [both, late], whole(14))
add('a part, and a file with all of the chain', [second, all], whole(14))
add('all of the chain, and a part that was written when it had grown', [all, grown], whole(18))
add('two ends, of which one was written later', [first, second, tail, grown], whole(18))
add('parts without the end of the chain', [first, second], whole(10, { end: false }))
add('the first part alone', [first], whole(6, { end: false }))
add('a part is missing between two', [first, tail], whole(14, { missing: 6 }))
add('the first part is missing', [second, tail], whole(14, { missing: 2 }))
add('the end alone', [tail], whole(14, { missing: 2 }))
add('what is missing in one is in two others', [first, late, grown], whole(18))

// The same record, of which the host erased a body.
const b = await record(own)
await b.log.redact(b.chain, [3], { reason: 'asked for by the customer', time: 1_790_000_001_000 })
const erased = name('0 to 5, where 3 was erased', await b.file(6))
await b.takeOut(6)
const buried = name('6 to 13, which says that 3 was erased', await b.file())
add('a body was erased, as the seal of the last part says', [erased, buried], whole(14, { redacted: [3] }))
add('the last part does not know of it', [erased, late], whole(14, { withheld: 3 }))
add('a body was erased, and an older file has it', [erased, first, buried], whole(14))

// And of which somebody else says so.
const c = await record(own, stranger)
await c.log.redact(c.chain, [3], { reason: 'so I say', time: 1_790_000_001_000 })
const forged = name('0 to 5, where a stranger erased 3', await c.file(6))
await c.takeOut(6)
const theirs = name('6 to 13, sealed by a stranger', await c.file())
add('somebody else says what was erased', [forged, late], whole(14, { withheld: 3 }))
add('a part that somebody else sealed, and not the end', [forged, first, late], whole(14))
add('an end that somebody else sealed', [first, theirs], whole(14, { signed: null }))

// Records of the same genesis that went on otherwise: at event 4, and at event 1.
const d = await record([...beginning, ...turns(0, 1), ...turns(1, 6, 'subtract')])
const dFirst = name('0 to 5 of another record from 4 on', await d.file(6))
const dBoth = name('0 to 9 of another record from 4 on', await d.file(10))
await d.takeOut(6)
const dLate = name('6 to 13 of another record from 4 on', await d.file())
const e = await record([event('genesis', genesis()), event('seed', { seed: seed.seed.map((byte) => byte ^ 1) }), ...turns(0, 6)])
await e.takeOut(6)
const eLate = name('6 to 13 of another record from 1 on', await e.file())
add('parts of two records, at their seam', [first, dLate], broken(5, 'prev'))
add('parts of two records, which have events in common', [both, dFirst, late], broken(4, 'prev'))
add('parts of two records, which have all of their events in common', [both, dBoth], broken(4, 'prev'))
add('parts of two records with a part missing between', [dFirst, tail, grown, first], broken(4, 'prev'))
add('parts of two records with different beginnings', [first, eLate], broken(1, 'prev'))
add('a part and all of another record', [dLate, all], broken(5, 'prev'))

// What is right by itself, and not together.
const f = await record([...beginning, ...turns(0, 2), ...turns(2, 6, 'add', 1)])
const fFirst = name('0 to 5 in epoch 0', await f.file(6))
await f.takeOut(6)
const fLate = name('6 to 13 in epoch 1', await f.file())
add('another epoch behind the seam, and no resume', [fFirst, fLate], broken(6, 'epoch'))
add('another epoch behind the seam, of which the part before is missing', [fLate], whole(14, { missing: 2 }))
const g = await record([...beginning, ...turns(0, 2), event('stop', { reason: 'over' }), ...turns(2, 5)])
const gFirst = name('0 to 6, with a stop', await g.file(7))
await g.takeOut(7)
const gLate = name('7 to 12, behind a stop', await g.file())
add('a turn behind the seam, and a stop before it', [gLate, gFirst], broken(7, 'grammar'))
const h = await record(own, key, (store) => lying(store, 3))
const hFirst = name('0 to 5, under a root of another event 3', await h.file(6))
await h.takeOut(6)
const hLate = name('6 to 13, under a root of another event 3', await h.file())
add('the root is over another event before the seam', [hFirst, hLate], whole(14, { signed: null }))
add('the root is over another event, which no file has', [hLate], whole(14, { missing: 2 }))

// What is broken by itself is none of them.
const at = Buffer.from(second).lastIndexOf(encodeData([3])) + 1
const changed = name('6 to 9, with a byte of a body changed', second.map((byte, i) => (i === at ? byte ^ 1 : byte)))
const exchanged = name('6 to 9, under the seal of 10 to 13', await under(tail, second))
const last = name('10 to 13, under the seal of 6 to 9', await under(second, tail))
add('a byte of a part was changed', [changed], broken(9, 'digest'))
add('a byte of a part was changed, which is missing then', [first, changed, tail], whole(14, { missing: 6 }))
add('a part under the seal of another', [exchanged], broken(10, 'seq'))
add('the other way round', [last], broken(6, 'seq'))
add('two parts with their seals exchanged', [first, exchanged, last], whole(6, { end: false }))
add('a part that ends inside a turn', [inside], broken(5, 'unfinished-turn'))

console.log(JSON.stringify({ key: key.verifier.toString(), chain: hex(a.chain), files, together }, null, 1))
