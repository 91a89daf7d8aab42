import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a program came to. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
}

/** A folder that is there as long as it is used. */
export function place(): Disposable & { readonly path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'agent-')))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs a program of this repository to its end. */
function program(main: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { FORCE_COLOR: _force, MODEL_KEY: _key, ...rest } = process.env
  const child = spawn(process.execPath, ['--conditions=theater-source', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...rest, ...env },
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out }))
  })
}

/** Runs the example to its end. */
export function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return program(join(import.meta.dirname, '..', 'src', 'main.ts'), args, env)
}

/** Runs `theater` to its end. */
export function theater(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return program(join(import.meta.dirname, '../../../packages/cli/src/main.ts'), args, env)
}

/** The files of a folder that have some bytes in them. */
export function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text))
}
