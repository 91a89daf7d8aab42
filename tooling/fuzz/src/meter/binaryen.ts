/**
 * binaryen's `wasm-opt` in this process. As a command it takes a second or two to begin; here its program is compiled
 * once, gets faster as engines make what runs often, and is instantiated anew for each run.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'

const require = createRequire(import.meta.url)
const path = join(dirname(require.resolve('binaryen')), 'bin', 'wasm-opt')

/** What the program asks of whoever loads it; made by Emscripten, which documents the names. */
interface Program {
  readonly arguments: readonly string[]
  readonly thisProgram: string
  readonly instantiateWasm?: (
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ) => object
}

type Load = (program: Program, wasm: Partial<typeof WebAssembly>, process: { exitCode: number }) => void

let loaded: Promise<{ readonly load: Load; readonly module: WebAssembly.Module }> | undefined

/** Runs it with arguments; answers whether it says that all went well. What it prints is dropped. */
export async function wasmOpt(args: readonly string[]): Promise<boolean> {
  const { load, module } = await (loaded ??= compile())
  const process = { exitCode: 0 }
  const instantiateWasm: Program['instantiateWasm'] = (imports, receive) => {
    receive(new WebAssembly.Instance(module, imports))
    return {}
  }
  load({ arguments: args, thisProgram: 'wasm-opt', instantiateWasm }, WebAssembly, process)
  return process.exitCode === 0
}

async function compile(): Promise<{ readonly load: Load; readonly module: WebAssembly.Module }> {
  const load = readProgram()
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>()
  // The program has its module inside, and gives it to whoever instantiates.
  const instantiate = (bytes: Uint8Array<ArrayBuffer>): Promise<never> => {
    resolve(bytes)
    return new Promise(() => undefined)
  }
  const wasm = Object.assign(Object.create(WebAssembly), { instantiate }) as typeof WebAssembly
  load({ arguments: [], thisProgram: 'wasm-opt' }, wasm, { exitCode: 0 })
  return { load, module: await WebAssembly.compile(await promise) }
}

function readProgram(): Load {
  const source = fs.readFileSync(path, 'utf8').replace(/^#!.*/, '')
  const names = ['Module', 'WebAssembly', 'process', 'globalThis', 'require', '__dirname', '__filename']
  const run = compileFunction(source, names, { filename: path }) as (...given: unknown[]) => void
  const writeSync = (to: number, data: Uint8Array, ...rest: [number, number, number]): number =>
    to > 2 ? fs.writeSync(to, data, ...rest) : (rest[1] ?? data.length)
  const quiet = { ...fs, writeSync }
  const load = (name: string): unknown => (name === 'node:fs' || name === 'fs' ? quiet : require(name))
  const { version, versions, platform, stdin, stdout, stderr } = process
  const binding = (): object => ({ fs: fs.constants })
  return (program, wasm, own) => {
    const known = { version, versions, platform, stdin, stdout, stderr, binding, argv: [], cwd: () => '/' }
    const its = Object.assign(own, known)
    run(program, wasm, its, { process: its }, load, dirname(path), path)
  }
}
