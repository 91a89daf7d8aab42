import { ChainError } from '../errors.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { formatNote, parseNote } from './note.ts'
import type { Note } from './note.ts'
import type { LogStore } from './store.ts'

/** A checkpoint, and the note that it is signed in. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/** One with the witnesses that cosigned it. */
interface Candidate {
  readonly checkpoint: Checkpoint
  note: Note
  cosigned: number
}

/**
 * The last checkpoint of a store's log, without a key, with the cosignatures that are there of it: undefined before the first.
 *
 * @throws ChainError `damaged`
 */
export async function latestCheckpoint(store: {
  readonly hostLog: LogStore
}): Promise<SignedCheckpoint | undefined> {
  const all = await signedCheckpoints(store.hostLog)
  return all.reduce<SignedCheckpoint | undefined>(
    (latest, one) => (latest === undefined || one.size > latest.size ? one : latest),
    undefined,
  )
}

/**
 * The checkpoints of a log that are still there: the last one, and the last that each witness cosigned. The one that most
 * witnesses cosigned comes first, and of those the newest. None is older than the key that signs now.
 *
 * @throws ChainError `damaged`
 */
export async function signedCheckpoints(log: LogStore): Promise<readonly SignedCheckpoint[]> {
  const records = await log.witnesses()
  // After the witnesses: what they cosigned is never newer than the last one.
  const { note } = await log.log()
  if (note === null) return []
  const found = [candidate(note)]
  const [latest] = found as [Candidate]
  const since = Math.max(0, ...(await log.rotations()).map((one) => candidate(one).checkpoint.size))
  for (const { note: cosigned } of records) {
    if (cosigned === null) continue
    const one = candidate(cosigned)
    const { size } = one.checkpoint
    const same = found.find((other) => other.note.text === one.note.text)
    if (same !== undefined) join(same, one.note)
    else if (size < latest.checkpoint.size && size >= since) {
      one.cosigned = 1
      found.push(one)
    }
  }
  return found
    .toSorted((a, b) => b.cosigned - a.cosigned || b.checkpoint.size - a.checkpoint.size)
    .map(({ checkpoint, note }) => ({ ...checkpoint, note: formatNote(note) }))
}

/** Adds to a checkpoint the signatures that another note of it has. */
function join(one: Candidate, { signatures }: Note): void {
  const { note } = one
  const has = (name: string, id: string): boolean =>
    note.signatures.some((signature) => signature.name === name && signature.id === id)
  const more = signatures.filter(({ name, id }) => !has(name, id))
  one.note = { text: note.text, signatures: [...note.signatures, ...more] }
  one.cosigned++
}

function candidate(note: string): Candidate {
  const parsed = stored(note)
  return { ...parsed, cosigned: 0 }
}

function stored(text: string): { readonly checkpoint: Checkpoint; readonly note: Note } {
  try {
    const note = parseNote(text)
    return { checkpoint: parseCheckpoint(note.text), note }
  } catch (cause) {
    throw new ChainError('damaged', 'a checkpoint in the store is none', { cause })
  }
}
