import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.resolve('@theater/cli')))

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=theater-source', main, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** What a `theater` command says. Throws where it fails. */
export async function theater(args: readonly string[]): Promise<string> {
  const child = start(args)
  let out = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`theater ${args[0]} ended with ${code}`)
  return out
}

/** A `theater serve` that has begun to listen. */
export interface Server extends AsyncDisposable {
  readonly url: string
  /** Lets it answer what is under way, and end. */
  stop(): Promise<void>
}

/** Starts `theater serve`. Throws where it ends before it listens. */
export async function serve(args: readonly string[]): Promise<Server> {
  const child = start(['serve', ...args, '--json'])
  const closed = once(child, 'close')
  const line = await Promise.race([
    once(child.stdout!, 'data').then(([chunk]) => String(chunk)),
    closed.then(() => undefined),
  ])
  if (line === undefined) throw new Error('theater serve ended before it listened')
  const { listening: url } = JSON.parse(line) as { readonly listening: string }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await closed
  }
  return { url, stop, [Symbol.asyncDispose]: stop }
}
