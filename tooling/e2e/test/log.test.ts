import { memoryStore } from '@theater/event-chain'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { log } from '@theater/handler-log'
import type { Limits, LogLine } from '@theater/runtime'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { HandClock } from './support/hand-clock.ts'
import { chainOf, wrongWith } from './support/talkers.ts'

const LOG = relayed('theater:actor/log@0.1#log')
const component = relayGuest('log')

/** An actor that logs what it is told to. */
async function logger(limits: Partial<Limits>) {
  const store = memoryStore()
  const clock = new HandClock()
  const lines: LogLine[] = []
  const theater = await Theater.open({
    store,
    handlers: [log()],
    cache,
    entropy: clock,
    log: (line) => lines.push(line),
  })
  await theater.spawn({ id: 'a', component, grants: { log: {} }, limits })
  return {
    theater,
    store,
    clock,
    say: (text: string) => theater.call('a', LOG, ['info', text, []]),
    /** What was written since this was asked last; of a line that says what was left out, its fields. */
    written: () =>
      lines
        .splice(0)
        .map(({ message, fields }) =>
          fields.length === 0 ? message : fields.map(([name, value]) => `${name}=${value}`).join(' '),
        ),
  }
}

describe('what an actor logs', () => {
  it('is left out above its limit of a second, and a line says how much, once a second at the most', async () => {
    const { theater, store, clock, say, written } = await logger({ logLines: 2 })
    for (const text of ['one', 'two', 'three', 'four', 'five']) await say(text)
    const left = 'code=log-rate limit=logLines'
    expect(written()).toEqual(['one', 'two', `${left} lines=1 bytes=5`])
    clock.time += 999
    await say('six')
    expect(written()).toEqual([])
    clock.time += 1
    await say('seven')
    expect(written()).toEqual([`${left} lines=3 bytes=11`, 'seven'])
    await say('eight')
    await say('nine')
    await say('ten')
    expect(written()).toEqual(['eight', `${left} lines=1 bytes=4`])
    await theater.close()
    expect(written()).toEqual([`${left} lines=1 bytes=3`])
    // All of it is in the record.
    const calls = (await chainOf(store, 'a')).filter(({ kind }) => kind === 'call')
    expect(calls).toHaveLength(10)
    expect(await wrongWith(store)).toEqual([])
  })

  it('is left out above its bytes', async () => {
    const { theater, say, written } = await logger({ logBytes: 10 })
    await say('12345678')
    await say('äö')
    await say('12')
    expect(written()).toEqual(['12345678', 'code=log-rate limit=logBytes lines=1 bytes=4', '12'])
    await theater.close()
  })

  it('gets no second of its own by a trap', async () => {
    const { theater, clock, say, written } = await logger({ logLines: 1 })
    clock.time += 60_000
    await say('one')
    for (let n = 0; n < 3; n++) {
      await theater.call('a', TRAP, []).catch(() => undefined)
      await say('again')
    }
    expect(written()).toEqual(['one', 'code=log-rate limit=logLines lines=1 bytes=5'])
    await theater.close()
  })

  it('is nothing that it can learn from: the same turns, whatever is left out', async () => {
    const heads: unknown[] = []
    for (const logLines of [1, 1000]) {
      const { theater, store, say } = await logger({ logLines })
      for (const text of ['one', 'two', 'three']) expect(await say(text)).toBeUndefined()
      await theater.close()
      heads.push((await chainOf(store, 'a')).slice(2).map(({ kind, content }) => [kind, content]))
    }
    expect(heads[0]).toEqual(heads[1])
  })
})
