import { relayed } from '@theater/guests/relay'
import { hex } from '@theater/event-chain'
import { expect, it } from 'vitest'
import { born, boss, call, events, list, open, spawn, text, told, verdicts } from './support/family.ts'

const send = relayed('theater:messaging/client@0.1#send')

it('an actor makes a child, talks to it, ends it, and is told', async () => {
  const { store, theater } = await boss()
  const id = await born(theater, 'boss')
  expect(id).toMatch(/^boss\.child-\d+$/)
  expect(await list(theater, 'boss')).toEqual([id])
  expect(theater.actors().map((one) => [one.id, one.parent])).toEqual([
    ['boss', undefined],
    [id, 'boss'],
  ])
  expect(await theater.request(id, text('{"type":"hi"}'))).toMatchObject({ ok: text('{"type":"hi"}') })
  expect(await call(theater, 'boss', 'stop', [id])).toEqual({ tag: 'ok', val: undefined })
  await theater.idle()
  expect(await list(theater, 'boss')).toEqual([])
  expect(await told(store, 'boss')).toEqual([id])
  await theater.close()
  expect(await verdicts(store)).toEqual({ boss: 'verified', [id]: 'verified' })
})

it('both chains are linked: the spawn is the cause of the child, and its end that of the turn that tells', async () => {
  const { store, theater } = await boss()
  const id = await born(theater, 'boss', { params: text('hello'), limits: { descendants: 3 } })
  await theater.stop(id)
  await theater.idle()
  await theater.close()
  const parent = await events(store, 'boss')
  const [genesis, ...rest] = await events(store, id)
  const [from, to] = [await store.find('boss'), await store.find(id)]
  const intent = parent.find((event) => event.kind === 'call')
  const end = rest.at(-1)
  expect(genesis?.content).toMatchObject({
    actor: id,
    parent: 'boss',
    cause: { chain: from?.chain, seq: intent?.seq, hash: intent?.hash },
    params: text('hello'),
    grants: {},
    limits: { descendants: 3 },
  })
  expect(id).toBe(`boss.child-${intent?.seq}`)
  const turn = parent.findLast((event) => event.kind === 'turn')
  expect(turn?.content).toMatchObject({
    sender: id,
    cause: { chain: to?.chain, seq: end?.seq, hash: end?.hash },
  })
  expect(hex(to?.chain ?? new Uint8Array())).not.toBe(hex(from?.chain ?? new Uint8Array()))
})

it('the whole tree comes back, and goes on', async () => {
  const { store, theater } = await boss()
  const id = await born(theater, 'boss')
  await theater.close()
  const again = await open(store)
  expect(again.actors().map((one) => [one.id, one.parent, one.state])).toEqual([
    ['boss', undefined, 'idle'],
    [id, 'boss', 'idle'],
  ])
  expect(await list(again, 'boss')).toEqual([id])
  const second = await born(again, 'boss')
  expect(await again.call('boss', send, [second, text('{"type":"hi"}')])).toMatchObject({ tag: 'ok' })
  await again.idle()
  await again.stop('boss')
  expect(again.actors().map((one) => one.state)).toEqual(['stopped', 'stopped', 'stopped'])
  await again.close()
  expect(await told(store, 'boss')).toEqual([])
  expect(await verdicts(store)).toEqual({ boss: 'verified', [id]: 'verified', [second]: 'verified' })
})

it('init that says no is the answer of the spawn', async () => {
  const { theater } = await boss()
  expect(await spawn(theater, 'boss', { params: text('no') })).toMatchObject({
    tag: 'err',
    val: { tag: 'init', val: { code: expect.any(String) as string } },
  })
  expect(await list(theater, 'boss')).toEqual([])
  await theater.close()
})
