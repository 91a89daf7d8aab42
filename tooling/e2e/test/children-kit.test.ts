import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { encodeReply } from '@theater/actor/message'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { messaging } from '@theater/handler-messaging'
import { supervisor } from '@theater/handler-supervisor'
import { Theater } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verdicts } from './support/family.ts'

const source = (name: string): string =>
  join(import.meta.dirname, '../../../packages/actor/test/sources', name)

describe('an actor in TypeScript with children', () => {
  let boss: Uint8Array
  let counter: Uint8Array
  let faller: Uint8Array

  beforeAll(async () => {
    boss = (await build({ entry: source('boss.ts'), cache: builds })).bytes
    counter = (await build({ entry: source('counter.ts'), cache: builds })).bytes
    const entry = join(import.meta.dirname, 'actors/faller.ts')
    faller = (await build({ entry, cache: builds })).bytes
  })

  it('makes one, talks to it, stops it, and hears of its end; it goes on after a restart', async () => {
    const store = memoryStore()
    const open = (): Promise<Theater> =>
      Theater.open({ store, handlers: [supervisor(), messaging(), cli()], cache })
    {
      await using theater = await open()
      const digest = await theater.addComponent(counter)
      const grants = {
        supervisor: { components: [`counter=${digest}`] },
        messaging: { to: ['boss.child-*'] },
      }
      await theater.spawn({ id: 'boss', component: boss, grants })
      expect(await ask(theater, 'boss', 'count', ['one two', 'three'])).toBe(3)
      await theater.idle()
      expect(await ask(theater, 'boss', 'ended')).toEqual([expect.stringMatching(/^boss\.child-\d+$/)])
    }
    await using theater = await open()
    expect(await ask(theater, 'boss', 'count', ['four'])).toBe(1)
    await theater.idle()
    expect(await ask(theater, 'boss', 'ended')).toHaveLength(2)
    expect(new Set(Object.values(await verdicts(store)))).toEqual(new Set(['verified']))
  })

  it('that falls in its init takes along those that it made there, and leaves all their names', async () => {
    const store = memoryStore()
    await using theater = await Theater.open({ store, handlers: [supervisor(), cli()], cache })
    const grants = { supervisor: { components: [`faller=${await theater.addComponent(faller)}`] } }
    const make = (fails: boolean): Promise<unknown> =>
      theater.spawn({ id: 'top', component: faller, grants, params: encodeReply({ children: 2, fails }) })
    for (let tries = 0; tries < 2; tries++) {
      await expect(make(true)).rejects.toMatchObject({ code: 'failed-to-start', detail: { code: 'fell' } })
      await theater.idle()
      expect(theater.actors().filter(({ state }) => state === 'idle' || state === 'running')).toEqual([])
    }
    await make(false)
    const children = (await ask(theater, 'top', 'children')) as string[]
    expect(children).toHaveLength(2)
    const living = theater.actors().filter(({ state }) => state === 'idle')
    expect(living.map(({ id }) => id)).toEqual(expect.arrayContaining(['top', ...children]))
    expect(living).toHaveLength(4)
    await theater.stop('top')
    expect(new Set(Object.values(await verdicts(store)))).toEqual(new Set(['verified']))
  })
})
