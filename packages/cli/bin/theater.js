#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

if (Number.parseInt(process.versions.node, 10) < 26) {
  console.error(`theater: Node 26 or later is needed, this is ${process.version}`)
  process.exit(1)
}

// In a checkout (there is a tsconfig.json, which is never published) the sources run as they are: this process
// becomes another one with the condition that resolves `@theater/*` to them. Published, the build runs.
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const flag = '--conditions=theater-source'
if (!existsSync(path('../tsconfig.json'))) {
  await import('../dist/main.js')
} else if (process.execArgv.includes(flag)) {
  await import('../src/main.ts')
} else {
  const args = [...process.execArgv, flag, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  if (process.platform === 'win32') {
    const { spawnSync } = await import('node:child_process')
    process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
  } else {
    process.execve(process.execPath, [process.execPath, ...args])
  }
}
