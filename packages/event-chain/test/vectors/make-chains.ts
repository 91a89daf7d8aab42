// Wrote `chains-v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make-chains.ts`. As of `v1.json`,
// nothing of it is ever written again.
import { decode, encode } from '@ipld/dag-cbor'
import { encodeData } from '@theater/values'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { carHeader, exportCar } from '../../src/car.ts'
import { ChainWriter, encodeContent, hex, memoryStore } from '../../src/index.ts'
import type { Contents, Kind } from '../../src/index.ts'
import { sha256 } from '../../src/node.ts'
import { blocksOf, bytesOf, carOf } from '../car-helpers.ts'
import { countingSalts, genesis, seed, values } from '../helpers.ts'

const kinds: readonly Kind[] = [
  'genesis', 'seed', 'turn', 'call', 'result', 'drop', 'send', 'return', 'trap', 'abort', 'grant', 'resume', 'stop',
]
const link = (digest: Uint8Array, codec = 0x71): CID => CID.createV1(codec, create(0x12, digest))

/** What of an event is otherwise than it should be. */
interface Changes {
  readonly epoch?: number
  readonly chain?: Uint8Array
  readonly seq?: number
  readonly prev?: Uint8Array | null
  /** The body block. */
  readonly body?: (salt: Uint8Array, content: unknown) => Uint8Array
  /** The digest that the header has of the body. */
  readonly digest?: Uint8Array
  readonly withheld?: true
  /** The content stands in a block of its own. */
  readonly apart?: 'there' | 'withheld' | 'other'
}
interface Draft extends Changes {
  readonly kind: Kind
  readonly content: unknown
}
const say = <K extends Kind>(kind: K, content: Contents[K], changes: Changes = {}): Draft => ({
  kind,
  content: decode(encodeContent(kind, content)),
  ...changes,
})

interface Written {
  readonly header: string
  readonly body: string | null
  readonly blob: string | null
}

function written(drafts: readonly Draft[]): Written[] {
  let chain: Uint8Array | undefined
  let head: Uint8Array | null = null
  const salts = countingSalts()
  return drafts.map((draft, seq) => {
    const { kind, epoch = 0, apart } = draft
    const block = encode(draft.content)
    const content = apart === undefined ? draft.content : link(sha256(block))
    const salt = salts().slice()
    const body = draft.body?.(salt, content) ?? encode([salt, content])
    const digest = draft.digest ?? sha256(body)
    chain ??= digest
    const prev: Uint8Array | null = draft.prev === undefined ? head : draft.prev
    const header = encode([
      1,
      draft.chain ?? chain,
      epoch,
      draft.seq ?? seq,
      kinds.indexOf(kind),
      prev === null ? null : link(prev),
      link(digest),
    ])
    head = sha256(header)
    return {
      header: hex(header),
      body: draft.withheld === true ? null : hex(body),
      blob: apart === 'there' ? hex(block) : apart === 'other' ? hex(block.with(-1, 9)) : null,
    }
  })
}

const begin = [say('genesis', genesis()), say('seed', seed)]
const turn = (more: Changes = {}): Draft =>
  say('turn', { fn: 'add', args: encodeData([1]), sender: null, cause: null, time: 1_790_000_000_000, made: [] }, more)
const returns = (more: Changes = {}): Draft => say('return', { result: values(1), fuel: 7 }, more)
const outcome = { result: values(1), elapsed: 0, made: [], denied: false, closed: false }
const call = (more: Changes = {}): Draft => say('call', { fn: 'a', args: values(), ask: null, fuel: 1, outcome }, more)
const intent = (more: Changes = {}): Draft =>
  say('call', { fn: 'a', args: values(), ask: null, fuel: 1, outcome: null }, more)
