import { decodeContent, Grammar } from '@theater/event-chain'
import type { Draft } from './copy.ts'

/** Where a chain stands after an event. */
export type Place = 'inside a turn' | 'between turns' | 'while instantiating'

/** Where a chain stands after each of its events. */
export function restingPlaces(drafts: readonly Draft[]): Place[] {
  const grammar = new Grammar()
  return drafts.map(({ kind, content }) => {
    grammar.step(kind, decodeContent(kind, content))
    if (!grammar.finished) return 'inside a turn'
    return grammar.state === 'starting' ? 'while instantiating' : 'between turns'
  })
}
