/**
 * The instruction table: of every instruction that the meter knows, what follows its opcode, how it moves the operand
 * stack, and what it costs.
 *
 * The costs are part of the meter's version: a change of any of them is a new version. One unit is one plain
 * instruction, about half a nanosecond of machine code. What starts or ends a block is free; what an engine does by
 * many instructions, or by a call of its own, costs more. What depends on an operand (`dynamic`) is charged on top.
 */

/** What follows an opcode. */
export const Follows = {
  nothing: 0,
  index: 1,
  twoIndices: 2,
  signed: 3,
  fourBytes: 4,
  eightBytes: 5,
  sixteenBytes: 6,
  oneByte: 7,
  memory: 8,
  memoryAndLane: 9,
  heapType: 10,
  /** The index of a local. */
  local: 11,
  /** Read by the code of the instruction itself: blocks, branches, calls, and what is written anew. */
  special: 255,
} as const

/** What the result of a float operation is, where the specification leaves the bits of a NaN open. */
export const Float = { none: 0, f32: 1, f64: 2, f32x4: 3, f64x2: 4 } as const

/** The instructions of one opcode space, by opcode. */
export interface Instructions {
  readonly known: Uint8Array
  readonly follows: Uint8Array
  readonly pops: Uint8Array
  readonly pushes: Uint8Array
  readonly cost: Uint16Array
  readonly float: Uint8Array
  /** The type of the float operands whose NaN it takes alike, whatever their bits. */
  readonly takes: Uint8Array
}

/** Costs of what is charged by more than a constant. */
export const costs = {
  /** A call of any kind, and per eight values that it passes or answers. */
  call: 4,
  callValues: 8,
  /** A call whose target is checked while running, on top. */
  indirect: 4,
  /** Locals that are set to zero on entry, per unit. */
  locals: 4,
  /** Throwing, on top of one unit for each value. */
  throw: 1024,
  /** `memory.grow` itself, and for each page. */
  memoryGrow: 512,
  page: 8192,
  /** `table.grow` itself. */
  tableGrow: 128,
  /** One element of a table copied, filled, set or grown by. */
  element: 8,
  /** Bytes of a memory copied or filled, per unit: a power of two, as the shift. */
  bytesShift: 3,
  /** Making an object of the engine's heap, and per eight bytes of it. */
  allocate: 8,
  allocateBytes: 8,
} as const

type Row = readonly [first: number, last: number, follows: number, pops: number, pushes: number, cost: number]

function table(
  size: number,
  rows: readonly Row[],
  floats: readonly (readonly [number, number[]])[],
  takes: readonly (readonly [number, number[]])[],
): Instructions {
  const made = {
    known: new Uint8Array(size),
    follows: new Uint8Array(size),
    pops: new Uint8Array(size),
    pushes: new Uint8Array(size),
    cost: new Uint16Array(size),
    float: new Uint8Array(size),
    takes: new Uint8Array(size),
  }
  for (const [first, last, follows, pops, pushes, cost] of rows) {
    made.known.fill(1, first, last + 1)
    made.follows.fill(follows, first, last + 1)
    made.pops.fill(pops, first, last + 1)
    made.pushes.fill(pushes, first, last + 1)
    made.cost.fill(cost, first, last + 1)
  }
  for (const [float, opcodes] of floats) for (const opcode of opcodes) made.float[opcode] = float
  for (const [float, opcodes] of takes) for (const opcode of opcodes) made.takes[opcode] = float
  return made
}

const F = Follows

