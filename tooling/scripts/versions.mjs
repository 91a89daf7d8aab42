// Writes each package's version into the source file that says it: `pnpm release:version` does, after changesets.
// `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

const said = {
  'packages/cli': 'src/program.ts',
  'packages/component': 'src/version.ts',
  'packages/runtime': 'src/version.ts',
}
const constant = /^((?:export )?const (?:version|VERSION) = ')[^']*(?=')/m

const stale = []
for (const [folder, file] of Object.entries(said)) {
  const { version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const path = join(root, folder, file)
  const before = readFileSync(path, 'utf8')
  if (!constant.test(before)) throw new Error(`${folder}/${file} says no version`)
  const after = before.replace(constant, `$1${version}`)
  if (after === before) continue
  if (process.argv.includes('--check')) stale.push(`${folder}/${file}`)
  else writeFileSync(path, after)
}
if (stale.length > 0) {
  console.error(
    `versions: not those of package.json: ${stale.join(', ')}. Run \`node tooling/scripts/versions.mjs\`.`,
  )
  process.exit(1)
}
