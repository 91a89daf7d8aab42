import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/**
 * The actors that an actor may send to and make requests of.
 *
 * Each entry is an actor's id (`reporter`) or a pattern: an id's beginning and a `*` as its last character, which
 * stands for any further characters or none (`worker-*`; `*` alone is every actor). There is nothing else to it:
 * a `*` anywhere else is refused by the schema.
 */
export type MessagingGrant = {
  readonly to: readonly string[]
}

/** What one call of this handler exercises: `{ send: 'reporter' }` or `{ request: 'reporter', started: true }`. */
export type MessagingAsk =
  | { readonly send: string }
  | {
      readonly request: string
      /** Whether the request was let through when it was made; no authority in itself. */
      readonly started: boolean
    }

/** The schema of a {@link MessagingGrant}. */
export const messagingGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'messaging',
  description:
    'Lets the actor send messages to, and make requests of, the actors that are named. Answering needs no grant.',
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  examples: [{ to: ['reporter'] }],
  properties: {
    to: {
      description:
        'Ids of actors; a * as the last character stands for any further ones: worker-* or * alone.',
      type: 'array',
      items: {
        description: "An actor's id, of a-z 0-9 . _ - and :, or the beginning of one and a * after it.",
        type: 'string',
        minLength: 1,
        maxLength: 128,
        pattern: '^[a-z0-9._:-]*\\*?$',
      },
      uniqueItems: true,
    },
  },
}

/** Whether `pattern` names the actor `id`. */
export function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}

/** Whether every actor that `inner` names is named by `outer` too. */
export function covers(outer: string, inner: string): boolean {
  if (!outer.endsWith('*')) return outer === inner
  // An exact id is a beginning too, so one rule serves both: the star of `inner` only adds characters.
  const start = inner.endsWith('*') ? inner.slice(0, -1) : inner
  return start.startsWith(outer.slice(0, -1))
}

/** Whether a child's grant lies within its parent's: each entry must be covered by one entry of the parent's. */
export function within(child: MessagingGrant, parent: MessagingGrant): true | Refusal {
  for (const inner of child.to) {
    if (!parent.to.some((outer) => covers(outer, inner))) {
      return { refused: `messages to ${JSON.stringify(inner)} are not within ${list(parent)}` }
    }
  }
  return true
}

/** Whether a grant covers an ask: one of its entries names the receiver. */
export function authorize(grant: MessagingGrant, ask: Ask): true | Refusal {
  const to = ask['send'] ?? ask['request']
  if (typeof to !== 'string') return { refused: 'the call names no receiver' }
  if (grant.to.some((pattern) => matches(pattern, to))) return true
  return { refused: `messages to ${JSON.stringify(to)} are not granted; granted are ${list(grant)}` }
}

function list(grant: MessagingGrant): string {
  return grant.to.length === 0 ? 'none' : grant.to.map((pattern) => JSON.stringify(pattern)).join(', ')
}
