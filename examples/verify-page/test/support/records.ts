/** Records to verify: good ones, and what somebody may do to them. */
import { encodeMessage } from '@theater/actor/message'
import { decodeHeader, memoryStore } from '@theater/event-chain'
import type { BlobReader, ChainReader, Store } from '@theater/event-chain'
import { bytesSource, exportCar, readCarHeader, SectionReader } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { kitGuest } from '@theater/guests/kit'
import { assemble } from '@theater/guests/wat'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import type { ChainSource } from '@theater/replay'
import { Theater } from '@theater/runtime'
import { copyChain, edited, relink } from '@theater/tamper'
import type { Change, Draft } from '@theater/tamper'
import { encodeData } from '@theater/values'

/** The chains of a store, by the names of their actors. */
async function chainsOf(store: Store): Promise<Map<string, ChainSource>> {
  return new Map((await store.list()).map(({ label, chain }) => [label, { store, chain }]))
}

/** Two TypeScript actors, of which one sends to the other and asks it. */
export async function twoActors(): Promise<Map<string, ChainSource>> {
  const store = memoryStore()
  await using theater = await Theater.open({ store, handlers: [messaging(), log()] })
  const grants = { messaging: { to: ['*'] }, log: {} }
  for (const id of ['a', 'b']) await theater.spawn({ id, component: kitGuest('kit-counter'), grants })
  await theater.request('a', encodeMessage('forward', { to: 'b', by: 7 }))
  await theater.idle()
  await theater.request('a', encodeMessage('ask', { to: 'b' }))
  await theater.idle()
  return chainsOf(store)
}

/** `count` counts up to a number, from one: for zero that takes as good as for ever. `deep` calls itself so many times. */
const counter = `(component
  (core module $m
    (func (export "count") (param $to i64) (result i64) (local $i i64)
      (loop $on
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $on (i64.ne (local.get $i) (local.get $to))))
      (local.get $i))
    (func $deep (export "deep") (param $n i64) (result i64)
      (if (result i64) (i64.eqz (local.get $n)) (then (i64.const 0))
        (else (i64.add (i64.const 1) (call $deep (i64.sub (local.get $n) (i64.const 1))))))))
  (core instance $i (instantiate $m))
  (func (export "count") (param "to" u64) (result u64) (canon lift (core func $i "count")))
  (func (export "deep") (param "n" u64) (result u64) (canon lift (core func $i "deep"))))`

/** Actors that are called twice, with a three. */
export async function counters(
  ids: readonly string[],
  fn: 'count' | 'deep' = 'count',
): Promise<Map<string, ChainSource>> {
  const store = memoryStore()
  const component = await assemble(counter)
  await using theater = await Theater.open({ store, handlers: [] })
  for (const id of ids) {
    await theater.spawn({ id, component, grants: {} })
    for (let i = 0; i < 2; i++) await theater.call(id, fn, [3n])
  }
  return chainsOf(store)
}

/** The record of a counter, changed at one event and hashed again, as somebody does who wants it to look untouched. */
export async function forged(
  source: ChainSource,
  what: 'endless' | 'bottomless' | 'answer' | { actor: string },
): Promise<ChainSource> {
  const { drafts } = await copyChain(source)
  const changes = drafts.map((draft, at): Change => {
    if (typeof what === 'object') {
      return draft.kind === 'genesis'
        ? (edited(draft, 'genesis', (c) => ({ ...c, ...what })) ?? draft)
        : draft
    }
    const last = draft.kind === 'turn' && at === drafts.length - 2
    if ((what === 'endless' || what === 'bottomless') && last) {
      const args = encodeData([what === 'endless' ? 0 : 1e9])
      return edited(draft, 'turn', (turn) => ({ ...turn, args })) ?? draft
    }
    if (what === 'answer' && draft.kind === 'return' && at === drafts.length - 1) {
      return edited(draft, 'return', (content) => ({ ...content, result: encodeData([4]) })) ?? draft
    }
    // From before there was a meter: nothing ends an actor that does not end by itself.
    return what === 'endless' ? unmetered(draft) : draft
  })
  return relink(changes, source.store)
}

/** An event as it is without a meter. */
function unmetered(draft: Draft): Change {
  const { kind } = draft
  if (kind === 'genesis') return edited(draft, kind, (genesis) => ({ ...genesis, meter: null })) ?? draft
  if (kind === 'call') return edited(draft, kind, (call) => ({ ...call, fuel: null })) ?? draft
  if (kind === 'return') return edited(draft, kind, (end) => ({ ...end, fuel: null })) ?? draft
  return draft
}

/** One CAR file of chains from anywhere. */
export async function carOf(...sources: readonly ChainSource[]): Promise<Buffer> {
  const of = async (chain: Uint8Array): Promise<ChainReader> =>
    sources.find((source) => Buffer.from(source.chain).equals(chain))?.store ?? memoryStore()
  const none = async (): Promise<undefined> => undefined
  const store: ChainReader & BlobReader = {
    async *read(chain, from, to) {
      yield* (await of(chain)).read(chain, from, to)
    },
    info: async (chain) => (await of(chain)).info(chain),
    find: none,
    list: async () => [],
    async get(cid) {
      for (const source of sources) {
        const bytes = await source.store.get(cid)
        if (bytes !== undefined) return bytes
      }
      return undefined
    },
    has: async () => false,
  }
  const chains = sources.map(({ chain }) => chain)
  return Buffer.concat(await Array.fromAsync(exportCar(store, chains, { hash: sha256 })))
}

/** A copy in which one bit is another, in the body of that event. */
export async function flipped(car: Buffer, { store, chain }: ChainSource, seq: number): Promise<Buffer> {
  const [event] = await Array.fromAsync(store.read(chain, seq, seq + 1))
  if (event === undefined) throw new TypeError(`there is no event ${seq}`)
  const { body } = decodeHeader(event.header, seq)
  const { end } = await readCarHeader(bytesSource(car))
  const sections = new SectionReader(bytesSource(car), end, car.length)
  for (;;) {
    const section = await sections.next()
    if (section === null || 'framing' in section) throw new TypeError('the body is not in the file')
    if (section.cid === null || !Buffer.from(body).equals(section.cid.subarray(4))) continue
    const copy = Buffer.from(car)
    const at = section.bytesAt + section.bytes.length - 1
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
}
