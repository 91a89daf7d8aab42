import { CLASSES, type Escape, type EscapeClass } from './escape.ts'

/** The classes, each in a file of its own: a guard that is off should not have to load them all. */
const files: Readonly<Record<EscapeClass, () => Promise<{ readonly escapes: readonly Escape[] }>>> = {
  loader: () => import('./classes/loader.ts'),
  actors: () => import('./classes/actors.ts'),
  answers: () => import('./classes/answers.ts'),
  boundary: () => import('./classes/boundary.ts'),
  handles: () => import('./classes/handles.ts'),
  http: () => import('./classes/http.ts'),
  floods: () => import('./classes/floods.ts'),
  limits: () => import('./classes/limits.ts'),
  manifest: () => import('./classes/manifest.ts'),
  names: () => import('./classes/names.ts'),
  paths: () => import('./classes/paths.ts'),
  phases: () => import('./classes/phases.ts'),
  record: () => import('./classes/record.ts'),
  serving: () => import('./classes/serving.ts'),
  sockets: () => import('./classes/sockets.ts'),
  store: () => import('./classes/store.ts'),
}

/** The attempts of a class. */
export async function escapesOf(name: EscapeClass): Promise<readonly Escape[]> {
  return (await files[name]()).escapes
}

/** Every attempt, in the order of the classes. */
export async function catalogue(): Promise<readonly Escape[]> {
  return (await Promise.all(CLASSES.map(escapesOf))).flat()
}
