/**
 * Guests in C, for Debian's clang and wasi-libc: core modules of WASI preview 1, made components by the adapters that
 * jco ships.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools'
import { sameModel } from './model.ts'
import { guests, type Made, type Result, settle, sha256, Unavailable } from './result.ts'

const folder = join(guests, 'c')
const FLAGS = ['--target=wasm32-wasi', '-std=gnu11', '-Os', '-Wall', '-Wextra', '-Werror', '-Wl,--strip-all']
const PACKAGES = ['clang', 'lld', 'wasi-libc', 'libclang-rt-dev-wasm32']

/**
 * Compiles the guests in C, each twice in different folders: a build that depends on where it runs is an error.
 *
 * With another compiler than the one that `COMPILER` names the bytes cannot be compared, so what the components import
 * and export is.
 */
export async function cGuests(write: boolean): Promise<readonly Result[]> {
  provideCompiler()
  const compiler = versions()
  const made: Made[] = []
  for (const name of names()) {
    const bytes = await component(name)
    if (sha256(bytes) !== sha256(await component(name))) throw new Error(`two builds of ${name}.c differ`)
    made.push({ name, bytes })
  }
  const file = join(folder, 'COMPILER')
  if (write) {
    writeFileSync(file, compiler)
    return settle(folder, made, true)
  }
  if (existsSync(file) && readFileSync(file, 'utf8') === compiler) return settle(folder, made, false)
  const results: Result[] = []
  for (const { name, bytes } of made) {
    const same = await sameModel(bytes, readFileSync(join(folder, `${name}.wasm`)))
    const note = 'another compiler than the one in COMPILER: only imports and exports were compared'
    results.push({ name, state: same ? 'same' : 'different', note })
  }
  return results
}

function names(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.c'))
    .map((file) => file.slice(0, -'.c'.length))
    .toSorted()
}

/** A guest with a world beside it is a reactor that exports it; without one it is a `wasi:cli` command. */
async function component(name: string): Promise<Uint8Array> {
  const world = join(folder, `${name}.wit`)
  const reactor = existsSync(world)
  const module = compile(name, reactor)
  const binary = reactor
    ? await componentEmbed({ binary: module, witSource: readFileSync(world, 'utf8'), world: name })
    : module
  return componentNew(binary, [['wasi_snapshot_preview1', adapter(reactor ? 'reactor' : 'command')]])
}

function adapter(kind: 'command' | 'reactor'): Uint8Array {
  const jco = dirname(createRequire(import.meta.url).resolve('@bytecodealliance/jco'))
  return readFileSync(join(jco, `../lib/wasi_snapshot_preview1.${kind}.wasm`))
}

function compile(name: string, reactor: boolean): Uint8Array {
  const temporary = mkdtempSync(join(tmpdir(), 'theater-c-'))
  try {
    const out = join(temporary, `${name}.wasm`)
    const model = reactor ? ['-mexec-model=reactor'] : []
    const { status, stderr } = spawnSync(
      'clang',
      [...FLAGS, ...model, '-o', out, join(folder, `${name}.c`)],
      { cwd: temporary, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`clang cannot compile ${name}.c:\n${stderr}`)
    return new Uint8Array(readFileSync(out))
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

/** What decides the bytes, as Debian names it. */
function versions(): string {
  const clang = run('clang', ['--version']).split('\n')[0] ?? ''
  const libc = run('dpkg-query', ['--showformat', '${Version}', '--show', 'wasi-libc'])
  return `${clang}\nwasi-libc ${libc.trim() || 'not from Debian'}\n`
}

function provideCompiler(): void {
  if (compiles()) return
  const wanted = PACKAGES.join(' ')
  const advice = `Install clang with its WebAssembly runtime, and wasi-libc: on Debian, as root, apt-get install ${wanted}`
  if (run('apt-get', ['--version']) === '')
    throw new Unavailable(`there is no compiler for WASI here, and no apt. ${advice}`)
  if (process.getuid?.() !== 0)
    throw new Unavailable(`there is no compiler for WASI here, and only root can install one. ${advice}`)
  console.log(`apt-get install ${wanted}`)
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  const install = (): boolean => apt('install', '--yes', '--no-install-recommends', ...PACKAGES)
  // The lists may be old, or not there at all.
  if (!install() && !(apt('update') && install()))
    throw new Unavailable(`apt-get could not install a compiler. ${advice}`)
  if (!compiles())
    throw new Unavailable(`what apt-get installed does not compile a program for WASI. ${advice}`)
}

/** Whether a program with libc and compiler-rt can be made. */
function compiles(): boolean {
  const temporary = mkdtempSync(join(tmpdir(), 'theater-c-'))
  try {
    const source = join(temporary, 'try.c')
    writeFileSync(source, '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n')
    return (
      spawnSync('clang', ['--target=wasm32-wasi', '-o', join(temporary, 'try.wasm'), source]).status === 0
    )
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout : ''
}
