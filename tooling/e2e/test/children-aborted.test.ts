/** Spawns that are given up: the turn of the parent is aborted while its child is still being made. */
import type { AnyHandler } from '@theater/handler'
import { readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import { TheaterError } from '@theater/runtime'
import type { Theater } from '@theater/runtime'
import { expect, it, vi } from 'vitest'
import { ask, courier, courierHost, fail, message, peek, until, World } from './support/courier.ts'
import type { Steps } from './support/courier.ts'
import {
  call,
  digest,
  events,
  grants,
  handlers,
  list,
  open,
  parent,
  spawn,
  told,
  verdicts,
} from './support/family.ts'
import { Journal } from './support/journal.ts'

const held = { ...grants, supervisor: { components: [digest(courier.bytes)] }, courier: {} }
const given = { messaging: { to: ['*'] }, courier: {} }

/** A host whose children wait at the gates of a world, for as long as these are closed. */
async function host(store: Store, world: World): Promise<Theater> {
  const patient: AnyHandler = courierHost(world)
  const functions = Object.entries(patient.functions).map(([name, one]) => [
    name,
    { ...one, ownDeadline: true },
  ])
  const own = { ...patient, functions: Object.fromEntries(functions) as AnyHandler['functions'] }
  const theater = await open(store, { handlers: [...handlers(), own] })
  await theater.addComponent(courier.bytes)
  return theater
}

const making = (theater: Theater, init: Steps): Promise<unknown> =>
  spawn(theater, 'boss', { component: courier.bytes, grants: given, params: message(init) }).catch(
    (error: unknown) => {
      if (!TheaterError.is(error)) throw error
      return `${error.code}: ${String(error.detail)}`
    },
  )

/** More than a slow machine takes for a call, and less than a caller waits. */
const CALL_MS = 20_000

/** A spawn that takes longer than a call may: that much time passes, for timers, as soon as something is so. */
async function makingTooLong(theater: Theater, init: Steps, so: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const made = making(theater, init)
    await so()
    vi.advanceTimersByTime(CALL_MS)
    expect(await made).toBe('aborted: deadline')
  } finally {
    vi.useRealTimers()
  }
}

/** A parent whose spawn has taken longer than a call may, and a child whose `init` waits behind a gate. */
async function givenUp(init: Steps, store: Store = new Journal().store) {
  const world = new World()
  const gate = world.gate(1)
  const theater = await host(store, world)
  await theater.spawn({ id: 'boss', component: parent, grants: held, limits: { callMs: CALL_MS } })
  await makingTooLong(theater, [peek(1), ...init], () => gate.reached)
  return { theater, store, world, gate }
}

/** Whether an event is the call of a request. */
const asks = (content: unknown): boolean =>
  String((content as { readonly fn?: unknown } | null)?.fn).endsWith('#request')

/** How the answers of a child's requests ended, by the places of their cases. */
async function answers(store: Store, label: string): Promise<unknown[]> {
  const found: unknown[] = []
  for (const { kind, content } of await events(store, label))
    if (
      kind === 'call' &&
      content !== null &&
      content.outcome !== null &&
      content.fn.includes('pending.finish')
    )
      found.push(decodeData(content.outcome.result))
  return found
}

const child = async (theater: Theater): Promise<string> =>
  ((await list(theater, 'boss')) as string[])[0] ?? 'nobody'
const DEADLOCK = 7

it('a child whose init asks its parent, which waits for it, is told of the deadlock, and both go on', async () => {
  const { store } = new Journal()
  const theater = await host(store, new World())
  await theater.spawn({ id: 'boss', component: parent, grants: held })
  expect(await making(theater, ask('boss', []))).toMatchObject({ tag: 'ok' })
  const id = await child(theater)
  expect(await answers(store, id)).toEqual([[[1, [DEADLOCK]]]])
  await theater.close()
  expect(await verdicts(store)).toEqual({ boss: 'verified', [id]: 'verified' })
})

it('a spawn that takes longer than a call may ends the turn, and the child comes to be: its parent finds it', async () => {
  const { theater, store, gate } = await givenUp([])
  const id = await child(theater)
  gate.open()
  expect(
    await theater.call(id, 'theater:messaging/responder@0.1#handle-request', [{ tag: 'host' }, message([])]),
  ).toMatchObject({ tag: 'ok' })
  expect(await told(store, 'boss')).toEqual([])
  expect(await call(theater, 'boss', 'stop', [id])).toMatchObject({ tag: 'ok' })
  await theater.idle()
  expect(await told(store, 'boss')).toEqual([id])
  await theater.close()
  expect(await verdicts(store)).toEqual({ boss: 'verified', [id]: 'verified' })
})

it('a parent that has given up a child waits for it no longer: what the child asks of it is no deadlock', async () => {
  const { theater, store, world, gate } = await givenUp(ask('boss', []))
  const id = await child(theater)
  // Its parent waits for another one meanwhile, so that it cannot answer at once.
  const other = world.gate(2)
  await makingTooLong(theater, [peek(2)], async () => {
    await other.reached
    gate.open()
    await until(async () => (await events(store, id)).some(({ content }) => asks(content)))
  })
  other.open()
  await theater.idle()
  const [answer] = (await answers(store, id)) as [[[number]]]
  expect(answer[0][0]).toBe(0)
  await theater.close()
  expect(new Set(Object.values(await verdicts(store)))).toEqual(new Set(['verified']))
})

/** Goes on with what a killed host left; whether the parent was told of its child's end as often as there was one. */
async function afterwards(store: Store, chain: Uint8Array): Promise<unknown> {
  const theater = await host(store, new World())
  await theater.idle()
  await theater.close()
  const last = (await Array.fromAsync(readEvents(store, chain))).at(-1)?.kind
  const heard = (await told(store, 'boss')).length
  return { last, heard, said: new Set(Object.values(await verdicts(store))) }
}

it.each([
  ['whose init fails', [fail], false],
  ['that is stopped', [], true],
] as const)(
  'of a child %s after it was given up its parent is told once, wherever the host is killed',
  async (_how, init, stops) => {
    const journal = new Journal()
    const { theater, gate } = await givenUp(init, journal.store)
    const id = await child(theater)
    const { chain } = theater.actors().find((one) => one.id === id) ?? { chain: new Uint8Array() }
    const before = journal.length
    gate.open()
    if (stops) await call(theater, 'boss', 'stop', [id])
    await theater.idle()
    await theater.close()
    expect(await told(journal.store, 'boss')).toEqual([id])
    const said = new Set(['verified'])
    const ends = [{ last: 'stop', heard: 1, said }]
    // Where the call that stops it was lost, nobody stops it.
    if (stops) ends.push({ last: 'return', heard: 0, said })
    const found: unknown[] = []
    for (let n = before; n <= journal.length; n++)
      found.push(await afterwards((await journal.at(n)).store, chain))
    for (const one of found) expect(ends).toContainEqual(one)
    expect(found).toContainEqual(ends[0])
    expect(found.length).toBeGreaterThan(4)
  },
)
