import { decodeContent, encodeContent } from '@theater/event-chain'
import type { Kind } from '@theater/event-chain'
import type { Change, Draft } from './copy.ts'

/** The chain without one event; what names later events by number names them by their new one. */
export function without(drafts: readonly Draft[], at: number): Change[] {
  return drafts.toSpliced(at, 1).map((draft) => renumbered(draft, (seq) => (seq > at ? seq - 1 : seq)))
}

/** The chain with one event twice. */
export function withTwice(drafts: readonly Draft[], at: number): Change[] {
  const moved = drafts.map((draft) => renumbered(draft, (seq) => (seq > at ? seq + 1 : seq)))
  const again = moved[at]
  return again === undefined ? moved : moved.toSpliced(at, 0, again)
}

function renumbered(draft: Draft, move: (seq: number) => number): Change {
  const { epoch, salt, kind } = draft
  const encode = <K extends Kind>(
    of: K,
    edit: (content: ReturnType<typeof decodeContent<K>>) => typeof content,
  ): Change => ({
    kind,
    epoch,
    salt,
    content: encodeContent(of, edit(decodeContent(of, draft.content))),
  })
  switch (kind) {
    case 'result':
      return encode('result', (content) => ({ ...content, call: move(content.call) }))
    case 'send':
      return encode('send', (content) => ({ call: move(content.call) }))
    case 'abort':
      return encode('abort', (content) => ({
        ...content,
        call: content.call === null ? null : move(content.call),
      }))
    case 'genesis':
    case 'seed':
    case 'turn':
    case 'call':
    case 'drop':
    case 'return':
    case 'trap':
    case 'grant':
    case 'resume':
    case 'stop':
      return draft
  }
}
