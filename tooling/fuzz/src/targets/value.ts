/** Values at the boundary, their bytes, plain data, and models: what is read back is what was written, and nothing else is read. */
import {
  compileType,
  decodeData,
  decodeModel,
  encodeData,
  encodeModel,
  equal,
  fromJson,
  noHandles,
  Reader,
  toJson,
  type ValType,
  type ValueCodec,
  ValueError,
  Writer,
} from '@theater/values'
import { scramble } from '../bytes.ts'
import { anyData, changeData } from '../data.ts'
import { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'
import { anyType, anyValue } from '../typed.ts'

/** Thrown by the values of whoever is hostile. */
class Own extends Error {}

/** What of a value, its bytes, does not hold. */
class Broken extends Error {}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what)
}

/** What `read` answers; `undefined` where it refuses, as it has to: with a ValueError. */
function refusing<T>(read: () => T, what: string): { readonly value: T } | undefined {
  try {
    return { value: read() }
  } catch (error) {
    check(ValueError.is(error), `${what} fails with ${String(error)}`)
    return undefined
  }
}

function write(codec: ValueCodec, value: unknown): { readonly bytes: Uint8Array; readonly handed: unknown } {
  const out = new Writer()
  const handed = codec.write(value, out, noHandles)
  return { bytes: out.copy(), handed }
}

function read(codec: ValueCodec, bytes: Uint8Array): unknown {
  const input = new Reader(bytes)
  const value = codec.read(input, noHandles)
  input.finish()
  return value
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}

/** A value is written, read, printed and parsed; changed bytes are refused, or say what they say in the one way there is. */
function values(type: ValType, random: Random): boolean {
  const codec = compileType(type, { copy: random.chance(0.5) })
  const { bytes, handed } = write(codec, anyValue(type, random, noResource))
  const back = read(codec, bytes)
  check(equal(back, handed), 'what is read is not what was written')
  check(same(write(codec, back).bytes, bytes), 'what is read is written otherwise')
  const json = JSON.parse(JSON.stringify(toJson(handed, type))) as never
  check(equal(fromJson(json, type), handed), `its JSON is another value: ${JSON.stringify(json)}`)
  const changed = scramble(bytes, random)
  const taken = refusing(() => read(codec, changed), 'reading changed bytes')
  if (taken !== undefined) check(same(write(codec, taken.value).bytes, changed), 'one value has two forms')
  return taken !== undefined
}

function noResource(): never {
  throw new Broken('a resource where there is none')
}

/** What a handler could answer with: something of the type, some of which is not what it seems. */
function hostile(type: ValType, random: Random): boolean {
  const codec = compileType(type, { copy: true })
  const value = disguised(anyValue(type, random, noResource), random)
  try {
    const { bytes, handed } = write(codec, value)
    check(equal(read(codec, bytes), handed), 'what is handed on is not what was written')
    return true
  } catch (error) {
    if (error instanceof Broken) throw error
    check(ValueError.is(error), `writing it fails with ${String(error)}`)
    return false
  } finally {
    toJson(value, type)
  }
}

function throwing(): never {
  throw new Own('a getter')
}

