/** How a transpiled component is kept in a cache, so that damage is always noticed. */
import type { CheckedGlue } from './prelude.ts'

/** What vouches for bytes, in 32 of them. */
type Digest = (bytes: Uint8Array) => Uint8Array

/** A core module, by its place among the component's own or by its bytes. */
export type KeptModule = { readonly embedded: number } | { readonly bytes: Uint8Array }

/** What a cache keeps of one component for one plan. */
export interface Entry {
  readonly glue: string
  /** In the order in which the glue asks for them, as jco gave them: not metered. */
  readonly modules: readonly KeptModule[]
}

/** What an entry begins with; all have the same length. A sealed one is not taken for another, nor another for it. */
const magics = { plain: 'theater component cache 1\n', sealed: 'theater component cache s\n' } as const
const magicLength = magics.plain.length
const digestLength = 32
const headerLength = magicLength + digestLength

/** What the digest of an entry is good for: damage is noticed, or also what somebody else wrote. */
export type EntryKind = keyof typeof magics

/** Writes an entry: a magic line, the sha-256 of all that follows (or its seal), then counted parts. */
export function encodeEntry(entry: Entry, sha256: Digest, kind: EntryKind = 'plain'): Uint8Array {
  const parts: Uint8Array[] = [new TextEncoder().encode(entry.glue)]
  const table: number[] = []
  for (const module of entry.modules) {
    if ('embedded' in module) table.push(1, module.embedded)
    else {
      table.push(0, module.bytes.length)
      parts.push(module.bytes)
    }
  }
  const numbers = new Uint8Array(4 * (2 + table.length))
  const view = new DataView(numbers.buffer)
  ;[parts[0]?.length ?? 0, entry.modules.length, ...table].forEach((n, i) => view.setUint32(4 * i, n))
  const length = parts.reduce((sum, part) => sum + part.length, headerLength + numbers.length)
  const out = new Uint8Array(length)
  new TextEncoder().encodeInto(magics[kind], out)
  out.set(numbers, headerLength)
  let at = headerLength + numbers.length
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  out.set(sha256(out.subarray(headerLength)), magicLength)
  return out
}

/** Reads an entry; `undefined` for anything that is not, byte for byte, what was written. */
export function decodeEntry(bytes: Uint8Array, sha256: Digest, kind: EntryKind = 'plain'): Entry | undefined {
  if (!isWhole(bytes, sha256, kind)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + headerLength, bytes.length - headerLength)
  try {
    const glueLength = view.getUint32(0)
    const count = view.getUint32(4)
    let at = headerLength + 4 * (2 + 2 * count)
    const take = (length: number): Uint8Array => {
      if (length > bytes.length - at) throw new RangeError('short')
      at += length
      return bytes.subarray(at - length, at)
    }
    const glue = new TextDecoder().decode(take(glueLength))
    const modules: KeptModule[] = []
    for (let i = 0; i < count; i++) {
      const value = view.getUint32(4 * (3 + 2 * i))
      modules.push(view.getUint32(4 * (2 + 2 * i)) === 1 ? { embedded: value } : { bytes: take(value) })
    }
    return at === bytes.length ? { glue, modules } : undefined
  } catch {
    return undefined
  }
}

/**
 * A sealed entry with another seal, for whoever has that one alone, as a thread to which one cannot give the first; `undefined` for anything that
 * has not the seal that it should.
 */
export function resealed(bytes: Uint8Array, from: Digest, to: Digest): Uint8Array<ArrayBuffer> | undefined {
  if (!isWhole(bytes, from, 'sealed')) return undefined
  const out = Uint8Array.from(bytes)
  out.set(to(out.subarray(headerLength)), magicLength)
  return out
}

function isWhole(bytes: Uint8Array, sha256: Digest, kind: EntryKind): boolean {
  if (bytes.length < headerLength + 8) return false
  if (new TextDecoder('latin1').decode(bytes.subarray(0, magicLength)) !== magics[kind]) return false
  const digest = sha256(bytes.subarray(headerLength))
  return digest.every((byte, i) => byte === bytes[magicLength + i])
}

/** Glue that was checked, as a text that says for which entry and by what: neither vouches for another. */
export function writeChecked({ body, unknown }: CheckedGlue, of: string): string {
  return `${JSON.stringify([of, unknown ?? null])}\n${body}`
}

/** Reads it back; `undefined` for what was checked for another entry, or by another version of the check, and for an entry of another sort. */
export function readChecked(text: string, of: string): CheckedGlue | undefined {
  if (!text.startsWith(`[${JSON.stringify(of)},`)) return undefined
  const end = text.indexOf('\n')
  const [, unknown] = JSON.parse(text.slice(0, end)) as [string, string | null]
  return { body: text.slice(end + 1), unknown: unknown ?? undefined }
}
