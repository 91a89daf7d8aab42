import { availableParallelism } from 'node:os'
import { bytesSource, openCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import type { ChainSource } from '@theater/replay'
import { TheaterError } from '@theater/runtime'
import { CliError } from '../errors.ts'
import type { Output } from '../output.ts'
import { runJson } from './certificate.ts'
import type { RunResult } from './certificate.ts'
import { firstDifference } from './compare.ts'
import type { Difference } from './compare.ts'
import type { Order, Report } from './run-process.ts'
import { firstPlace, places, RunProcess } from './runs.ts'
import type { Place, Setting } from './runs.ts'

/** What is run, wherever it is run. */
export type Piece = Omit<Order, 'record' | 'head'>

/** The run that all others are held against. */
export type FirstRun = Extract<Report, { readonly did: 'run' }>

/** A difference, and the number of the run that has it. */
export type Found = Difference & { readonly run: number }

/** What all runs came to. */
export interface Runs {
  readonly first: FirstRun
  readonly runs: readonly RunResult[]
  /** That of the first run that differs. */
  readonly difference: Found | null
}

/** How a {@link Certifier} runs. */
export interface CertifierOptions {
  readonly seconds: number
  /** Whether the first run may do something outside: then nothing is done twice, and all others run its record again. */
  readonly performs: boolean
}

/** Makes the runs of one certificate. */
export class Certifier {
  readonly #piece: Piece
  readonly #options: CertifierOptions
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #runs: RunResult[] = []
  readonly #differences = new Map<number, Difference>()

  constructor(piece: Piece, options: CertifierOptions, output: Output) {
    this.#piece = piece
    this.#options = options
    this.#output = output
    this.#signal = AbortSignal.timeout(options.seconds * 1000)
  }

  /** @throws TheaterError where the component is refused; CliError `too-slow` where the first run is not done in time */
  async run(): Promise<Runs> {
    using process = new RunProcess(firstPlace)
    const first = await this.#first(process)
    const { events, head, record } = first
    await this.#done(0, { ...firstPlace, how: 'run', same: true, events, head, code: null })
    // What is known of a run is known by its number, whoever is done first.
    const numbered = places.flatMap((place, i) => (i === 0 ? [] : [{ place, number: i * 2 }])).values()
    const lane = async (): Promise<void> => {
      for (const { place, number } of numbered) await this.#at(place, number, head, record)
    }
    const again = this.#rerun(process, { ...firstPlace, how: 're-run' }, 1, record)
    const lanes = Array.from({ length: Math.min(4, availableParallelism()) - 1 }, lane)
    await Promise.all([again.then(lane), ...lanes])
    const run = Math.min(...this.#differences.keys())
    const difference = this.#differences.get(run)
    return {
      first,
      runs: Object.values(this.#runs),
      difference: difference === undefined ? null : { run, ...difference },
    }
  }

  async #first(process: RunProcess): Promise<FirstRun> {
    this.#output.status('the first run')
    const report = await this.#report(process, { ...this.#piece, record: null, head: null })
    switch (report?.did) {
      case 'run':
        return report
      case 'refused':
        throw new TheaterError(refusalOf(report.code), report.message)
      case undefined:
        throw new CliError(
          'too-slow',
          `the first run was not done within ${this.#options.seconds} s, so there is nothing to compare with: nothing is known of the component. ${longer(this.#options.seconds)}`,
        )
      case 're-run':
      case 'failed':
        throw new Error(`the first run failed: ${report.did === 'failed' ? report.message : report.did}`)
    }
  }

  /** Both runs of a process. */
  async #at(place: Place, number: number, head: string, record: Uint8Array | null): Promise<void> {
    using process = new RunProcess(place)
    if (!this.#options.performs) await this.#again(process, { ...place, how: 'run' }, number, head, record)
    await this.#rerun(process, { ...place, how: 're-run' }, number + 1, record)
  }

  /** The same calls on a new actor. */
  async #again(
    process: RunProcess,
    setting: Setting,
    number: number,
    head: string,
    record: Uint8Array | null,
  ): Promise<void> {
    const report = await this.#report(process, { ...this.#piece, record: null, head })
    if (report?.did !== 'run') {
      await this.#unknown(setting, number, report)
      return
    }
    const { events } = report
    const same = report.head === head
    if (!same) {
      const difference = await firstDifference(await opened(record), await opened(report.record))
      if (difference !== undefined) this.#differences.set(number, difference)
    }
    await this.#done(number, { ...setting, same, events, head: report.head, code: null })
  }

  /** The record of the first run again. */
  async #rerun(
    process: RunProcess,
    setting: Setting,
    number: number,
    record: Uint8Array | null,
  ): Promise<void> {
    const report = await this.#report(process, { ...this.#piece, record, head: null })
    if (report?.did !== 're-run') {
      await this.#unknown(setting, number, report)
      return
    }
    const { verdict, events, head, at, code, expected, actual } = report.verdict
    if (verdict === 'verified') {
      await this.#done(number, { ...setting, same: true, events, head, code: null })
    } else if (verdict === 'diverged' || code === 'host-stack') {
      const found =
        verdict === 'diverged'
          ? ({ what: 'output', expected, actual } as const)
          : ({ what: 'host', expected: null, actual: { kind: 'abort', code } } as const)
      this.#differences.set(number, { index: at ?? 0, ...found })
      await this.#done(number, { ...setting, same: false, events: null, head: null, code: null })
    } else {
      await this.#done(number, nothing(setting, code ?? verdict))
    }
  }

  /** What a process says of an order; `undefined`: the time is over. */
  async #report(process: RunProcess, order: Order): Promise<Report | undefined> {
    try {
      return await process.run(order, this.#signal)
    } catch (error) {
      if (this.#signal.aborted) return undefined
      throw error
    }
  }

  async #unknown(setting: Setting, number: number, report: Report | undefined): Promise<void> {
    if (report !== undefined && 'message' in report) this.#output.note(printable(report.message))
    const code = report === undefined ? 'time' : report.did === 'refused' ? report.code : 'failed'
    await this.#done(number, nothing(setting, code))
  }

  async #done(number: number, result: RunResult): Promise<void> {
    this.#runs[number] = result
    this.#output.status(`${Object.keys(this.#runs).length} of ${places.length * 2} runs`)
    if (this.#output.json) await this.#output.result({ run: number, ...runJson(result) }, () => '')
  }
}

/** What to do where the time was too short. An engine of 12 MB takes the optimising compiler alone many seconds, on a busy machine minutes. */
export function longer(seconds: number): string {
  return `--seconds ${Math.ceil(seconds * 4)} gives it longer.`
}

function nothing(setting: Setting, code: string): RunResult {
  return { ...setting, same: null, events: null, head: null, code }
}

async function opened(record: Uint8Array | null): Promise<ChainSource> {
  const store = await openCar(bytesSource(record ?? new Uint8Array()), { hash: sha256, unfinished: 'allow' })
  const [info] = await store.list()
  if (info === undefined) throw new TypeError('the record of a run is not one')
  return { store, chain: info.chain }
}

/** What a run in another process was refused for. */
function refusalOf(code: string): 'bad-component' | 'bad-grant' | 'unmet-import' {
  return code === 'bad-grant' || code === 'unmet-import' ? code : 'bad-component'
}
