/** What a host signs, changed: notes, cosignatures, proofs, seals, entries and keys. What is taken is what was signed, and nothing else. */
import { readFileSync } from 'node:fs'
import { ChainError, memoryStore } from '@theater/event-chain'
import { bytesSource, exportCar, importCar, openCar } from '@theater/event-chain/car'
import {
  cosign,
  decodeEntry,
  decodeSeal,
  encodeEntry,
  encodeSeal,
  formatAddition,
  formatNote,
  HostLog,
  latestCheckpoint,
  makeSeal,
  parseAddition,
  parseNote,
  proveConsistency,
  proveEvent,
  SigningKey,
  VerifierKey,
  verifyCheckpoint,
  verifyConsistency,
  verifyCosignatures,
  verifyEventProof,
  verifySeal,
} from '@theater/event-chain/log'
import type { Checkpoint } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { decodeData, encodeData, ValueError } from '@theater/values'
import { concat, scramble } from '../bytes.ts'
import { changeData, changeScalar } from '../data.ts'
import type { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'

// Keys that nobody trusts: an input has to come again.
const secrets = {
  first: 'PRIVATE+KEY+fuzz.example/host+f9aafb09+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB',
  second: 'PRIVATE+KEY+fuzz.example/host+1281855d+AQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC',
  witness: 'PRIVATE+KEY+fuzz.example/w1+8b432f3b+BAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD',
}
const keyOf = (text: string): Promise<SigningKey> => SigningKey.parse(text)
const [first, second, witness] = await Promise.all([
  keyOf(secrets.first),
  keyOf(secrets.second),
  keyOf(secrets.witness),
])
const keys = [first.verifier]

/** A host whose log has another key in the middle and a body that was erased, and all that it gives out. */
async function originals() {
  const file = new Uint8Array(
    readFileSync(new URL('../../../../packages/replay/test/spine.car', import.meta.url)),
  )
  const car = await openCar(bytesSource(file), { hash: sha256 })
  const store = memoryStore()
  await importCar(car, store, { adopt: true, hash: sha256 })
  const chains = (await store.list()).map(({ chain }) => chain)
  const log = await HostLog.open({ store, key: first })
  const kept = (await log.checkpoint())?.note ?? ''
  await log.rotate(second)
  await log.redact(chains[0] as Uint8Array, [3], { reason: 'for chance', time: 1_800_000_000_000 })
  const note = parseNote((await latestCheckpoint(store))?.note ?? '')
  const by = await cosign(note.text, witness, 1_800_000_000)
  const cosigned = formatNote({ ...note, signatures: [...note.signatures, by] })
  await store.hostLog.keepWitness({
    key: witness.verifier.toString(),
    url: null,
    note: cosigned,
    fault: null,
  })
  const seal = await makeSeal(store, chains, sha256)
  if (seal === undefined) throw new Error('there is a checkpoint')
  const proof = await proveEvent(store, chains[0] as Uint8Array, 5, { hash: sha256 })
  const consistency = await proveConsistency(store, 1, sha256)
  const entries = await store.hostLog.entries(0, 99)
  const parts = await Array.fromAsync(exportCar(store, chains, { hash: sha256, seal }))
  const { path, before } = parseAddition(consistency.split('\n').slice(2).join('\n'))
  return {
    kept,
    cosigned,
    seal: encodeSeal(seal),
    proof,
    consistency,
    entries,
    addition: formatAddition({ before, path, note: cosigned }),
    car: new Uint8Array(Buffer.concat(parts)),
    /** What was signed: nothing else may ever be taken for it. */
    texts: new Set([kept, cosigned, ...(await store.hostLog.rotations())].map((one) => parseNote(one).text)),
    event: { seq: 5, chain: (chains[0] as Uint8Array).toHex() },
  }
}
const made = await originals()

/** What an input begins with: whom it is for. */
const kinds = [
  'note',
  'cosignature',
  'proof',
  'consistency',
  'addition',
  'seal',
  'entry',
  'key',
  'car',
] as const
type Kind = (typeof kinds)[number]

const utf8 = new TextEncoder()

function input(random: Random): Uint8Array {
  const kind = random.of(kinds)
  let bytes = originalOf(kind, random)
  if (kind === 'proof' || kind === 'consistency') {
    if (random.chance(0.5)) bytes = utf8.encode(otherExtra(new TextDecoder().decode(bytes), random))
  } else if ((kind === 'seal' || kind === 'entry') && random.chance(0.7)) bytes = otherData(bytes, random)
  const times = random.below(3)
  for (let i = 0; i < times; i++) bytes = scramble(bytes, random)
  return concat(Uint8Array.of(kinds.indexOf(kind)), bytes)
}

function originalOf(kind: Kind, random: Random): Uint8Array {
  switch (kind) {
    case 'note':
      return utf8.encode(random.of([made.kept, made.cosigned]))
    case 'cosignature':
      return utf8.encode(made.cosigned)
    case 'proof':
      return utf8.encode(made.proof)
    case 'consistency':
      return utf8.encode(made.consistency)
    case 'addition':
      return utf8.encode(made.addition)
    case 'seal':
      return made.seal
    case 'entry':
      return random.of(made.entries)
    case 'key':
      return utf8.encode(random.of([...Object.values(secrets), first.verifier.toString()]))
    case 'car':
      return made.car
  }
}

function otherData(bytes: Uint8Array, random: Random): Uint8Array {
  const data = decodeData(bytes)
  try {
    return encodeData(random.chance(0.7) ? changeScalar(data, random) : changeData(data, random))
  } catch (error) {
    // What no bytes can say is no input.
    if (!ValueError.is(error)) throw error
    return bytes
  }
}

/** A text with other data in its second line. */
function otherExtra(text: string, random: Random): string {
  return text.replace(/^extra (.*)$/m, (_, data: string) => {
    return `extra ${otherData(Uint8Array.fromBase64(data), random).toBase64()}`
  })
}

async function run(bytes: Uint8Array): Promise<Tried> {
  const kind = kinds[(bytes[0] ?? 0) % kinds.length] ?? 'note'
  const rest = bytes.subarray(1)
  try {
    const find = await take(kind, rest)
    return { accepted: true, marks: [kind], ...(find !== undefined && { find: `${kind}: ${find}` }) }
  } catch (error) {
    if (!ChainError.is(error)) throw error
    return { accepted: false, marks: [`${kind} refused: ${error.code}`] }
  }
}

/** Gives bytes to whoever takes them. @returns what does not hold of what was taken */
async function take(kind: Kind, bytes: Uint8Array): Promise<string | undefined> {
  const text = new TextDecoder().decode(bytes)
  switch (kind) {
    case 'note': {
      const note = parseNote(text)
      if (formatNote(note) !== text) return 'it has two forms'
      await verifyCheckpoint(text, [], [first.verifier, second.verifier], sha256)
      return signed(note.text)
    }
    case 'cosignature': {
      const note = parseNote(text)
      const by = await verifyCosignatures(note, [witness.verifier])
      if (by.length === 0) return undefined
      return by[0]?.time === 1_800_000_000 ? signed(note.text) : 'it was made at another time'
    }
    case 'proof': {
      const { checkpoint, event, entry } = await verifyEventProof(text, keys, sha256)
      const { seq, chain } = made.event
      if (event.seq !== seq || event.chain.toHex() !== chain || entry.chain.toHex() !== chain)
        return 'it proves another event'
      return known(checkpoint)
    }
    case 'consistency': {
      const { before, checkpoint } = await verifyConsistency(text, made.kept, keys, sha256)
      return known(before) ?? known(checkpoint)
    }
    case 'addition': {
      const addition = parseAddition(text)
      return formatAddition(addition) === text ? undefined : 'it has two forms'
    }
    case 'seal': {
      const seal = decodeSeal(bytes)
      if (!same(encodeSeal(seal), bytes)) return 'it has two forms'
      const { checkpoint } = await verifySeal(seal, keys, sha256)
      const foreign = [...seal.chains, ...seal.erased].find(
        (one) => !made.entries.some((entry) => same(entry, one.bytes)),
      )
      return foreign === undefined ? known(checkpoint) : 'it has an entry that was never signed'
    }
    case 'entry':
      return same(encodeEntry(decodeEntry(bytes)), bytes) ? undefined : 'it has two forms'
    case 'key': {
      const isSecret = text.startsWith('PRIVATE')
      const key = isSecret ? await SigningKey.parse(text) : await VerifierKey.parse(text)
      const again = 'secret' in key ? key.secret() : key.toString()
      return again === text.trim() ? undefined : 'it has two forms'
    }
    case 'car': {
      const { chains, seal } = await openCar(bytesSource(bytes), { hash: sha256 })
      if (seal === null) return undefined
      const { checkpoint } = await verifySeal(seal, keys, sha256)
      return chains.length > 0 ? known(checkpoint) : undefined
    }
  }
}

function signed(text: string): string | undefined {
  return made.texts.has(text) ? undefined : 'this was never signed'
}

function known({ origin, size, root }: Checkpoint): string | undefined {
  const lines = `${origin}\n${size}\n${root.toBase64()}\n`
  return made.texts.has(lines) ? undefined : 'this was never signed'
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Its inputs are a byte that says whom they are for, and what that one is given. */
export const target: Target = { input, run }
