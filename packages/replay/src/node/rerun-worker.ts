/** What runs in a thread of its own: the re-run of one chain after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Component } from '@theater/component'
import { sha256 } from '@theater/event-chain/node'
import { encodeModel } from '@theater/values'
import { replay } from '../replay.ts'
import { verify } from '../verify.ts'
import { componentLoader } from './component-loader.ts'
import { faultOf } from './protocol.ts'
import type { FromThread, Job, ThreadData, ToThread } from './protocol.ts'
import { RemoteSource } from './remote-source.ts'

function serve(port: MessagePort, { cached, sealed }: ThreadData): void {
  const tell = (news: FromThread): void => port.postMessage(news)
  const life = new Life(() => tell({ alive: true }))
  const remote = new RemoteSource(tell, () => life.now(), sealed)
  const loader = componentLoader(cached ? { cache: remote.cache } : {})

  const run = async ({ how, chain, told, ...job }: Job): Promise<FromThread> => {
    const load = async (bytes: Uint8Array): Promise<Component> => {
      const component = await loader(bytes)
      tell({ model: encodeModel(component.model) })
      return component
    }
    const source = { store: remote.store, chain, snapshots: remote.snapshots }
    const options = { load, hash: sha256, ...job }
    switch (how) {
      case 'verify':
        return { verdict: await verify(source, options) }
      case 'replay':
        return {
          replayed: await replay(source, {
            ...options,
            ...(told && { reached: (reached) => tell({ reached }) }),
          }),
        }
    }
  }

  port.on('message', (message: ToThread) => {
    if (!('job' in message)) return remote.take(message)
    life.begin()
    void run(message.job)
      .catch((error: unknown): FromThread => ({ failed: faultOf(error), asked: remote.askedOf(error) }))
      .then((news) => {
        life.end()
        tell(news)
      })
  })
}

/** Says again and again that this thread gets on; while a component runs in it, it cannot. */
class Life {
  readonly #say: () => void
  #said = 0
  #timer: NodeJS.Timeout | undefined

  constructor(say: () => void) {
    this.#say = say
  }

  begin(): void {
    this.#timer = setInterval(() => this.now(), SAY_MS)
    this.now()
  }

  /** Between two turns; of those, many come at once. */
  now(): void {
    const now = performance.now()
    if (now - this.#said < SAY_MS) return
    this.#said = now
    this.#say()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#said = 0
  }
}

/** Milliseconds between two signs of life. */
const SAY_MS = 100

if (parentPort !== null) serve(parentPort, workerData as ThreadData)
