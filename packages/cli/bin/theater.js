#!/usr/bin/env node
import { chmodSync, existsSync, lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache, flushCompileCache, getCompileCacheDir } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
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
  keepCompiled()
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

/**
 * Keeps what Node makes of the code of this command, so that the next one begins sooner. Whoever can write it decides what runs: the folder is
 * this user's alone, not one below the machine's temporary files. Without it all is as good.
 */
function keepCompiled() {
  if (getCompileCacheDir() !== undefined) return
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'theater', 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = lstatSync(folder)
    if (!found.isDirectory()) return
    if (process.getuid !== undefined) {
      if (found.uid !== process.getuid()) return
      if (found.mode & 0o077) chmodSync(folder, 0o700)
    }
    enableCompileCache(folder)
  } catch {
    return
  }
  // A process that is killed writes nothing of it at its end.
  setTimeout(() => flushCompileCache(), 3000).unref()
}
