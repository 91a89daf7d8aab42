import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const host = fileURLToPath(new URL('./killed-host.ts', import.meta.url))

/** Turns of the record that the killed host left. */
export const TURNS = 2000

/** Milliseconds from the start of a process to its first answer, medians of so many starts, each after a kill -9. */
export interface Killed {
  /** A process of Node that says a line. */
  readonly nodeMs: number
  readonly firstAnswerMs: number
}

/** Kills a host with a record of {@link TURNS} turns again and again, and times the next one. */
export async function killed(rounds: number): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  const conditions = '--conditions=theater-source'
  try {
    await answered([conditions, host, folder, String(TURNS)], folder)
    const nodes: number[] = []
    const answers: number[] = []
    for (let round = -1; round < rounds; round++) {
      const node = await answered(['--eval', 'console.log(3); setInterval(() => undefined, 60_000)'], folder)
      const answer = await answered([conditions, host, folder, '1'], folder)
      // The first start compiles what the others have from a cache.
      if (round >= 0) {
        nodes.push(node)
        answers.push(answer)
      }
    }
    return { nodeMs: median(nodes), firstAnswerMs: median(answers) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Milliseconds until a process says a line; it is killed for it. */
async function answered(args: readonly string[], folder: string): Promise<number> {
  const from = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await Promise.race([once(child.stdout, 'data'), ended])
  const ms = performance.now() - from
  child.kill('SIGKILL')
  await ended
  if (said === '') throw new Error('the host ended and said nothing')
  return ms
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}
