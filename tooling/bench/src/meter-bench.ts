import { performance } from 'node:perf_hooks'
import { meterModule } from '@theater/component'
import { compiled, engineBytes, engines, type Metering, type Work } from './engines.ts'
import type { Budget } from './measure.ts'
import type { Report, Summary } from './report.ts'

/** Pieces of work, each about a millisecond: so short that most of them run without another process between. */
const pieces = {
  quickjs: { loop: 10, recursion: 10, json: 1, regexp: 1, sort: 2, sha256: 4 },
  starlingmonkey: { loop: 10, recursion: 5, json: 2, regexp: 1, sort: 4, sha256: 4 },
  compiled: {
    loop: 80,
    fib: 40,
    ackermann: 100,
    tree: 40,
    matrix: 10,
    sort: 4,
    sha256: 250,
    json: 500,
    regexp: 1_000,
  },
} as const

type Guest = keyof typeof pieces

const ways: readonly Metering[] = [undefined, { nan: 'native' }, { nan: 'canonical' }]

interface Ratio {
  readonly native: number
  readonly canonical: number
}

/** What the meter costs: the same work of the same guest without it, with it, and with canonical NaN, in turns. */
export async function meterBench({ rounds, seconds }: Budget, report: Report): Promise<Summary> {
  const guests: Record<Guest, readonly Work[]> = {
    quickjs: [],
    starlingmonkey: [],
    compiled: ways.map(compiled),
  }
  let core = new Uint8Array()
  for (const engine of ['quickjs', 'starlingmonkey'] as const) {
    const made = await engines(await engineBytes(engine), ways)
    guests[engine] = made.works
    core = new Uint8Array(made.core)
  }
  const all = Object.entries(pieces).flatMap(([guest, work]) =>
    Object.entries(work).map(([name, n]) => ({ guest: guest as Guest, name, n })),
  )
  const ms = (seconds * 1000) / all.length
  const ratios: Record<Guest, Ratio[]> = { quickjs: [], starlingmonkey: [], compiled: [] }
  report.text('work                        bare ms   metered   with canonical NaN')
  for (const { guest, name, n } of all) {
    const { best, count } = compare(guests[guest], name, n, ms, rounds)
    const [bare = NaN, native = NaN, canonical = NaN] = best
    const ratio = { native: native / bare, canonical: canonical / bare }
    ratios[guest].push(ratio)
    const label = `${guest} ${name}`
    report.row(
      {
        name: label,
        bare_ms: bare,
        metered_ms: native,
        canonical_ms: canonical,
        ratio: ratio.native,
        ratio_canonical: ratio.canonical,
        n: count,
      },
      `${label.padEnd(26)} ${bare.toFixed(2).padStart(8)}   ${ratio.native.toFixed(3)}     ${ratio.canonical.toFixed(3)}`,
    )
  }
  const rewrite = fastest(5, () => meterModule(core, { nan: 'canonical' }))
  report.row(
    { name: 'rewrite of StarlingMonkey', bytes: core.length, ms: rewrite },
    `rewriting ${(core.length / 1e6).toFixed(1)} MB of StarlingMonkey takes ${rewrite.toFixed(0)} ms`,
  )
  const mean = (guest: Guest, of: keyof Ratio): number =>
    geometricMean(ratios[guest].map((ratio) => ratio[of]))
  const summary = {
    quickjs: mean('quickjs', 'native'),
    starlingmonkey: mean('starlingmonkey', 'native'),
    engines: geometricMean([...ratios.quickjs, ...ratios.starlingmonkey].map(({ native }) => native)),
    compiled: mean('compiled', 'native'),
    quickjs_canonical: mean('quickjs', 'canonical'),
    starlingmonkey_canonical: mean('starlingmonkey', 'canonical'),
    compiled_canonical: mean('compiled', 'canonical'),
    rewrite_ms: rewrite,
  }
  report.text(
    `geometric means: engines ${summary.engines.toFixed(3)} (QuickJS ${summary.quickjs.toFixed(3)}, StarlingMonkey ${summary.starlingmonkey.toFixed(3)}), compiled ${summary.compiled.toFixed(3)}`,
  )
  return summary
}

function time(run: () => unknown): number {
  const started = performance.now()
  run()
  return performance.now() - started
}

function fastest(times: number, run: () => unknown): number {
  return Math.min(...Array.from({ length: times }, () => time(run)))
}

/**
 * The shortest time of each way over many short runs in turns: what another process takes away never makes a run
 * shorter. A quarter of the time warms up, until the engine has optimised all of them.
 */
function compare(
  works: readonly Work[],
  name: string,
  n: number,
  ms: number,
  rounds: number,
): { readonly best: readonly number[]; readonly count: number } {
  const answers = works.map((work) => work(name, n))
  if (answers.some((answer) => answer !== answers[0]))
    throw new Error(`${name} answers otherwise when it is metered`)
  const until = (end: number, each: () => void, least: number): number => {
    let count = 0
    for (; count < least || performance.now() < end; count++) each()
    return count
  }
  const started = performance.now()
  until(started + ms / 4, () => works.forEach((work) => work(name, n)), 3)
  const best = works.map(() => Infinity)
  const count = until(
    started + ms,
    () =>
      works.forEach(
        (work, i) =>
          (best[i] = Math.min(
            best[i] ?? Infinity,
            time(() => work(name, n)),
          )),
      ),
    rounds,
  )
  return { best, count }
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
