/**
 * Making the bits of a NaN canonical behind an instruction that may give any.
 *
 * `x == x ? x : NaN`. Loads, stores, constants, `reinterpret`, `select`, `abs`, `neg`, `copysign`, `pmin` and `pmax` keep
 * bits exactly, by the specification, and are left alone.
 */
import { get, tee } from './helpers.ts'
import { Float } from './opcodes.ts'
import type { Writer } from './writer.ts'

const nan32 = [0x00, 0x00, 0xc0, 0x7f]
const nan64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f]

/** The locals that hold a result, one for each type. */
export class Temporaries {
  readonly f32: number
  readonly f64: number
  readonly v128: number

  constructor(f32 = -1, f64 = -1, v128 = -1) {
    this.f32 = f32
    this.f64 = f64
    this.v128 = v128
  }
}

/** Writes what makes the value on top canonical. */
export function canonical(writer: Writer, float: number, locals: Temporaries): void {
  switch (float) {
    case Float.f32:
      scalar(writer, locals.f32, [0x43, ...nan32], 0x5b)
      return
    case Float.f64:
      scalar(writer, locals.f64, [0x44, ...nan64], 0x61)
      return
    case Float.f32x4:
      vector(writer, locals.v128, [...nan32, ...nan32, ...nan32, ...nan32], 65)
      return
    case Float.f64x2:
      vector(writer, locals.v128, [...nan64, ...nan64], 71)
      return
    default:
  }
}

function scalar(writer: Writer, local: number, constant: readonly number[], equal: number): void {
  tee(writer, local)
  writer.raw(constant)
  get(writer, local)
  get(writer, local)
  writer.byte(equal)
  writer.byte(0x1b) // select
}

function vector(writer: Writer, local: number, constant: readonly number[], equal: number): void {
  tee(writer, local)
  writer.raw([0xfd, 12, ...constant])
  get(writer, local)
  get(writer, local)
  writer.raw([0xfd, equal])
  writer.raw([0xfd, 82]) // v128.bitselect
}
