import { sha256 } from '@theater/values'
import { describe, expect, test } from 'vitest'
import { encodeContent, encodeHeader, decodeHeader, hex, memoryStore, verifyStructure } from '../src/index.ts'
import type { Broken, Linked, StoredEvent, StructureResult, VerifyOptions } from '../src/index.ts'
import { sha256 as fastSha256 } from '../src/node.ts'
import { values } from './helpers.ts'
import { asyncOf, blobsOf, draft, fill, linkAll, sampleChain, story, take } from './sample.ts'
import type { Draft } from './sample.ts'

const LENGTH = 200
const chain = sampleChain(LENGTH)
const other = sampleChain(LENGTH, 'other', 5000)
const blobMap = blobsOf([...chain, ...other])
const blobs = {
  get: async (cid: Uint8Array) => blobMap.get(hex(cid)),
  has: async (cid: Uint8Array) => blobMap.has(hex(cid)),
}

function check(events: readonly StoredEvent[], options: VerifyOptions = {}): Promise<StructureResult> {
  return verifyStructure(asyncOf(events), { blobs, hash: fastSha256, unfinished: 'allow', ...options })
}

async function brokenAt(events: readonly StoredEvent[], options?: VerifyOptions): Promise<Broken> {
  const result = await check(events, options)
  if (result.ok) throw new Error('the chain was found intact')
  return result
}

function flip(bytes: Uint8Array, at: number, mask = 0x01): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ mask
  return out
}

function at(events: readonly Linked[], i: number): Linked {
  const event = events[i]
  if (event === undefined) throw new Error(`no event ${i}`)
  return event
}

const indices = chain.map((_, i) => i)

describe('an intact chain', () => {
  test('is intact, at each of its lengths, and says where it ends', async () => {
    for (let size = 1; size <= LENGTH; size++) {
      const result = await check(chain.slice(0, size))
      expect(result).toMatchObject({ ok: true, size, withheld: null, head: chain[size - 1]?.hash })
    }
  })

  test('may have contents withheld, and says from where on', async () => {
    const events = chain.map((e, i) => (i === 1 || i === 77 ? { header: e.header, body: null } : e))
    expect(await check(events)).toMatchObject({ ok: true, withheld: 1 })
    expect(await verifyStructure(asyncOf(chain), { unfinished: 'allow' })).toMatchObject({
      ok: true,
      withheld: chain.findIndex((e) => e.blob),
    })
  })

  test('is intact even where every body is withheld', async () => {
    expect(await check(chain.map(({ header }) => ({ header, body: null })))).toMatchObject({
      ok: true,
      withheld: 0,
    })
  })
})

