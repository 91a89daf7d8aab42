import type { JsonSchema } from '@theater/handler'
import { cliGrant } from '@theater/handler-cli'
import { clocksGrant } from '@theater/handler-clocks'
import { GRANT as fsGrant } from '@theater/handler-fs'
import { httpGrant } from '@theater/handler-http'
import { logGrant } from '@theater/handler-log'
import { messagingGrant } from '@theater/handler-messaging'
import { processGrant } from '@theater/handler-process'
import { randomGrant } from '@theater/handler-random'
import { storeGrant } from '@theater/handler-store'
import { supervisorGrant } from '@theater/handler-supervisor'
import { timerGrant } from '@theater/handler-timer'

/** A component's file. Source that was not built is the likeliest slip of all. */
export const COMPONENT_FILE = String.raw`^(?!.*[^/\\]\.[cm]?[jt]sx?$)[^\u0000]*$`

/** In a manifest components are files: their digests are for the record. */
const supervisorFiles: JsonSchema = {
  ...supervisorGrant,
  examples: [{ components: [] }],
  properties: {
    components: {
      description:
        "The components' files, seen from this file's folder. The actor knows each by its file's name without the ending.",
      type: 'array',
      items: { type: 'string', minLength: 1, pattern: COMPONENT_FILE },
      uniqueItems: true,
    },
  },
}

/**
 * What a grant of each handler that `theater` offers may say: the handlers' own schemas, by name, but for supervisor's. A handler that is added
 * to `makeHandlers` is added here, and its grants are checked, completed by editors and explained by `theater inspect`.
 */
export const grantSchemas = {
  cli: cliGrant,
  clocks: clocksGrant,
  fs: fsGrant,
  http: httpGrant,
  log: logGrant,
  messaging: messagingGrant,
  process: processGrant,
  random: randomGrant,
  store: storeGrant,
  supervisor: supervisorFiles,
  timer: timerGrant,
} as const satisfies Readonly<Record<string, JsonSchema>>

/** The handlers that `theater` offers: the keys of an actor's `grants`. */
export const handlerNames: readonly string[] = Object.keys(grantSchemas)

/** The schema of a handler's grants; undefined where there is no such handler. */
export function grantSchema(handler: string, contributed: GrantSchemas = {}): JsonSchema | undefined {
  return new Map<string, JsonSchema>(Object.entries({ ...contributed, ...grantSchemas })).get(handler)
}

/** What grants may say, by handler. */
export type GrantSchemas = Readonly<Record<string, JsonSchema>>
