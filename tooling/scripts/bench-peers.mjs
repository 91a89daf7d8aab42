// `pnpm bench:peers`: installs what the durable counter is compared with, beside the workspace, and runs the benchmark.
import { join } from 'node:path'
import { run } from './run.mjs'
import { root } from './workspace.mjs'

const peers = join(root, 'tooling', 'bench', 'peers')
const install = ['install', '--dir', peers, '--ignore-workspace', '--frozen-lockfile', '--ignore-scripts']
if (process.argv.includes('--help')) {
  console.log('pnpm bench:peers [--rounds N] [--seconds N] [--json]\n')
  console.log(
    'Installs Restate and workerd beside the workspace (some 380 MB, from npm) and compares a durable counter.',
  )
} else {
  const installed = await run('pnpm', [...install, '--silent'])
  process.exitCode =
    installed === 0 ? await run('pnpm', ['bench', '--only', 'peers', ...process.argv.slice(2)]) : installed
}
