import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './run-process.ts'

/** Which of the engine's compilers a run has: both, as ever; the quick one alone; the optimising one alone. */
type Tier = 'default' | 'liftoff' | 'turbofan'

/** A process and a thread of it. */
export interface Place {
  readonly tier: Tier
  /** The stack that guests run on. */
  readonly stackMb: number
}

/** Where and how a run happens. */
export interface Setting extends Place {
  /** A new actor that can be suspended, with a record of its own; or the first one's record again, on the synchronous glue. */
  readonly how: 'run' | 're-run'
}

const tiers: readonly Tier[] = ['default', 'liftoff', 'turbofan']
const stacks: readonly number[] = [1, 4]

/** Where the run is made that all others are held against. */
export const firstPlace: Place = { tier: 'default', stackMb: 1 }

/** Every tier with every stack. */
export const places: readonly Place[] = tiers.flatMap((tier) =>
  stacks.map((stackMb): Place => ({ tier, stackMb })),
)

const tierFlags: Readonly<Record<Tier, readonly string[]>> = {
  default: [],
  liftoff: ['--liftoff-only'],
  turbofan: ['--no-liftoff'],
}

/** A process that makes runs, one after the other. */
export class RunProcess implements Disposable {
  readonly #child: ChildProcess
  #said = ''
  /** Why it is over; `undefined` while it is not. */
  #over: string | undefined

  constructor({ tier, stackMb }: Place) {
    this.#child = start(tierFlags[tier], stackMb)
    this.#child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#said = (this.#said + text).slice(-2000)))
    this.#child.once('close', (code, why) => (this.#over = `the process ended (${why ?? code})`))
    this.#child.send(stackMb, () => undefined)
  }

  /** Makes one run. @throws the signal's reason, where it comes first */
  async run(order: Order, signal: AbortSignal): Promise<Report> {
    signal.throwIfAborted()
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<Report>()
    const stop = (): void => reject(signal.reason as Error)
    const take = (report: unknown): void => resolve(report as Report)
    // The channel may still hold what it said last.
    const closed = (): void => {
      resolve({ did: 'failed', message: `${this.#over ?? ''}\n${this.#said}`.trimEnd() })
    }
    signal.addEventListener('abort', stop, { once: true })
    child.once('message', take).once('error', reject).once('close', closed)
    if (this.#over === undefined) child.send(order, () => undefined)
    else closed()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', stop)
      child.off('message', take).off('error', reject).off('close', closed)
    }
  }

  [Symbol.dispose](): void {
    // A guest may be in its way to hear anything else.
    this.#child.kill('SIGKILL')
  }
}

function start(flags: readonly string[], stackMb: number): ChildProcess {
  // Beside this file: TypeScript in a checkout, JavaScript where it is published.
  const source = fileURLToPath(new URL('run-process.ts', import.meta.url))
  const file = existsSync(source) ? source : fileURLToPath(new URL('run-process.js', import.meta.url))
  // A guest that can be suspended has a stack of its own, which is no thread's: the smaller of these two.
  const kb = stackMb * 1000
  const stack = [`--wasm-stack-switching-stack-size=${kb}`, `--stack-size=${kb}`]
  return fork(file, {
    execArgv: [...process.execArgv, ...flags, ...stack],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}
