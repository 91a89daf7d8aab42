import { once } from 'node:events'
import { cGuest } from '@theater/guests'
import { defineHandler } from '@theater/handler'
import { readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { decodeData } from '@theater/values'
import { expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { verdicts } from './support/family.ts'
import { Journal } from './support/journal.ts'

const HOST = 'test:talker/host'
const host = defineHandler({
  name: 'talker-host',
  interfaces: [HOST],
  grant: { type: 'object', additionalProperties: false },
  functions: {
    [`${HOST}#mark`]: { mode: 'async', effect: 'idempotent' },
    [`${HOST}#peek`]: { mode: 'async', effect: 'read' },
  },
  within: () => true,
  authorize: () => true,
  bind: () => ({ imports: { [HOST]: { mark: async (n: number) => n, peek: async (n: number) => n } } }),
})

const LOST = ['client', 'lost', 'violated', 'slow', 'trapped', 'restarted']

/** How each connection that the actor accepted has ended, by its path, as the record has it: once each, or it is not over. */
async function ends(store: Store): Promise<Record<string, string[]>> {
  const paths = new Map<string, string>()
  const ended: Record<string, string[]> = {}
  const closes = new Map<number, string>()
  const [info] = await store.list()
  if (info === undefined) return ended
  let asked: string | undefined
  for await (const { seq, kind, content } of readEvents(store, info.chain, 0)) {
    if (content === null) continue
    if (kind === 'turn') {
      const [name, said] = decodeData(content.args) as readonly [string, readonly unknown[]]
      asked = undefined
      if (content.fn.endsWith('#handle-open')) paths.set((asked = name), String(said[0]))
      if (content.fn.endsWith('#handle-close'))
        ended[paths.get(name) ?? '']?.push(LOST[Number(said[0])] ?? '')
    }
    if (kind === 'return' && asked !== undefined) ended[paths.get(asked) ?? ''] ??= []
    if (kind === 'call' && content.fn.endsWith('websocket@0.1.0#close'))
      closes.set(seq, (decodeData(content.args) as readonly [string])[0])
    if (kind === 'send' && closes.has(content.call))
      ended[paths.get(closes.get(content.call) ?? '') ?? '']?.push('own')
  }
  return ended
}

/** A client, as a browser has it. */
async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  return socket
}

it('a host that is killed anywhere leaves no connection whose end its actor does not hear, once', async () => {
  const journal = new Journal()
  {
    await using handler = http()
    await using theater = await Theater.open({ store: journal.store, handlers: [handler, host], cache })
    const grants = { http: { websocket: [{ path: '/', origins: ['none', 'self'] }] }, 'talker-host': {} }
    await theater.spawn({ id: 'talker', component: cGuest('talker'), grants })
    const at = `ws://127.0.0.1:${handler.address?.port}`
    const one = await connect(`${at}/one`)
    const two = await connect(`${at}/two`)
    const three = await connect(`${at}/three`)
    let heard = 0
    const all = new Promise<void>((resolve) => {
      one.addEventListener('message', () => {
        heard += 1
        if (heard === 4) resolve()
      })
    })
    one.send('e first\nm 1\ne second\nm 2\ne third')
    one.send('e fourth')
    await all
    two.send('m 3\nc 4000 enough\nm 4')
    await once(two, 'close')
    three.close()
    await once(three, 'close')
    while ((await ends(journal.store))['/three']?.length !== 1) await theater.idle()
  }
  const whole = await ends(journal.store)
  expect(Object.keys(whole).toSorted()).toEqual(['/one', '/three', '/two'])
  const seen = new Set<string>()
  for (let n = 1; n <= journal.length; n++) {
    const { store } = await journal.at(n)
    await using handler = http()
    await using theater = await Theater.open({ store, handlers: [handler, host], cache })
    await theater.idle()
    const ended = await ends(store)
    for (const [path, how] of Object.entries(ended)) {
      expect([n, path, how.length]).toEqual([n, path, 1])
      seen.add(`${path} ${how[0]}`)
    }
    const said = await verdicts(store)
    expect(Object.values(said).filter((one) => one !== 'verified')).toEqual([])
  }
  expect([...seen].toSorted()).toEqual([
    '/one restarted',
    '/three client',
    '/three restarted',
    '/two own',
    '/two restarted',
  ])
})
