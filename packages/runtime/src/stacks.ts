import { setFlagsFromString } from 'node:v8'

/** Kilobytes of stack that a guest which can be suspended gets: what the deepest that `depth` allows takes at the worst. */
const STACK_KB = 16_000

/**
 * Makes the stacks of suspendable guests large enough that the limit on depth always comes before the engine's. V8 makes
 * them as large as the smaller of two flags says; the stack of the thread itself does not change with either. It
 * reads them when it makes its first such stack, so this comes before any guest runs. It does not keep stacks of that size:
 * that is what `Stacks` is for.
 */
export function sizeStacks(): void {
  setFlagsFromString(`--stack-size=${STACK_KB}`)
  setFlagsFromString(`--wasm-stack-switching-stack-size=${STACK_KB}`)
}
