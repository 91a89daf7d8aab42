import { setImmediate } from 'node:timers/promises'
import type { Event, Store } from '@theater/event-chain'
import { hex } from '@theater/event-chain'
import { relayed } from '@theater/guests/relay'
import { decodeData } from '@theater/values'
import { expect, it } from 'vitest'
import { born, call, events, exit, grants, open, parent, spawn, text, verdicts } from './support/family.ts'
import { Journal } from './support/journal.ts'

const SEND = relayed('theater:messaging/client@0.1#send')

/** Everything that a family does: children and grandchildren, one that refuses to be, a message, ends of all kinds. */
async function live(journal: Journal): Promise<void> {
  const theater = await open(journal.store)
  await theater.spawn({ id: 'boss', component: parent, grants })
  const worker = await born(theater, 'boss')
  await theater.call('boss', SEND, [worker, text('{"type":"hi"}')])
  const middle = await born(theater, 'boss', { component: parent, grants, limits: { descendants: 3 } })
  await born(theater, middle)
  await spawn(theater, 'boss', { params: text('no') })
  await call(theater, 'boss', 'stop', [worker])
  await call(theater, 'boss', 'stop', [middle])
  const last = await born(theater, 'boss', { component: parent, grants, limits: { descendants: 3 } })
  await born(theater, last)
  await born(theater, last)
  await exit(theater, last)
  await theater.idle()
  await born(theater, 'boss')
  await theater.stop('boss')
  await theater.idle()
  await theater.close()
}

interface Record {
  readonly label: string
  readonly chain: string
  readonly events: readonly Event[]
}

async function records(store: Store): Promise<Record[]> {
  const found: Record[] = []
  for (const { label, chain } of await store.list())
    found.push({ label, chain: hex(chain), events: await events(store, label) })
  return found
}

/** What a family's records say that cannot be. */
async function wrong(store: Store): Promise<unknown[]> {
  const all = await records(store)
  const births = new Map<string, Record[]>()
  const told = new Map<string, number>()
  for (const one of all)
    for (const { kind, content } of one.events) {
      if (content === null) continue
      if (kind === 'genesis' && content.cause !== null) {
        const key = `${hex(content.cause.chain)} ${content.cause.seq}`
        births.set(key, [...(births.get(key) ?? []), one])
      } else if (kind === 'turn' && content.fn.includes('watcher') && content.cause !== null) {
        const key = hex(content.cause.chain)
        told.set(key, (told.get(key) ?? 0) + 1)
      }
    }
  const faults: unknown[] = []
  for (const [key, made] of births) if (made.length > 1) faults.push(`${key} made ${made.length} actors`)
  for (const { label, chain, events: own } of all) {
    const alive = own.at(-1)?.kind !== 'stop'
    const results = new Map<number, unknown>()
    for (const { kind, content } of own)
      if (kind === 'result' && content !== null)
        results.set(content.call, (decodeData(content.outcome.result) as [[number, unknown]])[0])
    for (const { seq, kind, content } of own) {
      if (kind !== 'call' || content === null || content.outcome !== null || !content.fn.endsWith('#spawn'))
        continue
      const [child] = births.get(`${chain} ${seq}`) ?? []
      const result = results.get(seq) as [number, unknown] | undefined
      // Where the parent was stopped in the middle of it, nobody waits for an answer.
      if (result === undefined) {
        if (alive) faults.push(`the spawn ${seq} of ${label} was never answered`)
        continue
      }
      if (result[0] === 0 && child?.label !== result[1])
        faults.push(`${label} got ${String(result[1])}, and there is ${child?.label}`)
      if (child === undefined) continue
      const ended = child.events.at(-1)?.kind === 'stop'
      if (!alive && !ended) faults.push(`${child.label} outlived ${label}`)
      if (alive && result[0] === 1 && !ended && !child.label.includes('~'))
        faults.push(`${label} got no child, and ${child.label} lives`)
      const times = told.get(child.chain) ?? 0
      if (times > 1) faults.push(`${label} was told ${times} times of ${child.label}`)
      if (alive && ended && result[0] === 0 && times === 0)
        faults.push(`${label} was not told of ${child.label}`)
      if (!ended && times > 0) faults.push(`${label} was told of ${child.label}, which goes on`)
    }
  }
  const said = Object.entries(await verdicts(store)).filter(([, verdict]) => verdict !== 'verified')
  return [...faults, ...said]
}

/** Opens what a killed host left, lets it go on, and says what is wrong with it then. */
async function afterwards(journal: Journal): Promise<unknown[]> {
  const theater = await open(journal.store)
  await theater.idle()
  await theater.close()
  return wrong(journal.store)
}

it('a host that closes in the middle of a spawn leaves what the next one goes on with', async () => {
  for (let rounds = 0; rounds < 12; rounds++) {
    const journal = new Journal()
    const theater = await open(journal.store)
    await theater.spawn({ id: 'boss', component: parent, grants })
    const spawning = spawn(theater, 'boss', { component: parent, grants, limits: { descendants: 3 } })
    const settled = spawning.then(
      () => 'answered',
      () => 'left',
    )
    for (let n = 0; n < rounds; n++) await setImmediate()
    await theater.close()
    await settled
    expect(await afterwards(journal)).toEqual([])
    const [boss] = (await records(journal.store)).filter(({ label }) => label === 'boss')
    const made = (await records(journal.store)).length - 1
    const calls = boss?.events.filter(({ kind }) => kind === 'call').length ?? 0
    expect([rounds, made]).toEqual([rounds, calls])
  }
})

it('a host that is killed at any write leaves no child lost, doubled or orphaned', async () => {
  const journal = new Journal()
  await live(journal)
  expect(await wrong(journal.store)).toEqual([])
  const failures: unknown[] = []
  for (let n = 1; n < journal.length; n++) {
    const left = await journal.at(n)
    const first = await afterwards(left)
    if (first.length > 0) failures.push({ n, first })
    // A second host that is killed while it takes over; the writes of the first go before.
    if (n % 6 !== 0) continue
    for (let m = n + 1; m < left.length; m += 5) {
      const second = await afterwards(await left.at(m))
      if (second.length > 0) failures.push({ n, m, second })
    }
  }
  expect(failures).toEqual([])
  expect(journal.length).toBeGreaterThan(50)
})
