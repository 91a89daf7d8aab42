// Shows the cache with one actor: what it may do, what it may not, and that its record verifies without the server.
import { decodeReply, encodeMessage } from '@theater/actor/message'
import { memoryStore } from '@theater/event-chain'
import { component } from '@theater/example-kit/components'
import { componentLoader, verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import { cache, memory, redis } from './index.ts'
import { howToInstall, program, startServer } from './server.ts'

const home = new URL('..', import.meta.url).pathname
const path = program()
await using server = path === undefined ? undefined : await startServer(path)
if (server === undefined)
  console.log(`redis-server is not installed, so the cache is in memory. ${howToInstall}`)
else console.log('a Redis server of its own is up')

const { bytes } = await component(home, 'visits', ['cache.wit'])
const store = memoryStore()
const backend = server === undefined ? memory() : await redis({ url: server.url })
const handler = cache({ backend })
const theater = await Theater.open({ store, handlers: [handler] })
await theater.spawn({
  id: 'visits',
  component: bytes,
  grants: { cache: { prefix: 'visits/', rights: 'rw' } },
})

const ask = async (type: string, body?: unknown): Promise<void> => {
  const answer = await theater.request('visits', encodeMessage(type, body))
  const said =
    'ok' in answer ? JSON.stringify(decodeReply(answer.ok)) : `${answer.err.code}: ${answer.err.message}`
  console.log(`${`${type} ${body === undefined ? '' : JSON.stringify(body)}`.padEnd(52)} ${said}`)
}
await ask('visit', { page: 'index', at: '10:00' })
await ask('visit', { page: 'index', at: '10:05' })
await ask('visit', { page: 'about', at: '10:06' })
await ask('last', 'index')
await ask('pages')
await ask('peek')

const [visits] = theater.actors()
await theater.close()
await handler[Symbol.asyncDispose]?.()
if (visits === undefined) throw new Error('the actor is gone')
const { chain, events } = visits
const { verdict } = await verify({ store, chain }, { load: componentLoader() })
console.log(`${verdict}: ${events} events, run again without the server`)
process.exitCode = verdict === 'verified' ? 0 : 1
