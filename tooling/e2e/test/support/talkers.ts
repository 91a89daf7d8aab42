/** Talkers: actors whose host makes any call of `theater:messaging` through them, and that take whatever comes. */
import { diskCache, loadComponent } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { relayed, relayGuest } from '@theater/guests/relay'
import { messaging } from '@theater/handler-messaging'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import type { DeadLetter, Message, Published, SpawnOptions, TheaterOptions } from '@theater/runtime'
import { decodeData } from '@theater/values'
import type { Data } from '@theater/values'

const cache = await diskCache(transpiled)
export const load = componentLoader({ cache })
/** Takes every message, answers every request with nothing. */
const talker = await loadComponent(relayGuest('messaging'), { cache })

export const text = (body: string): Message => ({
  format: 'text/plain',
  body: new TextEncoder().encode(body),
})

/** Everything that messaging has. */
const everything = { messaging: { to: ['*'], publish: ['*'], subscribe: ['*'] } }

/** A theater of talkers. */
export class Hall implements AsyncDisposable {
  readonly theater: Theater
  readonly store: Store
  readonly letters: readonly DeadLetter[]

  private constructor(theater: Theater, store: Store, letters: readonly DeadLetter[]) {
    this.theater = theater
    this.store = store
    this.letters = letters
  }

  static async open(
    options: Partial<TheaterOptions> = {},
    actors: Readonly<Record<string, Partial<SpawnOptions>>> = {},
  ): Promise<Hall> {
    const { store = memoryStore(), ...more } = options
    const letters: DeadLetter[] = []
    const theater = await Theater.open({
      handlers: [messaging()],
      cache,
      deadLetter: (letter) => letters.push(letter),
      ...more,
      store,
    })
    const hall = new Hall(theater, store, letters)
    for (const [id, actor] of Object.entries(actors)) await hall.spawn(id, actor)
    return hall
  }

  async spawn(id: string, more: Partial<SpawnOptions> = {}): Promise<void> {
    await this.theater.spawn({ id, component: talker, grants: everything, ...more })
  }

  /** One call of an interface of messaging; the value, or the error as `! name` and what it carries. */
  async call(id: string, fn: string, ...args: readonly unknown[]): Promise<unknown> {
    const answer = (await this.theater.call(id, relayed(`theater:messaging/${fn}`), args)) as
      | { readonly tag: 'ok'; readonly val: unknown }
      | { readonly tag: 'err'; readonly val: { readonly tag: string; readonly val?: number | bigint } }
      | undefined
    if (answer === undefined || !('tag' in answer)) return answer
    if (answer.tag === 'ok') return answer.val
    const { tag, val } = answer.val
    return val === undefined ? `! ${tag}` : `! ${tag} ${val}`
  }

  send(id: string, to: string, body: string): Promise<unknown> {
    return this.call(id, 'client@0.1#send', to, text(body))
  }

  publish(id: string, topic: string, body: string): Promise<unknown> {
    return this.call(id, 'topics@0.1#publish', topic, text(body))
  }

  subscribe(id: string, topic: string): Promise<unknown> {
    return this.call(id, 'topics@0.1#subscribe', topic)
  }

  unsubscribe(id: string, topic: string): Promise<unknown> {
    return this.call(id, 'topics@0.1#unsubscribe', topic)
  }

  subscriptions(id: string): Promise<unknown> {
    return this.call(id, 'topics@0.1#subscriptions')
  }

  open(id: string, to: string, body: string): Promise<string> {
    return this.call(id, 'channels@0.1#open', to, text(body)) as Promise<string>
  }

  accept(id: string, channel: string): Promise<unknown> {
    return this.call(id, 'channels@0.1#accept', channel)
  }

  say(id: string, channel: string, body: string): Promise<unknown> {
    return this.call(id, 'channels@0.1#send', channel, text(body))
  }

  close(id: string, channel: string, code?: string): Promise<unknown> {
    const why = code === undefined ? undefined : { code, message: 'so' }
    return this.call(id, 'channels@0.1#close', channel, why)
  }

  channels(id: string): Promise<unknown> {
    return this.call(id, 'channels@0.1#list')
  }

  /** What an actor was told by others. */
  heard(id: string): Promise<string[]> {
    return heardBy(this.store, id)
  }

  idle(): Promise<void> {
    return this.theater.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.theater.close()
  }
}

/** The events of an actor's record. */
export async function chainOf(store: Store, id: string): Promise<Event[]> {
  const info = await store.find(id)
  return info === undefined ? [] : Array.fromAsync(readEvents(store, info.chain))
}

/** What a record says that others told its actor: `a: hello` for a send, `a: news: hello` for what was published. */
async function heardBy(store: Store, id: string): Promise<string[]> {
  const heard: string[] = []
  for (const event of await chainOf(store, id)) {
    if (event.kind !== 'turn' || event.content === null) continue
    const { fn, args } = event.content
    const name = fn.slice(fn.indexOf('#') + 1)
    if (!name.startsWith('handle-')) continue
    const [from, ...rest] = (decodeData(args) as Data[]).map(said)
    // A channel is named by its ends, and that it is asked for, accepted or closed by a word.
    const words = PEER.exec(name)
    heard.push([from, ...(words === null ? [] : [words[1]]), ...rest.map(shortly)].join(': '))
  }
  return heard
}

const PEER = /^handle-(open|accept|message|close)$/
const CLOSED = ['done', 'failed', 'stopped', 'undelivered']

/** `a/b` of the name of a channel. */
function shortly(said: string): string {
  return said.replace(/\/[0-9a-f]{32}(-[0-9]+)?$/, '')
}

/** A sender's id, a topic or a channel, the text of a message, or how a channel was closed. */
function said(value: Data, at: number): string {
  if (typeof value === 'string') return value
  const [first, second] = value as readonly Data[]
  if (at === 0) return first === 0 ? 'host' : (second as string)
  if (typeof first === 'number')
    return [CLOSED[first], ...(second === undefined ? [] : (second as string[]).slice(0, 1))].join(' ')
  if (second instanceof Uint8Array) return new TextDecoder().decode(second)
  return JSON.stringify(value)
}

/** What somebody outside of the actors heard, as {@link heardBy} has it. */
export function outside({ from, topic, message }: Published): string {
  return `${from ?? 'host'}: ${topic}: ${new TextDecoder().decode(message.body)}`
}

/** What verification says of all chains of a store together, where it is not that all is well. */
export async function wrongWith(store: Store): Promise<unknown[]> {
  const infos = await store.list()
  const report = await verifyGraph(
    infos.map(({ chain }) => ({ store, chain })),
    { load },
  )
  return [...report.verdicts.filter(({ verdict }) => verdict !== 'verified'), ...report.unchecked]
}
