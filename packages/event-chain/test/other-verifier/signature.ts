import { same } from './cbor.ts'
import type { Checked } from './chain.ts'
import type { CheckedFile } from './file.ts'
import { isUnder, readKey, readNote, Refused, trustedNote } from './notes.ts'
import type { OtherSeal } from './seal.ts'
import { rootBehind, treeRoot } from './tree.ts'

/** How many events of each chain of a file are signed by a key, or one that it handed over to; undefined where the seal proves nothing. */
export function signedSizes(
  { chains, seal }: CheckedFile,
  verifierKey: string,
): Map<string, number> | undefined {
  if (seal === null) return undefined
  try {
    const note = trustedNote(seal.note, seal.rotations, [readKey(verifierKey)])
    if (![...seal.chains, ...seal.erased].every((sealed) => isUnder(sealed, note))) return undefined
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
  const sizes = new Map<string, number>()
  for (const { entry } of seal.chains) {
    const [, chain, , size, root] = entry as readonly [0, Buffer, number, number, Buffer]
    const found = chains.find(({ checked }) => checked !== null && same(checked.chain, chain))
    if (found === undefined || found.checked === null) continue
    const { hashes } = found.checked
    const { begin = null, end = null } = seal.parts.find((one) => same(one.chain, chain)) ?? {}
    // What ends under the entry links to all that is before it.
    if (end === null) {
      if (hashes.length < size) return undefined
      const grown = begin === null ? treeRoot(hashes.slice(0, size)) : rootBehind(begin, hashes, size)
      if (!same(grown, root)) return undefined
    }
    sizes.set(chain.toString('hex'), end?.size ?? size)
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
  seal: Pick<OtherSeal, 'note' | 'erased'>,
  { chain: of, hashes, missing }: Pick<Checked, 'chain' | 'hashes' | 'missing'>,
): number[] {
  const note = readNote(seal.note)
  return seal.erased.flatMap((sealed) => {
    if (!isUnder(sealed, note)) return []
    const [, chain, seq, event] = sealed.entry as readonly [2, Buffer, number, Buffer]
    const hash = hashes[seq]
    const mine = same(chain, of) && hash !== undefined && same(hash, event)
    return mine && missing.includes(seq) ? [seq] : []
  })
}
