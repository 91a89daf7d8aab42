import { same, sha256 } from './cbor.ts'
import { checkChain } from './chain.ts'
import type { Checked, Gap, Stored } from './chain.ts'
import { Broken } from './events.ts'
import type { CheckedFile } from './file.ts'
import { redactedIn, signedSizes } from './signature.ts'
import { treeRoot } from './tree.ts'

type FileChain = CheckedFile['chains'][number]

/** What a file has of a chain that others have something of, too. */
interface Piece {
  readonly file: CheckedFile
  readonly found: FileChain
  /** Events by their numbers. */
  readonly events: ReadonlyMap<number, Stored>
  /** The hash that each number has here, also that of the event that it begins behind. */
  readonly names: ReadonlyMap<number, Buffer>
}

/** What is known of a chain of which several files have something. */
export interface Together {
  readonly chain: Buffer
  /** One more than the number of the last event. */
  readonly size: number
  /** Whether the chain ends there, as far as is signed. */
  readonly end: boolean
  readonly broken: Broken | null
  /** The first event that is in none of the files. */
  readonly missing: number | null
  /** The first event whose content is not there, and those that were erased. */
  readonly withheld: number | null
  readonly redacted: readonly number[]
  /** How many events are signed by a key; undefined for none. */
  readonly signed: (verifierKey: string) => number | undefined
}

/** Reads files together, as *Parts together* says. What is broken in its own file is not among them. */
export function readTogether(files: readonly CheckedFile[]): Together[] {
  const byChain = new Map<string, Piece[]>()
  for (const file of files)
    for (const found of file.chains) {
      if (found.broken !== null || found.checked === null) continue
      const chain = found.checked.chain.toString('hex')
      byChain.set(chain, [...(byChain.get(chain) ?? []), pieceOf(file, found)])
    }
  return [...byChain.values()].map(together)
}

function pieceOf(file: CheckedFile, found: FileChain): Piece {
  const { begin = null } = found.part ?? {}
  const events = found.events.map((event, i): [number, Stored] => [
    begin === null || i < begin.lead ? i : i - begin.lead + begin.size,
    event,
  ])
  const names = new Map(events.map(([seq, { header }]) => [seq, sha256(header)]))
  if (begin !== null) names.set(begin.size - 1, begin.last)
  return { file, found, events: new Map(events), names }
}

function together(pieces: readonly Piece[]): Together {
  const [first] = pieces as readonly [Piece]
  const { chain } = first.found.checked as Checked
  const numbers = pieces.flatMap(({ events }) => [...events.keys()])
  const size = Math.max(...numbers) + 1
  const end = pieces.find((piece) => piece.events.has(size - 1)) as Piece
  const isEnd = (end.found.part?.end ?? null) === null
  const nothing = {
    chain,
    size,
    end: isEnd,
    missing: null,
    withheld: null,
    redacted: [],
    signed: () => undefined,
  }
  const named = new Map<number, Buffer>()
  const torn: number[] = []
  for (const { names } of pieces)
    for (const [seq, name] of names) {
      if (!same(named.get(seq) ?? name, name)) torn.push(seq)
      named.set(seq, name)
    }
  if (torn.length > 0) return { ...nothing, broken: new Broken(Math.min(...torn), 'prev') }
  const events = Array.from({ length: size }, (_, seq) => eventOf(pieces, seq))
  const [missing, last] = [events.indexOf(undefined), events.lastIndexOf(undefined)]
  const gap: Gap | undefined =
    missing === -1
      ? undefined
      : { lead: missing, size: last + 1, last: named.get(last) as Buffer, isOfIt: () => true }
  const here = gap === undefined ? events : [...events.slice(0, missing), ...events.slice(last + 1)]
  const block = (digest: Buffer): Uint8Array | undefined =>
    pieces.map(({ file }) => file.outside.get(digest.toString('hex'))).find((bytes) => bytes !== undefined)
  try {
    const checked = checkChain(here as Stored[], block, true, gap)
    const erased = end.file.seal === null ? [] : redactedIn(end.file.seal, checked)
    return {
      ...nothing,
      broken: null,
      missing: gap === undefined ? null : missing,
      withheld: checked.absent.find((seq) => !erased.includes(seq)) ?? null,
      redacted: erased,
      signed: (key) => signedOf(end, checked, gap === undefined, key),
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { ...nothing, broken: error }
  }
}

function eventOf(pieces: readonly Piece[], seq: number): Stored | undefined {
  const all = pieces.flatMap(({ events }) => events.get(seq) ?? [])
  return all.find(({ body }) => body !== null) ?? all[0]
}

/** What the last part's seal says; of all events of a chain together their tree says it too. */
function signedOf(
  { file, found }: Piece,
  { chain, hashes }: Checked,
  whole: boolean,
  verifierKey: string,
): number | undefined {
  const size = signedSizes(file, verifierKey)?.get(chain.toString('hex'))
  if (size === undefined || !whole || (found.part?.end ?? null) !== null) return size
  const entry = file.seal?.chains.find((sealed) => same(sealed.entry[1] as Buffer, chain))?.entry
  const root = entry?.[4] as Buffer | undefined
  return root !== undefined && same(treeRoot(hashes.slice(0, size)), root) ? size : undefined
}