const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** The instructions of one byte. */
export const plain = table(
  256,
  [
    [0x00, 0x00, F.special, 0, 0, 0], // unreachable
    [0x01, 0x01, F.nothing, 0, 0, 0], // nop
    [0x02, 0x0a, F.special, 0, 0, 0], // block, loop, if, else, try, catch, throw, rethrow, throw_ref
    [0x0b, 0x15, F.special, 0, 0, 1], // end, branches, calls
    [0x18, 0x19, F.special, 0, 0, 0], // delegate, catch_all
    [0x1a, 0x1a, F.nothing, 1, 0, 0], // drop
    [0x1b, 0x1b, F.nothing, 3, 1, 1], // select
    [0x1c, 0x1c, F.special, 3, 1, 1], // select t
    [0x1f, 0x1f, F.special, 0, 0, 0], // try_table
    [0x20, 0x20, F.local, 0, 1, 1], // local.get
    [0x21, 0x21, F.local, 1, 0, 1], // local.set
    [0x22, 0x22, F.local, 1, 1, 1], // local.tee
    [0x23, 0x24, F.special, 0, 0, 1], // global.get, global.set
    [0x25, 0x25, F.index, 1, 1, 2], // table.get
    [0x26, 0x26, F.index, 2, 0, costs.element], // table.set
    [0x28, 0x35, F.memory, 1, 1, 1], // loads
    [0x36, 0x3e, F.memory, 2, 0, 1], // stores
    [0x3f, 0x3f, F.index, 0, 1, 1], // memory.size
    [0x40, 0x40, F.special, 1, 1, costs.memoryGrow], // memory.grow
    [0x41, 0x42, F.signed, 0, 1, 1], // i32.const, i64.const
    [0x43, 0x43, F.fourBytes, 0, 1, 1], // f32.const
    [0x44, 0x44, F.eightBytes, 0, 1, 1], // f64.const
    [0x45, 0x45, F.nothing, 1, 1, 1], // i32.eqz
    [0x46, 0x4f, F.nothing, 2, 1, 1], // i32 comparisons
    [0x50, 0x50, F.nothing, 1, 1, 1], // i64.eqz
    [0x51, 0x66, F.nothing, 2, 1, 1], // i64, f32, f64 comparisons
    [0x67, 0x69, F.nothing, 1, 1, 1], // i32 clz, ctz, popcnt
    [0x6a, 0x6c, F.nothing, 2, 1, 1], // i32 add, sub, mul
    [0x6d, 0x70, F.nothing, 2, 1, 8], // i32 div, rem
    [0x71, 0x78, F.nothing, 2, 1, 1], // i32 and … rotr
    [0x79, 0x7b, F.nothing, 1, 1, 1], // i64 clz, ctz, popcnt
    [0x7c, 0x7e, F.nothing, 2, 1, 1], // i64 add, sub, mul
    [0x7f, 0x82, F.nothing, 2, 1, 16], // i64 div, rem
    [0x83, 0x8a, F.nothing, 2, 1, 1], // i64 and … rotr
    [0x8b, 0x90, F.nothing, 1, 1, 1], // f32 abs … nearest
    [0x91, 0x91, F.nothing, 1, 1, 4], // f32.sqrt
    [0x92, 0x94, F.nothing, 2, 1, 1], // f32 add, sub, mul
    [0x95, 0x95, F.nothing, 2, 1, 4], // f32.div
    [0x96, 0x98, F.nothing, 2, 1, 1], // f32 min, max, copysign
    [0x99, 0x9e, F.nothing, 1, 1, 1], // f64 abs … nearest
    [0x9f, 0x9f, F.nothing, 1, 1, 8], // f64.sqrt
    [0xa0, 0xa2, F.nothing, 2, 1, 1], // f64 add, sub, mul
    [0xa3, 0xa3, F.nothing, 2, 1, 8], // f64.div
    [0xa4, 0xa6, F.nothing, 2, 1, 1], // f64 min, max, copysign
    [0xa7, 0xc4, F.nothing, 1, 1, 1], // conversions, sign extension
    [0xd0, 0xd0, F.heapType, 0, 1, 1], // ref.null
    [0xd1, 0xd1, F.nothing, 1, 1, 1], // ref.is_null
    [0xd2, 0xd2, F.index, 0, 1, 4], // ref.func
    [0xd3, 0xd3, F.nothing, 2, 1, 1], // ref.eq
    [0xd4, 0xd4, F.nothing, 1, 1, 1], // ref.as_non_null
    [0xd5, 0xd6, F.special, 0, 0, 1], // br_on_null, br_on_non_null
    [0xfb, 0xfe, F.special, 0, 0, 0], // prefixes
  ],
  [
    // ceil, floor, trunc, nearest, sqrt, add, sub, mul, div, min, max, demote, promote
    [Float.f32, [0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0xb6]],
    [Float.f64, [0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xbb]],
  ],
  [
    // comparisons, ceil … max, truncations, promote, demote
    [Float.f32, [...from(0x5b, 0x60), ...from(0x8d, 0x97), 0xa8, 0xa9, 0xae, 0xaf, 0xbb]],
    [Float.f64, [...from(0x61, 0x66), ...from(0x9b, 0xa5), 0xaa, 0xab, 0xb0, 0xb1, 0xb6]],
  ],
)

