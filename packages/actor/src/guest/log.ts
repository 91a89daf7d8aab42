import type { TheaterActorLog } from '@theater/wit'
import type { Log, LogFields } from '../capabilities.ts'

/** `ctx.log` over the host's. */
export function makeLog(host: typeof TheaterActorLog): Log {
  const at =
    (level: TheaterActorLog.Level) =>
    (message: string, fields?: LogFields): void =>
      host.log(level, String(message), fields === undefined ? [] : pairs(fields))
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function pairs(fields: LogFields): [string, string][] {
  const out: [string, string][] = []
  const names = Object.keys(fields)
  // By their numbers: to go through a list takes the engine longer than to write the line.
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = fields[name]
    if (value !== undefined) out.push([name, typeof value === 'string' ? value : show(value)])
  }
  return out
}

/** A value for people. It never throws: a log line must not end a turn. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value
  // Not `instanceof`: errors of the engine's bindings are of another realm.
  if (isError(value)) return `${String(value.name)}: ${String(value.message)}`
  try {
    return (
      JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ??
      String(value)
    )
  } catch {
    return Object.prototype.toString.call(value)
  }
}

function isError(value: unknown): value is { readonly name: unknown; readonly message: unknown } {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'message' in value && 'stack' in value
  )
}
