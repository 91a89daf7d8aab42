import { existsSync, realpathSync } from 'node:fs'
import { dirname, parse, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the kit's own modules are. */
export const kitFolder = fileURLToPath(new URL('..', import.meta.url))

/**
 * What the bundler's paths are relative to: the root, so that each is the whole place of a file and is found again in what
 * it writes, whatever folder the build runs in.
 */
export function bundleRoot(entry: string): string {
  return parse(resolve(entry)).root
}

/**
 * Takes the places of files out of a bundled module: into comments, and into the names of CommonJS modules, the bundler
 * writes where each source lies. Then the module, and so the component, does not say where it was built or how dependencies
 * were installed. Lines stay lines, and columns that a source map names stay too.
 *
 * @param inputs what the bundler calls the files that went into it
 */
export function withoutPlaces(source: string, inputs: readonly string[], entry: string): string {
  const root = bundleRoot(entry)
  // The bundler follows links.
  const folder = dirname(realpathSync(entry))
  const places = inputs
    .map((input) => input.replace(disabled, ''))
    // Neither the kit's own modules nor what is mapped away by name, such as `fs`, is a place.
    .filter((place) => existsSync(resolve(root, place.split('/')[0]!)))
  const names = new Map(places.map((place) => [place, nameOf(resolve(root, place), folder)]))
  const named = (all: string, before: string, place: string, after: string): string => {
    const name = names.get(place)
    return name === undefined ? all : `${before}${name}${after}`
  }
  return source
    .replaceAll(/^([ \t]*\/\/ (?:\(disabled\):)?)(.+)()$/gm, named)
    .replaceAll(/^([ \t]*"(?:\(disabled\):)?)([^"]+)("\()/gm, named)
}

/** Stands before a file that a package maps away, for browsers. */
const disabled = /^\(disabled\):/

/** What a file is called in a bundle: as the actor's own sources lie to each other, as a dependency is imported. */
function nameOf(file: string, folder: string): string {
  if (file.startsWith(kitFolder)) return `@theater/actor/${slashes(file.slice(kitFolder.length))}`
  const path = slashes(file)
  const marker = '/node_modules/'
  const at = path.lastIndexOf(marker)
  return at < 0 ? slashes(relative(folder, file)) : path.slice(at + marker.length)
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/')
}
