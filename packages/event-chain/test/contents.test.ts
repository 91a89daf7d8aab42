import * as dagCbor from '@ipld/dag-cbor'
import { encodeData, sha256 } from '@theater/values'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  abortCodes,
  ChainError,
  decodeBody,
  decodeContent,
  decodeEvent,
  decodeHeader,
  encodeContent,
  encodeHeader,
  kindNumber,
  kinds,
  trapCodes,
} from '../src/index.ts'
import type { Contents, Header, Kind } from '../src/index.ts'
import { component, genesis, wit } from './helpers.ts'
import { sampleChain } from './sample.ts'

const text = fc.string({ unit: 'grapheme' })
const counter = fc.maxSafeNat()
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const orNull = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arb, { nil: null })
const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
    text,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(text, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).json
const grants = fc.dictionary(text, json, { maxKeys: 4, noNullPrototype: true })
const vals = fc.array(fc.oneof(json, fc.uint8Array()), { maxLength: 4 }).map((items) => encodeData(items))
const result = fc.array(json, { maxLength: 1 }).map((items) => encodeData(items))
const cause = fc.record({ chain: digest, seq: counter, hash: digest })
const message = fc.record({ format: text, body: fc.uint8Array() })
const made = fc.array(orNull(json), { maxLength: 3 })
const outcome = fc.record({ result, elapsed: counter, made, denied: fc.boolean(), closed: fc.boolean() })

const contents: { readonly [K in Kind]: fc.Arbitrary<Contents[K]> } = {
  genesis: fc
    .tuple(
      fc.constantFrom({}, { instance: 'turn' } as const),
      fc.record({
        actor: text,
        cause: orNull(cause),
        derive: counter,
        grants,
        jco: text,
        limits: grants,
        meter: orNull(fc.record({ name: text, version: text })),
        nan: fc.constantFrom('canonical' as const, 'native' as const),
        params: orNull(message),
        parent: orNull(text),
        theater: text,
        time: counter,
      }),
    )
    .map(([lifetime, changes]) => genesis({ ...changes, ...lifetime })),
  seed: fc.record({ seed: digest }),
  turn: fc.record({ fn: text, args: vals, sender: orNull(text), cause: orNull(cause), time: counter, made }),
  call: fc.record({ fn: text, args: vals, ask: json, fuel: orNull(counter), outcome: orNull(outcome) }),
  result: fc.record({ call: counter, outcome }),
  drop: fc.record({ resource: counter, fuel: orNull(counter) }),
  send: fc.record({ call: counter }),
  return: fc.record({ result, fuel: orNull(counter) }),
  trap: fc.record({ code: fc.constantFrom(...trapCodes), fuel: orNull(counter) }),
  abort: fc
    .record({ code: fc.constantFrom(...abortCodes), call: orNull(counter), exit: fc.maxSafeInteger() })
    .map(({ code, call, exit }) => ({ code, call, status: code === 'exited' ? exit : null })),
  grant: fc.record({ grants }),
  resume: fc.record({ epoch: counter }),
  stop: fc.record({ reason: text }),
}

