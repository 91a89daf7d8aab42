import type { ValueCodec } from './codec-types.ts'
import { ValueError } from './errors.ts'
import type { Reader } from './reader.ts'
import { show } from './shape.ts'
import type { ScalarKind } from './types.ts'
import type { Writer } from './writer.ts'

/** Returns the codec of a scalar kind. */
export function scalarCodec(kind: ScalarKind): ValueCodec {
  switch (kind) {
    case 'bool':
      return bool
    case 'u8':
      return unsigned('u8', 0xff)
    case 'u16':
      return unsigned('u16', 0xffff)
    case 'u32':
      return unsigned('u32', 0xffff_ffff)
    case 's8':
      return signed('s8', -0x80, 0x7f)
    case 's16':
      return signed('s16', -0x8000, 0x7fff)
    case 's32':
      return signed('s32', -0x8000_0000, 0x7fff_ffff)
    case 'u64':
      return big('u64', 0n, 0xffff_ffff_ffff_ffffn)
    case 's64':
      return big('s64', -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn)
    case 'f32':
      return f32
    case 'f64':
      return f64
    case 'char':
      return char
    case 'string':
      return string
  }
}

const bool: ValueCodec = {
  write(value, out) {
    if (typeof value !== 'boolean') throw notA(value, 'bool')
    out.bool(value)
    return value
  },
  read: (input) => input.bool(),
}

function unsigned(kind: string, max: number): ValueCodec {
  return {
    write(value, out) {
      if (typeof value !== 'number') throw notA(value, kind)
      // Also turns -0 into 0, which is what crosses.
      const n = value >>> 0
      if (n !== value || n > max) throw outOfRange(value, kind)
      out.head(0, n)
      return n
    },
    read(input) {
      const n = input.head(0)
      if (n > max) throw outOfRange(n, kind)
      return n
    },
  }
}

function signed(kind: string, min: number, max: number): ValueCodec {
  return {
    write(value, out) {
      if (typeof value !== 'number') throw notA(value, kind)
      const n = value | 0
      if (n !== value || n > max || n < min) throw outOfRange(value, kind)
      out.int(n)
      return n
    },
    read(input) {
      const n = input.int()
      if (n > max || n < min) throw outOfRange(n, kind)
      return n
    },
  }
}

function big(kind: string, min: bigint, max: bigint): ValueCodec {
  return {
    write(value, out) {
      if (typeof value !== 'bigint') throw notA(value, kind)
      if (value > max || value < min) throw outOfRange(value, kind)
      out.bigint(value)
      return value
    },
    read(input) {
      const n = input.bigint()
      if (n > max || n < min) throw outOfRange(n, kind)
      return n
    },
  }
}

const f32: ValueCodec = {
  write(value, out) {
    if (typeof value !== 'number') throw notA(value, 'f32')
    // The NaN handed on is the literal: a host's NaN may have bits of its own.
    const n = value === value ? Math.fround(value) : NaN
    out.f32(n)
    return n
  },
  read: (input) => input.f32(),
}

const f64: ValueCodec = {
  write(value, out) {
    if (typeof value !== 'number') throw notA(value, 'f64')
    const n = value === value ? value : NaN
    out.f64(n)
    return n
  },
  read: (input) => input.f64(),
}

const char: ValueCodec = {
  write(value, out) {
    if (typeof value !== 'string') throw notA(value, 'char')
    const scalar = value.codePointAt(0)
    if (scalar === undefined || value.length !== (scalar > 0xffff ? 2 : 1)) throw notA(value, 'char')
    if (scalar >= 0xd800 && scalar <= 0xdfff) throw outOfRange(value, 'char')
    out.uint(scalar)
    return value
  },
  read(input) {
    const scalar = input.head(0)
    if (scalar > 0x10_ffff || (scalar >= 0xd800 && scalar <= 0xdfff)) throw outOfRange(scalar, 'char')
    return String.fromCodePoint(scalar)
  },
}

const string: ValueCodec = {
  write(value: unknown, out: Writer) {
    if (typeof value !== 'string') throw notA(value, 'string')
    return out.text(value)
  },
  read: (input: Reader) => input.text(),
}

/** The refusal of a value of another shape. */
export function notA(value: unknown, kind: string): ValueError {
  return new ValueError('wrong-type', `${show(value)} is not ${article(kind)}`)
}

/** The refusal of a number outside its type. */
export function outOfRange(value: unknown, kind: string): ValueError {
  return new ValueError('out-of-range', `${show(value)} is not ${article(kind)}`)
}

function article(kind: string): string {
  // "an s8", "an f32": letters that are spoken with a vowel first.
  return /^([aeio]|[sf]\d)/.test(kind) ? `an ${kind}` : `a ${kind}`
}
