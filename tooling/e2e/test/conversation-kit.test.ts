import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { encodeReply } from '@theater/actor/message'
import { memoryStore } from '@theater/event-chain'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verdicts } from './support/family.ts'

const source = (name: string): string =>
  join(import.meta.dirname, '../../../packages/actor/test/sources', name)

it('actors in TypeScript publish, subscribe, and hold channels; after a restart they go on', async () => {
  const desk = (await build({ entry: source('desk.ts'), cache: builds })).bytes
  const buyer = (await build({ entry: source('buyer.ts'), cache: builds })).bytes
  const store = memoryStore()
  const sales: string[] = []
  const open = async (): Promise<Theater> => {
    const theater = await Theater.open({ store, handlers: [messaging()], cache })
    theater.subscribe('sales', ({ from, message }) =>
      sales.push(`${from} ${new TextDecoder().decode(message.body)}`),
    )
    return theater
  }
  {
    await using theater = await open()
    const grant = { publish: ['sales'], subscribe: ['prices/*'] }
    await theater.spawn({ id: 'desk', component: desk, grants: { messaging: grant } })
    await theater.spawn({ id: 'buyer', component: buyer, grants: { messaging: { to: ['desk'] } } })
    expect(await theater.publish('prices/gold', encodeReply(10))).toEqual([{ to: 'desk', error: undefined }])
    await ask(theater, 'buyer', 'buy', 5)
    await theater.idle()
    expect(await ask(theater, 'buyer', 'heard')).toEqual(['failed too-poor'])
    expect(await ask(theater, 'desk', 'buyers')).toEqual([])
  }
  await using theater = await open()
  expect(await ask(theater, 'buyer', 'buy', 20)).toMatch(/^buyer\/desk\//)
  await theater.idle()
  expect(await ask(theater, 'buyer', 'heard')).toEqual(['failed too-poor', 10, 20])
  expect(sales).toEqual(['desk {"to":"buyer","amount":2}'])
  expect(await ask(theater, 'desk', 'buyers')).toEqual([])
  expect(new Set(Object.values(await verdicts(store)))).toEqual(new Set(['verified']))
})

it('an actor that may not subscribe to what it hears does not come to be', async () => {
  const desk = (await build({ entry: source('desk.ts'), cache: builds })).bytes
  await using theater = await Theater.open({ store: memoryStore(), handlers: [messaging()], cache })
  const made = theater.spawn({ id: 'desk', component: desk, grants: { messaging: { publish: ['sales'] } } })
  await expect(made).rejects.toMatchObject({ code: 'failed-to-start', detail: { code: 'send-failed' } })
})
