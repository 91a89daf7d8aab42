import { TheaterError } from '@theater/runtime'
import { locate } from './locate.ts'
import { ManifestError } from './manifest-error.ts'
import type { Manifest } from './manifest.ts'

/** What a JSON Schema validator says of one fault, as far as it is needed. */
interface Fault {
  readonly instancePath: string
  readonly params: { readonly additionalProperty?: unknown }
}

/**
 * A grant that was refused, with its place in the manifest; any other error as it is. Which keys a grant has only its
 * handler knows, so it is refused when the actor is made, and not when the manifest is read.
 */
export function placed(error: unknown, manifest: Manifest, actor: string): unknown {
  if (!TheaterError.is(error) || error.code !== 'bad-grant') return error
  const [, handler = ''] = /the grant "([^"]*)"/.exec(error.message) ?? []
  const at = ['actor', actor, 'grants', handler, ...keysOf(error.detail)]
  const { path, text } = manifest
  return new ManifestError('wrong-type', error.message, { path, place: locate(text, at), cause: error })
}

/** Where in the grant the first fault is. */
function keysOf(detail: unknown): string[] {
  const [fault]: unknown[] = Array.isArray(detail) ? detail : []
  if (!isFault(fault)) return []
  const keys = fault.instancePath.split('/').slice(1).map(unescape)
  const extra = fault.params.additionalProperty
  return typeof extra === 'string' ? [...keys, extra] : keys
}

function isFault(value: unknown): value is Fault {
  return (
    typeof value === 'object' &&
    value !== null &&
    'instancePath' in value &&
    typeof value.instancePath === 'string' &&
    'params' in value &&
    typeof value.params === 'object' &&
    value.params !== null
  )
}

/** JSON Pointer: https://www.rfc-editor.org/rfc/rfc6901 */
function unescape(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
