import fc from 'fast-check'
import { expect, it } from 'vitest'
import { add, chainOf, finish, heard, mark, request, send, Stage, verdicts } from './support/courier.ts'
import type { Step } from './support/courier.ts'
import { Journal } from './support/journal.ts'

/** What one turn says to the other actor: `s`end, `r`equest, and `m`ark, an effect that makes what is queued leave. */
type Turn = readonly ('s' | 'r' | 'm')[]

/** The steps of turns, in which each message has the number of its place in all that is said. */
function stepsOf(turns: readonly Turn[]): readonly (readonly Step[])[] {
  let n = 0
  return turns.map((turn) => {
    const said = turn.map((what): Step => {
      n++
      if (what === 'm') return mark(n)
      return what === 's' ? send('b', [add(n)]) : request('b', [add(n)])
    })
    const asked = turn.filter((what) => what === 'r').map((_what, i) => finish(i))
    return [...said, ...asked]
  })
}

/** The numbers of the messages that have left, as a's record has it. */
async function left(journal: Journal): Promise<number> {
  const events = await chainOf(journal.store, 'a')
  return events.filter(
    ({ kind, content }) =>
      kind === 'send' ||
      (kind === 'call' && content !== null && content.fn.endsWith('#request') && content.outcome === null),
  ).length
}

const turns = fc.array(fc.array(fc.constantFrom('s', 'r', 'm'), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 3,
}) as fc.Arbitrary<readonly Turn[]>

it('what one actor says to another arrives in order and once, sends and requests mixed, wherever the host is killed', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (said) => {
      const journal = new Journal()
      {
        await using stage = await Stage.open({ store: journal.store }, { a: {}, b: {} })
        for (const steps of stepsOf(said)) await stage.run('a', steps)
        await stage.idle()
      }
      const all = await heardOf(journal)
      expect(all).toEqual(numbersOf(said))
      for (let at = 1; at <= journal.length; at++) {
        const killed = await journal.at(at)
        {
          await using stage = await Stage.open({ store: killed.store })
          await stage.idle()
        }
        const found = await heardOf(killed)
        // All that has left, and nothing else, from the first on.
        expect([at, found]).toEqual([at, all.slice(0, await left(killed))])
        const wrong = Object.values(await verdicts(killed.store)).filter((one) => one !== 'verified')
        expect([at, wrong]).toEqual([at, []])
      }
    }),
    { numRuns: 8, seed: 5 },
  )
})

/** The numbers of what is said, an effect is nothing that is. */
function numbersOf(said: readonly Turn[]): number[] {
  return said.flat().flatMap((what, i) => (what === 'm' ? [] : [i + 1]))
}

async function heardOf({ store }: Journal): Promise<number[]> {
  return heard({ chain: (id: string) => chainOf(store, id) }, 'b')
}
