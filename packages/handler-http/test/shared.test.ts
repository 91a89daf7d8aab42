import { readEvents } from '@theater/event-chain'
import { describe, expect, it } from 'vitest'
import { fakeActor } from '@theater/handler-conformance'
import type { InvokeOptions } from '@theater/handler'
import { DEFAULT_LIMITS } from '../src/limits.ts'
import { Presence } from '../src/presence.ts'
import { Queue, Shared } from '../src/shared.ts'
import { Service } from '../src/service.ts'
import { Session } from '../src/session.ts'
import { Site, until, type Wire } from './serving-support.ts'
import type { HttpGrant } from '../src/index.ts'

const shared: HttpGrant = { serve: [{ path: '/', shared: true }], stream: true }

/** Two actors, or more, that answer everything together. */
async function site(grant = shared, ids: readonly string[] = ['b']): Promise<Site> {
  const made = await Site.open({}, grant, { id: 'a' })
  for (const id of ids) await made.spawn(id, grant)
  return made
}

/** Sends the beginning of a request: whoever takes it waits for the rest. */
async function begin(made: Site): Promise<Wire> {
  const wire = await made.wire()
  await wire.send(
    'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nha',
  )
  return wire
}

function at(made: Site, state: string): string[] {
  return made.theater.actors().flatMap((one) => (one.state === state ? [one.id] : []))
}

/** How many turns each actor has begun. */
async function turns({ store }: Site): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { chain, label, size } of await store.list()) {
    let count = 0
    for await (const { kind } of readEvents(store, chain, 0, size)) if (kind === 'turn') count++
    counts[label] = count
  }
  return counts
}

describe('a route that actors share', () => {
  it('leads to each of them in turn while they are idle', async () => {
    await using made = await site(shared, ['b', 'c'])
    for (let i = 1; i <= 3; i++)
      for (const _ of 'abc') expect(await made.ask('/count')).toEqual([200, String(i)])
    expect(await turns(made)).toEqual({ a: 3, b: 3, c: 3 })
    expect(await made.verdicts()).toEqual({ a: 'verified', b: 'verified', c: 'verified' })
  })

  it('leads to one that is idle while the others are at work, and then to whoever is free first', async () => {
    await using made = await site()
    const first = await begin(made)
    await until(() => at(made, 'running').includes('a'))
    // The one that is idle answers, again and again, though it was the last to answer.
    for (const count of '123') expect(await made.ask('/count')).toEqual([200, count])
    const second = await begin(made)
    await until(() => at(made, 'running').length === 2)
    const third = made.ask('/count')
    const fourth = made.ask('/count')
    await second.send('lt')
    expect(await second.ended()).toContain('\r\nhalt\r\n')
    // Both were for whoever was free, one after the other; the other is still at work.
    expect([await third, await fourth].toSorted(([, a], [, b]) => Number(a) - Number(b))).toEqual([
      [200, '5'],
      [200, '6'],
    ])
    await first.send('lt')
    expect(await first.ended()).toContain('\r\nhalt\r\n')
    expect(await turns(made)).toEqual({ a: 1, b: 6 })
    expect(await made.verdicts()).toEqual({ a: 'verified', b: 'verified' })
  })

  it('has the requests of one that ends go to the others, and to nobody when nobody is left', async () => {
    await using made = await site()
    const first = await begin(made)
    await until(() => at(made, 'running').length === 1)
    const second = await begin(made)
    await until(() => at(made, 'running').length === 2)
    const waits = made.ask('/count')
    await made.theater.stop('a', 'enough')
    await second.send('lt')
    expect(await waits).toEqual([200, '2'])
    first.socket.destroy()
    await made.theater.stop('b', 'enough')
    expect((await made.ask('/count'))[0]).toBe(421)
  })

  it('is shared by those alone who share it', async () => {
    await using made = await site()
    const mine: HttpGrant = { serve: [{ path: '/' }] }
    await expect(made.spawn('c', mine)).rejects.toThrow(
      'c is granted to answer requests to /, and so is a. Only one of them shares it: both have to',
    )
    // A longer one is another route.
    await made.spawn('c', { serve: [{ path: '/count' }] })
    for (const count of '123') expect(await made.ask('/count')).toEqual([200, count])
    expect((await turns(made))['c']).toBe(3)
  })

  it('takes what each of them takes', async () => {
    await using made = await site({ serve: [{ path: '/', shared: true }] }, [])
    await made.spawn('b', { serve: [{ path: '/', shared: true }], limits: { 'request-bytes': 3 } })
    expect((await made.ask('/echo', { method: 'POST', body: 'four' }))[0]).toBe(413)
    expect(await made.ask('/echo', { method: 'POST', body: 'two' })).toEqual([200, 'two'])
  })

  it('goes on after a restart, with all of them', async () => {
    const before = await site()
    await before.ask('/count')
    await before.ask('/count')
    await before.theater.close()
    await before.handler[Symbol.asyncDispose]()
    await using after = await Site.open({}, shared, { store: before.store })
    expect([await after.ask('/count'), await after.ask('/count')]).toEqual([
      [200, '2'],
      [200, '2'],
    ])
  })
})

