import type { Unmet } from '@theater/boundary'
import type { JsonSchema } from '@theater/handler'
import { TheaterError } from '@theater/runtime'
import { insteadOf } from './instead-of.ts'
import { grantSchema } from './grant-schemas.ts'
import { grantLines, inlineGrant } from './manifest-text.ts'
import { ManifestError } from './manifest-error.ts'
import type { ManifestProblem } from './manifest-error.ts'
import type { PlacedManifest } from './manifest.ts'
import { secretAdvice } from './secrets.ts'
import { tomlPath } from './toml-text.ts'

/**
 * An error of making an actor with its place in the manifest, and for an import that was not granted the lines to add;
 * any other error as it is.
 */
export async function placed(error: unknown, manifest: PlacedManifest, actor: string): Promise<unknown> {
  const { path, source } = manifest
  if (error instanceof Error && error.name === 'MountError') {
    const { MountError } = await import('@theater/handler-fs')
    if (!MountError.is(error)) return error
    const at = mountOf(manifest, actor, error.host)
    const problem = source.problem({ code: 'bad-grant', message: error.message, path: at, part: 'value' })
    return new ManifestError(path, [problem], { cause: error })
  }
  if (error instanceof Error && error.name === 'HttpHostError') {
    const { HttpHostError } = await import('@theater/handler-http')
    // Where it listens is not the actor's to say.
    if (!HttpHostError.is(error) || error.code === 'cannot-listen') return error
    const at = ['actor', actor, 'grants', 'http']
    const advice = error.code === 'no-secret' ? ` ${secretAdvice}` : ''
    const message = `${error.message}${advice}`
    const problem = source.problem({ code: 'bad-grant', message, path: at, part: 'value' })
    return new ManifestError(path, [problem], { cause: error })
  }
  if (!TheaterError.is(error)) return error
  if (error.code === 'bad-grant') {
    const at = ['actor', actor, 'grants']
    const problem = source.problem({ code: 'bad-grant', message: error.message, path: at, part: 'value' })
    return new ManifestError(path, [problem], { cause: error })
  }
  if (error.code === 'bad-component' && (error.detail === 'not-wasm' || error.detail === 'core-module')) {
    const at = ['actor', actor, 'component']
    const problem = source.problem({ code: 'no-component', message: error.message, path: at, part: 'value' })
    return new ManifestError(path, [problem], { cause: error })
  }
  if (error.code !== 'unmet-import') return error
  const unmet: readonly Unmet[] = Array.isArray(error.detail) ? error.detail : []
  const [first, ...rest] = problemsOf(unmet, manifest, actor)
  return first === undefined ? error : new ManifestError(path, [first, ...rest], { cause: error })
}

/** The host directory, or the tree, of the mount that cannot be had. */
function mountOf({ actors }: PlacedManifest, actor: string, host: string): readonly string[] {
  const at = ['actor', actor, 'grants', 'fs', 'mounts']
  const grant = actors.find(({ id }) => id === actor)?.grants['fs'] as
    | { readonly mounts: Readonly<Record<string, { readonly host?: string; readonly tree?: string }>> }
    | undefined
  const mount = Object.entries(grant?.mounts ?? {}).find(([, held]) => (held.host ?? held.tree) === host)
  return mount === undefined ? at : [...at, mount[0], mount[1].host === undefined ? 'tree' : 'host']
}

/** One problem for each handler that has to be granted, and one for each import that nobody serves. */
function problemsOf(
  unmet: readonly Unmet[],
  { source, contributed }: PlacedManifest,
  actor: string,
): ManifestProblem[] {
  const problems: ManifestProblem[] = []
  const fault = { code: 'unmet-import', path: ['actor', actor], part: 'value' } as const
  for (const one of unmet) {
    if (one.handler !== undefined && one.fn === undefined) continue
    const message =
      one.handler === undefined
        ? `${actor} imports ${one.interface}, which no handler of theater serves.${insteadOf(one.interface)}`
        : `${actor} imports ${one.interface}#${one.fn}, which the handler ${one.handler} does not offer`
    problems.push(source.problem({ ...fault, message }))
  }
  const missing = unmet.filter(({ handler, fn }) => handler !== undefined && fn === undefined)
  for (const [handler, ones] of Map.groupBy(missing, (one) => one.handler ?? '')) {
    const names = ones.map((one) => one.interface).join(', ')
    const { path, where, lines } = addition(source.places, actor, handler, grantSchema(handler, contributed))
    const message = `${actor} imports ${names}, which it was not granted. ${where}`
    problems.push(source.problem({ ...fault, path, message }, lines))
  }
  return problems
}

/** The lines that grant a handler to an actor, and where they go: what is written in braces is added to within them. */
function addition(
  places: PlacedManifest['source']['places'],
  actor: string,
  handler: string,
  schema: JsonSchema = {},
): { readonly path: readonly string[]; readonly where: string; readonly lines: readonly string[] } {
  const path = ['actor', actor, 'grants', handler]
  if (places.isOpen(path.slice(0, -1))) {
    const line = places.lastLine(['actor', actor])
    const where = line === undefined ? 'Add' : `Add after line ${line}`
    return { path: ['actor', actor], where: `${where}:`, lines: grantLines(actor, handler, schema) }
  }
  const braces = places.written(path)
  const line = places.find(braces, 'value')?.line
  const text = inlineGrant(path.slice(braces.length), schema)
  const name = tomlPath(braces)
  return {
    path: braces,
    where: `Add within the braces of ${name}${line === undefined ? '' : ` in line ${line}`}:`,
    lines: [text],
  }
}
