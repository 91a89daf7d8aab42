/**
 * Which functions count the depth of calls, and by how much.
 *
 * A function that counts takes its weight off a global on entry and gives it back on every way out. Every cycle of
 * calls goes through one that counts: whatever a function without a counter can call, up to the next that counts, is a
 * finite chain, whose heaviest is the `reserve` of who calls it. A function that counts makes sure that there is room
 * for its reserve; only itself it takes off. Where a function without a counter calls one that counts, its own frame, and
 * those above it that did not count, stay on the stack: their weight, `chain`, is taken off around that call.
 */
import { type Facts, Has } from './facts.ts'

/** What a function does about depth. */
export interface Depth {
  /** What it takes off on entry; 0 for one that does not count. */
  readonly weight: number
  readonly reserve: number
  /** What one that does not count takes off around a call of one that does: the heaviest chain of its like down to it. */
  readonly chain: number
}

/** A chain of calls without a counter may weigh this much; a function above it counts. */
const mostUncounted = 64

/** Bytes of stack that one unit stands for. */
const unit = 64

/** What a frame takes beside its slots: addresses, the instance, spilled temporaries. */
const frame = 96

/** The weight of one frame, from parameters, locals and operands of eight bytes each. */
function weigh(slots: number): number {
  return Math.ceil((frame + 8 * slots) / unit)
}

/** Decides for all functions of a module. `calls[i]..calls[i + 1]` are the places in `callees` of what function i calls. */
export function depths(
  facts: readonly Facts[],
  calls: readonly number[],
  callees: readonly number[],
  imported: number,
): Depth[] {
  const count = facts.length
  const state = new Uint8Array(count) // 0 new, 1 open, 2 done
  const counts = new Uint8Array(count)
  const below = new Float64Array(count)
  const finished: number[] = []
  const reserve = new Float64Array(count)
  const stack = new Int32Array(count)
  const next = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const has = facts[i]?.has ?? 0
    if (has & (Has.unknownCall | Has.handler)) counts[i] = 1
  }
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue
    let top = 0
    stack[0] = root
    state[root] = 1
    next[root] = calls[root] ?? 0
    while (top >= 0) {
      const at = stack[top] ?? 0
      const edge = next[at] ?? 0
      if (edge < (calls[at + 1] ?? 0)) {
        next[at] = edge + 1
        const callee = (callees[edge] ?? 0) - imported
        if (state[callee] === 1) counts[callee] = 1
        else if (state[callee] === 0) {
          state[callee] = 1
          next[callee] = calls[callee] ?? 0
          stack[++top] = callee
        }
      } else {
        finish(at)
        top--
      }
    }
  }
  const above = chainsAbove()
  return facts.map(({ slots }, i) => ({
    weight: counts[i] === 1 ? weigh(slots) : 0,
    reserve: reserve[i] ?? 0,
    chain: above[i] ?? 0,
  }))

  /** All that this function calls is done, or is still open and so counts. */
  function finish(at: number): void {
    let heaviest = 0
    for (let edge = calls[at] ?? 0; edge < (calls[at + 1] ?? 0); edge++) {
      const callee = (callees[edge] ?? 0) - imported
      if (counts[callee] === 0) heaviest = Math.max(heaviest, below[callee] ?? 0)
    }
    reserve[at] = heaviest
    below[at] = heaviest + weigh(facts[at]?.slots ?? 0)
    if ((below[at] ?? 0) > mostUncounted) counts[at] = 1
    state[at] = 2
    finished.push(at)
  }

  /** Callers come before what they call: among functions without a counter there are no cycles. */
  function chainsAbove(): Float64Array {
    const sums = Float64Array.from(facts, ({ slots }) => weigh(slots))
    for (const at of finished.toReversed()) {
      if (counts[at] === 1) continue
      for (let edge = calls[at] ?? 0; edge < (calls[at + 1] ?? 0); edge++) {
        const callee = (callees[edge] ?? 0) - imported
        const sum = (sums[at] ?? 0) + weigh(facts[callee]?.slots ?? 0)
        if (sum > (sums[callee] ?? 0)) sums[callee] = sum
      }
    }
    return sums
  }
}
