import type { VerifierKey, WitnessClient, WitnessState } from '@theater/event-chain/log'
import type { LogLine } from './host.ts'

/** The longest that it is waited before a witness is asked again, in milliseconds. */
const LONGEST = 600_000

/** Somebody else who sees every checkpoint of a host. */
export interface WitnessOptions {
  /** Its public key, of the type `cosignature`. */
  readonly key: VerifierKey
  /** What `add-checkpoint` of C2SP tlog-witness stands behind: `https://witness.example/`. */
  readonly url: string
  /** Milliseconds that one question may take. @default 10000 */
  readonly timeoutMs?: number
}

/** How a witness of a host does. */
export interface WitnessInfo extends WitnessState {
  readonly key: VerifierKey
  readonly url: string
  /** How many requests it was sent since this host was opened. */
  readonly asked: number
  /** How often it did not cosign what it was asked to. */
  readonly failed: number
}

/** What one loop is made of. */
interface WitnessLoopParts {
  readonly client: WitnessClient
  readonly retryMs: number
  readonly closeMs: number
  readonly tell: (line: LogLine) => void
}

/**
 * Has one witness cosign what the host signs, beside everything else: one question at a time, about the last checkpoint alone, and
 * after one that came to nothing a longer wait each time.
 */
export class WitnessLoop {
  readonly #parts: WitnessLoopParts
  readonly #end = new AbortController()
  #state: WitnessState = { size: 0, time: undefined, of: 0, fault: null }
  #failed = 0
  #failedInARow = 0
  #running: Promise<void> | undefined
  /** Whether there is another checkpoint since it was asked. */
  #again = false
  #timer: NodeJS.Timeout | undefined

  constructor(parts: WitnessLoopParts) {
    this.#parts = parts
  }

  get info(): WitnessInfo {
    const { key, url, asked } = this.#parts.client
    return { key, url, asked, failed: this.#failed, ...this.#state }
  }

  /** There is a checkpoint that it may not have cosigned. */
  offer(): void {
    this.#again = true
    // Where it is waited before it is asked again, that is about the checkpoint that is the last one then.
    if (this.#running !== undefined || this.#timer !== undefined) return
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false
      await this.#ask()
      if (this.#failedInARow === 0) continue
      this.#wait()
      break
    }
    // In the step in which nothing is left to ask: whoever hears of the answer may offer the next one at once.
    this.#running = undefined
  }

  #wait(): void {
    if (this.#end.signal.aborted) return
    const ms = Math.min(this.#parts.retryMs * 2 ** (this.#failedInARow - 1), LONGEST)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.offer()
    }, ms).unref()
  }

  /** Never rejects: a turn is as good without a witness. */
  async #ask(): Promise<void> {
    const before = this.#state.fault
    try {
      this.#state = await this.#parts.client.ask(this.#end.signal)
    } catch (error) {
      const message = `this host's store does not give what a witness has to see: ${error instanceof Error ? error.message : String(error)}`
      this.#state = { ...this.#state, fault: { code: 'unreachable', message } }
    }
    const { fault, of } = this.#state
    if (fault === null) {
      if (before !== null) this.#say('info', 'witness', `cosigned all ${of} entries`)
      this.#failedInARow = 0
      return
    }
    this.#failed++
    this.#failedInARow++
    // Once, and again where it is something else.
    if (fault.code === before?.code) return
    const level = fault.code === 'unreachable' ? 'warn' : 'error'
    this.#say(level, `witness-${fault.code}`, `did not cosign the log's ${of} entries: ${fault.message}`)
  }

  #say(level: LogLine['level'], code: string, what: string): void {
    const { key, url } = this.#parts.client
    const fields = [
      ['code', code],
      ['witness', key.name],
      ['url', url],
    ] as const
    this.#parts.tell({ actor: '', level, message: `the witness ${key.name} ${what}`, fields })
  }

  /** Asks a last time, and waits for that no longer than it was told. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const timer = setTimeout(() => this.#end.abort(new Error('the host was closed')), this.#parts.closeMs)
    this.offer()
    await this.#running
    clearTimeout(timer)
    this.#end.abort()
    clearTimeout(this.#timer)
  }
}
