import type { Store } from '@theater/event-chain'
import { describe, expect, it } from 'vitest'
import {
  cast,
  drive,
  jobs,
  lostOrDoubled,
  missing,
  recordedOutcome,
  records,
  undone,
  unknown,
} from '@theater/crash'
import type { Outcome } from '@theater/crash'
import { Stage, verdicts, World } from './support/courier.ts'
import { Journal } from './support/journal.ts'

const ACTORS = Object.fromEntries(cast.map((id) => [id, {}]))

/** What was done to the world, and after how many writes. */
type Did = [number, string][]

describe('a host that ends between any two writes of its store', () => {
  const all = jobs(15)
  const journal = new Journal()
  const did: Did = []
  /** What its caller was told, and after how many writes. */
  const acknowledged: [number, number, Outcome][] = []

  /** Opens what a host left, and has done what is left to do. */
  async function goOn(left: Journal): Promise<Did> {
    const world = new World()
    const doing: Did = []
    world.after = (what) => void doing.push([left.length, what])
    const before = await records(left.store)
    await using stage = await Stage.open({ store: left.store, world, summaryEvery: 20 })
    await stage.idle()
    await drive(stage, missing(before, all))
    return doing
  }

  /** What is wrong with a record that was gone on with, in words. @param at how many writes the first host made */
  async function wrongWith(store: Store, at: number, world: readonly string[]): Promise<unknown[]> {
    const record = await records(store)
    const verdict = await verdicts(store)
    const told = acknowledged.filter(([when]) => when <= at)
    return [
      ...lostOrDoubled(record),
      ...undone(record, world),
      ...unknown(record),
      ...told.flatMap(([, n, outcome]) =>
        recordedOutcome(record, all[n]!) === outcome ? [] : [`job ${n} was answered ${outcome}`],
      ),
      ...missing(record, all).map(({ n }) => `job ${n} was not done`),
      ...Object.entries(verdict).filter(([, known]) => known !== 'verified'),
    ]
  }

  const upTo = (what: Did, at: number): string[] => what.filter(([when]) => when <= at).map(([, one]) => one)

  it('leaves a record that the next host goes on with, and one that ends while it does', async () => {
    const world = new World()
    world.after = (what) => void did.push([journal.length, what])
    let made: number
    {
      await using stage = await Stage.open({ store: journal.store, world }, ACTORS)
      made = journal.length
      await drive(stage, all, (n, outcome) => acknowledged.push([journal.length, n, outcome]))
    }
    expect(await wrongWith(journal.store, journal.length, upTo(did, journal.length))).toEqual([])
    const failures: unknown[] = []
    for (let at = made; at <= journal.length; at++) {
      const second = await journal.at(at)
      const next = await goOn(second)
      const outside = upTo(did, at)
      const wrong = await wrongWith(second.store, at, [...outside, ...upTo(next, second.length)])
      if (wrong.length > 0) failures.push({ at, wrong })
      // Somewhere while it comes back: its first writes are the takeover of each record.
      const again = at + 1 + ((at * 7) % Math.min(20, second.length - at))
      const third = await second.at(again)
      const last = await goOn(third)
      const later = [...outside, ...upTo(next, again), ...upTo(last, third.length)]
      const twice = await wrongWith(third.store, at, later)
      if (twice.length > 0) failures.push({ at, again, wrong: twice })
    }
    expect(failures).toEqual([])
    expect(journal.length - made).toBeGreaterThan(60)
  })
})
