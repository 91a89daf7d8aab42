// Which packages the workspace has. Runs on Node 20 and without any dependency: set-up uses it.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** Every workspace package but the root, ordered by folder: `{ folder, path, text, json }`. */
export function workspaces() {
  const folders = ['wit']
  for (const group of ['packages', 'examples', 'tooling']) {
    if (!existsSync(join(root, group))) continue
    for (const name of readdirSync(join(root, group))) folders.push(`${group}/${name}`)
  }
  return folders
    .sort()
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => {
      const path = join(root, folder)
      const text = readFileSync(join(path, 'package.json'), 'utf8')
      return { folder, path, text, json: JSON.parse(text) }
    })
}