/** Typed arrays of fast-check and views into bytes, all as plain ones. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function accepts(kind: Kind, bytes: Uint8Array): boolean {
  try {
    decodeContent(kind, bytes)
    return true
  } catch (error) {
    if (ChainError.is(error) && error.code === 'broken' && error.reason === 'content') return false
    throw error
  }
}

describe('contents', () => {
  // These carry little, so that the bytes of one may be those of another: the kind is in the header.
  const alike: readonly Kind[] = ['send', 'resume']

  test.each(kinds)('of a %s come back', (kind) => {
    fc.assert(
      fc.property(contents[kind], (content: Contents[Kind]) => {
        const bytes = encodeContent(kind, content)
        const decoded = decodeContent(kind, bytes)
        expect(plain(decoded)).toEqual(plain(content))
        // Canonical: what was decoded encodes to the same bytes, and another implementation agrees.
        expect(encodeContent(kind, decoded)).toEqual(bytes)
        expect(plain(dagCbor.encode(dagCbor.decode(bytes)))).toEqual(plain(bytes))
        expect(kinds.filter((other) => accepts(other, bytes))).toEqual(alike.includes(kind) ? alike : [kind])
      }),
      { numRuns: 100 },
    )
  })

  test('that are cut, or go on, or have a byte changed, are refused or say something else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds).chain((kind) => contents[kind].map((content) => ({ kind, content }))),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ({ kind, content }, where, mask) => {
          const bytes = encodeContent(kind, content as Contents[typeof kind])
          for (let cut = 0; cut < bytes.length; cut++)
            expect(accepts(kind, bytes.subarray(0, cut))).toBe(false)
          expect(accepts(kind, new Uint8Array([...bytes, 0]))).toBe(false)
          const changed = bytes.slice()
          const at = where % bytes.length
          changed[at] = (changed[at] ?? 0) ^ mask
          // Where the change still makes sense it is another content: encoding is one to one.
          const again = accepts(kind, changed) ? encodeContent(kind, decodeContent(kind, changed)) : changed
          expect(again).toEqual(changed)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('bytes from anywhere never lead to anything but a ChainError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 200 }), (kind, bytes) => {
        expect(() => accepts(kind, bytes)).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })

  test('genesis says how long an instance lives where that is not as long as its actor', () => {
    const [map] = dagCbor.decode<[Record<string, unknown>]>(encodeContent('genesis', genesis()))
    expect(map).not.toHaveProperty('instance')
    const turn = encodeContent('genesis', genesis({ instance: 'turn' }))
    expect(dagCbor.decode(turn)).toEqual([{ ...map, instance: 'turn' }])
    expect(decodeContent('genesis', turn).instance).toBe('turn')
    expect(decodeContent('genesis', encodeContent('genesis', genesis()))).not.toHaveProperty('instance')
    // Nothing is said in two ways, and a key that was left out is missed.
    for (const instance of ['actor', 'host', null, true, ['turn']])
      expect(accepts('genesis', dagCbor.encode([{ ...map, instance }]))).toBe(false)
    const { actor: _, ...less } = map
    expect(accepts('genesis', dagCbor.encode([{ ...less, instance: 'turn' }]))).toBe(false)
  })

  test('genesis has just its keys', () => {
    const [map] = dagCbor.decode<[Record<string, unknown>]>(encodeContent('genesis', genesis()))
    const { time: _, ...less } = map
    expect(accepts('genesis', dagCbor.encode([map]))).toBe(true)
    expect(accepts('genesis', dagCbor.encode([less]))).toBe(false)
    expect(accepts('genesis', dagCbor.encode([{ ...map, more: 1 }]))).toBe(false)
    expect(accepts('genesis', dagCbor.encode([{ ...less, more: 1 }]))).toBe(false)
    for (const bad of [
      { format: 2 },
      { nan: 'no' },
      { wit: map['component'] },
      { component: map['wit'] },
      { time: -1 },
      { time: 0.5 },
      { grants: [] },
      { meter: ['x'] },
      { cause: [1] },
      { params: ['x', 'y'] },
      { actor: 1 },
    ]) {
      expect(accepts('genesis', dagCbor.encode([{ ...map, ...bad }]))).toBe(false)
    }
  })

  test('an exit status comes with an exit, and only then', () => {
    const invalid = expect.objectContaining({ code: 'invalid' })
    expect(() => encodeContent('abort', { code: 'exited', call: null, status: null })).toThrow(invalid)
    expect(() => encodeContent('abort', { code: 'stopped', call: null, status: 1 })).toThrow(invalid)
  })

  test('nesting without end is refused', () => {
    const deep = new Uint8Array([
      0x85,
      0x61,
      0x66,
      0x80,
      ...new Uint8Array(100_000).fill(0x81),
      0x80,
      0xf6,
      0xf6,
    ])
    expect(accepts('call', deep)).toBe(false)
  })
})

describe('headers', () => {
  const header: fc.Arbitrary<Header> = fc.record({
    chain: digest,
    epoch: counter,
    seq: counter,
    kind: fc.constantFrom(...kinds),
    prev: orNull(digest),
    body: digest,
  })

  test('come back, and are canonical DAG-CBOR', () => {
    fc.assert(
      fc.property(header, (one) => {
        const bytes = encodeHeader(one)
        expect(plain(decodeHeader(bytes))).toEqual(plain(one))
        const [version, chain, epoch, seq, kind, prev, body] = dagCbor.decode<unknown[]>(bytes)
        expect([version, epoch, seq, kind]).toEqual([1, one.epoch, one.seq, kindNumber[one.kind]])
        expect(plain(chain)).toEqual(plain(one.chain))
        expect([prev === null, typeof body]).toEqual([one.prev === null, 'object'])
        expect(plain(dagCbor.encode([version, chain, epoch, seq, kind, prev, body]))).toEqual(plain(bytes))
      }),
      { numRuns: 500 },
    )
  })

  test('with a byte changed, cut or added are another header or none', () => {
    fc.assert(
      fc.property(header, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, where, mask) => {
        const bytes = encodeHeader(one)
        const changed = bytes.slice()
        const at = where % bytes.length
        changed[at] = (changed[at] ?? 0) ^ mask
        expect(tryHeader(changed)).not.toEqual(plain(one))
        expect(tryHeader(bytes.subarray(0, at))).toBeNull()
        expect(tryHeader(new Uint8Array([...bytes, mask]))).toBeNull()
      }),
      { numRuns: 500 },
    )
  })

  test('of a common form are read as any other: what is taken is the one encoding of what it says', () => {
    const common = fc.record({
      chain: digest,
      epoch: fc.nat({ max: 30 }),
      seq: fc.oneof(
        fc.nat({ max: 300 }),
        fc.integer({ min: 65_500, max: 65_600 }),
        fc.integer({ min: 2 ** 32 - 9, max: 2 ** 32 + 9 }),
      ),
      kind: fc.constantFrom(...kinds),
      prev: digest,
      body: digest,
    })
    // The bytes that are not of a digest: there a change is more likely to be another header.
    const inHeads = fc.oneof(fc.nat({ max: 3 }), fc.integer({ min: 36, max: 60 }), fc.nat({ max: 135 }))
    fc.assert(
      fc.property(
        common,
        fc.array(fc.tuple(inHeads, fc.nat({ max: 255 })), { maxLength: 3 }),
        (one, changes) => {
          const bytes = encodeHeader(one)
          expect(plain(decodeHeader(bytes))).toEqual(plain(one))
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          const again = tryHeader(bytes) === null ? bytes : encodeHeader(decodeHeader(bytes))
          expect(plain(again)).toEqual(plain(bytes))
        },
      ),
      { numRuns: 2000 },
    )
    const wide = encodeHeader({ ...decodeHeader(sampleChain(2)[1]?.header ?? new Uint8Array(0)), seq: 300 })
    // The same number in a longer form, then numbers that have a shorter one.
    for (const seq of [
      [0x1a, 0, 0, 1, 44],
      [0x19, 0, 255],
      [0x18, 23],
      [0x1a, 0, 0, 255, 255],
      [0x1b, 0, 0, 0, 0, 0, 0, 1, 44],
    ])
      expect(tryHeader(new Uint8Array([...wide.subarray(0, 37), ...seq, ...wide.subarray(40)]))).toBeNull()
  })

  test('that cannot be are not written', () => {
    const [event] = sampleChain(1)
    const good = decodeHeader(event?.header ?? new Uint8Array(0))
    const invalid = expect.objectContaining({ code: 'invalid' })
    for (const bad of [
      { chain: new Uint8Array(31) },
      { body: new Uint8Array(33) },
      { prev: new Uint8Array(0) },
      { seq: -1 },
      { seq: 2 ** 53 },
      { epoch: NaN },
    ]) {
      expect(() => encodeHeader({ ...good, ...bad })).toThrow(invalid)
    }
  })

  test('the error says what is not known', () => {
    const [event] = sampleChain(1)
    const bytes = event?.header ?? new Uint8Array(0)
    const later = Uint8Array.from(bytes, (byte, i) => (i === 1 ? 2 : byte))
    const strange = Uint8Array.from(bytes, (byte, i) => (i === 38 ? 23 : byte))
    expect(() => decodeHeader(later, 4)).toThrow(expect.objectContaining({ reason: 'version', index: 4 }))
    expect(() => decodeHeader(strange, 4)).toThrow(expect.objectContaining({ reason: 'kind', index: 4 }))
    expect(() => decodeHeader(new Uint8Array(200))).toThrow(expect.objectContaining({ reason: 'header' }))
  })

  function tryHeader(bytes: Uint8Array): unknown {
    try {
      return plain(decodeHeader(bytes))
    } catch (error) {
      if (ChainError.is(error)) return null
      throw error
    }
  }
})

describe('bodies', () => {
  test('that are none are refused', () => {
    const link = encodeContent('genesis', genesis())
    const bad = [
      new Uint8Array(0),
      new Uint8Array(18).fill(0x82),
      component,
      wit,
      link,
      new Uint8Array([0x82, 0x50, ...new Uint8Array(16), 0xd8, 0x2a, 0x58]),
    ]
    for (const bytes of bad)
      expect(() => decodeBody(bytes, 1)).toThrow(expect.objectContaining({ reason: 'body', index: 1 }))
    // Content above the limit has a block of its own; that is part of the format.
    const large = new Uint8Array([
      0x82,
      0x50,
      ...new Uint8Array(16),
      ...encodeContent('stop', { reason: 'x'.repeat(40_000) }),
    ])
    expect(() => decodeBody(large)).toThrow(expect.objectContaining({ reason: 'body' }))
  })

  test('an event is decoded by itself', async () => {
    const [, event] = sampleChain(2)
    const one = { header: event?.header ?? new Uint8Array(0), body: event?.body ?? null }
    expect(await decodeEvent(one, 1)).toMatchObject({ kind: 'seed', seq: 1, hash: event?.hash })
    expect(await decodeEvent({ ...one, body: null }, 1)).toMatchObject({
      kind: 'seed',
      salt: null,
      content: null,
    })
    const other = sha256(one.header)
    await expect(decodeEvent({ ...one, body: other }, 1)).rejects.toMatchObject({
      reason: 'digest',
      index: 1,
    })
  })
})
