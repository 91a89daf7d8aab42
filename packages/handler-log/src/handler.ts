import { defineHandler } from '@theater/handler'
import type { ActorContext, Binding, Handler } from '@theater/handler'
import { authorize, logGrant, within, writes } from './grant.ts'
import type { Level, LogGrant } from './grant.ts'

const LOG = 'theater:actor/log@0.1'

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
   * The most fields of a line that are written; the rest are left out.
   *
   * @default 64
   */
  readonly maxFields?: number
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
  const cut = (text: string): string => (text.length > maxLength ? `${text.slice(0, maxLength)}…` : text)

  function bind(actor: ActorContext, grant: LogGrant): Binding<LogImports> {
    return {
      imports: {
        [LOG]: {
          log(level, message, fields) {
            if (!writes(grant, level)) return
            const written = fields
              .slice(0, maxFields)
              .map(([name, value]) => [cut(name), cut(value)] as const)
            actor.log(level, cut(message), written)
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
    bind,
    inert: () => ({ imports: { [LOG]: { log: () => {} } } }),
  })
}
