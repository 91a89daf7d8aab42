import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verdicts } from './support/family.ts'

const entry = join(import.meta.dirname, '../../../packages/actor/test/sources/room.ts')

/** A client, as a browser has it. */
class Client implements Disposable {
  readonly socket: WebSocket
  readonly #heard: string[] = []
  readonly #waiting: (() => void)[] = []

  constructor(url: string) {
    this.socket = new WebSocket(url)
    this.socket.addEventListener('message', ({ data }) => this.#hear(String(data)))
    this.socket.addEventListener('close', ({ code }) => this.#hear(`closed ${code}`))
  }

  #hear(what: string): void {
    this.#heard.push(what)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** The next message, or how it was closed. */
  async next(): Promise<string> {
    for (;;) {
      const heard = this.#heard.shift()
      if (heard !== undefined) return heard
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}

it('an actor in TypeScript has WebSocket connections; after a restart it knows that they are gone', async () => {
  const component = (await build({ entry, cache: builds })).bytes
  const store = memoryStore()
  {
    await using handler = http()
    await using theater = await Theater.open({ store, handlers: [handler], cache })
    const grant = { websocket: [{ path: '/room', origins: ['none', 'self'] }] }
    await theater.spawn({ id: 'room', component, grants: { http: grant } })
    const url = `ws://127.0.0.1:${handler.address?.port}/room`
    using ann = new Client(`${url}?name=ann`)
    expect(await ann.next()).toBe('welcome')
    using bob = new Client(`${url}?name=bob`)
    expect(await bob.next()).toBe('welcome')
    using nobody = new Client(url)
    expect(await nobody.next()).toBe('closed 1006')
    ann.socket.send('hi')
    expect([await ann.next(), await bob.next()]).toEqual(['ann: hi', 'ann: hi'])
    bob.socket.send(Uint8Array.of(1))
    expect(await bob.next()).toBe('closed 1003')
    expect(await ask(theater, 'room', 'names')).toEqual(['ann'])
    await theater.close()
    expect(await ann.next()).toBe('closed 1001')
  }
  await using handler = http()
  await using theater = await Theater.open({ store, handlers: [handler], cache })
  await theater.idle()
  expect(await ask(theater, 'room', 'names')).toEqual([])
  expect(await verdicts(store)).toEqual({ room: 'verified' })
})
