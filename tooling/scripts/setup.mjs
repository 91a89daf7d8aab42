// Brings what the repository needs from npm: pnpm, Node 26, and all dependencies. Runs on Node 20.
// Says nothing and starts nothing when everything is already there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, workspaces } from './workspace.mjs'

const stamp = join(root, 'node_modules', '.theater-setup')
const now = fingerprint()
const ready =
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === now &&
  ['node', 'pnpm', 'turbo', 'tsc', 'vitest'].every((bin) =>
    existsSync(join(root, 'node_modules', '.bin', bin)),
  )

if (!ready) {
  const pnpm = 'pnpm@12.21.0'
  const args = ['--yes', pnpm, 'install', '--frozen-lockfile', '--prefer-offline']
  console.log(`set-up: npx ${args.join(' ')}`)
  console.log(
    'set-up: brings pnpm, Node 26 and all dependencies into node_modules; nothing outside the checkout',
  )
  rmSync(stamp, { force: true })
  const started = Date.now()
  const { status, error } = spawnSync('npx', args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, npm_config_loglevel: 'error', CI: 'true' },
  })
  if (error || status !== 0) {
    console.error(`set-up: failed${error ? ` (${error.message})` : ''}; is the npm registry reachable?`)
    process.exit(status || 1)
  }
  writeFileSync(stamp, now)
  console.log(`set-up: done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** Everything an install depends on: the lock file, the workspace file, every package.json. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) {
    hash.update(`${file}\0`).update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '')
  }
  for (const { folder, text } of workspaces()) hash.update(`${folder}\0`).update(text)
  return hash.digest('hex')
}
