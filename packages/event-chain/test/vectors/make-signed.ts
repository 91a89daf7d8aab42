// Wrote `signed-v1.json`, once: `node --conditions=theater-source packages/event-chain/test/vectors/make-signed.ts`. What is in a
// vector file is never written again: a format that changes gets a new version and a new file.
import { decodeData, encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { ChainWriter, hex, memoryStore } from '../../src/index.ts'
import {
  checkpointText,
  cosign,
  encodeSeal,
  formatNote,
  formatSignature,
  HostLog,
  latestCheckpoint,
  makeSeal,
  parseNote,
  proveConsistency,
  proveEvent,
  signNote,
  SigningKey,
} from '../../src/log.ts'
import { content, countingSalts, genesis } from '../helpers.ts'
import { fill } from '../sample.ts'

const secrets = {
  first: 'PRIVATE+KEY+vectors.example/host+00c19f4f+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB',
  second: 'PRIVATE+KEY+vectors.example/host+689d8443+AQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC',
  witness: 'PRIVATE+KEY+vectors.example/witness+2d0d2a3a+BAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD',
  stranger: 'PRIVATE+KEY+vectors.example/host+7ee2eef2+AQQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE',
}
const keyOf = (name: keyof typeof secrets): Promise<SigningKey> => SigningKey.parse(secrets[name])
const [first, second, witness, stranger] = await Promise.all([
  keyOf('first'),
  keyOf('second'),
  keyOf('witness'),
  keyOf('stranger'),
])

const store = memoryStore()
const log = await HostLog.open({ store, key: first })
const a = await fill(store, 40)
await log.checkpoint()
const b = ChainWriter.create({
  store,
  salts: countingSalts(9000),
  label: 'b',
  genesis: content('genesis', genesis({ actor: 'b' })),
})
await b.flush()
await log.checkpoint()
const kept = (await latestCheckpoint(store))?.note ?? ''
await log.rotate(second)
b.append('stop', encodeData(['over']))
await b.flush()
const checkpoint = (await log.checkpoint())?.note ?? ''
const { text, signatures } = parseNote(checkpoint)
const by = await cosign(text, witness, 1_800_000_000)
const cosigned = formatNote({ text, signatures: [...signatures, by] })
await store.hostLog.keepWitness({ key: witness.verifier.toString(), url: null, note: cosigned, fault: null })
const seal = await makeSeal(store, [a.chain, b.chain])
if (seal === undefined) throw new Error('there is a checkpoint')
const sealed = encodeSeal(seal)
const proof = await proveEvent(store, a.chain, 31)
const consistency = await proveConsistency(store, 2)
const addition = consistency.split('\n').slice(2).join('\n')

const note = async (of: string, ...keys: SigningKey[]): Promise<string> => formatNote(await signNote(of, keys))
const root = parseNote(kept).text.split('\n')[2] ?? ''
const otherRoot = Buffer.alloc(32, 7)
const cosignedBy = (bytes: Uint8Array): string =>
  formatNote({ text, signatures: [...signatures, { ...by, bytes }] })
const flipped = by.bytes.slice()
flipped[20] = (flipped[20] ?? 0) ^ 1
const timeless = by.bytes.slice()
timeless.fill(0, 0, 8)

type Fields = { chains: Data[]; note: string; rotations: Data[]; seal: Data }
const otherSeal = (change: (fields: Fields) => void): string => {
  const fields = decodeData(sealed) as unknown as Fields
  change(fields)
  return hex(encodeData(fields as unknown as Data))
}
const otherExtra = (of: string, change: (data: Data[]) => void): string =>
  of.replace(/^extra (.*)$/m, (_, base64: string) => {
    const data = decodeData(Uint8Array.fromBase64(base64)) as Data[]
    change(data)
    return `extra ${encodeData(data).toBase64()}`
  })
const line = `${Buffer.alloc(32).toString('base64')}\n`

const vectors = {
  keys: {
    secrets,
    public: {
      first: first.verifier.toString(),
      second: second.verifier.toString(),
      witness: witness.verifier.toString(),
      stranger: stranger.verifier.toString(),
    },
  },
  checkpoints: [
    { note: kept, origin: 'vectors.example/host', size: 2, root: Buffer.from(root, 'base64').toString('hex'), by: 'first' },
    {
      note: checkpoint,
      origin: 'vectors.example/host',
      size: 4,
      root: Buffer.from(text.split('\n')[2] ?? '', 'base64').toString('hex'),
      by: 'second',
    },
  ],
  cosignatures: [{ note: cosigned, by: 'witness', time: 1_800_000_000, line: formatSignature(by) }],
  seals: [{ hex: hex(sealed), size: 4, sizes: [40, 2], trusted: ['first', 'second'] }],
  proofs: [
    { text: proof, seq: 31, chain: hex(a.chain), events: 40, trusted: ['first', 'second'] },
    { text: await proveEvent(store, a.chain, 31, { body: false }), seq: 31, chain: hex(a.chain), events: 40, trusted: ['first', 'second'] },
  ],
  consistency: [{ text: consistency, kept, since: 2, size: 4, trusted: ['first'] }],
  additions: [{ text: addition, before: 2, note: cosigned }],
  invalid: {
    keys: [
      { why: 'another id', text: first.verifier.toString().replace('+00c19f4f+', '+00c19f40+'), code: 'bad-key' },
      { why: 'type 2', text: `a+00000000+${Buffer.concat([Buffer.of(2), otherRoot]).toString('base64')}`, code: 'bad-key' },
      { why: '31 bytes', text: `a+00000000+${Buffer.concat([Buffer.of(1), otherRoot.subarray(1)]).toString('base64')}`, code: 'bad-key' },
      { why: 'a space in the name', text: first.verifier.toString().replace('/', ' '), code: 'bad-key' },
    ],
    checkpoints: [
      { why: 'no empty line', note: kept.replace('\n\n', '\n'), code: 'bad-note' },
      { why: 'no newline at the end', note: kept.slice(0, -1), code: 'bad-note' },
      { why: 'a tab', note: kept.replace('\n2\n', '\n\t2\n'), code: 'bad-note' },
      { why: 'a hyphen in place of the dash', note: kept.replace('\u2014', '-'), code: 'bad-note' },
      { why: 'base64 that is not in its one form', note: kept.replace(/=\n$/, '\n'), code: 'bad-note' },
      { why: 'a size with a zero before it', note: await note(`vectors.example/host\n02\n${root}\n`, first), code: 'bad-note' },
      { why: 'a size beyond 2^53 - 1', note: await note(`vectors.example/host\n9007199254740992\n${root}\n`, first), code: 'bad-note' },
      { why: 'a root of 31 bytes', note: await note(`vectors.example/host\n2\n${Buffer.alloc(31).toString('base64')}\n`, first), code: 'bad-note' },
      { why: 'no name', note: await note(`\n2\n${root}\n`, first), code: 'bad-note' },
      { why: 'another size than was signed', note: kept.replace('\n2\n', '\n3\n'), code: 'bad-signature' },
      { why: 'signed by nobody who is trusted', note: await note(parseNote(kept).text, stranger), code: 'bad-signature' },
      { why: 'a log that the key has not the name of', note: await note(checkpointText({ origin: 'other.example', size: 2, root: otherRoot }), first), code: 'bad-signature' },
      { why: 'a key that was handed over to, without the rotation', note: checkpoint, code: 'bad-signature' },
    ],
    cosignatures: [
      { why: 'a bit of it', note: cosignedBy(flipped), code: 'bad-signature' },
      { why: 'no time', note: cosignedBy(timeless), code: 'bad-signature' },
      { why: 'of 71 bytes', note: cosignedBy(by.bytes.subarray(0, 71)), code: 'bad-signature' },
      { why: 'of another checkpoint', note: formatNote({ text: parseNote(kept).text, signatures: [...parseNote(kept).signatures, by] }), code: 'bad-signature' },
      { why: 'a signature without a time, as of a log', note: cosignedBy(await witness.sign(new TextEncoder().encode(text))), code: 'bad-signature' },
    ],
    seals: [
      { why: 'version 3', hex: otherSeal((fields) => (fields.seal = 3)), code: 'bad-proof' },
      { why: 'another key', hex: otherSeal((fields) => Object.assign(fields, { more: 1 })), code: 'bad-proof' },
      { why: 'five keys announced, and four there', hex: hex(sealed).replace(/^a4/, 'a5'), code: 'bad-proof' },
      { why: 'no rotations', hex: otherSeal((fields) => (fields.rotations = [])), code: 'bad-signature' },
      { why: 'an entry at another place', hex: otherSeal((fields) => ((fields.chains[0] as Data[])[0] = 1)), code: 'bad-proof' },
      { why: 'a path without its last hash', hex: otherSeal((fields) => ((fields.chains[0] as Data[][])[2] as Data[]).pop()), code: 'bad-proof' },
      { why: 'the entry of a key', hex: otherSeal((fields) => ((fields.chains[0] as Data[])[1] = encodeData([1, otherRoot]))), code: 'bad-proof' },
      { why: 'a rotation to another key', hex: otherSeal((fields) => ((fields.rotations[0] as Data[])[1] = encodeData([1, stranger.verifier.publicKey]))), code: 'bad-proof' },
    ],
    proofs: [
      { why: 'another first line', text: proof.replace('@v1', '@v2'), code: 'bad-proof' },
      { why: 'another index', text: proof.replace(/^index \d+/m, 'index 1'), code: 'bad-proof' },
      { why: 'an index with a zero before it', text: proof.replace(/^index /m, 'index 0'), code: 'bad-proof' },
      { why: 'version 2 of the extra data', text: otherExtra(proof, (data) => (data[0] = 2)), code: 'bad-proof' },
      { why: 'the header of another event', text: otherExtra(proof, (data) => ((data[1] as Uint8Array)[40] = 9)), code: 'bad-proof' },
      { why: 'another body', text: otherExtra(proof, (data) => ((data[2] as Uint8Array)[5] = 9)), code: 'bad-proof' },
      { why: 'a path without its last hash', text: otherExtra(proof, (data) => (data[3] as Data[]).pop()), code: 'bad-proof' },
      { why: 'no rotations', text: otherExtra(proof, (data) => (data[5] = [])), code: 'bad-signature' },
    ],
    consistency: [
      { why: 'another first line', text: consistency.replace('@v1', '@v2'), kept, code: 'bad-proof' },
      { why: 'another old size', text: consistency.replace('\nold 2\n', '\nold 1\n'), kept, code: 'bad-proof' },
      { why: 'no path', text: consistency.replace(/\nold 2\n[^]*?\n\n/, '\nold 2\n\n'), kept, code: 'bad-proof' },
      { why: 'a checkpoint that was kept of another log', text: consistency, kept: await note(checkpointText({ origin: 'vectors.example/host', size: 2, root: otherRoot }), first), code: 'bad-proof' },
      { why: 'a checkpoint that was kept of a larger one', text: consistency.replace('\nold 2\n', '\nold 5\n'), kept: await note(checkpointText({ origin: 'vectors.example/host', size: 5, root: otherRoot }), first), code: 'bad-proof' },
      { why: 'a checkpoint that was kept and that nobody signed', text: consistency, kept: await note(parseNote(kept).text, stranger), code: 'bad-signature' },
    ],
    additions: [
      { why: 'no old size', text: addition.replace(/^old 2\n/, ''), code: 'bad-proof' },
      { why: 'an old size with a zero before it', text: addition.replace(/^old 2/, 'old 02'), code: 'bad-proof' },
      { why: 'a hash of 31 bytes', text: `old 2\n${line.slice(4)}\n${kept}`, code: 'bad-proof' },
      { why: '64 hashes', text: `old 2\n${line.repeat(64)}\n${kept}`, code: 'bad-proof' },
      { why: 'no empty line', text: 'old 2\n', code: 'bad-proof' },
    ],
  },
}

console.log(JSON.stringify(vectors, null, 1))
