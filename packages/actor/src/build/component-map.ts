import { basename, dirname, relative, resolve } from 'node:path'
import { isDependency } from './bundle-error.ts'
import { kitFolder } from './bundle-paths.ts'

/**
 * A source map (https://tc39.es/ecma426/) of the one module in a component, for whoever shows what the actor says. It lies
 * beside the component and is no part of it, so it changes no digest and is in no record.
 */
export interface ComponentMap {
  readonly version: 3
  /** The component's file. */
  readonly file: string
  /** Relative to the map. */
  readonly sources: readonly string[]
  /** The actor's own sources; null for those of the kit and of dependencies. */
  readonly sourcesContent: readonly (string | null)[]
  readonly names: readonly string[]
  readonly mappings: string
  /** The sources that are not the actor's own, by index. */
  readonly ignoreList: readonly number[]
  /** What is not of the format: which component it is for, and what the engine calls the module in stacks. */
  readonly x_theater: { readonly component: string; readonly module: string }
}

/** What the engine calls the module in stacks. */
export const moduleName = 'actor.js'

/** Makes the map of a component out of the bundler's. @param out where the component lies; its sources are relative to that */
export function componentMap(bundled: string, digest: string, out: string): ComponentMap {
  const map = JSON.parse(bundled) as Omit<ComponentMap, 'ignoreList' | 'x_theater' | 'file'>
  const { sources, sourcesContent, names, mappings } = map
  const own = sources.map((source) => {
    const path = resolve(source)
    return !source.startsWith('theater:') && !isDependency(path) && !path.startsWith(kitFolder)
  })
  return {
    version: 3,
    file: basename(out),
    sources: sources.map((source) =>
      source.startsWith('theater:') ? source : relative(dirname(resolve(out)), resolve(source)),
    ),
    sourcesContent: sourcesContent.map((text, i) => (own[i] === true ? text : null)),
    names,
    mappings,
    ignoreList: own.flatMap((mine, i) => (mine ? [] : [i])),
    x_theater: { component: digest, module: moduleName },
  }
}
