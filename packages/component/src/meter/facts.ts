/** What a scan finds out about one function. */

/** Bits of `Facts.has`. */
export const Has = {
  /** A loop: its fuel is kept in a local. */
  loop: 1,
  /** A call of any kind. */
  call: 2,
  /** A call whose target is not known here: indirect, or of an import. */
  unknownCall: 4,
  /** A branch to the function's end. */
  leave: 8,
  /** A handler of exceptions. */
  handler: 16,
  /** A handler that is a branch (`try_table`). */
  tryTable: 32,
  /** What is done with the operand on top needs a local of 32 or 64 bits. */
  bulk32: 128,
  bulk64: 256,
  /** Float operations, by type: locals that hold their results. */
  f32: 512,
  f64: 1024,
  v128: 2048,
  /** A cost that depends on an operand. */
  dynamic: 4096,
  tailCall: 8192,
} as const

/** One function of a module. */
export interface Facts {
  /** Where the groups of locals begin, how many groups, where the instructions begin, and where they end. */
  readonly start: number
  readonly groups: number
  readonly code: number
  readonly end: number
  /** Parameters and locals. */
  readonly locals: number
  /** Stack slots of eight bytes: parameters, locals, operands. */
  readonly slots: number
  readonly has: number
  /** Places where something is charged. */
  readonly blocks: number
}
