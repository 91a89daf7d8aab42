import { componentLoader, verify } from '@theater/replay/node'
import { casesOf, copyChain, partCases, runCases, signedCases } from '@theater/tamper'
import type { Finding } from '@theater/tamper'
import { describe, expect, it } from 'vitest'
import { fileCases } from '../src/file.ts'
import { carOf, spineChain } from './chain.ts'

describe('a chain of 200 events, changed in every way at every event', async () => {
  const load = componentLoader()
  const source = await spineChain()
  const copy = await copyChain(source)
  const classes = [
    await fileCases(await carOf(source), copy),
    ...casesOf(copy),
    ...(await signedCases(copy)),
    ...(await partCases(copy)),
  ]
  const size = copy.drafts.length

  async function findings(name: string): Promise<Finding[]> {
    const cases = classes.filter(([first]) => first?.class === name)
    const found: Finding[] = []
    for await (const one of runCases(cases, { verify: (changed) => verify(changed, { load }) }))
      found.push(one)
    return found.toSorted((a, b) => a.at - b.at)
  }

  /** At how many events, of how many cases, each verdict was found. */
  function count(found: readonly Finding[]): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { what, verdict, why } of found) {
      const key = `${what}: ${why ?? verdict}`
      counts[key] = (counts[key] ?? 0) + 1
    }
    return counts
  }

  function wrong(found: readonly Finding[]): Finding[] {
    return found.filter(({ ok }) => !ok)
  }

  it('is verified as it is', async () => {
    expect(await verify(source, { load })).toMatchObject({ verdict: 'verified', size, turns: 24, undone: 6 })
    expect(size).toBeGreaterThanOrEqual(200)
  })

  it.each([
    ['byte flipped in the file', 0],
    ['byte flipped', 0],
    ['dropped', 1],
    ['doubled', 0],
    ['swapped with the next', 1],
    ['spliced from another chain', 0],
  ])('%s: broken at it', async (name, without) => {
    const found = await findings(name)
    expect(new Set(found.map(({ at }) => at)).size).toBe(size - without)
    expect(wrong(found)).toEqual([])
    for (const { at, index, verdict } of found) {
      expect(verdict).toBe('broken')
      expect(index).toBe(name === 'doubled' ? at + 1 : at)
    }
  })

  it('an output changed and everything hashed again: diverged at it', async () => {
    const found = await findings('output changed, hashed again')
    expect(wrong(found)).toEqual([])
    for (const { at, index, verdict } of found) expect([verdict, index]).toEqual(['diverged', at])
    expect(count(found)).toMatchInlineSnapshot(`
      {
        "call.args: diverged": 82,
        "call.fn: diverged": 82,
        "call.fuel: diverged": 82,
        "return.fuel: diverged": 24,
        "return.result: diverged": 24,
        "trap.code: diverged": 3,
        "trap.fuel: diverged": 3,
      }
    `)
  })

  it('an output left out or said twice: not a record of this component', async () => {
    const found = await findings('output dropped or doubled, hashed again')
    expect(wrong(found)).toEqual([])
    // A host that says that it ended the turn an event earlier cannot be refuted: of that turn nothing is claimed.
    expect(count(found.filter(({ verdict }) => verdict === 'verified'))).toEqual({
      'call dropped: verified': 3,
    })
  })

  it('genesis changed and everything hashed again', async () => {
    const found = await findings('genesis changed, hashed again')
    expect(wrong(found)).toEqual([])
    expect(Object.fromEntries(found.map((f) => [f.what, `${f.why ?? f.verdict} ${f.index ?? ''}`.trim()])))
      .toMatchInlineSnapshot(`
      {
        "actor": "verified",
        "component": "diverged 0",
        "component that is not there": "no-component 0",
        "derive": "meter-version 0",
        "grants": "verified",
        "instance": "diverged 9",
        "jco": "verified",
        "limits.handles to 1": "verified",
        "limits.handles to 2^50": "limits-above-mine 0",
        "limits.handles to text": "content 0",
        "limits.mailbox": "verified",
        "meter": "meter-version 0",
        "nan": "verified",
        "parent": "verified",
        "theater": "verified",
        "time a day earlier": "verified",
        "time a day later": "diverged 2",
        "wit": "diverged 0",
      }
    `)
  })

  it('the tail cut: broken inside a turn, shorter between turns', async () => {
    const found = await findings('tail cut')
    expect(found.length).toBe(size - 1)
    expect(wrong(found)).toEqual([])
    expect(count(found)).toMatchInlineSnapshot(`
      {
        "between turns: verified": 32,
        "inside a turn: unfinished-turn": 167,
        "while instantiating: verified": 1,
      }
    `)
  })

  it('an input changed and everything hashed again: diverged where the component used it, else verified', async () => {
    const found = await findings('input changed, hashed again')
    expect(wrong(found)).toEqual([])
    // A millisecond more is a difference only where the next turn followed within it, and that is this machine's affair.
    const timeless = found.filter(({ what }) => !/elapsed|time/.test(what))
    expect(count(timeless)).toMatchInlineSnapshot(`
      {
        "abort.code: verified": 3,
        "call.result: diverged": 25,
        "result.result: diverged": 54,
        "return to abort: diverged": 23,
        "return to abort: verified": 1,
        "seed: verified": 1,
        "stop.reason: verified": 1,
        "turn.args: diverged": 24,
        "turn.args: verified": 3,
        "turn.sender: verified": 30,
      }
    `)
    // The guest adds up what `add` answers: a change shows in its next call of it, or in what the turn returns.
    for (const { at, index } of found.filter(({ what }) => what === 'result.result')) {
      const after = copy.drafts.findIndex(
        ({ kind, content }, i) =>
          i > at && /add/.test(kind === 'return' ? 'add' : Buffer.from(content).toString('latin1')),
      )
      expect(index).toBe(after)
    }
  })

  it('a tail cut between turns: verified alone, and broken by a checkpoint', async () => {
    const found = await findings('tail cut, under a checkpoint')
    expect(wrong(found)).toEqual([])
    expect(count(found)).toEqual({ 'the record alone: verified': 32, 'a checkpoint: checkpoint': 32 })
    const seen = found.filter(({ what }) => what === 'a checkpoint')
    expect(seen.map(({ index }) => index)).toEqual(seen.map(({ at }) => at))
  })

  it('a chain that the host forgets: what is left is signed, and does not go on from a checkpoint that was kept', async () => {
    const found = await findings('chain left out, in the log of the host')
    expect(wrong(found)).toEqual([])
    const sizes = [1, 2, 3, 4, 5, 6, 7, 8]
    expect(count(found)).toEqual(
      Object.fromEntries(
        sizes.flatMap((size) => [
          [`log of ${size}: the record alone: verified`, 1],
          [`log of ${size}: a checkpoint that was kept: checkpoint`, 1],
        ]),
      ),
    )
  })

  it('an edit with everything hashed again: verified alone, and broken by the signature', async () => {
    const found = await findings('hashed again, under a signature')
    expect(wrong(found)).toEqual([])
    expect(count(found)).toMatchInlineSnapshot(`
      {
        "stop.reason: signed anew, by a key that is not asked for: verified": 1,
        "stop.reason: signed anew: signature": 1,
        "stop.reason: the host's signature: checkpoint": 1,
        "stop.reason: the record alone: verified": 1,
        "turn.sender: signed anew, by a key that is not asked for: verified": 30,
        "turn.sender: signed anew: signature": 30,
        "turn.sender: the host's signature: checkpoint": 30,
        "turn.sender: the record alone: verified": 30,
      }
    `)
  })

  it('a key that the host never went over to: trusted by nobody who has the first one', async () => {
    const found = await findings('key swapped, in the record of rotations')
    expect(wrong(found)).toEqual([])
    const alone = found.filter(({ what }) => what === 'no key but that of the file')
    expect(alone.map(({ verdict }) => verdict)).toEqual(['verified'])
    const asked = found.filter(({ what }) => what.startsWith('the first key'))
    expect(asked.map(({ why }) => why)).toEqual(Array(9).fill('signature'))
  })

  it('an archive hashed again, left out, or with another seam: found where it does not fit, and nobody is accused of what is not there', async () => {
    const [exchanged, left, forged] = await Promise.all([
      findings('archive hashed again, with what is left'),
      findings('archive left out'),
      findings('seam forged'),
    ])
    expect([...wrong(exchanged), ...wrong(left), ...wrong(forged)]).toEqual([])
    expect(new Set(exchanged.map(({ why }) => why))).toEqual(new Set(['prev']))
    expect(new Set(forged.map(({ why }) => why))).toEqual(new Set(['framing']))
    expect(new Set(left.map(({ what, verdict, why }) => `${what}: ${why ?? verdict}`))).toEqual(
      new Set([
        'none: verified',
        'all: withheld',
        'the first: withheld',
        'the second: withheld',
        'what came behind: verified',
      ]),
    )
    expect(left.length).toBeGreaterThan(40)
  })
})
