/** The command without a process of its own: in this one, which has loaded it once for all tests. */
import { PassThrough, Readable } from 'node:stream'
import { runCommandLine } from '../../src/command-line.ts'
import type { Ran, RunOptions } from './theater.ts'

/** One command after the other: what a process has once, each has for itself. */
let turn: Promise<unknown> = Promise.resolve()

/** Runs a command line to its end, with streams, a folder and an environment as its own process would have. */
export function here(args: readonly string[], options: RunOptions): Promise<Ran> {
  const ran = turn.then(() => run(args, options))
  turn = ran.catch(() => undefined)
  return ran
}

async function run(args: readonly string[], { cwd, input = '', env = {} }: RunOptions): Promise<Ran> {
  const stdout = new Collected()
  const stderr = new Collected()
  const folder = process.cwd()
  using _streams = replaced({
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    stdout,
    stderr,
  })
  using _environment = withEnvironment({ FORCE_COLOR: undefined, ...env })
  process.chdir(cwd)
  try {
    const code = await runCommandLine(args)
    return { code, stdout: stdout.text, stderr: stderr.text }
  } finally {
    process.chdir(folder)
  }
}

/** A stream that is no terminal, and remembers. */
class Collected extends PassThrough {
  readonly #chunks: Buffer[] = []

  constructor() {
    super()
    this.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }
}

function replaced(streams: Readonly<Record<string, object>>): Disposable {
  const before = Object.keys(streams).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name)!] as const,
  )
  for (const [name, value] of Object.entries(streams))
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true })
  return {
    [Symbol.dispose]() {
      for (const [name, descriptor] of before) Object.defineProperty(process, name, descriptor)
    },
  }
}

function withEnvironment(variables: NodeJS.ProcessEnv): Disposable {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  set(Object.entries(variables))
  return { [Symbol.dispose]: () => set(before) }
}

function set(variables: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of variables) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
