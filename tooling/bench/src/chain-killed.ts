import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const path = (of: string): string => fileURLToPath(new URL(of, import.meta.url))
const host = path('./killed-host.mjs')
const root = path('../../..')

/** Turns of the record that the killed host left. */
export const TURNS = 2000

/** Milliseconds from the start of a process to its first answer, medians of so many starts, each after a kill -9. */
export interface Killed {
  /** A process of Node that says a line. */
  readonly nodeMs: number
  readonly firstAnswerMs: number
  /** Where Node keeps nothing of what it has compiled. */
  readonly uncachedMs: number
}

/** Kills a host with a record of {@link TURNS} turns again and again, and times the next one: of the packages as they are published. */
export async function killed(rounds: number): Promise<Killed> {
  build()
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  const compiled = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const plain = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
  const line = [
    '--eval',
    'console.log(3); setTimeout(() => console.log("kept")); setInterval(() => 0, 60_000)',
  ]
  const next = [host, folder, '1']
  try {
    await answered([host, folder, String(TURNS), path('../../guests/wat/echo.wasm')], compiled)
    const times: Record<'node' | 'cached' | 'uncached', number[]> = { node: [], cached: [], uncached: [] }
    for (let round = 0; round < rounds; round++) {
      times.node.push(await answered(line, compiled))
      times.cached.push(await answered(next, compiled))
      times.uncached.push(await answered(next, plain))
    }
    return {
      nodeMs: median(times.node),
      firstAnswerMs: median(times.cached),
      uncachedMs: median(times.uncached),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What is published is what is built. */
function build(): void {
  const turbo = join(root, 'node_modules/.bin/turbo')
  const args = [
    'run',
    'build',
    '--filter=@theater/bench^...',
    '--output-logs=errors-only',
    '--log-order=grouped',
  ]
  const { status } = spawnSync(turbo, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('the packages cannot be built')
}

/** Milliseconds until a process says a line; once it says that it has kept what there is to keep, it is killed. */
async function answered(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const ended = once(child, 'exit')
  let ms = Number.NaN
  for await (const line of createInterface({ input: child.stdout })) {
    if (Number.isNaN(ms)) ms = performance.now() - from
    if (line === 'kept') break
  }
  child.kill('SIGKILL')
  await ended
  if (Number.isNaN(ms)) throw new Error('the host ended and said nothing')
  return ms
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}
