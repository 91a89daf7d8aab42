import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessage, decodeReply, encodeMessage, encodeReply } from '@theater/actor/message'
import { t } from '@theater/actor'
import { type SchemaResult, issueText, type StandardSchema } from '../src/schema.ts'

const text = (value: string, format = 'application/json'): { format: string; body: Uint8Array } => ({
  format,
  body: new TextEncoder().encode(value),
})
// -0 is written as 0; a key __proto__ is data like any other.
const json = (): fc.Arbitrary<unknown> =>
  fc.json().map((value) => JSON.parse(value.replaceAll('-0', '0')) as unknown)
const type = (): fc.Arbitrary<string> => fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/)

describe('a message', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(type(), json(), (name, body) => {
        expect(decodeMessage(encodeMessage(name, body))).toEqual({ type: name, body })
        expect(decodeReply(encodeReply(body))).toEqual(body)
      }),
    )
  })

  test('of bytes comes back as it was', () => {
    fc.assert(
      fc.property(type(), fc.uint8Array(), (name, body) => {
        expect(decodeMessage(encodeMessage(name, body))).toEqual({ type: name, body })
        expect(decodeReply(encodeReply(body))).toEqual(body)
      }),
    )
  })

  test('has these bytes', () => {
    const show = ({ format, body }: { format: string; body: Uint8Array }): string =>
      `${format} ${new TextDecoder().decode(body)}`
    expect(show(encodeMessage('add', { by: 2, no: undefined }))).toBe(
      'application/json {"type":"add","body":{"by":2}}',
    )
    expect(show(encodeMessage('get'))).toBe('application/json {"type":"get"}')
    expect(show(encodeMessage('none', null))).toBe('application/json {"type":"none","body":null}')
    expect(show(encodeMessage('up', new Uint8Array([65])))).toBe('application/octet-stream;type=up A')
    expect(show(encodeReply(undefined))).toBe('application/json null')
  })

  test.for([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('may call its format %s', (format) => {
    expect(decodeMessage(text('{"type":"x"}', format))).toEqual({ type: 'x', body: undefined })
  })

  test.for([
    '{}',
    '[]',
    'null',
    '"x"',
    '{"type":1}',
    '{"type":""}',
    '{"type":"a b"}',
    '{"type":"x","more":1}',
    '{',
    '',
  ])('is not %s', (body) => {
    expect(() => decodeMessage(text(body))).toThrow(SyntaxError)
  })

  test('is UTF-8', () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    expect(() => decodeMessage({ format: 'application/json', body })).toThrow(SyntaxError)
  })

  test.for(['', 'a b', 'ä', 'x'.repeat(65), 'a;b'])('cannot be of type "%s"', (name) => {
    expect(() => encodeMessage(name)).toThrow(RangeError)
  })
})

const circular: { self?: unknown } = {}
circular.self = circular
test.for([
  [Number.NaN, 'NaN'],
  [{ a: [1, Number.POSITIVE_INFINITY] }, 'the reply.a[1]: Infinity'],
  [[undefined], 'the reply[0]: undefined'],
  [{ n: 1n }, 'the reply.n: bigint'],
  [new Date(0), 'an instance of Date'],
  [new Map(), 'an instance of Map'],
  [{ when: new Date(0) }, 'the reply.when: an instance of Date'],
  [{ bytes: new Uint8Array(1) }, 'the reply.bytes: an instance of Uint8Array'],
  [{ toJSON: () => 1 }, 'toJSON'],
  [() => 1, 'function'],
  [Symbol('x'), 'symbol'],
  [circular, 'contains itself'],
] as const)('%o does not survive JSON', ([value, message]) => {
  expect(() => encodeReply(value)).toThrow(message)
})

test('one object in two places is no circle', () => {
  const shared = { a: 1 }
  expect(decodeReply(encodeReply([shared, shared]))).toEqual([{ a: 1 }, { a: 1 }])
})

test('objects may be in one another, however deep', () => {
  let deep: unknown = 'bottom'
  for (let i = 0; i < 600; i++) deep = i % 2 === 0 ? [deep] : { deep }
  expect(decodeReply(encodeReply(deep))).toEqual(deep)
  expect(() => encodeReply([deep, Number.NaN])).toThrow('the reply[1]: NaN')
})

describe('a schema', () => {
  const order = t.object({
    item: t.string(),
    count: t.integer(),
    price: t.number(),
    note: t.optional(t.string()),
    tags: t.array(t.literal('new', 'old')),
    extra: t.record(t.boolean()),
    more: t.union(t.null(), t.json()),
  })
  const good = { item: 'x', count: 1, price: 0.5, tags: ['new'], extra: { a: true }, more: [1] }
  const problem = <T>(schema: StandardSchema<T>, value: unknown): string => {
    const result = schema['~standard'].validate(value) as SchemaResult<unknown>
    return result.issues === undefined ? 'none' : issueText(result.issues[0]!, 'body')
  }

  test('lets through what fits, as it is', () => {
    expect(order['~standard'].validate(good)).toEqual({ value: good })
    expect(order['~standard'].validate({ ...good, note: 'n' })).toEqual({ value: { ...good, note: 'n' } })
  })

  test.for([
    [{ ...good, item: 1 }, 'body.item: expected a string, got number'],
    [{ ...good, count: 1.5 }, 'body.count: expected an integer, got number'],
    [{ ...good, price: Number.NaN }, 'body.price: expected a number, got number'],
    [{ ...good, tags: ['newer'] }, 'body.tags[0]: expected "new" or "old", got string'],
    [{ ...good, tags: 'new' }, 'body.tags: expected a list, got string'],
    [{ ...good, extra: { a: 1 } }, 'body.extra.a: expected a boolean, got number'],
    [{ ...good, more: undefined }, 'body.more: none of the 2 kinds that are allowed here'],
    [{ ...good, other: 1 }, 'body.other: unknown key'],
    [{ ...good, note: null }, 'body.note: expected a string, got null'],
    [{ count: 1 }, 'body.item: missing'],
    [null, 'body: expected an object, got null'],
    [[], 'body: expected an object, got a list'],
    [new Uint8Array(1), 'body: expected an object, got bytes'],
    [JSON.parse('{"__proto__":{"item":"x"}}'), 'body.__proto__: unknown key'],
  ] as const)('says where %o does not fit', ([value, message]) => {
    expect(problem(order, value)).toBe(message)
  })

  test('of bytes or nothing', () => {
    expect(problem(t.bytes(), new Uint8Array(1))).toBe('none')
    expect(problem(t.bytes(), [1])).toBe('body: expected bytes, got a list')
    expect(problem(t.nothing(), undefined)).toBe('none')
    expect(problem(t.nothing(), null)).toBe('body: expected no body, got null')
  })
})
