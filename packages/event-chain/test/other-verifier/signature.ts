import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { decode, same, sha256 } from './cbor.ts'
import type { Item } from './cbor.ts'
import type { Checked } from './chain.ts'
import type { CheckedFile } from './file.ts'
import { rootBehind, rootBy, treeRoot } from './tree.ts'

interface OtherNote {
  readonly text: string
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly signature: Buffer }[]
}

function readNote(note: string): OtherNote {
  const end = note.lastIndexOf('\n\n')
  const text = note.slice(0, end + 1)
  const [origin = '', size = '', root = ''] = text.split('\n')
  const signatures = note
    .slice(end + 2)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', said = ''] = line.split(' ')
      const bytes = Buffer.from(said, 'base64')
      return { name, id: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) }
    })
  return { text, origin, size: Number(size), root: Buffer.from(root, 'base64'), signatures }
}

interface OtherKey {
  readonly name: string
  readonly id: string
  readonly key: Buffer
}

const keyOf = (name: string, key: Buffer): OtherKey => ({
  name,
  id: sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(1), key]))
    .subarray(0, 4)
    .toString('hex'),
  key,
})

function signedBy(note: OtherNote, { name, id, key }: OtherKey): boolean {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return (
    note.origin === name &&
    note.signatures.some(
      (one) =>
        one.name === name &&
        one.id === id &&
        verifySignature(null, Buffer.from(note.text), publicKey, one.signature),
    )
  )
}

/** How many events of each chain of a file are signed by a key, or one that it handed over to; undefined where the seal proves nothing. */
export function signedSizes(
  { chains, seal }: CheckedFile,
  verifierKey: string,
): Map<string, number> | undefined {
  if (seal === null) return undefined
  const [name = '', , ...key] = verifierKey.split('+')
  const trusted = [keyOf(name, Buffer.from(key.join('+'), 'base64').subarray(1))]
  for (const rotation of seal.rotations) {
    const [index, entry, path, text] = rotation as readonly [number, Buffer, readonly Buffer[], string]
    const note = readNote(text)
    if (!trusted.some((one) => signedBy(note, one))) continue
    const [kind, next] = decode(entry) as readonly Item[]
    const root = rootBy(entry, index, note.size, path)
    if (kind !== 1 || !Buffer.isBuffer(next) || root === undefined || !same(root, note.root)) return undefined
    if (!signedBy(note, keyOf(name, next))) return undefined
    trusted.push(keyOf(name, next))
  }
  const note = readNote(seal.note)
  if (!trusted.some((one) => signedBy(note, one))) return undefined
  for (const sealed of seal.erased) {
    const [index, entry, path] = sealed as readonly [number, Buffer, readonly Buffer[]]
    const root = rootBy(entry, index, note.size, path)
    if (root === undefined || !same(root, note.root)) return undefined
  }
  const sizes = new Map<string, number>()
  for (const sealed of seal.chains) {
    const [index, entry, path] = sealed as readonly [number, Buffer, readonly Buffer[]]
    const root = rootBy(entry, index, note.size, path)
    if (root === undefined || !same(root, note.root)) return undefined
    const [kind, chain, , size, chainRoot] = decode(entry) as readonly [
      number,
      Buffer,
      number,
      number,
      Buffer,
    ]
    const found = chains.find(({ checked }) => checked !== null && same(checked.chain, chain))
    if (kind !== 0 || found?.checked === undefined || found.checked === null) continue
    const { hashes } = found.checked
    const part = seal.parts.find((one) => same(one.chain, chain))
    if (part !== undefined && part.end !== null) {
      sizes.set(chain.toString('hex'), part.end.size)
      continue
    }
    if (part !== undefined && part.begin !== null) {
      if (hashes.length < size || !same(rootBehind(part.begin, hashes, size), chainRoot)) return undefined
      sizes.set(chain.toString('hex'), size)
      continue
    }
    if (hashes.length < size || !same(treeRoot(hashes.slice(0, size)), chainRoot)) return undefined
    sizes.set(chain.toString('hex'), size)
  }
  return sizes
}

/**
 * The events of a chain whose bodies a host says it erased, and that are not there. Whether the key that signed the note is trusted is for
 * `signedSizes`.
 */
export function redactedEvents({ chains, seal }: CheckedFile, at: number): number[] {
  const checked = chains[at]?.checked
  return seal === null || checked === undefined || checked === null ? [] : redactedIn(seal, checked)
}

/** The same of a chain, by what a seal says. */
export function redactedIn(
  seal: Pick<NonNullable<CheckedFile['seal']>, 'note' | 'erased'>,
  { chain: of, hashes, missing }: Pick<Checked, 'chain' | 'hashes' | 'missing'>,
): number[] {
  const note = readNote(seal.note)
  return seal.erased.flatMap((sealed) => {
    const [index, entry, path] = sealed as readonly [number, Buffer, readonly Buffer[]]
    const root = rootBy(entry, index, note.size, path)
    if (root === undefined || !same(root, note.root)) return []
    const [, chain, seq, event] = decode(entry) as readonly [number, Buffer, number, Buffer]
    const hash = hashes[seq]
    const mine = same(chain, of) && hash !== undefined && same(hash, event)
    return mine && missing.includes(seq) ? [seq] : []
  })
}