describe('tampering is found at its index, for every event of a chain of 200', () => {
  test('a flipped byte in the header, anywhere', async () => {
    for (const i of indices) {
      const { header, body } = at(chain, i)
      // Every byte of the first twenty, then every ninth, so that all are met somewhere: checking starts at genesis.
      for (let k = 0; k < header.length; k++) {
        if (i >= 20 && k % 9 !== i % 9) continue
        for (const mask of i < 20 ? [0x01, 0x80, 0xff] : [1 + ((i * 7 + k * 13) % 255)]) {
          const found = await brokenAt([
            ...chain.slice(0, i),
            { header: flip(header, k, mask), body },
            ...chain.slice(i + 1),
          ])
          expect(found.index).toBe(i)
        }
      }
    }
  })

  test('a flipped byte in the body', async () => {
    for (const i of indices) {
      const { header, body } = at(chain, i)
      for (const place of [0, 1, 2, 17, 18, body.length >> 1, body.length - 1]) {
        const found = await brokenAt([
          ...chain.slice(0, i),
          { header, body: flip(body, place) },
          ...chain.slice(i + 1),
        ])
        // The genesis body is the chain's id, but it is its digest that says so.
        expect(found).toMatchObject({ index: i, reason: 'digest' })
      }
    }
  })

  test('a flipped byte in a linked block', async () => {
    const i = chain.findIndex((e) => e.blob !== null)
    const found = await brokenAt(chain, {
      blobs: { ...blobs, get: async (cid) => flip((await blobs.get(cid)) as Uint8Array, 1000) },
    })
    expect(found).toMatchObject({ index: i, reason: 'digest' })
  })

  test.each<[string, (i: number) => StoredEvent[], (i: number) => number]>([
    ['dropped', (i) => chain.toSpliced(i, 1), (i) => i],
    ['doubled', (i) => chain.toSpliced(i, 0, at(chain, i)), (i) => i + 1],
    ['swapped with the next', (i) => chain.toSpliced(i, 2, at(chain, i + 1), at(chain, i)), (i) => i],
    // With another's genesis it is another chain, until the first event that is not of that one.
    ['replaced by one of another chain', (i) => chain.toSpliced(i, 1, at(other, i)), (i) => Math.max(i, 1)],
    [
      'followed by the rest of another chain',
      (i) => [...chain.slice(0, i + 1), ...other.slice(i + 1)],
      (i) => i + 1,
    ],
    ['moved to the end', (i) => [...chain.toSpliced(i, 1), at(chain, i)], (i) => i],
  ])('%s', async (_, tamper, expected) => {
    for (const i of indices.slice(0, -1)) expect((await brokenAt(tamper(i))).index).toBe(expected(i))
  })

  test('another chain as a whole, where the id is known', async () => {
    const { chain: id } = decodeHeader(at(chain, 0).header)
    expect(await brokenAt(other, { chain: id })).toMatchObject({ index: 0, reason: 'chain' })
  })

  test('an event that is changed and hashed again breaks the link of the next', async () => {
    for (const i of indices.slice(1, -1)) {
      const it = at(chain, i)
      const header = decodeHeader(it.header)
      const body = it.body.slice()
      body.set(new Uint8Array(16).fill(0xee), 2)
      const changed = { header: encodeHeader({ ...header, body: sha256(body) }), body }
      expect(await brokenAt([...chain.slice(0, i), changed, ...chain.slice(i + 1)])).toMatchObject({
        index: i + 1,
        reason: 'prev',
      })
    }
  })

  test('an epoch that goes back, or up without a resume', async () => {
    for (const i of indices.slice(1)) {
      const it = at(chain, i)
      const header = decodeHeader(it.header)
      for (const epoch of [header.epoch - 1, header.epoch + 1]) {
        // A resume that goes up by more than one is right by its header, and wrong by its content.
        if (epoch < 0) continue
        const changed = { header: encodeHeader({ ...header, epoch }), body: it.body }
        expect(await brokenAt([...chain.slice(0, i), changed])).toMatchObject({ index: i, reason: 'epoch' })
      }
    }
  })

  test('a tail cut inside a turn, unless that is allowed', async () => {
    let inside = true
    for (const [i, { kind }] of take(LENGTH, story()).entries()) {
      if (kind === 'turn') inside = true
      if (['seed', 'return', 'trap', 'abort'].includes(kind)) inside = false
      const size = i + 1
      const strict = await check(chain.slice(0, size), { unfinished: 'refuse' })
      const unfinished = { ok: false, index: size, reason: 'unfinished-turn' }
      expect(strict).toMatchObject(inside ? unfinished : { ok: true, size, finished: true })
      expect(await check(chain.slice(0, size))).toMatchObject({ ok: true, size, finished: !inside })
    }
  })

  test('a cut tail, where the head is known', async () => {
    const head = chain[LENGTH - 1]?.hash
    for (const i of indices.slice(1)) {
      expect(await brokenAt(chain.slice(0, i), { head })).toMatchObject({ index: i, reason: 'head' })
    }
  })

  test('no events, too many events', async () => {
    expect(await brokenAt([])).toMatchObject({ index: 0, reason: 'empty' })
    expect(await brokenAt(chain, { maxEvents: 50 })).toMatchObject({ index: 50, reason: 'too-large' })
  })
})