/** The instructions behind 0xfb: garbage-collected types. Costs of making objects are added where they are read. */
export const gc = table(
  32,
  [
    [0, 1, F.special, 0, 1, 0], // struct.new, struct.new_default
    [2, 4, F.twoIndices, 1, 1, 1], // struct.get
    [5, 5, F.twoIndices, 2, 0, 2], // struct.set
    [6, 10, F.special, 0, 1, 0], // array.new …
    [11, 13, F.index, 2, 1, 1], // array.get
    [14, 14, F.index, 3, 0, 2], // array.set
    [15, 15, F.nothing, 1, 1, 1], // array.len
    [16, 19, F.special, 0, 0, 8], // array.fill, array.copy, array.init_data, array.init_elem
    [20, 21, F.heapType, 1, 1, 4], // ref.test
    [22, 23, F.heapType, 1, 1, 4], // ref.cast
    [24, 25, F.special, 0, 0, 4], // br_on_cast, br_on_cast_fail
    [26, 27, F.nothing, 1, 1, 4], // any.convert_extern, extern.convert_any
    [28, 30, F.nothing, 1, 1, 1], // ref.i31, i31.get
  ],
  [],
  [],
)

/** The instructions behind 0xfc: saturating conversions, bulk memory, tables. */
export const bulk = table(
  32,
  [
    [0, 7, F.nothing, 1, 1, 1], // saturating conversions
    [8, 8, F.special, 3, 0, 8], // memory.init
    [9, 9, F.index, 0, 0, 1], // data.drop
    [10, 10, F.special, 3, 0, 8], // memory.copy
    [11, 11, F.special, 3, 0, 8], // memory.fill
    [12, 12, F.special, 3, 0, 8], // table.init
    [13, 13, F.index, 0, 0, 1], // elem.drop
    [14, 14, F.special, 3, 0, 8], // table.copy
    [15, 15, F.special, 2, 1, costs.tableGrow], // table.grow
    [16, 16, F.index, 0, 1, 1], // table.size
    [17, 17, F.special, 3, 0, 8], // table.fill
  ],
  [],
  [
    [Float.f32, [0, 1, 4, 5]],
    [Float.f64, [2, 3, 6, 7]],
  ],
)

const unary = (...opcodes: number[]): Row[] => opcodes.map((opcode) => [opcode, opcode, F.nothing, 1, 1, 1])