const result = (of: number, more: Changes = {}): Draft => say('result', { call: of, outcome }, more)
const send = (of: number): Draft => say('send', { call: of })
const drop = (): Draft => say('drop', { resource: 1, fuel: 2 })
const trap = (): Draft => say('trap', { code: 'guest', fuel: 7 })
const abort = (of: number | null = null): Draft => say('abort', { code: 'stopped', call: of, status: null })
const resume = (epoch: number, more: Changes = {}): Draft => say('resume', { epoch }, { epoch, ...more })
const stop = (more: Changes = {}): Draft => say('stop', { reason: 'over' }, more)
const grant = (): Draft => say('grant', { grants: {} })
const other = new Uint8Array(32).fill(9)
const large = (bytes: number): Draft => say('stop', { reason: 'x'.repeat(bytes) })

const chains: object[] = []
const add = (what: string, says: object, ...drafts: readonly Draft[]): void =>
  void chains.push({ what, ...says, events: written(drafts) })
const ok = (withheld: number | null = null): object => ({ ok: true, finished: true, withheld })
const open = { ok: true, finished: false, withheld: null }
const broken = (index: number, reason: string): object => ({ ok: false, index, reason })

add('genesis and seed', ok(), ...begin)
add('calls and drops while instantiating', ok(), ...begin, call(), intent(), result(3), drop())
add('instantiating failed', ok(), ...begin, call(), trap())
add('it failed, and was stopped', ok(), ...begin, abort(), resume(1), stop({ epoch: 1 }), resume(2))
add('two turns', ok(), ...begin, turn(), returns(), turn(), returns())
add('a turn that traps, and one that is aborted', ok(), ...begin, turn(), trap(), turn(), abort())
add('grants, a stop and what follows', ok(), ...begin, grant(), stop(), resume(3), turn({ epoch: 3 }), returns({ epoch: 3 }))
add('a resume inside a turn', ok(), ...begin, turn(), resume(1), returns({ epoch: 1 }))
add('a resume between an intent and its result', ok(), ...begin, turn(), intent(), resume(1), result(3, { epoch: 1 }), returns({ epoch: 1 }))
add('sends in ascending order, some behind an intent', ok(), ...begin, turn(), call(), call(), call(), send(3), send(5), intent(), result(8), returns())
add('an abort behind an intent, which it names', ok(), ...begin, turn(), intent(), abort(3))
add('an exit', ok(), ...begin, turn(), say('abort', { code: 'exited', call: null, status: -1 }))
add('a body that is withheld', ok(3), ...begin, turn(), returns({ withheld: true }))
add('a call that is withheld, and was no intent', ok(3), ...begin, turn(), call({ withheld: true }), drop(), returns())
add('a call that is withheld, and was one', ok(3), ...begin, turn(), intent({ withheld: true }), result(3), returns())
add('a content in a block of its own', ok(), ...begin, { ...large(32_766), apart: 'there' })
add('a content that is as long as it may be in the body', ok(), ...begin, large(32_764))
add('a short content in a block of its own', ok(), ...begin, stop({ apart: 'there' }))
add('a block with a content that is withheld', ok(2), ...begin, stop({ apart: 'withheld' }))
add('it ends inside a turn', open, ...begin, turn(), call())
add('it ends with an intent', open, ...begin, turn(), intent())
add('it ends with an intent while instantiating', open, ...begin, intent())
add('it ends before the seed', open, ...begin.slice(0, 1))