function disguised(value: unknown, random: Random): unknown {
  switch (random.below(14)) {
    case 0:
      return Object.defineProperty({}, random.of(['tag', 'val', 'length', 'then', 'a']), {
        get: throwing,
        enumerable: true,
      })
    case 1:
      return new Proxy(Object(value) as object, {
        get: throwing,
        has: throwing,
        ownKeys: throwing,
        getPrototypeOf: throwing,
      })
    case 2:
      return Promise.resolve(value)
    case 3: {
      let reads = 0
      const object = Object(value) as object
      const get = (): unknown => random.of([0, 'a', null, value, reads++])
      Reflect.defineProperty(object, random.of(['a', 'val', '0', 'x1']), {
        get,
        enumerable: true,
        configurable: true,
      })
      return object
    }
    case 4:
      return Object.create(Object(value) as object) as unknown
    case 5:
      return random.of([
        null,
        undefined,
        300,
        -1,
        2 ** 53,
        1n,
        'x',
        Symbol('x'),
        () => 0,
        NaN,
        {},
        [],
        new Map(),
        new Date(0),
      ])
    case 6: {
      const circle: unknown[] = [value]
      circle.push(circle)
      return circle
    }
    case 7: {
      const length = random.of([2 ** 31, 2 ** 32 - 1, -1, NaN])
      return { length, 0: value }
    }
    case 8:
      return new Proxy(new Uint8Array(4), {})
    case 9:
      return lying(value, random)
    case 10: {
      const { proxy, revoke } = Proxy.revocable(Object(value) as object, {})
      revoke()
      return proxy
    }
    default:
      if (Array.isArray(value)) return value.map((item) => disguised(item, random))
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, disguised(item, random)]))
      return value
  }
}

/** Says that it has another length than it has, or that copies of it are something else. */
function lying(value: unknown, random: Random): unknown {
  const length: unknown = random.of([-1, 0.5, NaN, '2', 2n, 2 ** 33, 7, null, Symbol('x')])
  if (Array.isArray(value) || !ArrayBuffer.isView(value))
    return new Proxy(Array.isArray(value) ? value : [value], {
      get: (of, key) => (key === 'length' ? length : (Reflect.get(of, key) as unknown)),
    })
  const species = { [Symbol.species]: random.of([Array, Float64Array, throwing]) }
  return random.chance(0.5)
    ? Object.defineProperty(value, 'length', { value: length })
    : Object.defineProperty(value, 'constructor', { value: species })
}

/** Plain data, and bytes that say they are. */
function data(random: Random): boolean {
  const bytes = encodeData(anyData(random, 4))
  check(same(encodeData(decodeData(bytes)), bytes), 'data is written otherwise once it was read')
  const changed = scramble(bytes, random)
  const taken = refusing(() => decodeData(changed), 'decoding changed data')
  if (taken === undefined) return false
  check(same(encodeData(taken.value), changed), 'data has two forms')
  return true
}

/** Models, and bytes that say they are. */
function models(random: Random): boolean {
  const functions = Array.from({ length: 1 + random.below(3) }, (_, i) => {
    const name = `f${i}`
    const params = Array.from({ length: random.below(3) }, (_p, at) => ({
      name: `p${at}`,
      type: anyType(random, 3),
    }))
    const result = random.chance(0.5) ? anyType(random, 3) : null
    return {
      id: `a:b/c#${name}`,
      interface: 'a:b/c',
      name,
      kind: 'freestanding' as const,
      resource: null,
      params,
      result,
    }
  })
  const bytes = encodeModel({ imports: [{ name: 'a:b/c', functions, resources: [] }], exports: [] })
  check(same(encodeModel(decodeModel(bytes)), bytes), 'a model is written otherwise once it was read')
  const changed = random.chance(0.5)
    ? scramble(bytes, random)
    : encodeData(changeData(decodeData(bytes), random))
  const taken = refusing(() => decodeModel(changed), 'decoding a changed model')
  if (taken === undefined) return false
  check(same(encodeModel(taken.value), changed), 'a model has two forms')
  return true
}

/** Its inputs are seeds. */
export const target: Target = {
  input: (random) => random.bytes(8),
  async run(input): Promise<Tried> {
    const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
    const random = new Random(view.getUint32(0), view.getUint32(4))
    const type = anyType(random, 4)
    const kinds = {
      values: () => values(type, random),
      hostile: () => hostile(type, random),
      data: () => data(random),
      models: () => models(random),
    }
    const kind = random.of(Object.keys(kinds) as (keyof typeof kinds)[])
    try {
      const accepted = kinds[kind]()
      return { accepted, marks: [accepted ? `${kind} accepted` : `${kind} refused`] }
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      return { accepted: false, find: `${kind}: ${error.message}; type ${JSON.stringify(type)}` }
    }
  },
}
