import type { HostLog } from '@theater/event-chain/log'
import { TheaterError } from './errors.ts'
import type { LogLine } from './host.ts'
import { WitnessLoop } from './witnesses.ts'
import type { WitnessInfo, WitnessOptions } from './witnesses.ts'

/** When the host signs what its chains have come to. */
export interface CheckpointOptions {
  /** The host's log, over the same store. */
  readonly log: HostLog
  /** Turns after which a checkpoint is made. @default 1000 */
  readonly everyTurns?: number
  /** Milliseconds after which one is made of what there is. @default 10000 */
  readonly everyMs?: number
  /** Who cosigns them, so that a log that was cut back or written anew shows. Nobody waits for them. @default [] */
  readonly witnesses?: readonly WitnessOptions[]
  /** Milliseconds after which a witness that did not cosign is asked again; twice as long each time, up to ten minutes. @default 1000 */
  readonly retryMs?: number
  /** Milliseconds that closing waits for witnesses at most. @default 2000 */
  readonly closeMs?: number
}

/**
 * Makes checkpoints beside the turns, which never wait for one: after so many turns, after so long, and when all is over.
 */
export class Notary {
  readonly #log: HostLog
  readonly #everyTurns: number
  readonly #everyMs: number
  readonly #tell: (line: LogLine) => void
  readonly #witnesses: readonly WitnessLoop[]
  #turns = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failed = false
  #closing = false

  /** @throws TheaterError `bad-limit`; ChainError `bad-key`, `invalid` for what is no witness */
  constructor(
    {
      log,
      everyTurns = 1000,
      everyMs = 10_000,
      witnesses = [],
      retryMs = 1000,
      closeMs = 2000,
    }: CheckpointOptions,
    tell: (line: LogLine) => void,
  ) {
    for (const [name, n] of Object.entries({ everyTurns, everyMs, retryMs, closeMs })) {
      if (!Number.isSafeInteger(n) || n < 1 || n > 2 ** 31 - 1) {
        throw new TheaterError(
          'bad-limit',
          `checkpoints.${name} is ${n}; it is an integer from 1 to 2147483647`,
        )
      }
    }
    this.#log = log
    this.#everyTurns = everyTurns
    this.#everyMs = everyMs
    this.#tell = tell
    this.#witnesses = witnesses.map(
      (one) => new WitnessLoop({ client: log.witness(one), retryMs, closeMs, tell }),
    )
    // What the last host could not have cosigned any more.
    if (log.latest !== undefined) this.#offer()
  }

  /** How far each witness is. */
  get witnesses(): readonly WitnessInfo[] {
    return this.#witnesses.map(({ info }) => info)
  }

  /** A turn has come to its end. */
  turned(): void {
    this.#turns++
    this.#see()
  }

  /** Sees to it that turns which no checkpoint was begun for come under one. */
  #see(): void {
    if (this.#turns === 0 || this.#closing) return
    if (this.#turns >= this.#everyTurns) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#everyMs).unref()
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#running !== undefined) return
    this.#turns = 0
    this.#running = this.#sign()
  }

  async #sign(): Promise<void> {
    await this.#checkpoint()
    this.#running = undefined
    // What came meanwhile may not be under it, and nothing may come after that.
    this.#see()
  }

  /** Never rejects: a turn is as good without a checkpoint, and the next one takes in what this one did not. */
  async #checkpoint(): Promise<void> {
    try {
      await this.#log.checkpoint()
      this.#failed = false
      this.#offer()
    } catch (error) {
      if (this.#failed) return
      this.#failed = true
      const message = `the host could not sign a checkpoint: ${error instanceof Error ? error.message : String(error)}`
      this.#tell({ actor: '', level: 'error', message, fields: [] })
    }
  }

  #offer(): void {
    for (const witness of this.#witnesses) witness.offer()
  }

  /** Makes the last checkpoint, over everything, and gives witnesses a moment for it. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await this.#running
    await this.#checkpoint()
    await Promise.all(this.#witnesses.map((witness) => witness.close()))
  }
}
