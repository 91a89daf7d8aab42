import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/**
 * The actors that an actor may send to and make requests of, the topics that it may publish under, and those that it may
 * subscribe to.
 *
 * Each entry is a name (`reporter`, `prices/gold`) or a pattern: a name's beginning and a `*` as its last character, which
 * stands for any further characters or none (`worker-*`; `*` alone is every actor, or every topic). There is nothing else
 * to it: a `*` anywhere else is refused by the schema. A list that is absent is an empty one.
 *
 * `to` also names ends of channels that the program around the actors has: `@desk`, `@*`. No pattern for actors covers one.
 */
export type MessagingGrant = {
  readonly to?: readonly string[]
  readonly publish?: readonly string[]
  readonly subscribe?: readonly string[]
}

/**
 * What one call of this handler exercises: `{ send: 'reporter' }`, `{ request: 'reporter', started: true }`,
 * `{ publish: 'prices/gold' }` or `{ subscribe: 'prices/gold' }`.
 */
export type MessagingAsk =
  | { readonly send: string }
  | {
      readonly request: string
      /** Whether the request was let through when it was made; no authority in itself. */
      readonly started: boolean
    }
  | { readonly publish: string }
  | { readonly subscribe: string }

const actors = list(
  'Ids of actors; a * as the last character stands for any further ones: worker-* or * alone. With @ before it, where a channel of the program ends: @desk or @*.',
  "An actor's id, of a-z 0-9 . _ - and :, or the beginning of one and a * after it; @ before either is an end of the program.",
  '^@?[a-z0-9._:-]*\\*?$',
)

/** The schema of a {@link MessagingGrant}. */
export const messagingGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'messaging',
  description:
    'Lets the actor send messages to, and make requests of, the actors that are named, open channels to them, and publish under and subscribe to topics. Answering needs no grant.',
  type: 'object',
  additionalProperties: false,
  examples: [{ to: ['reporter'] }, { publish: ['prices/*'] }],
  properties: {
    to: actors,
    publish: topics('publish under'),
    subscribe: topics('subscribe to'),
  },
}

function topics(what: string): JsonSchema {
  return list(
    `Topics that the actor may ${what}; a * as the last character stands for any further ones: prices/* or * alone.`,
    'The name of a topic, of a-z 0-9 . _ - : and /, or the beginning of one and a * after it.',
    '^[a-z0-9._:/-]*\\*?$',
  )
}

function list(description: string, item: string, pattern: string): JsonSchema {
  return {
    description,
    type: 'array',
    items: { description: item, type: 'string', minLength: 1, maxLength: 128, pattern },
    uniqueItems: true,
  }
}

/** Whether `pattern` names the actor, the end of the program, or the topic, `name`. */
export function matches(pattern: string, name: string): boolean {
  // The program is no actor: every actor is not everybody.
  if (isEnd(pattern) !== isEnd(name)) return false
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** Whether all that `inner` names is named by `outer` too. */
export function covers(outer: string, inner: string): boolean {
  if (!outer.endsWith('*') || isEnd(outer) !== isEnd(inner)) return outer === inner
  // An exact name is a beginning too, so one rule serves both: the star of `inner` only adds characters.
  const start = inner.endsWith('*') ? inner.slice(0, -1) : inner
  return start.startsWith(outer.slice(0, -1))
}

/** Whether a name, or a pattern, is one of ends of the program. */
function isEnd(name: string): boolean {
  return name.startsWith('@')
}

/** What each list of a grant lets the actor do. */
const words = {
  to: 'messages to',
  publish: 'publishing under',
  subscribe: 'subscribing to',
} as const

type Entry = keyof typeof words

const entries: readonly Entry[] = ['to', 'publish', 'subscribe']

/** Whether a child's grant lies within its parent's: each entry must be covered by one entry of the parent's. */
export function within(child: MessagingGrant, parent: MessagingGrant): true | Refusal {
  for (const entry of entries) {
    const held = parent[entry] ?? []
    for (const inner of child[entry] ?? []) {
      if (!held.some((outer) => covers(outer, inner)))
        return { refused: `${what(entry, inner)} not within ${named(held)}` }
    }
  }
  return true
}

/** Whether a grant covers an ask: one of its entries names the receiver, or the topic. */
export function authorize(grant: MessagingGrant, ask: Ask): true | Refusal {
  const asked = read(ask)
  if (asked === undefined) return { refused: 'the call names no receiver' }
  const [entry, name] = asked
  const held = grant[entry] ?? []
  if (held.some((pattern) => matches(pattern, name))) return true
  return { refused: `${what(entry, name)} not granted; granted are ${named(held)}` }
}

function what(entry: Entry, name: string): string {
  return `${words[entry]} ${JSON.stringify(name)} ${entry === 'to' ? 'are' : 'is'}`
}

function read(ask: Ask): readonly [Entry, string] | undefined {
  const { publish, subscribe } = ask
  if (typeof publish === 'string') return ['publish', publish]
  if (typeof subscribe === 'string') return ['subscribe', subscribe]
  const to = ask['send'] ?? ask['request']
  return typeof to === 'string' ? ['to', to] : undefined
}

function named(patterns: readonly string[]): string {
  return patterns.length === 0 ? 'none' : patterns.map((pattern) => JSON.stringify(pattern)).join(', ')
}
