import { createServer } from 'node:net'
import { once } from 'node:events'
import type { Npm } from '@theater/example-kit/npm'
import { clock, counted } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'

/** Where the report is served while nobody says otherwise: a port that is free. */
export interface Place {
  readonly port: number
}

/** Throws where a port is not to be had: to hear that after the audit would be late. */
export async function checkPort({ port }: Place): Promise<void> {
  const server = createServer()
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true })
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be had (${code})`
    throw new Error(`port ${port} ${why}; --port takes another, and without it one is found.`, {
      cause: error,
    })
  }
  await new Promise((resolve) => server.close(resolve))
}

/** Brings both actors back and serves the report, until the process is asked to end. */
export async function keepServing(stage: Stage, place: Place, npm: Npm, screen: Screen): Promise<void> {
  const time = clock()
  using end = new End(npm)
  screen.working('bringing both back')
  await stage.rest()
  const theater = await stage.open(place.port)
  const infos = theater.actors()
  const failed = infos.find(({ failure }) => failure !== undefined)
  if (failed?.failure !== undefined) throw failed.failure
  const events = infos.reduce((sum, info) => sum + info.events, 0)
  screen.line(screen.style('dim', `both are back, after ${counted(events, 'event')}, in ${time()}`))
  screen.line()
  screen.line(`${screen.style('bold', `${stage.url}/`)}  Ctrl-C ends it`)
  await end.asked
  screen.line()
  screen.line('Ending: requests under way are answered first. Ctrl-C again ends at once.')
  await stage.rest()
  screen.line('Ended. What was asked and answered is in the record.')
}

const signals = ['SIGINT', 'SIGTERM'] as const

/** Listens to whoever wants the process to end: by a signal, the second of which ends it at once, or by ending npm. */
class End implements Disposable {
  readonly asked: Promise<void>
  readonly #take: () => void

  constructor(npm: Npm) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.asked = promise
    this.#take = () => {
      this[Symbol.dispose]()
      resolve()
    }
    for (const signal of signals) process.on(signal, this.#take)
    npm.ended = resolve
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#take)
  }
}