add('no events', broken(0, 'empty'))
add('it begins with the seed', broken(0, 'grammar'), ...begin.slice(1))
add('no seed', broken(1, 'grammar'), ...begin.slice(0, 1), turn())
add('two seeds', broken(2, 'grammar'), ...begin, say('seed', seed))
add('another genesis', broken(2, 'grammar'), ...begin, say('genesis', genesis()))
add('a return without a turn', broken(2, 'grammar'), ...begin, returns())
add('a call between two turns', broken(4, 'grammar'), ...begin, turn(), returns(), call())
add('a send while instantiating', broken(3, 'grammar'), ...begin, call(), send(2))
add('a turn inside a turn', broken(3, 'grammar'), ...begin, turn(), turn())
add('a grant inside a turn', broken(3, 'grammar'), ...begin, turn(), grant())
add('a stop inside a turn', broken(3, 'grammar'), ...begin, turn(), stop())
add('a turn behind a stop', broken(3, 'grammar'), ...begin, stop(), turn())
add('two stops', broken(3, 'grammar'), ...begin, stop(), stop())
add('a turn, and instantiating failed', broken(3, 'grammar'), ...begin, trap(), turn())
add('a turn, and it failed, was stopped and went on', broken(5, 'grammar'), ...begin, trap(), stop(), resume(1), turn({ epoch: 1 }))
add('a call behind an intent', broken(4, 'call'), ...begin, turn(), intent(), call())
add('a return behind an intent', broken(4, 'call'), ...begin, turn(), intent(), returns())
add('a send behind an intent', broken(5, 'call'), ...begin, turn(), call(), intent(), send(3))
add('a result without an intent', broken(3, 'call'), ...begin, turn(), result(2))
add('a result of a call that was answered', broken(4, 'call'), ...begin, turn(), call(), result(3))
add('two results', broken(5, 'call'), ...begin, turn(), intent(), result(3), result(3))
add('a result that names another call', broken(5, 'call'), ...begin, turn(), call(), intent(), result(3))
add('a send that names no call', broken(3, 'call'), ...begin, turn(), send(2))
add('a send that names a call of the turn before', broken(6, 'call'), ...begin, turn(), call(), returns(), turn(), send(3))
add('two sends of one call', broken(5, 'call'), ...begin, turn(), call(), send(3), send(3))
add('sends in descending order', broken(6, 'call'), ...begin, turn(), call(), call(), send(4), send(3))
add('an abort that names a call of the turn before', broken(6, 'call'), ...begin, turn(), call(), returns(), turn(), abort(3))
add('it begins in epoch 1', broken(0, 'epoch'), say('genesis', genesis(), { epoch: 1 }))
add('another epoch without a resume', broken(2, 'epoch'), ...begin, turn({ epoch: 1 }))
add('a resume in the epoch before', broken(2, 'epoch'), ...begin, resume(0))
add('an epoch that goes back', broken(3, 'epoch'), ...begin, resume(2), turn({ epoch: 1 }))
add('a resume that says another epoch', broken(2, 'epoch'), ...begin, resume(2, { epoch: 1 }))
add('the first event links to one', broken(0, 'prev'), say('genesis', genesis(), { prev: other }))
add('an event links to none', broken(1, 'prev'), ...begin.slice(0, 1), say('seed', seed, { prev: null }))
add('an event links to another', broken(2, 'prev'), ...begin, turn({ prev: other }))
add('a chain that is not the digest of its genesis', broken(0, 'chain'), say('genesis', genesis(), { chain: other }))
add('an event of another chain', broken(2, 'chain'), ...begin, turn({ chain: other }))
add('a place is left out', broken(2, 'seq'), ...begin, turn({ seq: 3 }))
add('of another chain, another place and another link: the first of them', broken(2, 'chain'), ...begin, turn({ chain: other, seq: 9, prev: other }))
add('another place and another link: the first of them', broken(2, 'seq'), ...begin, turn({ seq: 9, prev: other }))
add('another body', broken(2, 'digest'), ...begin, turn({ digest: other }))
add('another block than that of the content', broken(2, 'digest'), ...begin, stop({ apart: 'other' }))
add('a salt of 15 bytes', broken(2, 'body'), ...begin, stop({ body: (salt, content) => encode([salt.subarray(1), content]) }))
add('a body of three items', broken(2, 'body'), ...begin, stop({ body: (salt, content) => encode([salt, content, 1]) }))
add('a content that links to a raw block', broken(2, 'body'), ...begin, stop({ body: (salt) => encode([salt, link(other, 0x55)]) }))
add('a content that is too long to be in the body', broken(2, 'body'), ...begin, large(32_765))
add('a content of another kind', broken(2, 'content'), ...begin, { ...stop(), content: [7] })
add('a content of another kind, in a block of its own', broken(2, 'content'), ...begin, { ...stop(), content: [7], apart: 'there' })
add('a content that is not canonical', broken(2, 'content'), ...begin, stop({ body: (salt) => new Uint8Array([0x82, 0x50, ...salt, 0x81, 0x78, 0x01, 0x61]) }))
/** So many arrays around an item. */
const deep = (levels: number): number[] => [...Array.from({ length: levels }, () => 0x81), 0xf6]
/** A turn whose only argument, or a return whose only result, are these bytes. */
const argument = (...bytes: number[]): Draft =>
  turn({ body: (salt) => new Uint8Array([0x82, 0x50, ...salt, 0x86, 0x61, 0x61, 0x81, ...bytes, 0xf6, 0xf6, 0x00, 0x80]) })
