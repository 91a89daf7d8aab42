// Wrote `v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make.ts`. What is in a
// vector file is never written again: a format that changes gets a new version and a new file.
import { decode } from '@ipld/dag-cbor'
import { createHash } from 'node:crypto'
import { exportCar } from '../../src/car.ts'
import { decodeBody, decodeHeader, encodeContent, encodeHeader, hex, memoryStore } from '../../src/index.ts'
import type { Contents, Kind } from '../../src/index.ts'
import { bytesOf } from '../car-helpers.ts'
import { genesis, values } from '../helpers.ts'
import { fill, sampleChain } from '../sample.ts'
import { toDagJson } from './dag-json.ts'

const LENGTH = 40
const store = memoryStore()
const { chain } = await fill(store, LENGTH)
const car = await bytesOf(exportCar(store, [chain]))

function content<K extends Kind>(kind: K, value: Contents[K]): { kind: Kind; dagJson: unknown; hex: string } {
  const bytes = encodeContent(kind, value)
  return { kind, dagJson: toDagJson(decode(bytes)), hex: hex(bytes) }
}

const outcome = { result: values(), elapsed: 0, made: [], denied: false, closed: false }
const cause = { chain: new Uint8Array(32).fill(1), seq: 2 ** 32, hash: new Uint8Array(32).fill(2) }
const header = { chain: cause.chain, epoch: 0, seq: 0, kind: 'genesis', prev: null, body: cause.hash } as const
const good = hex(encodeHeader(header))
const insert = (at: number, from: string, to: string): string => {
  if (good.slice(at, at + from.length) !== from) throw new Error(`${from} is not at ${at}`)
  return good.slice(0, at) + to + good.slice(at + from.length)
}

const vectors = {
  headers: [
    header,
    { ...header, epoch: 23, seq: 24, kind: 'call', prev: cause.hash } as const,
    { ...header, epoch: 255, seq: 256, kind: 'stop', prev: cause.hash } as const,
    { ...header, epoch: 65_535, seq: 65_536, kind: 'drop', prev: cause.hash } as const,
    { ...header, epoch: 2 ** 32 - 1, seq: 2 ** 32, kind: 'result', prev: cause.hash } as const,
    { ...header, epoch: 0, seq: Number.MAX_SAFE_INTEGER, kind: 'resume', prev: cause.hash } as const,
  ].map((one) => {
    const bytes = encodeHeader(one)
    return { kind: one.kind, dagJson: toDagJson(decode(bytes)), hex: hex(bytes), hash: sha256(bytes) }
  }),
  contents: [
    content('genesis', genesis({ params: { format: 'application/json', body: new Uint8Array([0x7b, 0x7d]) } })),
    content('genesis', genesis({ cause, parent: 'boss', meter: { name: 'fuel', version: '1' }, nan: 'native' })),
    content('turn', { fn: 'run', args: values(), sender: 'other', cause, time: 1_790_000_000_000, made: [{ a: 1 }] }),
    content('call', { fn: 'f', args: values(-1, 'é', [1.5]), ask: { b: 1, aa: [null] }, fuel: 24, outcome: null }),
    content('call', { fn: 'f', args: values(), ask: null, fuel: null, outcome: { ...outcome, denied: true } }),
    content('call', { fn: 'f', args: values(), ask: false, fuel: 0, outcome: { ...outcome, closed: true, made: [null] } }),
    content('result', { call: 7, outcome: { ...outcome, result: values(null), elapsed: 1500 } }),
    content('abort', { code: 'exited', call: 7, status: 0 }),
    content('abort', { code: 'exited', call: null, status: -1 }),
    content('trap', { code: 'out-of-fuel', fuel: 2 ** 40 }),
  ],
  chain: sampleChain(LENGTH).map(({ header: bytes, body, hash, blob }) => ({
    kind: decodeHeader(bytes).kind,
    header: hex(bytes),
    body: hex(body),
    hash: hex(hash),
    content: blob === null ? toDagJson(decode(decodeBody(body).content ?? body)) : null,
    blob: blob === null ? null : { cid: hex(blob.cid), length: blob.bytes.length },
  })),
  car: { length: car.length, sha256: sha256(car) },
  invalid: {
    headers: [
      { why: 'empty', hex: '', reason: 'header' },
      { why: 'six items', hex: `86${good.slice(2)}`, reason: 'header' },
      { why: 'cut', hex: good.slice(0, -2), reason: 'header' },
      { why: 'goes on', hex: `${good}00`, reason: 'header' },
      { why: 'version 2', hex: insert(2, '01', '02'), reason: 'version' },
      { why: 'version 1 in two bytes', hex: insert(2, '01', '1801'), reason: 'header' },
      { why: 'chain id of 31 bytes', hex: insert(4, '582001', '581f'), reason: 'header' },
      { why: 'seq as a float', hex: insert(74, '00', 'fb0000000000000000'), reason: 'header' },
      { why: 'seq beyond 2^53 - 1', hex: insert(74, '00', '1b0020000000000000'), reason: 'header' },
      { why: 'negative epoch', hex: insert(72, '00', '20'), reason: 'header' },
      { why: 'kind 13', hex: insert(76, '00', '0d'), reason: 'kind' },
      { why: 'prev undefined', hex: insert(78, 'f6', 'f7'), reason: 'header' },
      { why: 'body under tag 43', hex: insert(80, 'd82a', 'd82b'), reason: 'header' },
      { why: 'body as a raw block', hex: insert(90, '0171', '0155'), reason: 'header' },
      { why: 'indefinite array', hex: `9f${good.slice(2)}ff`, reason: 'header' },
    ],
    contents: [
      { kind: 'seed', why: '31 bytes', hex: `81581f${'00'.repeat(31)}` },
      { kind: 'turn', why: 'five items', hex: '856372756e80f6f600' },
      { kind: 'call', why: 'arguments that are no array', hex: '856166a0f6f6f6' },
      { kind: 'call', why: 'an ask with bytes', hex: '85616680410000f6' },
      { kind: 'call', why: 'keys out of order', hex: '85616680a26161016061f6f6' },
      { kind: 'call', why: 'flags 4', hex: '85616680f6f68480008004' },
      { kind: 'call', why: 'a result of two values', hex: '85616680f6f68482010200800000' },
      { kind: 'result', why: 'no outcome', hex: '8207f6' },
      { kind: 'return', why: 'a result that is no array', hex: '8201f6' },
      { kind: 'trap', why: 'an unknown code', hex: '82626e6ff6' },
      { kind: 'abort', why: 'an exit without a status', hex: '8266657869746564f6' },
      { kind: 'abort', why: 'a status without an exit', hex: '836773746f70706564f600' },
      { kind: 'resume', why: 'an epoch not in its shortest form', hex: '811801' },
      { kind: 'stop', why: 'text that is not UTF-8', hex: '8161ff' },
      { kind: 'stop', why: 'something behind it', hex: '81606000' },
    ],
  },
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

console.log(JSON.stringify(vectors, null, 1))
