/**
 * Packs the package in the current folder into `.packed/package.tgz`, exactly as it would be published, and checks
 * what is in it: `turbo run tarball` runs this for each public package whose files changed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { complaints, sourceOf } from './complaints.ts'

const folder = process.cwd()
// tsc leaves what it wrote for a source that has gone since.
for (const path of globSync('dist/**/*.{js,d.ts,js.map,d.ts.map}', { cwd: folder })) {
  const source = sourceOf(path.replaceAll('\\', '/'))
  if (source !== undefined && !existsSync(join(folder, source))) rmSync(join(folder, path))
}

const out = join(folder, '.packed')
rmSync(out, { recursive: true, force: true })
mkdirSync(out)
const file = join(out, 'package.tgz')
const packed = spawnSync('pnpm', ['pack', '--out', file], {
  cwd: folder,
  encoding: 'utf8',
  shell: process.platform === 'win32',
})
if (packed.status !== 0) {
  console.error(packed.error?.message ?? `${packed.stdout}${packed.stderr}`)
  process.exit(1)
}
const found = await complaints(folder, readFileSync(file))
for (const complaint of found) console.error(complaint)
// A tarball that is wrong is nobody's cached output.
if (found.length > 0) rmSync(out, { recursive: true })
process.exitCode = found.length > 0 ? 1 : 0
