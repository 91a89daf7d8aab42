import assert from 'node:assert/strict'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import { Caller, inWorld } from './caller.ts'
import type { Deed, Law, Subject } from './subject.ts'

/** The law that a grant, what is asked of it, and what is done under it say the same. */
export const lawsOfDeeds: readonly Law[] = [
  {
    name: 'what a grant at large covers is done, what it does not is not, and nothing more',
    async run(subject) {
      const { deeds, atLarge, grants } = subject
      if (deeds === undefined) return
      const large = deeds.grant ?? atLarge?.grant ?? fc.constantFrom(...grants)
      const seen = { covered: 0, refused: 0 }
      const found = await fc.check(
        fc.asyncProperty(large, deeds.deed, (grant, deed) => agrees(subject, grant, deed, seen)),
        { seed: 0x7468_6561, numRuns: deeds.runs ?? 200 },
      )
      if (found.failed) {
        const { errorInstance, counterexample } = found
        if (errorInstance instanceof assert.AssertionError) throw errorInstance
        assert.fail(`${String(errorInstance)}, over ${JSON.stringify(counterexample)}`)
      }
      assert.ok(seen.covered > 0, 'no deed of the generator is covered by a grant of it')
    },
  },
]

async function agrees(
  subject: Subject,
  grant: Json,
  deed: Deed,
  seen: { covered: number; refused: number },
): Promise<void> {
  await inWorld(subject.make, async (world) => {
    const caller = await Caller.bind(world, grant)
    await caller.all(deed.first ?? [])
    const args = deed.args(caller.made)
    const ask = caller.ask(deed, args)
    const verdict = ask === undefined || world.handler.authorize(grant as never, ask) === true
    const needs = deed.needs?.(grant) ?? true
    const before = await world.state()
    const outcome = await caller.call(deed, args)
    const shown = `${deed.fn} ${JSON.stringify(ask)} under ${JSON.stringify(grant)}`
    if (outcome.tag === 'skipped') return
    if (outcome.tag === 'fault') throw outcome.error
    if (outcome.tag === 'answered') await deed.use?.(outcome.value)
    const after = await world.state()
    if (!verdict || !needs) {
      seen.refused++
      assert.deepEqual(after, before, `${shown}: not granted, and it has an effect`)
      if (!verdict) assert.ok(outcome.tag === 'err' && outcome.denied, `${shown}: refused, and not denied`)
      return
    }
    seen.covered++
    const declared = caller.declared(deed.fn)
    const denied = ask && declared.deny?.({ fn: deed.fn, ask, refusal: { refused: 'for a test' } })
    if (outcome.tag === 'err' && denied !== undefined)
      assert.notDeepEqual(caseOf(outcome.payload), caseOf(denied.payload), `${shown}: granted, and denied`)
    if (deed.shows !== false && outcome.tag === 'answered')
      assert.notDeepEqual(after, before, `${shown}: granted, and nothing is done`)
    for (const did of deed.did?.(before, after) ?? [])
      assert.equal(
        world.handler.authorize(grant as never, did),
        true,
        `${shown}: it did ${JSON.stringify(did)}, which is not granted`,
      )
  })
}

/** The case of a variant, without what it carries. */
function caseOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null && 'tag' in payload ? payload.tag : payload
}
