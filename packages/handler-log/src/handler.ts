import { defineHandler } from '@theater/handler'
import type { ActorContext, Binding, Handler } from '@theater/handler'
import { authorize, logGrant, within, writes } from './grant.ts'
import type { Level, LogGrant } from './grant.ts'

const LOG = 'theater:actor/log@0.1'

/** Half of a character that two units make, which cutting left. */
const HALF = /[\ud800-\udbff]$/

type Field = readonly [name: string, value: string]

/** Limits of {@link log}. No option grants anything. */
export interface LogOptions {
  /**
   * The longest message, field name or field value that is written, in UTF-16 code units; the rest is cut off and
   * shown as `…`. The record keeps everything.
   *
   * @default 8192
   */
  readonly maxLength?: number
  /**
   * The most fields of a line that are written; of the rest a last one, called `…`, says how many they were.
   *
   * @default 64
   */
  readonly maxFields?: number
  /**
   * The most bytes of a line's fields, names and values together as UTF-8; those that go beyond are left out likewise.
   *
   * @default 32768
   */
  readonly maxFieldBytes?: number
}

/** The function of `theater:actor/log@0.1`, as the boundary calls it. */
export interface LogImports {
  readonly [LOG]: {
    /** Writes a line. */
    readonly log: (level: Level, message: string, fields: readonly (readonly [string, string])[]) => void
  }
}

/**
 * Makes the handler of `theater:actor/log@0.1`: lines go to the actor's log, wherever the host keeps it.
 *
 * Text is passed on as the guest wrote it; a sink that writes to a terminal MUST use {@link printable}.
 *
 * @example
 * import { log } from '@theater/handler-log'
 *
 * const handler = log()
 * handler.within({ level: 'warn' }, { level: 'info' }) // true
 */
export function log(options: LogOptions = {}): Handler<LogGrant, LogImports> {
  const maxLength = options.maxLength ?? 8192
  const maxFields = options.maxFields ?? 64
  const maxFieldBytes = options.maxFieldBytes ?? 32_768
  const cut = (text: string): string =>
    text.length > maxLength ? `${text.slice(0, maxLength).replace(HALF, '')}…` : text

  function bounded(fields: readonly Field[]): readonly Field[] {
    const written: Field[] = []
    let bytes = 0
    for (const [name, value] of fields.slice(0, maxFields)) {
      const field = [cut(name), cut(value)] as const
      bytes += Buffer.byteLength(field[0]) + Buffer.byteLength(field[1])
      if (bytes > maxFieldBytes) break
      written.push(field)
    }
    const left = fields.length - written.length
    return left === 0 ? written : [...written, ['…', `${left} more`]]
  }

  function bind(actor: ActorContext, grant: LogGrant): Binding<LogImports> {
    return {
      imports: {
        [LOG]: {
          log(level, message, fields) {
            if (!writes(grant, level)) return
            actor.log(level, cut(message), bounded(fields))
          },
        },
      },
    }
  }

  return defineHandler<LogGrant, LogImports>({
    name: 'log',
    interfaces: [LOG],
    grant: logGrant,
    functions: { [`${LOG}#log`]: { mode: 'sync', effect: 'none' } },
    within,
    authorize,
    rests: () => true,
    bind,
    inert: () => ({ imports: { [LOG]: { log: () => {} } } }),
  })
}
