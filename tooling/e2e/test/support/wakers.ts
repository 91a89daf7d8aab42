/** Wakers: actors whose host makes any call of `theater:timer` through them, and that take whatever fires. */
import { diskCache, loadComponent } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { timer } from '@theater/handler-timer'
import { Theater } from '@theater/runtime'
import type { LogLine, SpawnOptions, TheaterOptions } from '@theater/runtime'
import { decodeData } from '@theater/values'
import { HandClock } from './hand-clock.ts'
import { chainOf, text } from './talkers.ts'

const cache = await diskCache(transpiled)
const waker = await loadComponent(relayGuest('timer'), { cache })

/** Timers of any interval. */
const grants = { timer: { shortestMs: 1 } }

/** A theater of wakers, and its clock. */
export class Watchtower implements AsyncDisposable {
  readonly theater: Theater
  readonly store: Store
  readonly clock: HandClock
  readonly lines: readonly LogLine[]

  private constructor(theater: Theater, store: Store, clock: HandClock, lines: readonly LogLine[]) {
    this.theater = theater
    this.store = store
    this.clock = clock
    this.lines = lines
  }

  static async open({
    store = memoryStore(),
    clock = new HandClock(),
    ...more
  }: { readonly store?: Store; readonly clock?: HandClock } & Pick<
    TheaterOptions,
    'summaryEvery' | 'resident'
  > = {}): Promise<Watchtower> {
    const lines: LogLine[] = []
    const theater = await Theater.open({
      handlers: [timer()],
      cache,
      store,
      entropy: clock,
      log: (line) => lines.push(line),
      ...more,
    })
    return new Watchtower(theater, store, clock, lines)
  }

  async spawn(id: string, more: Partial<SpawnOptions> = {}): Promise<void> {
    await this.theater.spawn({ id, component: waker, grants, ...more })
  }

  /** One call of an interface; the value, or the error as `! name` and what it carries. */
  async call(id: string, fn: string, ...args: readonly unknown[]): Promise<unknown> {
    const answer = (await this.theater.call(id, relayed(`theater:timer/timers@0.1#${fn}`), args)) as
      | { readonly tag: 'ok'; readonly val: unknown }
      | {
          readonly tag: 'err'
          readonly val: string | { readonly tag: string; readonly val?: number | bigint }
        }
      | readonly unknown[]
    if (!('tag' in answer)) return answer
    if (answer.tag === 'ok') return answer.val
    if (typeof answer.val === 'string') return `! ${answer.val}`
    const { tag, val } = answer.val
    return val === undefined ? `! ${tag}` : `! ${tag} ${val}`
  }

  /** @returns its id, or why there is none */
  async after(id: string, ms: number, said = 'tick'): Promise<bigint | string> {
    return idOf(await this.call(id, 'once', { tag: 'after', val: BigInt(ms) }, text(said)))
  }

  async at(id: string, time: number, said = 'tick'): Promise<bigint | string> {
    return idOf(await this.call(id, 'once', { tag: 'at', val: BigInt(time) }, text(said)))
  }

  async every(id: string, ms: number, said = 'tick'): Promise<bigint | string> {
    return idOf(await this.call(id, 'every', BigInt(ms), text(said)))
  }

  cancel(id: string, timerId: bigint | string): Promise<unknown> {
    return this.call(id, 'cancel', timerId)
  }

  list(id: string): Promise<unknown> {
    return this.call(id, 'list')
  }

  trap(id: string): Promise<unknown> {
    return this.theater.call(id, TRAP, []).catch((error: { code: string }) => error.code)
  }

  /** Time passes, and what comes due is taken. */
  async pass(ms: number): Promise<void> {
    this.clock.pass(ms)
    await this.theater.idle()
  }

  /** What fired, as its record says: `ID DUE +MISSED said`, the due time from when the clock was made. */
  fired(id: string, since = 1_800_000_000_000): Promise<string[]> {
    return firedIn(this.store, id, since)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.theater.close()
  }
}

/** What fired, as a record says. */
export async function firedIn(store: Store, id: string, since = 0): Promise<string[]> {
  const fired: string[] = []
  for (const event of await chainOf(store, id)) {
    if (event.kind !== 'turn' || event.content === null || !event.content.fn.endsWith('#fired')) continue
    const [[timerId, due, missed], [, body]] = decodeData(event.content.args) as [
      [number, number, number],
      [string, Uint8Array],
    ]
    fired.push(`${timerId} ${due - since} +${missed} ${new TextDecoder().decode(body)}`)
  }
  return fired
}

function idOf(answer: unknown): bigint | string {
  return typeof answer === 'string' ? answer : (answer as { readonly id: bigint }).id
}
