import { decodeContent, encodeContent } from '@theater/event-chain'
import type { Contents, Kind } from '@theater/event-chain'
import type { Change, Draft } from './copy.ts'
import { nudge } from './mutate.ts'

/** One change of one event's content. */
export interface Edit {
  /** What was changed. */
  readonly what: string
  readonly change: Change
}

/** An event with another content. */
export function edited<K extends Kind>(
  draft: Draft,
  kind: K,
  edit: (content: Contents[K]) => Contents[K] | undefined,
): Change | undefined {
  const content = edit(decodeContent(kind, draft.content))
  if (content === undefined) return undefined
  const { epoch, salt } = draft
  return { kind, epoch, salt, content: encodeContent(kind, content) }
}

/** Changes of what the component put out, each found by running it again. */
export function outputEdits(draft: Draft): Edit[] {
  const edits: (Edit | undefined)[] = []
  const add = (what: string, change: Change | undefined): void => {
    if (change !== undefined) edits.push({ what, change })
  }
  switch (draft.kind) {
    case 'call':
      add('call.args', withNudged(draft, 'call', 'args'))
      add(
        'call.fn',
        edited(draft, 'call', (c) => ({ ...c, fn: `${c.fn}x` })),
      )
      add(
        'call.fuel',
        edited(draft, 'call', (c) => ({ ...c, fuel: (c.fuel ?? 0) + 1 })),
      )
      break
    case 'drop':
      add(
        'drop.resource',
        edited(draft, 'drop', (c) => ({ ...c, resource: c.resource + 1 })),
      )
      add(
        'drop.fuel',
        edited(draft, 'drop', (c) => ({ ...c, fuel: (c.fuel ?? 0) + 1 })),
      )
      break
    case 'send':
      add(
        'send.call',
        edited(draft, 'send', (c) => ({ call: c.call + 1 })),
      )
      break
    case 'return':
      add(
        'return.result',
        withNudged(draft, 'return', 'result') ??
          edited(draft, 'return', (c) => ({ ...c, result: Uint8Array.of(0x81, 0) })),
      )
      add(
        'return.fuel',
        edited(draft, 'return', (c) => ({ ...c, fuel: (c.fuel ?? 0) + 1 })),
      )
      break
    case 'trap':
      add(
        'trap.code',
        edited(draft, 'trap', (c) => ({ ...c, code: c.code === 'guest' ? 'depth' : 'guest' })),
      )
      add(
        'trap.fuel',
        edited(draft, 'trap', (c) => ({ ...c, fuel: (c.fuel ?? 0) + 1 })),
      )
      break
    case 'genesis':
    case 'seed':
    case 'turn':
    case 'result':
    case 'abort':
    case 'grant':
    case 'resume':
    case 'stop':
      break
  }
  return edits.filter((edit) => edit !== undefined)
}

/** Changes of what the component was given: found where it made a difference to what it did, and only there. */
export function inputEdits(draft: Draft): Edit[] {
  const edits: Edit[] = []
  const add = (what: string, change: Change | undefined): void => {
    if (change !== undefined) edits.push({ what, change })
  }
  switch (draft.kind) {
    case 'turn':
      add('turn.args', withNudged(draft, 'turn', 'args'))
      add(
        'turn.time',
        edited(draft, 'turn', (c) => ({ ...c, time: c.time + 1 })),
      )
      add(
        'turn.sender',
        edited(draft, 'turn', (c) => ({ ...c, sender: `${c.sender ?? ''}x` })),
      )
      break
    case 'call':
      add(
        'call.result',
        edited(draft, 'call', (c) => {
          const result = c.outcome === null ? undefined : nudge(c.outcome.result)
          return c.outcome === null || result === undefined
            ? undefined
            : { ...c, outcome: { ...c.outcome, result } }
        }),
      )
      add(
        'call.elapsed',
        edited(draft, 'call', (c) =>
          c.outcome === null
            ? undefined
            : { ...c, outcome: { ...c.outcome, elapsed: c.outcome.elapsed + 1 } },
        ),
      )
      break
    case 'result':
      add(
        'result.result',
        edited(draft, 'result', (c) => {
          const result = nudge(c.outcome.result)
          return result === undefined ? undefined : { ...c, outcome: { ...c.outcome, result } }
        }),
      )
      add(
        'result.elapsed',
        edited(draft, 'result', (c) => ({ ...c, outcome: { ...c.outcome, elapsed: c.outcome.elapsed + 1 } })),
      )
      break
    case 'abort':
      add(
        'abort.code',
        edited(draft, 'abort', (c) => ({
          ...c,
          code: c.code === 'stopped' ? 'deadline' : 'stopped',
          status: null,
        })),
      )
      break
    case 'grant':
      add(
        'grant.grants',
        edited(draft, 'grant', (c) => ({ grants: { ...c.grants, tampered: true } })),
      )
      break
    case 'stop':
      add(
        'stop.reason',
        edited(draft, 'stop', (c) => ({ reason: `${c.reason}!` })),
      )
      break
    case 'seed':
      add(
        'seed',
        edited(draft, 'seed', (c) => ({ seed: c.seed.map((byte) => byte ^ 0xff) })),
      )
      break
    case 'return':
      // A host can always say that it ended a turn: then nobody claims what the component would have done.
      add('return to abort', {
        ...draft,
        kind: 'abort',
        content: encodeContent('abort', { code: 'stopped', call: null, status: null }),
      })
      break
    case 'genesis':
    case 'drop':
    case 'send':
    case 'trap':
    case 'resume':
      break
  }
  return edits
}

function withNudged(draft: Draft, kind: 'call' | 'turn', key: 'args'): Change | undefined
function withNudged(draft: Draft, kind: 'return', key: 'result'): Change | undefined
function withNudged(draft: Draft, kind: 'call' | 'turn' | 'return', key: string): Change | undefined {
  return edited(draft, kind, (content) => {
    const bytes = nudge(Reflect.get(content, key) as Uint8Array)
    return bytes === undefined ? undefined : { ...content, [key]: bytes }
  })
}
