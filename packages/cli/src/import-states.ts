import { liveHandler, resolveImports, trackOf } from '@theater/boundary'
import type { AnyHandler } from '@theater/handler'
import type { ComponentModel, Json } from '@theater/values'

/**
 * What a component gets for an import under some grants.
 *
 * - `granted`: by the grant of its handler; with `handler` null by the boundary itself, by rule (derived clocks and randomness,
 *   streams, types), which needs no grant.
 * - `inert`: empty and closed, no authority, until the handler is granted.
 * - `unmet`: the actor is not made, until the handler is granted; with no handler, never.
 */
export type ImportState = 'granted' | 'inert' | 'unmet'

/** One imported interface, and what becomes of it. */
export interface Import {
  readonly name: string
  readonly handler: string | null
  readonly state: ImportState
  readonly functions: readonly string[]
  /** The handler whose grant makes it live: it is derived without; null for what is never derived. */
  readonly live: string | null
}

/** What becomes of each import of a component under some grants. Nothing is run. */
export function importsOf(
  model: ComponentModel,
  handlers: readonly AnyHandler[],
  grants: Readonly<Record<string, Json>>,
): readonly Import[] {
  const { served, unmet } = resolveImports(model, handlers, grants)
  return model.imports.map(({ name, functions: all }): Import => {
    const by = served.get(name)
    const functions = all.map((fn) => fn.name)
    const live = liveHandler(trackOf(name)) ?? null
    if (by === undefined) {
      const handler = unmet.find((one) => one.interface === name)?.handler ?? null
      return { name, handler, state: 'unmet', functions, live }
    }
    if (by.state === 'built-in') return { name, handler: null, state: 'granted', functions, live }
    return { name, handler: by.handler.name, state: by.state, functions, live }
  })
}

/** As `--json` prints it. */
export function importJson(one: Import): Json {
  return { ...one, functions: [...one.functions] }
}