add('an argument', open, ...begin, argument(0x61, 0x61))
add('an argument that is text and not UTF-8', broken(2, 'content'), ...begin, argument(0x61, 0xff))
add('an argument that is a map with keys out of order', broken(2, 'content'), ...begin, argument(0xa2, 0x61, 0x62, 0, 0x61, 0x61, 0))
add('an argument that is a map with a key twice', broken(2, 'content'), ...begin, argument(0xa2, 0x61, 0x61, 0, 0x61, 0x61, 0))
add('an argument that is a map with a number for a key', broken(2, 'content'), ...begin, argument(0xa1, 0, 0))
add('an argument that is a whole number as a double', broken(2, 'content'), ...begin, argument(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0))
add('a key of an argument that is not UTF-8', broken(2, 'content'), ...begin, argument(0xa1, 0x61, 0xff, 0))
add('an argument that is a map', open, ...begin, argument(0xa2, 0x61, 0x61, 0xa0, 0x62, 0x61, 0x61, 0x81, 0xa1, 0x61, 0x61, 0))
add('an argument that nests 511 levels deep', open, ...begin, argument(...deep(511)))
add('an argument that nests 512 levels deep', broken(2, 'content'), ...begin, argument(...deep(512)))
const yields = (...bytes: number[]): Draft =>
  returns({ body: (salt) => new Uint8Array([0x82, 0x50, ...salt, 0x82, 0x81, ...bytes, 0xf6]) })
add('a result that nests 512 levels deep', ok(), ...begin, turn(), yields(...deep(512)))
add('a result that nests 513 levels deep', broken(3, 'content'), ...begin, turn(), yields(...deep(513)))
const asks = (...bytes: number[]): Draft =>
  call({ body: (salt) => new Uint8Array([0x82, 0x50, ...salt, 0x85, 0x61, 0x61, 0x80, ...bytes, 0xf6, 0xf6]) })
add('an ask that nests 512 levels deep', open, ...begin, asks(...deep(512)))
add('an ask that nests 513 levels deep', broken(2, 'content'), ...begin, asks(...deep(513)))
const granted = (levels: number): Draft =>
  grantOf((salt) => new Uint8Array([0x82, 0x50, ...salt, 0x81, 0xa1, 0x61, 0x61, ...deep(levels)]))
const grantOf = (body: (salt: Uint8Array) => Uint8Array): Draft => say('grant', { grants: {} }, { body })
add('grants that nest 512 levels deep', ok(), ...begin, granted(511))
add('grants that nest 513 levels deep', broken(2, 'content'), ...begin, granted(512))
add('a content of a wrong shape, where it may not stand', broken(2, 'content'), ...begin, { ...returns(), content: [7] })

