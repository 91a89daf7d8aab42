import type { JsonSchema, Refusal } from '@theater/handler'
import type { TheaterActorLog } from '@theater/wit'

/** How much a line matters, `theater:actor/log.level` as lifted. */
export type Level = TheaterActorLog.Level

/** The levels, least first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const satisfies readonly Level[]

/** What an actor may write to its log. */
export type LogGrant = {
  /** The least level that is written; lines below it are dropped. @default 'trace' */
  readonly level?: Level
}

/** The schema of a {@link LogGrant}. */
export const logGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'log',
  description:
    'Lets the actor write lines to its log, which whoever runs it sees. Without it what it logs is dropped.',
  type: 'object',
  additionalProperties: false,
  examples: [{}],
  properties: {
    level: {
      description:
        'The least level that is written, of trace, debug, info, warn and error; lines below it are dropped.',
      enum: [...LEVELS],
      default: 'trace',
    },
  },
}

/** Whether a grant lets lines of a level through. */
export function writes(grant: LogGrant, level: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(grant.level ?? 'trace')
}

/** Whether a child's grant lies within its parent's: it writes no level that the parent does not. */
export function within(child: LogGrant, parent: LogGrant): true | Refusal {
  if (writes(parent, child.level ?? 'trace')) return true
  return {
    refused: `log lines from ${child.level ?? 'trace'} up are not within those from ${parent.level} up`,
  }
}

/** Refuses: no function of this handler asks for anything beyond having been bound. */
export function authorize(): Refusal {
  return { refused: 'the log asks for nothing' }
}
