/** One actor waits for another's answer to a request. */
export interface Wait {
  readonly from: string
  readonly to: string
  /** Takes the request back. `false`: its receiver has begun it. */
  withdraw(): boolean
  /** The wait is over, for it would never end; its request was taken back. */
  deadlock(): void
}

/**
 * Who waits for whom, on one host. The graph never holds a cycle. Of the requests that would close one, one fails, and it
 * is one that its receiver has not begun, so that nothing happened: there always is one, because a turn cannot begin
 * before the turn that caused it.
 */
export class WaitGraph {
  readonly #waits = new Map<string, Set<Wait>>()

  /** Adds a wait. `false`: it would close a cycle, its request was taken back, and nothing was added. */
  add(wait: Wait): boolean {
    for (;;) {
      const path = this.#path(wait.to, wait.from)
      if (path === undefined) break
      if (wait.withdraw()) return false
      const victim = path.find((one) => one.withdraw())
      // Whoever waits on something else than we know of is ended by its deadline.
      if (victim === undefined) break
      this.remove(victim)
      victim.deadlock()
    }
    const waits = this.#waits.get(wait.from)
    if (waits === undefined) this.#waits.set(wait.from, new Set([wait]))
    else waits.add(wait)
    return true
  }

  /** Forgets a wait that is over. */
  remove(wait: Wait): void {
    const waits = this.#waits.get(wait.from)
    waits?.delete(wait)
    if (waits?.size === 0) this.#waits.delete(wait.from)
  }

  /** Whether nobody waits. */
  get empty(): boolean {
    return this.#waits.size === 0
  }

  /** The waits that lead from one actor to another; none for an actor and itself, `undefined` where none do. */
  #path(from: string, to: string): readonly Wait[] | undefined {
    const cameBy = new Map<string, Wait | undefined>([[from, undefined]])
    const open = [from]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === to) return trace(cameBy, at)
      for (const wait of this.#waits.get(at) ?? []) {
        if (cameBy.has(wait.to)) continue
        cameBy.set(wait.to, wait)
        open.push(wait.to)
      }
    }
    return undefined
  }
}

function trace(cameBy: ReadonlyMap<string, Wait | undefined>, end: string): readonly Wait[] {
  const path: Wait[] = []
  for (let wait = cameBy.get(end); wait !== undefined; wait = cameBy.get(wait.from)) path.unshift(wait)
  return path
}