/** A file of one chain that has a large content, and what was done to it. */
const store = memoryStore()
const types = encodeData([1, [], [], [], []])
const component = new TextEncoder().encode('not really a component')
const writer = ChainWriter.create({
  store,
  salts: countingSalts(),
  label: 'counter',
  genesis: encodeContent('genesis', genesis({ wit: link(sha256(types)).bytes.slice(), component: link(sha256(component), 0x55).bytes.slice() })),
})
await store.put(link(sha256(types)).bytes, types)
await store.put(link(sha256(component), 0x55).bytes, component)
writer.append('seed', encodeContent('seed', seed))
for (const { kind, content } of [turn(), returns(), stop()]) writer.append(kind, encodeData(content as never))
await writer.flush()
const good = await bytesOf(exportCar(store, [writer.chain], { hash: sha256 }))
const { start, blocks } = await blocksOf(good)
type Block = (typeof blocks)[number]
const at = (index: number, role: Block['role'], nth = 0): number =>
  blocks.findIndex((one, i) => one.index === index && one.role === role && blocks.slice(0, i).filter((b) => b.index === index && b.role === role).length === nth)
const flip = (bytes: Uint8Array, place: number): Uint8Array => bytes.map((byte, i) => (i === place ? byte ^ 1 : byte))
const damaged = (i: number): Block[] => blocks.with(i, { ...(blocks[i] as Block), bytes: flip((blocks[i] as Block).bytes, 40 % (blocks[i] as Block).bytes.length) })
const misnamed = (i: number): Block[] => blocks.with(i, { ...(blocks[i] as Block), cid: flip((blocks[i] as Block).cid, 20) })
const stray = new TextEncoder().encode('nothing links to this')
const strayBlock = { ...(blocks[0] as Block), cid: link(sha256(stray), 0x55).bytes.slice(), bytes: stray }
const files: object[] = []
const file = (what: string, says: object, bytes: Uint8Array): void => void files.push({ what, ...says, hex: hex(bytes) })
const from = (all: readonly Block[]): Uint8Array => carOf(start, all)
const noFile = { ok: false, error: 'bad-car' }
const head = sha256((blocks[at(4, 'header')] as Block).bytes)

file('a whole chain', { ok: true, size: 5, withheld: null }, good)
file('the types and the component are withheld', { ok: true, size: 5, withheld: null }, from(blocks.filter(({ role }) => role !== 'blob')))
file('a body is withheld', { ok: true, size: 5, withheld: 3 }, from(blocks.toSpliced(at(3, 'body'), 1)))
file('a header is damaged', broken(2, 'digest'), from(damaged(at(2, 'header'))))
file('a body is damaged', broken(2, 'digest'), from(damaged(at(2, 'body'))))
file('the types are damaged', broken(0, 'digest'), from(damaged(at(0, 'blob'))))
file('the name of a header is damaged', broken(2, 'digest'), from(misnamed(at(2, 'header'))))
file('the name of a body is damaged', broken(2, 'digest'), from(misnamed(at(2, 'body'))))
file('an event is left out', broken(2, 'seq'), from(blocks.toSpliced(at(2, 'header'), 2)))
file('a header is left out', broken(2, 'stray'), from(blocks.toSpliced(at(2, 'header'), 1)))
file('a body comes twice', broken(2, 'stray'), from(blocks.toSpliced(at(2, 'body'), 0, blocks[at(2, 'body')] as Block)))
file('a block that nothing links to', broken(3, 'stray'), from(blocks.toSpliced(at(3, 'header'), 0, strayBlock)))
file('a block that nothing links to, where a body is due', broken(3, 'stray'), from(blocks.toSpliced(at(3, 'body'), 0, strayBlock)))
file('the component before the types', { ok: true, size: 5, withheld: null }, from(blocks.with(at(0, 'blob'), blocks[at(0, 'blob', 1)] as Block).with(at(0, 'blob', 1), blocks[at(0, 'blob')] as Block)))
file('the last event is left out', broken(4, 'head'), from(blocks.slice(0, at(4, 'header'))))
file('it goes on behind its root', broken(4, 'stray'), carOf(carHeader([sha256((blocks[at(3, 'header')] as Block).bytes)]), blocks))
file('it is cut off inside a block', broken(4, 'framing'), good.subarray(0, good.length - 3))
file('a byte follows', broken(5, 'framing'), new Uint8Array([...good, 1]))
file('a root of another event', broken(5, 'head'), carOf(carHeader([other]), blocks))
file('a root twice', noFile, carOf(carHeader([head, head]), blocks))
file('no blocks', broken(0, 'missing'), start)
file('a root of a chain that is not there', { ...broken(0, 'missing'), chain: 1 }, carOf(carHeader([head, other]), blocks))
file('no roots', noFile, carOf(new Uint8Array([0x11, ...encode({ roots: [], version: 1 })]), blocks))
file('version 2', noFile, new Uint8Array([0x3a, ...encode({ roots: [link(head)], version: 2 })]))
file('nothing', noFile, new Uint8Array(0))
file('a header that goes on behind the end', noFile, good.subarray(0, 30))

