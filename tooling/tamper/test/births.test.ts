import { diskCache } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { decodeContent, encodeContent, memoryStore } from '@theater/event-chain'
import type { Genesis } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { guest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { cli } from '@theater/handler-cli'
import { supervisor } from '@theater/handler-supervisor'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import type { ChainSource } from '@theater/replay'
import { Theater } from '@theater/runtime'
import { copyChain, relink } from '@theater/tamper'
import { describe, expect, it } from 'vitest'

describe('a store that somebody put together', () => {
  it('brings no child back that holds more than its parent', async () => {
    const cache = await diskCache(transpiled)
    const handlers = [supervisor(), messaging(), log(), cli()]
    const honest = memoryStore()
    const worker = guest('echo')
    {
      await using theater = await Theater.open({ store: honest, handlers, cache })
      const grants = {
        supervisor: { components: [await theater.addComponent(worker)] },
        messaging: { to: [] },
      }
      await theater.spawn({ id: 'boss', component: relayGuest('parent'), grants })
      const params = { format: 'text/plain', body: new Uint8Array() }
      await theater.call('boss', relayed('theater:supervisor/children@0.1#spawn'), [
        sha256(worker),
        params,
        '{}',
        {},
      ])
    }
    const store = memoryStore()
    for (const { chain, label } of await honest.list()) {
      const { drafts } = await copyChain({ store: honest, chain })
      const changes = drafts.map((draft, at) => {
        if (at > 0 || label === 'boss') return draft
        const genesis = decodeContent('genesis', draft.content)
        return { ...draft, content: encodeContent('genesis', { ...genesis, grants: { log: {} } }) }
      })
      const copied = relink(changes, honest)
      const stored = await Array.fromAsync(copied.store.read(copied.chain))
      const last = stored.at(-1)
      if (last === undefined) throw new Error('the record is empty')
      await store.create(copied.chain, label, { epoch: 0, events: stored, head: sha256(last.header) })
      for (const cid of [decodeContent('genesis', drafts[0]!.content)].flatMap(({ component, wit }) => [
        component,
        wit,
      ])) {
        const bytes = await honest.get(cid)
        if (bytes !== undefined) await store.put(cid, bytes)
      }
    }
    await using theater = await Theater.open({ store, handlers, cache })
    expect(theater.actors().map(({ id, state, failure }) => [id, state, failure?.code])).toEqual([
      ['boss', 'idle', undefined],
      ['boss.child-3', 'failed', 'bad-grant'],
    ])
  })
})

describe('a child whose record is forged from its first event on', async () => {
  const cache = await diskCache(transpiled)
  const load = componentLoader({ cache })
  const store = memoryStore()
  const worker = guest('echo')
  const message = (text: string): object => ({ format: 'text/plain', body: new TextEncoder().encode(text) })
  {
    await using theater = await Theater.open({
      store,
      handlers: [supervisor(), messaging(), log(), cli()],
      cache,
    })
    const grants = {
      supervisor: { components: [await theater.addComponent(worker)] },
      messaging: { to: [] },
      log: { level: 'warn' },
    }
    await theater.spawn({ id: 'boss', component: relayGuest('parent'), grants })
    const args = [sha256(worker), message('hello'), '{"log":{"level":"error"}}', { descendants: 2 }]
    await theater.call('boss', relayed('theater:supervisor/children@0.1#spawn'), args)
  }
  const [boss, child] = (await store.list()).map(({ chain }): ChainSource => ({ store, chain }))
  if (boss === undefined || child === undefined) throw new Error('there are not two records')
  const copy = await copyChain(child)

  /** What is said of the child if its genesis is another, and all is hashed again. */
  async function forged(change: (genesis: Genesis) => Partial<Genesis>): Promise<unknown> {
    const [first, ...rest] = copy.drafts
    if (first === undefined) throw new Error('the record is empty')
    const genesis = decodeContent('genesis', first.content)
    const content = encodeContent('genesis', { ...genesis, ...change(genesis) })
    const source = relink([{ ...first, content }, ...rest], store)
    const { verdicts } = await verifyGraph([boss as ChainSource, source], { load })
    expect(verdicts[0]?.verdict).toBe('verified')
    return verdicts[1]
  }

  it('is verified as it is', async () => {
    expect(await forged(() => ({}))).toMatchObject({ verdict: 'verified' })
  })

  it.each<readonly [string, (genesis: Genesis) => Partial<Genesis>]>([
    ['grants', () => ({ grants: { log: {} } })],
    ['a grant more', ({ grants }) => ({ grants: { ...grants, cli: {} } })],
    ['limits', ({ limits }) => ({ limits: { ...limits, mailbox: 1_000_000 } })],
    ['descendants', ({ limits }) => ({ limits: { ...limits, descendants: 3 } })],
    ['its id', ({ actor }) => ({ actor: `${actor}0` })],
    ['its parent', () => ({ parent: 'other' })],
    ['no parent', () => ({ parent: null })],
    ['no cause', () => ({ cause: null })],
    ['another cause', ({ cause }) => ({ cause: cause && { ...cause, seq: cause.seq - 1 } })],
  ])('is broken at its first event: %s', async (_what, change) => {
    expect(await forged(change)).toMatchObject({ verdict: 'broken', index: 0, reason: 'cause' })
  })

  it('is found out at its first event, whatever else it says: component', async () => {
    const wat = guest('hello')
    await store.put(Uint8Array.from([1, 0x55, 0x12, 0x20, ...sha256(wat)]), wat)
    const component = Uint8Array.from([1, 0x55, 0x12, 0x20, ...sha256(wat)])
    expect(await forged(() => ({ component }))).toMatchObject({ verdict: 'diverged', index: 0 })
  })

  it('is found out: params that its init was not given', async () => {
    const params = { format: 'text/plain', body: new TextEncoder().encode('other') }
    expect(await forged(() => ({ params }))).toMatchObject({ verdict: 'broken', index: 0 })
  })
})
