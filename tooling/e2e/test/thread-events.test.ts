import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from '@theater/event-chain'
import type { Event } from '@theater/event-chain'
import { SigningKey } from '@theater/event-chain/log'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { openThread } from '@theater/runtime/thread'
import { describe, expect, it } from 'vitest'
import { add, grants, mark } from './support/courier.ts'
import { Cast, looper, unresponsive } from './support/thread-cast.ts'
import type { Witnessed } from './support/thread-witnessed.ts'

const loops = await assemble(looper())

/** The hashes of the events that a reading gives, by their numbers. */
const hashes = async (events: AsyncIterable<Event>): Promise<[number, string][]> =>
  (await Array.fromAsync(events)).map(({ seq, hash }) => [seq, Buffer.from(hash).toString('hex')])

/** What the record says when the thread has ended. */
async function recorded(cast: Cast, id: string, from = 0): Promise<[number, string][]> {
  await cast.thread.close()
  await using store = sqliteStore(join(cast.folder, 'chains.db'))
  const { chain } = (await store.find(id)) ?? {}
  return chain === undefined ? [] : await hashes(readEvents(store, chain, from))
}

describe('the events of an actor in a thread', () => {
  it('are given in order, those that are there and those that come, until it is stopped', async () => {
    await using cast = await Cast.open()
    await cast.courier('a')
    const whole = hashes(cast.thread.events('a'))
    for (let i = 0; i < 3; i++) await cast.run('a', [add(i)])
    const late = hashes(cast.thread.events('a', { from: 5 }))
    // Its content stands in a block of its own.
    const large = { format: 'application/json', body: new Uint8Array(40_000) }
    await cast.thread.request('a', large).catch(() => undefined)
    await cast.thread.stop('a', 'over')
    await Promise.all([whole, late])
    const over = hashes(cast.thread.events('a'))
    expect(await over).toEqual(await whole)
    expect(await whole).toEqual(await recorded(cast, 'a'))
    expect(await late).toEqual((await whole).slice(5))
  })

  it('are whole where the thread is ended meanwhile, and another one goes on', async () => {
    await using cast = await Cast.open()
    await cast.courier('innocent')
    await cast.looper('looper', loops)
    const [innocent, guilty] = ['innocent', 'looper'].map((id) => hashes(cast.thread.events(id)))
    const underWay = cast.run('innocent', [mark(1), add(1)])
    await cast.reached(1)
    await expect(cast.call('looper', 'spin')).rejects.toMatchObject(unresponsive('looper'))
    cast.openGate(1)
    await underWay
    await cast.call('looper', 'add', 2)
    for (const id of ['innocent', 'looper']) await cast.thread.stop(id)
    const both = await Promise.all([innocent, guilty])
    expect(both).toEqual([await recorded(cast, 'innocent'), await recorded(cast, 'looper')])
  })

  it('end with the theater, and go on in the next one where they were', async () => {
    let cast = await Cast.open()
    await cast.courier('a')
    const seen: [number, string][] = []
    for (let times = 0; times < 2; times++) {
      const { thread } = cast
      const reading = hashes(thread.events('a', { from: seen.length }))
      for (let i = 0; i < 3; i++) await cast.run('a', [add(i)])
      // It waits for more.
      await thread.idle()
      const next = await cast.again()
      seen.push(...(await reading))
      await expect(thread.events('a').next()).rejects.toMatchObject({ code: 'closed' })
      cast = next
    }
    seen.push(...(await hashes(cast.thread.events('a', { from: seen.length, signal: AbortSignal.abort() }))))
    expect(seen.map(([seq]) => seq)).toEqual(seen.map((_, i) => i))
    expect((await recorded(cast, 'a')).slice(0, seen.length)).toEqual(seen)
    expect(seen.length).toBeGreaterThan(12)
    await cast[Symbol.asyncDispose]()
  })

  it('are all there for a reader that stood still, who delays nobody; and end when whoever reads says so', async () => {
    await using cast = await Cast.open()
    await cast.courier('a')
    const still = cast.thread.events('a')
    expect((await still.next()).value).toMatchObject({ seq: 0, kind: 'genesis' })
    const end = new AbortController()
    const waiting = hashes(cast.thread.events('a', { signal: end.signal }))
    const many = 100
    for (let i = 0; i < many; i++) await cast.run('a', [add(1), add(1)])
    let last = 0
    for await (const { seq, kind } of still) {
      expect(seq).toBe(++last)
      if (kind === 'return' && last > 2 * many) break
    }
    end.abort()
    const seen = await waiting
    expect(seen.map(([seq]) => seq)).toEqual(seen.map((_, i) => i))
    await expect(cast.thread.events('nobody').next()).rejects.toMatchObject({ code: 'unknown-actor' })
  })
})

it('says how far the witnesses of its host are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-thread-'))
  const key = (await SigningKey.generate('witness.example/w1', 'cosignature')).verifier.toString()
  // Nobody listens there.
  const data: Witnessed = { folder, key, url: 'http://127.0.0.1:1/' }
  const module = new URL('support/thread-witnessed.ts', import.meta.url)
  {
    await using thread = await openThread({ module, data })
    await thread.spawn({ id: 'a', component: cGuest('courier'), grants })
    await expect
      .poll(() => thread.witnesses())
      .toMatchObject([{ url: data.url, size: 0, fault: { code: 'unreachable' } }])
    const [witness] = await thread.witnesses()
    expect([witness?.key.toString(), witness?.key.name]).toEqual([key, 'witness.example/w1'])
  }
  rmSync(folder, { recursive: true })
})
