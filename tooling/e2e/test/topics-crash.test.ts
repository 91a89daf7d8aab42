import type { Store } from '@theater/event-chain'
import { hex } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { expect, it } from 'vitest'
import { Journal } from './support/journal.ts'
import { chainOf, Hall, wrongWith } from './support/talkers.ts'

const cast = ['a', 'b', 'c']

/** Everything that is done with topics, sends between. */
async function live(hall: Hall): Promise<void> {
  await hall.subscribe('b', 'news')
  await hall.publish('a', 'news', '1')
  await hall.subscribe('c', 'news')
  await Promise.all([
    hall.publish('a', 'news', '2'),
    hall.send('a', 'b', '3'),
    hall.publish('a', 'news', '4'),
    hall.send('a', 'c', '5'),
    hall.publish('c', 'news', '6'),
  ])
  await hall.unsubscribe('b', 'news')
  await hall.subscribe('b', 'other')
  await hall.publish('a', 'news', '7')
  await hall.theater.stop('c')
  await hall.publish('a', 'other', '8')
  await hall.idle()
}

/** What a record says: what was sent to whom, what it is subscribed to, and what it holds of each other record. */
interface Told {
  readonly sent: readonly { readonly seq: number; readonly to: readonly string[] }[]
  readonly subscribed: ReadonlySet<string>
  readonly causes: ReadonlyMap<string, readonly number[]>
}

async function told(store: Store, id: string): Promise<Told> {
  const calls = new Map<number, { fn: string; args: readonly Data[]; answer: Data | undefined }>()
  const sent: { seq: number; to: readonly string[] }[] = []
  const subscribed = new Set<string>()
  const causes = new Map<string, number[]>()
  for (const { seq, kind, content } of await chainOf(store, id)) {
    if (content === null) continue
    if (kind === 'call') {
      const [result] = decodeData(content.outcome?.result ?? new Uint8Array()) as [[number, Data]]
      calls.set(seq, { fn: content.fn, args: decodeData(content.args) as Data[], answer: result[1] })
    } else if (kind === 'turn' && content.cause !== null) {
      const from = hex(content.cause.chain)
      causes.set(from, [...(causes.get(from) ?? []), content.cause.seq])
    } else if (kind === 'send') {
      const { fn = '', args = [], answer } = calls.get(content.call) ?? {}
      const topic = args[0] as string
      if (fn.endsWith('#subscribe')) subscribed.add(topic)
      else if (fn.endsWith('#unsubscribe')) subscribed.delete(topic)
      else if (fn.endsWith('#publish')) sent.push({ seq, to: answer as string[] })
      else sent.push({ seq, to: [topic] })
    }
  }
  return { sent, subscribed, causes }
}

/** What is wrong with what there is when all has been delivered. */
async function wrong(store: Store, hall: Hall): Promise<unknown[]> {
  const faults: unknown[] = [...(await wrongWith(store))]
  const living = new Map(hall.theater.actors().map(({ id, state }) => [id, state === 'idle']))
  for (const from of cast) {
    const info = await store.find(from)
    if (info === undefined) continue
    const { sent } = await told(store, from)
    for (const to of cast) {
      const got = (await told(store, to)).causes.get(hex(info.chain)) ?? []
      const due = sent.filter((one) => one.to.includes(to)).map(({ seq }) => seq)
      const missing = due.filter((seq) => !got.includes(seq))
      if (got.some((seq, i) => i > 0 && (got[i - 1] ?? 0) >= seq))
        faults.push(`${to} has ${got.join()} of ${from}`)
      if (got.some((seq) => !due.includes(seq))) faults.push(`${to} got from ${from} what was not for it`)
      if (living.get(to) === true && missing.length > 0)
        faults.push(`${to} never got ${missing.join()} of ${from}`)
    }
  }
  return faults
}

it('a host that is killed anywhere leaves topics, subscriptions and what is under way as the records say', async () => {
  const journal = new Journal()
  {
    await using hall = await Hall.open({ store: journal.store }, { a: {}, b: {}, c: {} })
    await live(hall)
  }
  const failures: unknown[] = []
  for (let at = 1; at <= journal.length; at++) {
    const left = await journal.at(at)
    await using hall = await Hall.open({ store: left.store })
    await hall.idle()
    const found = await wrong(left.store, hall)
    const living = hall.theater.actors().flatMap(({ id, state }) => (state === 'idle' ? [id] : []))
    for (const id of living) {
      const { subscribed } = await told(left.store, id)
      const known = (await hall.subscriptions(id)) as string[]
      if (known.join() !== [...subscribed].toSorted().join())
        found.push(`${id} is subscribed to ${known.join()}`)
    }
    for (const topic of ['news', 'other']) {
      const due: string[] = []
      for (const id of living) if ((await told(left.store, id)).subscribed.has(topic)) due.push(id)
      const to = living.includes('a') ? ((await hall.publish('a', topic, 'later')) as string[]) : due
      if (to.join() !== due.join()) found.push(`${topic} was for ${to.join()}, not ${due.join()}`)
    }
    await hall.idle()
    found.push(...(await wrong(left.store, hall)))
    if (found.length > 0) failures.push({ at, found })
  }
  expect(failures).toEqual([])
  expect(journal.length).toBeGreaterThan(20)
})
