import { bytesSource, openCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { componentLoader, verify, verifyCar } from '@theater/replay/node'
import { casesOf } from './cases.ts'
import { copyChain } from './copy.ts'
import { fileCases } from './file.ts'
import { partCases } from './parts.ts'
import { addUp } from './report.ts'
import type { ChainLine, FindingLine, Summary } from './report.ts'
import { runCases } from './run.ts'
import type { ClassSummary } from './run.ts'
import { signedCases } from './signed.ts'

/**
 * Verifies every chain of a CAR file as it is, then changed in every way at every event.
 *
 * @param seconds how long it may take; where that is too short for all, events are left out evenly
 */
export async function* tamper(
  file: Uint8Array,
  seconds: number,
): AsyncGenerator<FindingLine, Summary, undefined> {
  const started = performance.now()
  const deadline = started + seconds * 1000
  const load = componentLoader()
  const car = await openCar(bytesSource(file), { hash: sha256 })
  const { verdicts } = await verifyCar(car, { load })
  const chains = verdicts.map(({ chain, actor, size, verdict }): ChainLine => {
    return { actor, chain: chain?.toHex() ?? null, events: size, verdict }
  })
  const summaries: ClassSummary[] = []
  for (const [i, { chain, actor, verdict }] of verdicts.entries()) {
    // What is not verified as it is cannot show what a change does to it.
    if (chain === null || verdict !== 'verified') continue
    const copy = await copyChain({ store: car, chain })
    const classes = [
      await fileCases(file, copy),
      ...casesOf(copy),
      ...(await signedCases(copy)),
      ...(await partCases(copy)),
    ]
    const now = performance.now()
    const share = now + Math.max(0, deadline - now) / (verdicts.length - i)
    const running = runCases(classes, { verify: (source) => verify(source, { load }), deadline: share })
    for (;;) {
      const next = await running.next()
      if (next.done === true) {
        summaries.push(...next.value)
        break
      }
      yield { actor, ...next.value }
    }
  }
  const classes = addUp(summaries)
  const sum = (key: 'cases' | 'tried' | 'held'): number => classes.reduce((n, one) => n + one[key], 0)
  const intact = chains.length > 0 && chains.every(({ verdict }) => verdict === 'verified')
  return {
    ok: intact && sum('tried') === sum('held'),
    chains,
    tried: sum('tried'),
    held: sum('held'),
    left: sum('cases') - sum('tried'),
    classes,
    seconds: Math.round(performance.now() - started) / 1000,
    error: null,
  }
}
