/** Parents: actors whose host makes any call of `theater:supervisor/children` through them. */
import { diskCache } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { guest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import type { AnyHandler } from '@theater/handler'
import { cli } from '@theater/handler-cli'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { supervisor } from '@theater/handler-supervisor'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import type { Limits, Message, TheaterOptions } from '@theater/runtime'

const cache = await diskCache(transpiled)
const load = componentLoader({ cache })

/** A component that has children of its own, talks to them, and takes it that they end. */
export const parent = relayGuest('parent')
/** A component that answers a request with the request. */
export const child = guest('echo')

export const digest = (component: Uint8Array): string => `sha256:${sha256(component).toHex()}`
export const text = (body: string): Message => ({
  format: 'text/plain',
  body: new TextEncoder().encode(body),
})
export const handlers = (): readonly AnyHandler[] => [supervisor(), messaging(), log(), cli()]

/** What a parent may do: have children of both components, and talk to whom it wants. */
export const grants = {
  supervisor: { components: [`worker=${digest(child)}`, `boss=${digest(parent)}`] },
  messaging: { to: ['*'] },
  cli: {},
}

/** What one call of a parent gives: the value, or the error. */
export type Answer =
  | { readonly tag: 'ok'; readonly val: unknown }
  | { readonly tag: 'err'; readonly val: unknown }

/** What a spawn says beside its defaults. */
export interface Ask {
  readonly component?: Uint8Array
  readonly params?: Message
  readonly grants?: unknown
  readonly limits?: {
    readonly fuelPerTurn?: bigint
    readonly memoryBytes?: bigint
    readonly descendants?: number
  }
}

/** Has a parent make a child. */
export async function spawn(theater: Theater, by: string, ask: Ask = {}): Promise<Answer> {
  const { component = child, params = text(''), limits = {} } = ask
  const given = typeof ask.grants === 'string' ? ask.grants : JSON.stringify(ask.grants ?? {})
  return call(theater, by, 'spawn', [sha256(component), params, given, limits])
}

/** The id of a child that a parent makes. Throws where there is none. */
export async function born(theater: Theater, by: string, ask: Ask = {}): Promise<string> {
  const answer = await spawn(theater, by, ask)
  if (answer.tag === 'err') throw new Error(JSON.stringify(answer.val))
  return answer.val as string
}

export async function call(
  theater: Theater,
  by: string,
  fn: string,
  args: readonly unknown[],
): Promise<Answer> {
  return (await theater.call(by, relayed(`theater:supervisor/children@0.1#${fn}`), args)) as Answer
}

export async function list(theater: Theater, by: string): Promise<unknown> {
  return theater.call(by, relayed('theater:supervisor/children@0.1#list'), [])
}

/** Has a parent end itself. */
export async function exit(theater: Theater, id: string): Promise<void> {
  await theater.call(id, relayed('wasi:cli/exit@0.2#exit'), [{ tag: 'ok' }]).catch(() => undefined)
}

/** A host over a store, with both components in it. */
export async function open(store: Store, options: Partial<TheaterOptions> = {}): Promise<Theater> {
  const theater = await Theater.open({ store, handlers: handlers(), cache, ...options })
  for (const component of [parent, child]) await theater.addComponent(component)
  return theater
}

/** A host in memory with one actor that may have children. */
export async function boss(limits: Partial<Limits> = {}, options: Partial<TheaterOptions> = {}) {
  const store = memoryStore()
  const theater = await open(store, options)
  await theater.spawn({ id: 'boss', component: parent, grants, limits })
  return { store, theater }
}

/** Each record's verdict, all of them verified together: `verified`, or what is wrong. */
export async function verdicts(store: Store): Promise<Record<string, unknown>> {
  const infos = await store.list()
  const sources = infos.map(({ chain }) => ({ store, chain }))
  const { verdicts: found, unchecked } = await verifyGraph(sources, { load })
  const said = found.map((one, i) => [infos[i]?.label, one.verdict === 'verified' ? 'verified' : one])
  return Object.fromEntries([...said, ...unchecked.map((one) => ['unchecked', one])]) as Record<
    string,
    unknown
  >
}

/** The events of a record. */
export async function events(store: Store, label: string): Promise<Event[]> {
  const info = await store.find(label)
  if (info === undefined) throw new Error(`there is no record of ${label}`)
  const found: Event[] = []
  for await (const event of readEvents(store, info.chain)) found.push(event)
  return found
}

/** The children of which an actor was told that they ended, and how. */
export async function told(store: Store, label: string): Promise<string[]> {
  const found: string[] = []
  for (const event of await events(store, label)) {
    if (event.kind !== 'turn' || event.content === null || !event.content.fn.includes('watcher')) continue
    found.push(event.content.sender ?? 'nobody')
  }
  return found
}
