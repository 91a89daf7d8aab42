import { describe, expect, it } from 'vitest'
import { WaitGraph } from '../src/waits.ts'
import type { Wait } from '../src/waits.ts'

/** What happened to waits, in order. */
type Log = string[]

function wait(from: string, to: string, log: Log = [], begun = false): Wait {
  const name = `${from}→${to}`
  return {
    from,
    to,
    withdraw() {
      if (begun) return false
      log.push(`${name} taken back`)
      return true
    },
    deadlock() {
      log.push(`${name} ended`)
    },
  }
}

describe('the graph of who waits for whom', () => {
  it('refuses the wait that would close a cycle, however long, and nothing else', () => {
    const graph = new WaitGraph()
    const log: Log = []
    expect(graph.add(wait('a', 'a', log))).toBe(false)
    expect(graph.add(wait('a', 'b'))).toBe(true)
    expect(graph.add(wait('b', 'c'))).toBe(true)
    expect(graph.add(wait('a', 'c'))).toBe(true)
    expect(graph.add(wait('c', 'a', log))).toBe(false)
    expect(graph.add(wait('c', 'd'))).toBe(true)
    expect(graph.add(wait('d', 'b', log))).toBe(false)
    expect(log).toEqual(['a→a taken back', 'c→a taken back', 'd→b taken back'])
  })

  it('forgets a wait once it is over, and no other', () => {
    const graph = new WaitGraph()
    const first = wait('a', 'b')
    const second = wait('a', 'b')
    graph.add(first)
    graph.add(second)
    graph.remove(first)
    graph.remove(first)
    expect(graph.add(wait('b', 'a'))).toBe(false)
    graph.remove(second)
    expect(graph.empty).toBe(true)
    expect(graph.add(wait('b', 'a'))).toBe(true)
  })

  it('ends another wait where the one that closes the cycle is for a turn that has begun', () => {
    const graph = new WaitGraph()
    const log: Log = []
    expect(graph.add(wait('b', 'c', log, true))).toBe(true)
    expect(graph.add(wait('c', 'a', log))).toBe(true)
    expect(graph.add(wait('a', 'b', log, true))).toBe(true)
    expect(log).toEqual(['c→a taken back', 'c→a ended'])
    // The victim waits no more: what is left is no cycle.
    expect(graph.add(wait('c', 'b', log))).toBe(false)
  })

  it('ends one wait in each of several cycles', () => {
    const graph = new WaitGraph()
    const log: Log = []
    graph.add(wait('b', 'c', log))
    graph.add(wait('c', 'a', log))
    graph.add(wait('b', 'd', log))
    graph.add(wait('d', 'a', log))
    expect(graph.add(wait('a', 'b', log, true))).toBe(true)
    expect(log.filter((line) => line.endsWith('ended'))).toHaveLength(2)
  })
})
