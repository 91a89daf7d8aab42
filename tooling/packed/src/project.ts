/** A fresh project outside the repository, with npm and Node and nothing of the repository's. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { startRegistry } from './registry.ts'
import { root } from './root.ts'

/** What a command said. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that goes on until it is told to end. */
interface Going {
  /** Resolves with what a pattern found in all that was said; rejects, with all of it, where the command ends before. */
  heard(pattern: RegExp): Promise<RegExpExecArray>
  /** Ctrl-C: the signal that a terminal sends to the command and to all that it started. Resolves when it has ended. */
  interrupt(): Promise<Ran>
}

/** A folder in which commands run as a stranger would run them. */
export interface Project {
  readonly folder: string
  /** Writes files, by path. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void
  /** Runs a program; its exit code is for the caller to look at. */
  run(
    command: string,
    args: readonly string[],
    options?: { readonly cwd?: string; readonly input?: string },
  ): Promise<Ran>
  /** As `run`, and throws, with all that was said, unless the exit code is 0. */
  ok(command: string, args: readonly string[], options?: { readonly cwd?: string }): Promise<Ran>
  /** Starts a program that does not end by itself. */
  start(command: string, args: readonly string[], options?: { readonly cwd?: string }): Going
}

/** Where projects are made: one registry and one npm cache for all of them. */
export interface Bench extends AsyncDisposable {
  project(name: string, manifest?: object): Project
  /** Packages that npm asked for and that are not here. */
  readonly missing: ReadonlySet<string>
}

/** Opens a temporary folder outside the repository for fresh projects. */
export async function openBench(): Promise<Bench> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'theater-packed-')))
  const registry = await startRegistry()
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  writeFileSync(
    join(folder, 'npmrc'),
    [
      `registry=${registry.url}`,
      `cache=${join(folder, 'cache')}`,
      'audit=false',
      'fund=false',
      'update-notifier=false',
      '',
    ].join('\n'),
  )
  const env = environment(bin, join(folder, 'npmrc'))

  return {
    missing: registry.missing,
    project(name, manifest) {
      const place = join(folder, name)
      mkdirSync(place)
      const project: Project = {
        folder: place,
        write(files) {
          for (const [path, content] of Object.entries(files)) {
            mkdirSync(dirname(join(place, path)), { recursive: true })
            writeFileSync(join(place, path), content)
          }
        },
        run: (command, args, options = {}) =>
          run(command, args, { cwd: join(place, options.cwd ?? '.'), env, input: options.input ?? '' }),
        async ok(command, args, options) {
          const ran = await project.run(command, args, options)
          if (ran.code === 0) return ran
          throw new Error(
            `${[command, ...args].join(' ')}: exit code ${ran.code}\n${ran.stdout}${ran.stderr}`,
          )
        },
        start: (command, args, options = {}) =>
          start(command, args, { cwd: join(place, options.cwd ?? '.'), env }),
      }
      if (manifest) project.write({ 'package.json': JSON.stringify(manifest, null, 2) })
      return project
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Bytes of all files under a folder. */
export function weigh(folder: string): number {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** What a stranger's shell has: no tool of the repository on PATH, no setting of the npm or Node that runs this. */
function environment(bin: string, npmrc: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(process.env)) {
    if (
      !/^(?:npm_|pnpm_|node_|theater_cache$|turbo_|vitest|vite_|test$|mode$|dev$|prod$|ssr$|init_cwd$|force_color$)/i.test(
        key,
      )
    )
      env[key] = value
  }
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(root))
  return { ...env, PATH: [bin, ...path].join(delimiter), NO_COLOR: '1', npm_config_userconfig: npmrc }
}

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

async function run(
  command: string,
  args: readonly string[],
  { input, ...place }: Place & { readonly input: string },
): Promise<Ran> {
  const child = spawn(command, args, { ...place, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {}).end(input)
  return listen(child).ended
}

function start(command: string, args: readonly string[], place: Place): Going {
  // A process group of its own: what a terminal's Ctrl-C goes to.
  const child = spawn(command, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const { said, ended } = listen(child)
  const all = () => `${said.stdout}${said.stderr}`
  return {
    heard: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(all())
          if (found) resolve(found)
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        ended.then(
          ({ code }) => reject(new Error(`${[command, ...args].join(' ')}: exit code ${code}\n${all()}`)),
          reject,
        )
        look()
      }),
    async interrupt() {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
        process.kill(-child.pid, 'SIGINT')
      return ended
    },
  }
}

/** What a child says, and what it came to. */
function listen(child: ChildProcessByStdio<Writable | null, Readable, Readable>) {
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: exitCode(code, signal), ...said }))
  })
  return { said, ended }
}

/** As a shell says it: 130 is what Ctrl-C ended. */
function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