describe('a chain that is hashed rightly but is no story', () => {
  const head = take(2, story()) as Draft[]
  const outcome = { result: values(), elapsed: 0, made: [], denied: false, closed: false }
  const turn = draft('turn', { fn: 'run', args: values(), sender: null, cause: null, time: 0, made: [] })
  const call = draft('call', { fn: 'f', args: values(), ask: null, fuel: null, outcome })
  const intent = draft('call', { fn: 'f', args: values(), ask: null, fuel: null, outcome: null })
  const result = (n: number) => draft('result', { call: n, outcome })
  const send = (n: number) => draft('send', { call: n })
  const done = draft('return', { result: values(), fuel: null })
  const trap = draft('trap', { code: 'guest', fuel: null })
  const abort = (n: number | null) => draft('abort', { code: 'stopped', call: n, status: null })
  const drop = draft('drop', { resource: 1, fuel: null })
  const stop = draft('stop', { reason: '' })
  const grant = draft('grant', { grants: {} })
  const resume = { ...draft('resume', { epoch: 1 }), epoch: 1 }
  const later = (d: Draft) => ({ ...d, epoch: 1 })

  const bad: [string, readonly (Draft & { epoch?: number })[], number, string][] = [
    ['a return outside a turn', [...head, done], 2, 'grammar'],
    ['a turn inside a turn', [...head, turn, turn], 3, 'grammar'],
    ['a second seed', [...head, head[1] as Draft], 2, 'grammar'],
    ['no seed', [head[0] as Draft, turn], 1, 'grammar'],
    ['a send while instantiating', [...head, call, send(2)], 3, 'grammar'],
    ['a turn after instantiating failed', [...head, trap, turn], 3, 'grammar'],
    ['a turn after a stop', [...head, stop, turn], 3, 'grammar'],
    ['a grant after a stop', [...head, stop, grant], 3, 'grammar'],
    ['a grant inside a turn', [...head, turn, grant], 3, 'grammar'],
    ['a stop inside a turn', [...head, turn, stop], 3, 'grammar'],
    ['a call between turns', [...head, turn, done, call], 4, 'grammar'],
    ['a drop between turns', [...head, turn, trap, drop], 4, 'grammar'],
    ['a result without a call', [...head, turn, result(2)], 3, 'call'],
    ['a result of another call', [...head, turn, intent, result(2)], 4, 'call'],
    ['a result of an answered call', [...head, turn, call, result(3)], 4, 'call'],
    ['a second result', [...head, turn, intent, result(3), result(3)], 5, 'call'],
    ['a call before the result', [...head, turn, intent, call], 4, 'call'],
    ['a return before the result', [...head, turn, intent, done], 4, 'call'],
    ['a trap before the result', [...head, turn, intent, trap], 4, 'call'],
    ['a send before the result', [...head, turn, call, intent, send(3)], 5, 'call'],
    ['a turn before the result of an instantiation', [...head, intent, turn], 3, 'call'],
    ['a send of no call', [...head, turn, send(2)], 3, 'call'],
    ['a send of another turn', [...head, turn, call, done, turn, send(3)], 6, 'call'],
    ['a send of what comes later', [...head, turn, send(4), call], 3, 'call'],
    ['a send a second time', [...head, turn, call, send(3), send(3)], 5, 'call'],
    ['sends out of order', [...head, turn, call, call, send(4), send(3)], 6, 'call'],
    ['an abort of no call', [...head, turn, call, abort(2)], 4, 'call'],
    ['an abort of a far call', [...head, turn, call, abort(2 ** 40)], 4, 'call'],
    [
      'a resume that names another epoch',
      [...head, { ...draft('resume', { epoch: 2 }), epoch: 1 }],
      2,
      'epoch',
    ],
    ['a resume that raises nothing', [...head, draft('resume', { epoch: 0 })], 2, 'epoch'],
  ]
  test.each(bad)('%s', async (_, drafts, index, reason) => {
    expect(await brokenAt(linkAll(drafts))).toMatchObject({ index, reason })
  })

  const good: [string, readonly (Draft & { epoch?: number })[]][] = [
    ['an instantiation that calls, drops, waits', [...head, call, drop, intent, result(4), turn, done]],
    ['an instantiation that failed, and was stopped', [...head, abort(null), resume, later(stop)]],
    ['a resume inside an intent', [...head, turn, intent, resume, later(result(3)), later(done)]],
    ['a resume inside an intent, then an abort', [...head, turn, intent, resume, later(abort(3))]],
    ['a resume between turns', [...head, turn, done, resume, later(turn), later(done)]],
    ['a stop, a resume, a turn', [...head, turn, done, stop, resume, later(turn), later(done)]],
    ['sends in order', [...head, turn, call, call, send(3), send(4), done]],
    ['a send of a call made while instantiating', [...head, call, turn, send(2), done]],
  ]
  test.each(good)('but this is one: %s', async (_, drafts) => {
    expect(await check(linkAll(drafts), { unfinished: 'refuse' })).toMatchObject({ ok: true })
  })

  test('a long turn', async () => {
    const calls = Array.from({ length: 1000 }, () => call)
    const drafts = [...head, turn, ...calls, send(3), send(500), send(1002), done]
    expect(await check(linkAll(drafts))).toMatchObject({ ok: true })
    expect(await brokenAt(linkAll([...head, turn, ...calls, send(1003)]))).toMatchObject({ reason: 'call' })
  })
})

test('content of another shape is found at its index', async () => {
  const drafts = take(4, story())
  const linked = linkAll(drafts)
  const last = decodeHeader(at(linked, 3).header)
  for (const [kind, bytes] of [
    ['drop', values(1)],
    ['drop', values(1, 2, 3)],
    ['drop', values('1', 2)],
    ['drop', encodeContent('send', { call: 1 })],
    ['call', values('f', [], null, null, [[], 0, [], 4])],
    ['call', values('f', [], null, null, [[1, 2], 0, [], 0])],
    ['call', values('f', {}, null, null, null)],
    ['call', values('f', [], new Uint8Array(1), null, null)],
    ['call', values('f', [], 2n ** 60n, null, null)],
    ['trap', values('explosion', null)],
    ['abort', values('exited', null)],
    ['abort', values('stopped', null, 1)],
  ] as const) {
    const body = new Uint8Array([0x82, 0x50, ...new Uint8Array(16), ...bytes])
    const header = encodeHeader({ ...last, kind, body: sha256(body) })
    expect(await brokenAt([...linked.slice(0, 3), { header, body }])).toMatchObject({
      index: 3,
      reason: 'content',
    })
  }
})

test('a chain in a store is checked where it is', async () => {
  await using store = memoryStore()
  const writer = await fill(store, LENGTH)
  const result = await verifyStructure(store.read(writer.chain), { blobs: store, unfinished: 'allow' })
  expect(result).toMatchObject({ ok: true, size: LENGTH, head: writer.head, withheld: null })
})
