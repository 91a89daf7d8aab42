/** The actors of the run, over any store: couriers, one that makes HTTP requests, and one that has timers. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskCache } from '@theater/component/node'
import type { Durability, Store } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { decode, encode } from '@theater/guests/courier'
import type { Steps } from '@theater/guests/courier'
import { relayed, relayGuest } from '@theater/guests/relay'
import type { AnyHandler } from '@theater/handler'
import { http } from '@theater/handler-http'
import { messaging } from '@theater/handler-messaging'
import { timer } from '@theater/handler-timer'
import { Theater } from '@theater/runtime'
import type { SpawnOptions } from '@theater/runtime'
import { courierHost } from './effects.ts'
import type { Around } from './effects.ts'
import { cast } from './jobs.ts'

const CLIENT = 'theater:http/client@0.1'
const utf8 = new TextEncoder()

/** Who makes requests, and who has timers. */
export const payer = 'payer'
export const waker = 'waker'

/** The actors of the run, in the order in which they are made. */
export const actors: readonly string[] = [...cast, payer, waker]

/** What every actor is made durable by, where that is not the default. */
export type Durabilities = Readonly<Record<string, Durability>>

/** What a stage is opened with. */
export interface StageOptions {
  readonly store: Store
  /** Where the world is: `http://127.0.0.1:1234/LIFE`. */
  readonly world: string
  /** What happens around each effect. @default it is done */
  readonly around?: Around
}

/** What a payment is found by. */
export const payment = (n: number): Uint8Array => utf8.encode(`/pay?n=${n}&`)
/** What a timer is found by. */
export const ringing = (n: number): Uint8Array => utf8.encode(`timer ${n};`)

/** A host of the actors. */
export class Stage implements AsyncDisposable {
  readonly #theater: Theater
  readonly #world: string

  private constructor(theater: Theater, world: string) {
    this.#theater = theater
    this.#world = world
  }

  static async open({ store, world, around = (effect) => effect() }: StageOptions): Promise<Stage> {
    const theater = await Theater.open({
      store,
      handlers: [messaging(), courierHost(world, around), watchedHttp(around), timer()],
      // Transpiled components outlive a run, as they do for a user.
      cache: await diskCache(join(tmpdir(), 'theater-e2e-cache')),
      // Hosts take over from what is kept beside a record, too, and actors that have nothing to do leave memory.
      summaryEvery: 10,
      snapshots: { everyEvents: 25 },
      resident: 1,
      // What is dead is dead by design: receivers that fail.
      deadLetter: () => undefined,
    })
    return new Stage(theater, world)
  }

  /** Makes the actors that a store does not know. */
  async make(store: Store, durabilities: Durabilities): Promise<void> {
    for (const id of actors) {
      if ((await store.find(id)) !== undefined) continue
      await this.#theater.spawn({ id, ...this.#part(id), durability: durabilities[id] })
    }
  }

  #part(id: string): Pick<SpawnOptions, 'component' | 'grants'> {
    const { origin } = new URL(this.#world)
    const out = { origin, methods: ['POST'], paths: ['/'], 'private-network': true, 'idempotency-key': true }
    if (id === payer) return { component: relayGuest('http'), grants: { http: { out: [out] } } }
    if (id === waker) return { component: relayGuest('timer'), grants: { timer: { shortestMs: 1 } } }
    return { component: cGuest('courier'), grants: { messaging: { to: ['*'] }, courier: {} } }
  }

  /** Has a courier do something; answers what its steps answered, or `as-told` where one was to fail. */
  async run(id: string, steps: Steps): Promise<unknown> {
    const message = { format: 'application/octet-stream', body: encode(steps) }
    const answer = await this.#theater.request(id, message, { timeoutMs: 60_000 })
    return 'ok' in answer ? decode(steps, answer.ok.body) : answer.err.code
  }

  /** Has a request made that is paid for once, however often it is made. */
  async pay(n: number): Promise<void> {
    const url = `${this.#world}/pay?n=${n}&`
    const request = { method: 'POST', url, headers: [], body: utf8.encode('5 euros') }
    const call = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
      this.#theater.call(payer, relayed(`${CLIENT}#${name}`), args)
    await call('start', request, { timeoutMs: 0, bodyBytes: 0 })
  }

  /** Has a timer set that fires once, after a few milliseconds. */
  async wake(n: number): Promise<void> {
    const message = { format: 'text/plain', body: ringing(n) }
    const set = relayed('theater:timer/timers@0.1#once')
    await this.#theater.call(waker, set, [{ tag: 'after', val: BigInt(1 + (n % 7)) }, message])
  }

  /** Resolves when nobody has anything to do, and no timer is to fire. */
  async idle(): Promise<void> {
    await this.#theater.idle({ timers: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theater.close()
  }
}

/** The handler of HTTP, watched around what it does to the world. */
function watchedHttp(around: Around): AnyHandler {
  const handler = http()
  return {
    ...handler,
    async bind(...args: Parameters<typeof handler.bind>) {
      const binding = await handler.bind(...args)
      const client = binding.imports[CLIENT]
      const start: typeof client.start = (...call) =>
        around(async () => {
          const exchange = await client.start(...call)
          await exchange.finish()
          return exchange
        })
      return { ...binding, imports: { ...binding.imports, [CLIENT]: { ...client, start } } }
    },
  }
}
