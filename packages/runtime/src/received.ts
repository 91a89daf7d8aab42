import type { Cause } from '@theater/handler'

/** Names a cause in a map. */
export function causeKey({ chain, seq }: Pick<Cause, 'chain' | 'seq'>): string {
  return `${chainKey(chain)}${seq}`
}

/** Names a chain in a map. */
export function chainKey(chain: Uint8Array): string {
  return Buffer.from(chain).toString('latin1')
}

interface Turns {
  /** Sequence numbers in the sender's chain, rising. */
  readonly causes: number[]
  /** Where the turn of each begins in the receiver's chain. */
  readonly turns: number[]
}

/**
 * The causes that one chain holds, and the turns they became. It grows by two numbers for each message, which is little
 * beside the events that the same message leaves in the store, and it has to: a sender that comes back from a crash, or
 * reaches its receiver through something that delivers more than once, may say again whatever it ever said.
 */
export class Received {
  readonly #byChain = new Map<string, Turns>()

  /** Notes a cause. Where it came again, its last turn counts. @param turn sequence of the turn that it became */
  note({ chain, seq }: Pick<Cause, 'chain' | 'seq'>, turn: number): void {
    const key = chainKey(chain)
    let known = this.#byChain.get(key)
    if (known === undefined) {
      known = { causes: [], turns: [] }
      this.#byChain.set(key, known)
    }
    const { causes, turns } = known
    // A sender's messages come in its order, so this is the end but for what handlers say in theirs.
    const at = place(causes, seq)
    if (causes[at] === seq) {
      turns[at] = turn
      return
    }
    causes.splice(at, 0, seq)
    turns.splice(at, 0, turn)
  }

  /** Where the turn of a cause begins; `undefined`: the chain does not hold it. */
  turnOf({ chain, seq }: Pick<Cause, 'chain' | 'seq'>): number | undefined {
    const known = this.#byChain.get(chainKey(chain))
    if (known === undefined) return undefined
    const at = place(known.causes, seq)
    return known.causes[at] === seq ? known.turns[at] : undefined
  }
}

/** The index of the first number that is not below `n`. */
function place(numbers: readonly number[], n: number): number {
  let low = 0
  let high = numbers.length
  if (high === 0 || (numbers[high - 1] ?? 0) < n) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) < n) low = middle + 1
    else high = middle
  }
  return low
}
