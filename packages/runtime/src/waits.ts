/**
 * Who waits for whom, on one host. An actor waits for at most as many others as it has requests in flight; the graph
 * never holds a cycle, because the edge that would close one is refused.
 */
export class WaitGraph {
  readonly #edges = new Map<string, Map<string, number>>()

  /** Adds `from` waits for `to`. `false`: that would close a cycle, and nothing was added. */
  add(from: string, to: string): boolean {
    if (this.#reaches(to, from)) return false
    const edges = this.#edges.get(from) ?? new Map<string, number>()
    edges.set(to, (edges.get(to) ?? 0) + 1)
    this.#edges.set(from, edges)
    return true
  }

  remove(from: string, to: string): void {
    const edges = this.#edges.get(from)
    const left = (edges?.get(to) ?? 0) - 1
    if (edges === undefined) return
    if (left > 0) edges.set(to, left)
    else edges.delete(to)
    if (edges.size === 0) this.#edges.delete(from)
  }

  #reaches(from: string, to: string): boolean {
    const seen = new Set<string>()
    const open = [from]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === to) return true
      if (seen.has(at)) continue
      seen.add(at)
      for (const next of this.#edges.get(at)?.keys() ?? []) open.push(next)
    }
    return false
  }
}
