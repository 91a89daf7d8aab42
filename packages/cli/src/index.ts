/**
 * The `theater` command. What other tools may use of it is the manifest.
 *
 * @example
 * ```ts
 * import { parseManifest } from '@theater/cli'
 *
 * const text = '[actor.counter]\ncomponent = "counter.wasm"\n'
 * const { actors } = parseManifest(text, { path: 'theater.toml', folder: '/srv/app' })
 * console.log(actors[0]?.component) // /srv/app/counter.wasm
 * ```
 *
 * @packageDocumentation
 */
export { ManifestError } from './manifest-error.ts'
export type { ManifestErrorCode, ManifestProblem, Place } from './manifest-error.ts'
export { handlerNames } from './grant-schemas.ts'
export { limitNames, manifestSchema } from './manifest-schema.ts'
export { offerOf } from './offer.ts'
export type { Offer } from './offer.ts'
export { parseManifest, readManifest } from './manifest.ts'
export type { Manifest, ManifestActor, ManifestOptions } from './manifest.ts'
