// Starts the workspace's own tools on the workspace's own Node.
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './workspace.mjs'

const bin = join(root, 'node_modules', '.bin')

/** The environment of every tool: our binaries first (Node 26 among them), nobody phones home. */
export function environment() {
  return {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    npm_config_loglevel: 'error',
    // The same tools are started dozens of times: what Node compiled of them is kept.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node'),
    // Those in Go (tsc, oxlint) collect garbage every time that the heap has doubled: a sixth of their time.
    GOGC: process.env.GOGC ?? '400',
  }
}

/** Runs a tool in the foreground; the promise is its exit code (1 if it could not be started). */
export function run(command, args, { cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      stdio: 'inherit',
      env: environment(),
      shell: process.platform === 'win32',
    })
    const forward = (signal) => child.kill(signal)
    process.on('SIGINT', forward).on('SIGTERM', forward)
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}. Run \`npm run setup\` first.`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward)
      resolve(code ?? (signal ? 1 : 0))
    })
  })
}