describe('a request that waits', () => {
  const delivery = {
    head: {} as never,
    body: () => ({}) as never,
    whole: undefined,
    answered: () => undefined,
  }
  const limits = { ...DEFAULT_LIMITS, 'answer-ms': 5 }

  it('is late when nobody gets to it, or given up by its client, and goes to nobody then', async () => {
    const handled: string[] = []
    const busy = {
      isIdle: false,
      limits,
      handle: async () => void handled.push('busy'),
    }
    const queue = new Queue()
    const shared = new Shared(queue, () => [busy as never])
    await expect(shared.handle({ ...delivery, client: new Presence() })).rejects.toMatchObject({
      code: 'timeout',
    })
    const gone = new Presence()
    gone.leave()
    await expect(shared.handle({ ...delivery, client: gone })).rejects.toMatchObject({ code: 'withdrawn' })
    const client = new Presence()
    const given = new Shared(queue, () => [{ ...busy, limits: DEFAULT_LIMITS } as never]).handle({
      ...delivery,
      client,
    })
    client.leave()
    await expect(given).rejects.toMatchObject({ code: 'withdrawn' })
    busy.isIdle = true
    queue.look()
    expect(handled).toEqual([])
  })

  it('does not wait for an actor whose turn is late: that one is at work until the turn is over', async () => {
    const turn = Promise.withResolvers<void>()
    const signals: (AbortSignal | undefined)[] = []
    const actor = {
      ...fakeActor(),
      invoke: async (_fn: string, _args: readonly unknown[], o: InvokeOptions) => {
        signals.push(o.signal)
        await turn.promise
      },
    }
    let freed = 0
    const service = new Service(actor, new Session(actor, {}, limits), {
      freed: () => void freed++,
      unanswered: () => undefined,
    })
    await expect(service.handle({ ...delivery, client: new Presence() })).rejects.toMatchObject({
      code: 'timeout',
    })
    expect([service.isIdle, freed]).toEqual([false, 0])
    // Had it not begun, it would have been taken back.
    expect(signals[0]?.aborted).toBe(true)
    turn.resolve()
    await until(() => freed === 1)
    expect(service.isIdle).toBe(true)
  })
})

describe('the queue', () => {
  it('gives nobody two things at once, and what came first first', () => {
    const queue = new Queue()
    const busy = new Set<string>()
    const log: string[] = []
    const member = (id: string): Service =>
      ({
        id,
        get isIdle() {
          return !busy.has(id)
        },
      }) as never
    const members = [member('a'), member('b')]
    const add = (name: string, of = members): void => {
      queue.add({
        members: () => of,
        start: (one) => {
          const { id } = one as unknown as { id: string }
          busy.add(id)
          log.push(`${name} ${id}`)
        },
        fail: (code) => log.push(`${name} ${code}`),
      })
    }
    for (const name of '12345') add(name)
    expect(log).toEqual(['1 a', '2 b'])
    add('none', [])
    busy.clear()
    queue.look()
    expect(log.slice(2)).toEqual(['none stopped', '3 a', '4 b'])
    busy.delete('b')
    queue.look()
    expect(log.at(-1)).toBe('5 b')
  })
})
