import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * How a manifest in `folder` names the schema of manifests, in the comment that editors look for: by the package that is
 * installed there, or by where this one is.
 */
export function schemaReference(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, 'node_modules', '@theater', 'cli', 'theater.schema.json')
    if (existsSync(file)) {
      const way = relative(folder, file).replaceAll('\\', '/')
      return way.startsWith('.') ? way : `./${way}`
    }
    if (dirname(at) === at) break
  }
  return pathToFileURL(fileURLToPath(new URL('../theater.schema.json', import.meta.url))).href
}
