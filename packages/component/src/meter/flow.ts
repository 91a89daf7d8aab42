/**
 * The flow of control in one function: which constructs are open, and where blocks begin.
 *
 * A block's cost is charged where control enters it. What follows a nested construct that control can leave only by its
 * end runs exactly as often as what stands before it, so it belongs to the same block. Control leaves a
 * construct otherwise by a branch to something outside of it, or by an exception; a trap does not count, since nothing
 * runs after it.
 */
import { Edit, type Edits } from './edits.ts'
import { Has } from './facts.ts'
import { Branch, Loops } from './loops.ts'
import type { Operands } from './operands.ts'

/** Bits of what is known of a construct. */
export const Frame = {
  loop: 1,
  /** It is an `if` that has had no `else`. */
  if: 2,
  /** Something branches to its end, or an earlier arm reached it. */
  joined: 4,
  /** An exception is caught at its end. */
  caught: 8,
} as const

/** No block: what stands here is never reached. */
export const dead = -1

/** The constructs of the function that is read. */
export class Flow {
  readonly #edits: Edits
  readonly #operands: Operands
  readonly #loops: Loops
  /** The edit of the block that control is in. */
  record = dead
  /** The innermost construct. */
  top = -1
  /** What the function has: bits of `Has`. */
  has = 0
  // Of the constructs that are open, the function itself first. Arrays and not recursion: nesting is guest-controlled.
  readonly #flags: number[] = []
  readonly #base: number[] = []
  readonly #params: number[] = []
  readonly #results: number[] = []
  readonly #entry: number[] = []
  /** The outermost construct that something inside branches to; -1 once an exception may leave. */
  readonly #reach: number[] = []

  constructor(edits: Edits, operands: Operands) {
    this.#edits = edits
    this.#operands = operands
    this.#loops = new Loops(edits, operands)
  }

  /** A function begins, with what its locals cost. */
  begin(cost: number, results: number): void {
    this.has = 0
    this.top = -1
    this.record = this.#edits.add(Edit.charge, this.#operands.at, cost)
    this.push(0, 0, results)
  }

  /** Adds to the cost of the block. */
  pay(cost: number): void {
    if (this.record !== dead) this.#edits.charge(this.record, cost)
  }

  /** A construct begins. */
  push(flags: number, params: number, results: number): void {
    const top = ++this.top
    this.#flags[top] = flags
    this.#base[top] = this.#operands.height - params
    this.#params[top] = params
    this.#results[top] = results
    this.#entry[top] = this.record
    this.#reach[top] = top
    this.#loops.other(top)
  }

  /** The construct that has begun is a loop, by the instruction at an offset. */
  loop(at: number): void {
    this.has |= Has.loop
    if (this.record !== dead) this.record = this.#loops.begin(this.top, at)
  }

  /** A new block begins here. */
  block(): void {
    this.record = this.#edits.add(Edit.charge, this.#operands.at, 0)
  }

  /** Control may leave the innermost construct for another, or (-1) by an exception. */
  reaches(target: number): void {
    if (target < (this.#reach[this.top] ?? 0)) this.#reach[this.top] = target
  }

  /** A branch by a label, of the instruction at an offset; how it branches is one of `Branch`. */
  branch(label: number, at: number, how: number): void {
    const target = this.#target(label)
    if (this.record !== dead) this.#loops.branches(target, at, how, this.#params[target] ?? 0)
  }

  /** A label of a `br_table`. */
  label(label: number): void {
    const target = this.#target(label)
    if (this.record !== dead) this.#loops.label(target, label, this.#params[target] ?? 0)
  }

  /** The `br_table` at an offset, all of whose labels have been read, leaves. */
  labelled(at: number): void {
    this.#loops.labelled(at)
    this.record = dead
  }

  /** The construct of a label, from which control may go there. */
  #target(label: number): number {
    const target = Math.max(this.top - label, 0)
    this.joins(target)
    if (target === 0) this.has |= Has.leave
    return target
  }

  /** Control may go on behind this construct. */
  joins(target: number): void {
    this.reaches(target)
    this.#flags[target] = (this.#flags[target] ?? 0) | Frame.joined
  }

  /** A handler branches to this construct, which is outside of what it handles. */
  handles(label: number): void {
    const target = Math.max(this.top - label, 0)
    this.branch(label, 0, Branch.otherwise)
    this.#flags[target] = (this.#flags[target] ?? 0) | Frame.caught
  }

  /** Another arm of the innermost construct begins. */
  arm(pushed: number): void {
    const top = this.top
    let flags = (this.#flags[top] ?? 0) & ~Frame.if
    if (this.record !== dead) flags |= Frame.joined
    this.#flags[top] = flags
    this.#operands.height = (this.#base[top] ?? 0) + pushed
    if (pushed === 0) this.#operands.height += this.#params[top] ?? 0
    if ((this.#entry[top] ?? dead) === dead) this.record = dead
    else this.block()
  }

  /** An arm that handles exceptions begins. */
  caughtArm(pushed: number): void {
    const top = this.top
    const params = this.#params[top] ?? 0
    this.#edits.add(Edit.caught, this.#operands.at, 0)
    this.arm(pushed)
    // `arm` gives an arm without operands of its own those of the construct; a handler has none of them.
    if (pushed === 0) this.#operands.height -= params
  }

  /** The innermost construct ends. */
  end(): void {
    const top = this.top
    const flags = this.#flags[top] ?? 0
    const entry = this.#entry[top] ?? dead
    const reach = this.#reach[top] ?? top
    const loop = (flags & Frame.loop) !== 0
    const joined = !loop && (flags & (Frame.joined | Frame.if)) !== 0
    if (flags & Frame.caught && !loop) this.#edits.add(Edit.caught, this.#operands.at, 0)
    const reachable = entry !== dead && (joined || this.record !== dead)
    this.#operands.height = (this.#base[top] ?? 0) + (this.#results[top] ?? 0)
    if (this.#operands.height > this.#operands.highest) this.#operands.highest = this.#operands.height
    this.#loops.end(top)
    this.top--
    if (!reachable) this.record = dead
    else if (reach >= top) this.record = entry
    else if (joined && top > 0) this.block()
    if (top > 0) this.reaches(reach)
  }

  /** A branch that may be taken. */
  branchMaybe(label: number, at: number, how: number): void {
    this.branch(label, at, how)
    if (this.record !== dead) this.block()
  }
}
