import { describe, expect, it } from 'vitest'
import { WaitGraph } from '../src/waits.ts'

describe('the graph of who waits for whom', () => {
  it('refuses the edge that would close a cycle, however long, and nothing else', () => {
    const graph = new WaitGraph()
    expect(graph.add('a', 'a')).toBe(false)
    expect(graph.add('a', 'b')).toBe(true)
    expect(graph.add('b', 'c')).toBe(true)
    expect(graph.add('a', 'c')).toBe(true)
    expect(graph.add('c', 'a')).toBe(false)
    expect(graph.add('c', 'd')).toBe(true)
    expect(graph.add('d', 'b')).toBe(false)
  })

  it('forgets an edge once for each time it was added', () => {
    const graph = new WaitGraph()
    graph.add('a', 'b')
    graph.add('a', 'b')
    graph.remove('a', 'b')
    expect(graph.add('b', 'a')).toBe(false)
    graph.remove('a', 'b')
    expect(graph.add('b', 'a')).toBe(true)
  })
})
