import type { AnyHandler, HandlerFunction } from '@theater/handler'
import type { ComponentModel, FunctionModel, InterfaceModel, Json } from '@theater/values'
import { isDerived } from './derived.ts'
import { ioFunction, isIo } from './io.ts'
import { isLive, liveHandler } from './live-rules.ts'
import { trackName, trackOf } from './track.ts'

/** Who answers one imported interface. */
export type Served =
  | { readonly state: 'granted' | 'inert'; readonly handler: AnyHandler }
  /** Answered by the boundary itself: clocks and randomness that are not live, `wasi:io`, the actor's own identity, types only. */
  | { readonly state: 'built-in' }

/** An import that nobody answers. */
export interface Unmet {
  readonly interface: string
  /** The handler that would serve it if it were granted; `undefined` when no handler is there. */
  readonly handler: string | undefined
  /** The function that the handler does not offer; `undefined` when the whole interface is unmet. */
  readonly fn: string | undefined
}

/** Who answers which import of a component under some grants. */
export interface Resolution {
  /**
   * By interface: what is imported; and by `export`, interface and handler what is exported for a handler that is granted, and answers no import, to call.
   */
  readonly served: ReadonlyMap<string, Served>
  readonly unmet: readonly Unmet[]
  /** Imports that may suspend the guest: ids, sorted. Empty: the component can run without JSPI. */
  readonly asyncImports: readonly string[]
}

/**
 * Matches a component's imports, and the exports that handlers call, with handlers and grants, deny by default.
 *
 * @param grants by handler name; a handler without one is inert where it can be, else its interfaces are unmet
 */
export function resolveImports(
  model: ComponentModel,
  handlers: readonly AnyHandler[],
  grants: Readonly<Record<string, Json>>,
): Resolution {
  const served = new Map<string, Served>()
  const unmet: Unmet[] = []
  for (const imported of model.imports) {
    const found = serve(imported, handlers, grants)
    if ('state' in found) served.set(imported.name, found)
    else unmet.push(...found.unmet)
  }
  const bound = new Set<AnyHandler>()
  for (const by of served.values()) if (by.state !== 'built-in') bound.add(by.handler)
  const asyncImports: string[] = []
  for (const imported of model.imports) {
    for (const fn of imported.functions) if (suspends(fn, bound)) asyncImports.push(fn.id)
  }
  for (const handler of handlers) {
    if (bound.has(handler) || !Object.hasOwn(grants, handler.name)) continue
    const called = model.exports.find(({ name }) => handler.exports?.includes(trackOf(name)))
    // A component may import what it exports, from somebody else; and two handlers may call the same.
    if (called !== undefined)
      served.set(`export ${called.name} ${handler.name}`, { state: 'granted', handler })
  }
  return { served, unmet, asyncImports: asyncImports.toSorted() }
}

function serve(
  imported: InterfaceModel,
  handlers: readonly AnyHandler[],
  grants: Readonly<Record<string, Json>>,
): Served | { readonly unmet: readonly Unmet[] } {
  const track = trackOf(imported.name)
  if (imported.functions.length === 0 && imported.resources.length === 0) return { state: 'built-in' }
  const live = isLive(track, grants)
  if (!live && imported.functions.every((fn) => isDerived(trackName(fn)) || isIo(trackName(fn))))
    return { state: 'built-in' }
  const serves = (one: AnyHandler): boolean => !live || one.name === liveHandler(track)
  const handler = handlers.find((one) => one.interfaces.includes(track) && serves(one))
  if (handler === undefined)
    return { unmet: [{ interface: imported.name, handler: undefined, fn: undefined }] }
  const offered = (name: string): boolean =>
    Object.hasOwn(handler.functions, name) || (live && isDerived(name))
  const missing = imported.functions.filter((fn) => !offered(trackName(fn)))
  if (missing.length > 0) {
    return { unmet: missing.map((fn) => ({ interface: imported.name, handler: handler.name, fn: fn.name })) }
  }
  if (Object.hasOwn(grants, handler.name)) return { state: 'granted', handler }
  if (handler.inert !== undefined) return { state: 'inert', handler }
  return { unmet: [{ interface: imported.name, handler: handler.name, fn: undefined }] }
}

/** The mode of a resource's method depends on the handler that made the object, so any of them may make it wait. */
function suspends(fn: FunctionModel, bound: ReadonlySet<AnyHandler>): boolean {
  const name = trackName(fn)
  if (isDerived(name)) return false
  for (const handler of bound) {
    const declared: HandlerFunction | undefined = handler.functions[name]
    if (declared?.mode === 'async') return true
  }
  return ioFunction(name)?.mode === 'async'
}
