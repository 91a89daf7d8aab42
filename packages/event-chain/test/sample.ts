import { cidOf, sha256 } from '@theater/values'
import { ChainLinker, encodeContent } from '../src/index.ts'
import type { Contents, Kind, Linked, Store } from '../src/index.ts'
import { ChainWriter } from '../src/index.ts'
import { component, countingSalts, genesis, seed, values, wit } from './helpers.ts'

export interface Draft<K extends Kind = Kind> {
  readonly kind: K
  readonly content: Contents[K]
}

export function draft<K extends Kind>(kind: K, content: Contents[K]): Draft {
  return { kind, content } as Draft
}

const answered = { result: values(1), elapsed: 0, made: [], denied: false, closed: false }

/** An endless, well-formed story with every kind of event, one content above the inline limit, and epochs that rise. */
export function* story(actor = 'counter'): Generator<Draft & { readonly epoch: number }> {
  let seq = 0
  let epoch = 0
  const say = <K extends Kind>(kind: K, content: Contents[K]) => {
    seq++
    return { ...draft(kind, content), epoch }
  }
  yield say('genesis', genesis({ actor }))
  yield say('seed', seed)
  yield say('call', {
    fn: 'wasi:cli/environment@0.2.3#get-environment',
    args: values(),
    ask: null,
    fuel: 3,
    outcome: answered,
  })
  yield say('drop', { resource: 1, fuel: 5 })
  for (let turn = 0; ; turn++) {
    const cause =
      turn % 2 === 0
        ? null
        : { chain: new Uint8Array(32).fill(9), seq: turn, hash: new Uint8Array(32).fill(turn) }
    yield say('turn', {
      fn: 'run',
      args: values(turn, 'x'.repeat(turn === 2 ? 40_000 : turn)),
      sender: turn % 2 === 0 ? null : 'other',
      cause,
      time: turn * 1000,
      made: [null],
    })
    const call = seq
    yield say('call', {
      fn: 'a:b/c#send',
      args: values('to', turn),
      ask: { to: 'other' },
      fuel: 10 + turn,
      outcome: { ...answered, made: [{ mount: '/data' }], denied: turn % 3 === 0 },
    })
    yield say('send', { call })
    const intent = seq
    yield say('call', {
      fn: 'a:b/c#effect',
      args: values(new Uint8Array(turn)),
      ask: null,
      fuel: 20,
      outcome: null,
    })
    if (turn % 5 === 3) {
      epoch++
      yield say('resume', { epoch })
    }
    if (turn % 4 === 3) {
      yield say('abort', { code: 'outcome-unknown', call: intent, status: null })
    } else {
      yield say('result', { call: intent, outcome: { ...answered, elapsed: 12 } })
      if (turn % 4 === 2) yield say('trap', { code: 'guest', fuel: null })
      else yield say('return', { result: values({ tag: 'ok' }), fuel: 99 })
    }
    if (turn % 6 === 1) yield say('grant', { grants: { fs: { mount: '/other' } } })
    if (turn % 6 === 4) {
      yield say('stop', { reason: 'asked' })
      epoch++
      yield say('resume', { epoch })
    }
  }
}

/** The first `length` events of the story, linked. */
export function sampleChain(length: number, actor = 'counter', saltStart = 0): Linked[] {
  return linkAll(take(length, story(actor)), saltStart)
}

export function take<T>(length: number, items: Iterable<T>): T[] {
  const out: T[] = []
  for (const item of items) {
    if (out.length === length) break
    out.push(item)
  }
  return out
}

/** Links drafts, each in its own epoch. */
export function linkAll(drafts: Iterable<Draft & { readonly epoch?: number }>, saltStart = 0): Linked[] {
  const salts = countingSalts(saltStart)
  let linker = new ChainLinker({ epoch: 0, salts })
  const out: Linked[] = []
  for (const { kind, content, epoch = 0 } of drafts) {
    if (epoch !== linker.epoch && linker.head !== null) {
      linker = new ChainLinker({
        epoch,
        salts,
        at: { chain: linker.chain, size: linker.size, head: linker.head },
      })
    }
    out.push(linker.link(kind, encodeContent(kind, content)))
  }
  return out
}

/** Puts the first `length` events of the story into a store, as a writer does. */
export async function fill(
  store: Store,
  length: number,
  label = 'counter',
  saltStart = 0,
): Promise<ChainWriter> {
  const salts = countingSalts(saltStart)
  await store.put(cidOf('raw', sha256(component)), component)
  await store.put(cidOf('dag-cbor', sha256(wit)), wit)
  let writer: ChainWriter | undefined
  for (const { kind, content, epoch } of take(length, story(label))) {
    if (writer === undefined) {
      writer = ChainWriter.create({ store, salts, label, genesis: encodeContent(kind, content) })
      continue
    }
    if (epoch !== writer.epoch) {
      await writer.flush()
      const { chain, size, head } = writer
      writer = ChainWriter.resume({ store, salts, chain, size, head, epoch: await store.lease(chain) })
    }
    writer.append(kind, encodeContent(kind, content))
  }
  if (writer === undefined) throw new Error('a chain has at least one event')
  await writer.flush()
  return writer
}

export async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

export function blobsOf(events: Iterable<Linked>): Map<string, Uint8Array> {
  const out = new Map<string, Uint8Array>()
  for (const { blob } of events) if (blob !== null) out.set(Buffer.from(blob.cid).toString('hex'), blob.bytes)
  return out
}
