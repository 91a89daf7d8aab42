import { memoryStore } from '@theater/event-chain'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { ask, cache, counter, handlers } from './support/actors.ts'

const everybody = { messaging: { to: ['*'] }, log: {} }

describe('actors in TypeScript', () => {
  const store = memoryStore()

  beforeAll(async () => {
    await using theater = await Theater.open({ store, handlers: handlers(), cache })
    for (const id of ['a', 'b']) await theater.spawn({ id, component: counter, grants: everybody })
  })

  it('keep their state from message to message, and over a restart', async () => {
    {
      await using theater = await Theater.open({ store, handlers: handlers(), cache })
      expect(await ask(theater, 'a', 'add', { by: 2 })).toBe(2)
      expect(await ask(theater, 'a', 'add', { by: 3 })).toBe(5)
    }
    await using theater = await Theater.open({ store, handlers: handlers(), cache })
    expect(await ask(theater, 'a', 'get')).toBe(5)
  })

  it('send and request', async () => {
    await using theater = await Theater.open({ store, handlers: handlers(), cache })
    expect(await ask(theater, 'a', 'forward', { to: 'b', by: 7 })).toBe(null)
    await theater.idle()
    expect(await ask(theater, 'b', 'get')).toBe(7)
    expect(await ask(theater, 'a', 'ask', { to: 'b' })).toEqual({ reply: 7 })
    expect(await ask(theater, 'a', 'both', { first: 'b', second: 'b' })).toEqual([7, 7])
  })

  it('are verified together, every message from the turn that sent it', async () => {
    const chains = await store.list()
    const sources = chains.map(({ chain }) => ({ store, chain }))
    const { verdicts, held, unchecked } = await verifyGraph(sources, { load: componentLoader({ cache }) })
    expect(verdicts.map(({ actor, verdict }) => [actor, verdict])).toEqual([
      ['a', 'verified'],
      ['b', 'verified'],
    ])
    // The forward and three requests; what the host sent has no cause.
    expect({ held, unchecked }).toEqual({ held: 4, unchecked: [] })
  })
})
