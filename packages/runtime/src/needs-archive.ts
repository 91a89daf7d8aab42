import type { Archived } from '@theater/event-chain'
import { TheaterError } from './errors.ts'

/** The error for an actor that what is left of its record does not bring back. @param why what is wrong with its snapshot */
export function needsArchive(actor: string, { lead, base, parts }: Archived, why: string): TheaterError {
  const files = parts.map(({ file }) => file).join(' ')
  const message = `${actor} cannot go on: ${why}, and the events ${lead} to ${base - 1} of its record are archived. Put them back with \`theater archive ${actor} --restore ${files}\`.`
  return new TheaterError('cannot-resume', message, { actor, detail: { seq: lead } })
}
