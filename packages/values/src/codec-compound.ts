import { notA } from './codec-scalar.ts'
import type { ValueCodec } from './codec-types.ts'
import { ValueError } from './errors.ts'
import { distinctKeys } from './names.ts'
import { isArray, lengthOf, reading, unreadable } from './property.ts'
import { show } from './shape.ts'

type Bag = Record<string, unknown>

/** Returns the codec of a list whose values are arrays. */
export function listCodec(element: ValueCodec, copy: boolean): ValueCodec {
  return {
    write(value, out, handles) {
      if (!isArray(value)) throw notA(value, 'list')
      const n = lengthOf(value)
      out.array(n)
      let fresh: unknown[] | undefined = copy ? [] : undefined
      let i = 0
      let looking = true
      try {
        for (; i < n; i++) {
          looking = true
          const item = value[i]
          looking = false
          const kept = element.write(item, out, handles)
          if (fresh !== undefined) fresh.push(kept)
          else if (!same(kept, item)) (fresh = first(value, i)).push(kept)
        }
      } catch (error) {
        throw ValueError.within(`[${i}]`, looking ? unreadable(error) : error)
      }
      return fresh ?? value
    },
    read(input, handles) {
      const n = input.array()
      const out: unknown[] = []
      let i = 0
      try {
        for (; i < n; i++) out.push(element.read(input, handles))
      } catch (error) {
        throw ValueError.within(`[${i}]`, error)
      }
      return out
    },
  }
}

/** Returns the codec of a tuple. */
export function tupleCodec(elements: readonly ValueCodec[], copy: boolean): ValueCodec {
  const n = elements.length
  return {
    write(value, out, handles) {
      if (!isArray(value)) throw notA(value, 'tuple')
      if (lengthOf(value) !== n) throw new ValueError('wrong-type', `${show(value)} is not a tuple of ${n}`)
      out.array(n)
      let fresh: unknown[] | undefined = copy ? [] : undefined
      let i = 0
      let looking = true
      try {
        for (; i < n; i++) {
          looking = true
          const item = value[i]
          looking = false
          const kept = (elements[i] as ValueCodec).write(item, out, handles)
          if (fresh !== undefined) fresh.push(kept)
          else if (!same(kept, item)) (fresh = first(value, i)).push(kept)
        }
      } catch (error) {
        throw ValueError.within(`[${i}]`, looking ? unreadable(error) : error)
      }
      return fresh ?? value
    },
    read(input, handles) {
      expectItems(input.array(), n)
      const out: unknown[] = []
      let i = 0
      try {
        for (; i < n; i++) out.push((elements[i] as ValueCodec).read(input, handles))
      } catch (error) {
        throw ValueError.within(`[${i}]`, error)
      }
      return out
    },
  }
}

/** Returns the codec of a record; its keys are the camelCase names. */
export function recordCodec(
  fields: readonly { readonly name: string; readonly codec: ValueCodec }[],
  copy: boolean,
): ValueCodec {
  const n = fields.length
  const keys = distinctKeys(fields.map((field) => field.name))
  const inherited = keys.some(isInherited)
  const codecs = fields.map((field) => field.codec)
  return {
    write(value, out, handles) {
      const given = bag(value, 'record')
      out.array(n)
      // What is handed on has such a key of its own, also where it was not given.
      let fresh: Bag | undefined = copy || inherited ? {} : undefined
      let i = 0
      let looking = true
      try {
        for (; i < n; i++) {
          const key = keys[i] as string
          looking = true
          const item = inherited && !Object.hasOwn(given, key) ? undefined : given[key]
          looking = false
          const kept = (codecs[i] as ValueCodec).write(item, out, handles)
          if (fresh === undefined) {
            if (same(kept, item)) continue
            looking = true
            fresh = {}
            for (let j = 0; j < i; j++) fresh[keys[j] as string] = given[keys[j] as string]
            looking = false
          }
          fresh[key] = kept
        }
      } catch (error) {
        throw ValueError.within(`.${keys[i]}`, looking ? unreadable(error) : error)
      }
      return fresh ?? value
    },
    read(input, handles) {
      expectItems(input.array(), n)
      const out: Bag = {}
      let i = 0
      try {
        for (; i < n; i++) out[keys[i] as string] = (codecs[i] as ValueCodec).read(input, handles)
      } catch (error) {
        throw ValueError.within(`.${keys[i]}`, error)
      }
      return out
    },
  }
}

