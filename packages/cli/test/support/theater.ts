import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { decodeHeader } from '@theater/event-chain'
import type { Kind } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { onTestFinished } from 'vitest'
import { here } from './here.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What a run of the command came to. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  /** Whether the command has a process of its own: where that is what a test is about. @default false */
  readonly apart?: boolean
}

/** Starts the command as a child process. */
export function start(args: readonly string[], { cwd, env = {} }: RunOptions): ChildProcess {
  const { FORCE_COLOR: _force, NODE_OPTIONS: _options, ...rest } = process.env
  return spawn(process.execPath, ['--conditions=theater-source', main, ...args], {
    cwd,
    env: { ...rest, ...env },
  })
}

/**
 * Runs the command to its end: in this process, unless it makes processes itself, loads modules of somebody else, reads standard
 * input, or the test wants one of its own. A process takes half a second, most of it for loading the same modules again.
 */
export function theater(args: readonly string[], options: RunOptions): Promise<Ran> {
  const { input, env = {}, apart = false } = options
  const [command = ''] = args
  const alone =
    apart || input !== undefined || 'NODE_OPTIONS' in env || !quiet.has(command) || args.includes('--handler')
  return alone ? ended(start(args, options), input) : here(args, options)
}

const quiet: ReadonlySet<string> = new Set(
  'run call ps chain logs verify replay export import inspect key checkpoint dead proof redact archive gc'.split(
    ' ',
  ),
)

/** Waits until a child says something. Throws where it ends without. */
export async function said(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('close', (code) => reject(new Error(`it ended with ${code} and said nothing`)))
  })
}

/** Waits for a child and collects what it wrote. */
export async function ended(child: ChildProcess, input = ''): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin?.on('error', () => undefined).end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr }
}

/** The objects on the lines of stdout. Throws where a line is not one. */
export function objects(ran: Ran): any[] {
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** A folder that goes away with the test, or with the tests of the file, with guests and files in it. */
export function folder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  until: 'test' | 'file' = 'test',
): string {
  const path = mkdtempSync(join(tmpdir(), 'theater-cli-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  if (until === 'test') onTestFinished(remove)
  else process.on('exit', remove)
  const guests = { 'echo.wasm': guest('echo'), 'hello.wasm': guest('hello'), 'spine.wasm': guest('spine') }
  for (const [name, content] of Object.entries({ ...guests, ...files }))
    writeFileSync(join(path, name), content)
  return path
}

/** Makes a folder once for all tests of a file and gives each a copy. */
export function copies(make: () => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined
  return async () => {
    const from = await (made ??= make())
    const path = folder()
    cpSync(from, path, { recursive: true })
    return path
  }
}

/** A manifest with one echo that may log. */
export const ECHO = `[actor.echo]
component = "echo.wasm"

[actor.echo.grants.log]
`

/** Ends the only record of a database before its first event of a kind, as a crash could have. */
export function cutOff(path: string, kind: Kind): void {
  const db = new DatabaseSync(path)
  const rows = db.prepare('SELECT seq, header FROM events ORDER BY seq').all() as {
    seq: number
    header: Uint8Array
  }[]
  const at = rows.findIndex(({ header }) => decodeHeader(header).kind === kind)
  const last = rows[at - 1]
  if (last === undefined) throw new Error(`there is no ${kind}`)
  db.prepare('DELETE FROM events WHERE seq >= ?').run(at)
  db.prepare('UPDATE chains SET size = ?, head = ?').run(
    at,
    createHash('sha256').update(last.header).digest(),
  )
  db.close()
}
