/** Names of what is refused, for the message. */

const relaxed = [
  'i8x16.relaxed_swizzle',
  'i32x4.relaxed_trunc_f32x4_s',
  'i32x4.relaxed_trunc_f32x4_u',
  'i32x4.relaxed_trunc_f64x2_s_zero',
  'i32x4.relaxed_trunc_f64x2_u_zero',
  'f32x4.relaxed_madd',
  'f32x4.relaxed_nmadd',
  'f64x2.relaxed_madd',
  'f64x2.relaxed_nmadd',
  'i8x16.relaxed_laneselect',
  'i16x8.relaxed_laneselect',
  'i32x4.relaxed_laneselect',
  'i64x2.relaxed_laneselect',
  'f32x4.relaxed_min',
  'f32x4.relaxed_max',
  'f64x2.relaxed_min',
  'f64x2.relaxed_max',
  'i16x8.relaxed_q15mulr_s',
  'i16x8.relaxed_dot_i8x16_i7x16_s',
  'i32x4.relaxed_dot_i8x16_i7x16_add_s',
]

const atomic = new Map([
  [0x00, 'memory.atomic.notify'],
  [0x01, 'memory.atomic.wait32'],
  [0x02, 'memory.atomic.wait64'],
  [0x03, 'atomic.fence'],
])

const widths = [
  'i32',
  'i64',
  'i32 of 8 bits',
  'i32 of 16 bits',
  'i64 of 8 bits',
  'i64 of 16 bits',
  'i64 of 32 bits',
]
const operations = ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compare-exchange']

/** Names an instruction that the meter does not know. */
export function instructionName(prefix: number, opcode: number): string {
  const code = prefix === 0 ? `0x${opcode.toString(16)}` : `0x${prefix.toString(16)} 0x${opcode.toString(16)}`
  if (prefix === 0xfd && opcode >= 0x100) {
    return `the relaxed SIMD instruction ${relaxed[opcode - 0x100] ?? code}`
  }
  if (prefix === 0xfe) {
    const at = opcode - 0x10
    const name =
      atomic.get(opcode) ?? `atomic ${operations[Math.floor(at / 7)] ?? ''} (${widths[at % 7] ?? code})`
    return `an instruction of threads, ${name}`
  }
  return `the instruction ${code}`
}
