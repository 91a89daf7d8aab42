import { ChainError } from './errors.ts'
import type { Archived, ChainInfo, ChainReader, StoredEvent } from './store.ts'

/** Whether an event is in an archive. */
export function isGone(archived: Archived | undefined, seq: number): boolean {
  return archived !== undefined && seq >= archived.lead && seq < archived.base
}

/** The error for an event that is in an archive; undefined for any other. @param label how the chain is called */
export function goneAt(label: string, archived: Archived | undefined, seq: number): ChainError | undefined {
  if (archived === undefined || !isGone(archived, seq)) return undefined
  const { lead, base, parts } = archived
  const part = parts.find(({ from, to }) => seq >= from && seq < to)
  const message =
    part === undefined
      ? `event ${seq} of ${label} is not here: the events ${lead} to ${base - 1} are in an archive`
      : `event ${seq} of ${label} is in an archive: the events ${part.from} to ${part.to - 1} were written to ${part.file}, and taken out`
  return new ChainError('archived', message, { index: seq })
}

/**
 * Reads what a store has of a chain: all of it, or, where some of it was archived, the beginning and then what comes behind that.
 *
 * @throws ChainError `not-found`; `broken`
 */
export async function* readHere(
  store: ChainReader,
  { chain, archived, size }: Pick<ChainInfo, 'chain' | 'archived' | 'size'>,
): AsyncGenerator<StoredEvent, void, undefined> {
  if (archived !== undefined) yield* store.read(chain, 0, archived.lead)
  yield* store.read(chain, archived?.base ?? 0, size)
}
