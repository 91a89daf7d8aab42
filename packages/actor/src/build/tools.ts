import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What makes a component, each with its version, which is an input of a build. */
export interface Tools {
  readonly '@theater/actor': string
  readonly '@theater/wit': string
  readonly '@bytecodealliance/componentize-js': string
  readonly '@bytecodealliance/jco': string
  readonly esbuild: string
}

/** The versions that are installed, without loading any of it: that takes half a second. */
export function tools(): Tools {
  return {
    '@theater/actor': versionIn(new URL('../../package.json', import.meta.url)),
    '@theater/wit': versionIn(new URL(import.meta.resolve('@theater/wit/package.json'))),
    '@bytecodealliance/componentize-js': versionIn(enginePart('package.json')),
    '@bytecodealliance/jco': versionIn(
      new URL('../package.json', import.meta.resolve('@bytecodealliance/jco')),
    ),
    esbuild: versionIn(new URL('../package.json', import.meta.resolve('esbuild'))),
  }
}

/** A name for this code: in a checkout it changes without a version. */
export function ownCode(): string {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).toSorted()) {
    if (/\.[jt]s$/.test(name)) hash.update(`${name}\0`).update(readFileSync(`${folder}${name}`))
  }
  return hash.digest('hex')
}

/** A file of componentize-js. */
export function enginePart(path: string): URL {
  return new URL(`../${path}`, import.meta.resolve('@bytecodealliance/componentize-js'))
}

function versionIn(manifest: URL): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version
}