/** Returns the codec of a variant: `{ tag, val }`, no `val` in a case without payload. */
export function variantCodec(
  cases: readonly { readonly name: string; readonly codec: ValueCodec | null }[],
  copy: boolean,
): ValueCodec {
  const index = new Map(cases.map((it, i) => [it.name, i]))
  return taggedCodec('variant', cases, index, copy, false)
}

/** Returns the codec of a result as a value: `{ tag: 'ok' | 'err', val }`, `val` undefined where there is no payload. */
export function resultCodec(ok: ValueCodec | null, err: ValueCodec | null, copy: boolean): ValueCodec {
  const cases = [
    { name: 'ok', codec: ok },
    { name: 'err', codec: err },
  ]
  return taggedCodec(
    'result',
    cases,
    new Map([
      ['ok', 0],
      ['err', 1],
    ]),
    copy,
    true,
  )
}

function taggedCodec(
  kind: 'variant' | 'result',
  cases: readonly { readonly name: string; readonly codec: ValueCodec | null }[],
  index: ReadonlyMap<unknown, number>,
  copy: boolean,
  valAlways: boolean,
): ValueCodec {
  return {
    write(value, out, handles) {
      const given = bag(value, kind)
      let tag: unknown
      let item: unknown
      try {
        tag = given['tag']
        item = given['val']
      } catch (error) {
        throw unreadable(error)
      }
      const i = index.get(tag)
      if (i === undefined) throw new ValueError('unknown-case', `${show(tag)} is not a case of the ${kind}`)
      const codec = (cases[i] as { codec: ValueCodec | null }).codec
      if (codec === null) {
        if (item !== undefined) throw new ValueError('wrong-type', `case ${show(tag)} has no payload`)
        out.array(1)
        out.uint(i)
        return copy ? (valAlways ? { tag, val: undefined } : { tag }) : value
      }
      out.array(2)
      out.uint(i)
      let kept: unknown
      try {
        kept = codec.write(item, out, handles)
      } catch (error) {
        throw ValueError.within(`.${String(tag)}`, error)
      }
      return copy || !same(kept, item) ? { tag, val: kept } : value
    },
    read(input, handles) {
      const n = input.array()
      const i = n === 0 ? -1 : input.uint()
      const it = cases[i]
      if (it === undefined) throw new ValueError('unknown-case', `${i} is not a case of the ${kind}`)
      const tag = it.name
      if (it.codec === null) {
        expectItems(n, 1)
        return valAlways ? { tag, val: undefined } : { tag }
      }
      expectItems(n, 2)
      try {
        return { tag, val: it.codec.read(input, handles) }
      } catch (error) {
        throw ValueError.within(`.${tag}`, error)
      }
    },
  }
}

/** Returns the codec of an option: plain, or `{ tag: 'some' | 'none' }` where `isTaggedOption` says so. */
export function optionCodec(payload: ValueCodec, tagged: boolean, copy: boolean): ValueCodec {
  return tagged ? taggedOption(payload, copy) : plainOption(payload)
}

function plainOption(payload: ValueCodec): ValueCodec {
  return {
    write(value, out, handles) {
      if (value === undefined) {
        out.array(0)
        return undefined
      }
      out.array(1)
      return payload.write(value, out, handles)
    },
    read(input, handles) {
      const n = input.array()
      if (n === 0) return undefined
      expectItems(n, 1)
      return payload.read(input, handles)
    },
  }
}