/** Values, and bytes that are none. */
const linkHead = 'd82a5825000171122'
const items = {
  valid: [
    '00', '17', '1818', '18ff', '190100', '1a00010000', '1b0000000100000000', '1bffffffffffffffff', '20', '3b7fffffffffffffff', '3bffffffffffffffff',
    '40', '4101', '60', '62c3a9', '80', '8100', 'a0', 'a2616101616202', 'a2616201626161' + '02', 'f4', 'f5', 'f6', 'fb3ff8000000000000',
    'fb8000000000000000', 'fb4340000000000000', `${linkHead}0${'07'.repeat(32)}`, `d82a582500015512${'20'}${'07'.repeat(32)}`, `${'81'.repeat(512)}f6`,
  ],
  invalid: [
    ['nothing', ''],
    ['an integer in two bytes that has room in one', '1817'],
    ['an integer in three bytes that has room in two', '1900ff'],
    ['an integer in nine bytes that has room in five', '1b00000000ffffffff'],
    ['a length that is not the shortest', '580101'],
    ['a length of no definite form', '5f4101ff'],
    ['an array without an end', '9f00ff'],
    ['a map without an end', 'bfff'],
    ['text that is not UTF-8', '61ff'],
    ['text with a surrogate', '63eda080'],
    ['text in a form that is too long', '62c080'],
    ['it ends inside an item', '8200'],
    ['a length beyond the bytes', '5a7fffffff'],
    ['a number of items beyond the bytes', '9b7fffffffffffffff'],
    ['something behind it', '0000'],
    ['a key that is a number', 'a10000'],
    ['keys out of order', 'a2616201616102'],
    ['a longer key first', 'a262616101616202'],
    ['a key twice', 'a2616101616102'],
    ['a half', 'f93e00'],
    ['a single', 'fa3fc00000'],
    ['a whole number as a double', 'fb3ff0000000000000'],
    ['zero as a double', 'fb0000000000000000'],
    ['NaN', 'fb7ff8000000000000'],
    ['infinity', 'fb7ff0000000000000'],
    ['undefined', 'f7'],
    ['another simple value', 'f820'],
    ['a break by itself', 'ff'],
    ['another tag', 'c000'],
    ['tag 42 in a longer form', `d9002a5825000171122${'0'}${'07'.repeat(32)}`],
    ['tag 42 of text', 'd82a6161'],
    ['a link without the zero', `d82a582401711220${'07'.repeat(32)}`],
    ['a link of another version', `d82a5825000071122${'0'}${'07'.repeat(32)}`],
    ['a link of another codec', `d82a5825000170122${'0'}${'07'.repeat(32)}`],
    ['a link by another hash', `d82a5825000171132${'0'}${'07'.repeat(32)}`],
    ['a link of 31 bytes', `d82a582400017112${'1f'}${'07'.repeat(31)}`],
    ['513 arrays around an item', `${'81'.repeat(513)}f6`],
  ].map(([why, bytes]) => ({ why, hex: bytes })),
}

// Of a long run of one byte the file says how long.
const text = JSON.stringify({ items, chains, files }, null, 1)
console.log(text.replace(/(?:78){1000,}/g, (run) => `(78*${run.length / 2})`))