/** The instructions behind 0xfd: vectors of 128 bits. */
export const simd = table(
  256,
  [
    [0, 10, F.memory, 1, 1, 1], // loads, splatted and extended
    [11, 11, F.memory, 2, 0, 1], // v128.store
    [12, 12, F.sixteenBytes, 0, 1, 1], // v128.const
    [13, 13, F.sixteenBytes, 2, 1, 2], // i8x16.shuffle
    [14, 14, F.nothing, 2, 1, 2], // i8x16.swizzle
    [15, 20, F.nothing, 1, 1, 1], // splats
    [21, 22, F.oneByte, 1, 1, 1], // i8x16 extract
    [23, 23, F.oneByte, 2, 1, 1],
    [24, 25, F.oneByte, 1, 1, 1], // i16x8
    [26, 26, F.oneByte, 2, 1, 1],
    [27, 27, F.oneByte, 1, 1, 1], // i32x4
    [28, 28, F.oneByte, 2, 1, 1],
    [29, 29, F.oneByte, 1, 1, 1], // i64x2
    [30, 30, F.oneByte, 2, 1, 1],
    [31, 31, F.oneByte, 1, 1, 1], // f32x4
    [32, 32, F.oneByte, 2, 1, 1],
    [33, 33, F.oneByte, 1, 1, 1], // f64x2
    [34, 34, F.oneByte, 2, 1, 1],
    [35, 76, F.nothing, 2, 1, 1], // comparisons
    [77, 77, F.nothing, 1, 1, 1], // v128.not
    [78, 81, F.nothing, 2, 1, 1], // and, andnot, or, xor
    [82, 82, F.nothing, 3, 1, 1], // bitselect
    [83, 83, F.nothing, 1, 1, 1], // any_true
    [84, 87, F.memoryAndLane, 2, 1, 1], // load lane
    [88, 91, F.memoryAndLane, 2, 0, 1], // store lane
    [92, 93, F.memory, 1, 1, 1], // load zero
    [94, 95, F.nothing, 1, 1, 2], // demote, promote
    [96, 153, F.nothing, 2, 1, 1], // i8x16, i16x8 and some of f64x2
    [155, 161, F.nothing, 2, 1, 1],
    [163, 164, F.nothing, 2, 1, 1],
    [167, 174, F.nothing, 2, 1, 1], // i32x4
    [177, 177, F.nothing, 2, 1, 1],
    [181, 186, F.nothing, 2, 1, 2],
    [188, 193, F.nothing, 2, 1, 2],
    [195, 196, F.nothing, 2, 1, 1], // i64x2
    [199, 206, F.nothing, 2, 1, 1],
    [209, 209, F.nothing, 2, 1, 1],
    [213, 213, F.nothing, 2, 1, 4],
    [214, 225, F.nothing, 2, 1, 1],
    [227, 227, F.nothing, 1, 1, 8], // f32x4.sqrt
    [228, 230, F.nothing, 2, 1, 1],
    [231, 231, F.nothing, 2, 1, 8], // f32x4.div
    [232, 237, F.nothing, 2, 1, 1],
    [239, 239, F.nothing, 1, 1, 16], // f64x2.sqrt
    [240, 242, F.nothing, 2, 1, 1],
    [243, 243, F.nothing, 2, 1, 16], // f64x2.div
    [244, 247, F.nothing, 2, 1, 1],
    [248, 255, F.nothing, 1, 1, 2], // conversions
    ...unary(96, 97, 98, 99, 100, 103, 104, 105, 106, 116, 117, 122, 124, 125, 126, 127),
    ...unary(128, 129, 131, 132, 135, 136, 137, 138, 148, 160, 161, 163, 164, 167, 168, 169, 170),
    ...unary(192, 193, 195, 196, 199, 200, 201, 202, 224, 225, 236, 237),
  ],
  [
    [Float.f32x4, [94, 103, 104, 105, 106, 227, 228, 229, 230, 231, 232, 233]],
    [Float.f64x2, [95, 116, 117, 122, 148, 239, 240, 241, 242, 243, 244, 245]],
  ],
  [
    [Float.f32x4, [...from(65, 70), 95, ...from(103, 106), ...from(227, 233), 248, 249]],
    [Float.f64x2, [...from(71, 76), 94, 116, 117, 122, 148, ...from(239, 245), 252, 253]],
  ],
)