function taggedOption(payload: ValueCodec, copy: boolean): ValueCodec {
  return {
    write(value, out, handles) {
      const given = bag(value, 'option of an option')
      let tag: unknown
      let item: unknown
      try {
        tag = given['tag']
        item = given['val']
      } catch (error) {
        throw unreadable(error)
      }
      if (tag === 'none') {
        if (item !== undefined) throw new ValueError('wrong-type', 'case "none" has no payload')
        out.array(0)
        return copy ? { tag } : value
      }
      if (tag !== 'some') throw new ValueError('unknown-case', `${show(tag)} is not a case of the option`)
      out.array(1)
      let kept: unknown
      try {
        kept = payload.write(item, out, handles)
      } catch (error) {
        throw ValueError.within('.some', error)
      }
      return copy || !same(kept, item) ? { tag, val: kept } : value
    },
    read(input, handles) {
      const n = input.array()
      if (n === 0) return { tag: 'none' }
      expectItems(n, 1)
      try {
        return { tag: 'some', val: payload.read(input, handles) }
      } catch (error) {
        throw ValueError.within('.some', error)
      }
    },
  }
}

/** Returns the codec of an enum: its values are the names of the cases. */
export function enumCodec(cases: readonly string[]): ValueCodec {
  const index = new Map<unknown, number>(cases.map((name, i) => [name, i]))
  return {
    write(value, out) {
      const i = index.get(value)
      if (i === undefined) {
        if (typeof value !== 'string') throw notA(value, 'enum')
        throw new ValueError('unknown-case', `${show(value)} is not a case of the enum`)
      }
      out.uint(i)
      return value
    },
    read(input) {
      const i = input.uint()
      const name = cases[i]
      if (name === undefined) throw new ValueError('unknown-case', `${i} is not a case of the enum`)
      return name
    },
  }
}

/** Returns the codec of flags: one integer, flag i is bit i; a key that is absent or undefined is false. */
export function flagsCodec(names: readonly string[], copy: boolean): ValueCodec {
  const n = names.length
  if (n > 64) throw new ValueError('bad-model', `${n} flags; 64 are the most`)
  const keys = distinctKeys(names)
  const inherited = keys.some(isInherited)
  const maxLow = n >= 32 ? 0xffff_ffff : 2 ** n - 1
  const maxHigh = n > 32 ? 2 ** (n - 32) - 1 : 0
  return {
    write(value, out) {
      const given = bag(value, 'flags')
      let low = 0
      let high = 0
      let complete = true
      let i = 0
      let looking = true
      try {
        for (; i < n; i++) {
          const key = keys[i] as string
          looking = true
          const item = inherited && !Object.hasOwn(given, key) ? undefined : given[key]
          looking = false
          if (item === true) {
            if (i < 32) low |= 1 << i
            else high |= 1 << (i - 32)
          } else if (item === undefined) {
            complete = false
          } else if (item !== false) {
            throw notA(item, 'bool')
          }
        }
      } catch (error) {
        throw ValueError.within(`.${keys[i]}`, looking ? unreadable(error) : error)
      }
      low >>>= 0
      high >>>= 0
      out.wideHead(0, high, low)
      return copy || !complete ? expand(low, high) : value
    },
    read(input) {
      const { high, low } = input.wide()
      if (low > maxLow || high > maxHigh) throw new ValueError('unknown-case', `bits beyond the ${n} flags`)
      return expand(low, high)
    },
  }

  function expand(low: number, high: number): Bag {
    const out: Bag = {}
    for (let i = 0; i < n; i++) out[keys[i] as string] = ((i < 32 ? low >>> i : high >>> (i - 32)) & 1) === 1
    return out
  }
}

/** Whether every object has something under this key: `constructor`, `toString`. It does not count as given. */
function isInherited(key: string): boolean {
  return key in Object.prototype
}

/** Whether what is handed on is what was given; a NaN never is, for its bits. */
function same(kept: unknown, given: unknown): boolean {
  return Object.is(kept, given) && kept === kept
}

/** The first `n` items. */
function first(items: readonly unknown[], n: number): unknown[] {
  return reading(() => items.slice(0, n))
}

/** Refuses what cannot be an object with properties; a promise has none of the keys, which would look like all absent. */
function bag(value: unknown, kind: string): Bag {
  if (typeof value !== 'object' || value === null || isArray(value)) throw notA(value, kind)
  let then: unknown
  try {
    then = (value as Bag)['then']
  } catch (error) {
    throw unreadable(error)
  }
  if (typeof then === 'function') throw notA(value, kind)
  return value as Bag
}

function expectItems(n: number, expected: number): void {
  if (n !== expected) throw new ValueError('wrong-type', `an array of ${n} items, not ${expected}`)
}
