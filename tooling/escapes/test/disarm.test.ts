import { beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../src/catalogue.ts'
import { GUARDS } from '../src/guards.ts'
import { type Finding, Runner } from '../src/run.ts'

const escapes = await catalogue()

/** What comes of all that a guard stops, without it. */
async function disarmed(guard: string): Promise<Finding[]> {
  await using runner = new Runner(guard)
  const findings: Finding[] = []
  for (const escape of escapes.filter((one) => one.guard === guard))
    findings.push(await runner.run(escape, escape.success === 'hang' ? 3000 : 120_000))
  return findings
}

/** A process for each guard; as many at once as there are likely to be cores. */
const guards = Object.keys(GUARDS).values()
const found = new Map<string, Promise<Finding[]>>()
async function worker(): Promise<void> {
  for (const guard of guards) {
    const finding = disarmed(guard)
    found.set(guard, finding)
    await finding.catch(() => undefined)
  }
}

describe('with its guard off, every attempt gets through', () => {
  // A process for each of them: minutes, on a machine that is slow at beginning one.
  beforeAll(() => Promise.all([worker(), worker()]), 1_800_000)

  it.each(Object.keys(GUARDS))('%s', async (guard) => {
    const findings = (await found.get(guard)) ?? []
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    expect(findings.length).toBeGreaterThan(0)
  })

  it('and what got through is in no cache that others use', async () => {
    const escape = escapes.find(({ guard }) => guard === 'meter-name')
    if (escape === undefined) throw new Error('no attempt names meter-name')
    await using off = new Runner('meter-name')
    await using on = new Runner()
    expect(await off.run(escape, 120_000)).toMatchObject({ stopped: false })
    expect(await on.run(escape, 120_000)).toMatchObject({ stopped: true })
  })
})
