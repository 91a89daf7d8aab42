// Keeps TypeScript's project references equal to what the package.json files say.
// `pnpm references` writes them, `--check` only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root, workspaces } from './workspace.mjs'

const onlyCheck = process.argv.includes('--check')
const all = workspaces()
const byName = new Map(all.map((w) => [w.json.name, w]))
const hasSources = (w) => w !== undefined && existsSync(join(w.path, 'tsconfig.json'))
// Only what is built can be referenced; a private tool is type-checked with whoever imports it.
const isLibrary = (w) =>
  hasSources(w) && readFileSync(join(w.path, 'tsconfig.json'), 'utf8').includes('/library.json"')
const stale = []

const projects = []
for (const workspace of all) {
  const { path, json } = workspace
  if (!hasSources(workspace)) continue
  projects.push(path)
  // What src imports must be a dependency (or bundled); a test may also use the devDependencies.
  sync(join(path, 'tsconfig.json'), targets(json.dependencies, json.peerDependencies))
  if (existsSync(join(path, 'test', 'tsconfig.json'))) {
    projects.push(join(path, 'test'))
    sync(join(path, 'test', 'tsconfig.json'), [
      path,
      ...targets(json.dependencies, json.peerDependencies, json.devDependencies),
    ])
  }
}
sync(join(root, 'tsconfig.json'), projects)

if (stale.length) {
  console.error(`references: out of date: ${stale.join(', ')}. Run \`pnpm references\`.`)
  process.exit(1)
}

function targets(...groups) {
  const names = new Set(groups.flatMap((group) => Object.keys(group ?? {})))
  return [...names]
    .map((name) => byName.get(name))
    .filter(isLibrary)
    .map((w) => w.path)
    .sort()
}

function sync(file, paths) {
  const config = JSON.parse(readFileSync(file, 'utf8'))
  const folder = join(file, '..')
  const references = paths.map((path) => ({ path: relative(folder, path).replaceAll('\\', '/') || '.' }))
  if (JSON.stringify(config.references ?? []) === JSON.stringify(references)) return
  if (onlyCheck) stale.push(relative(root, file))
  else writeFileSync(file, `${JSON.stringify({ ...config, references }, null, 2)}\n`)
}
