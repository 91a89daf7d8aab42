/**
 * Which functions count the depth of calls, and by how much.
 *
 * The global holds what is left for whoever is called next. A function that counts takes its weight off what it finds
 * there, keeps the rest in a local, and writes that back before each call of one that counts, or that it does not know.
 * So nothing has to be given back on the way out, however a function is left: who calls next writes anew. Only where
 * the host comes in, functions of their own put back what was there.
 *
 * A function that does not count calls only others that do not: below it is a finite chain of calls. A function that counts
 * makes sure that there is room for the heaviest such chain, its `reserve`.
 */
import { type Facts, Has } from './facts.ts'

/** What a function does about depth. */
export interface Depth {
  /** What it takes off on entry; 0 for one that does not count. */
  readonly weight: number
  readonly reserve: number
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
  const reserve = new Float64Array(count)
  const stack = new Int32Array(count)
  const next = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const has = facts[i]?.has ?? 0
    if (has & Has.unknownCall) counts[i] = 1
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
  return facts.map(({ slots }, i) => ({
    weight: counts[i] === 1 ? weigh(slots) : 0,
    reserve: reserve[i] ?? 0,
  }))

  /** All that this function calls is done, or is still open and so counts. */
  function finish(at: number): void {
    let heaviest = 0
    for (let edge = calls[at] ?? 0; edge < (calls[at + 1] ?? 0); edge++) {
      const callee = (callees[edge] ?? 0) - imported
      if (counts[callee] === 1) counts[at] = 1
      else heaviest = Math.max(heaviest, below[callee] ?? 0)
    }
    reserve[at] = heaviest
    below[at] = heaviest + weigh(facts[at]?.slots ?? 0)
    if ((below[at] ?? 0) > mostUncounted) counts[at] = 1
    state[at] = 2
  }
}
