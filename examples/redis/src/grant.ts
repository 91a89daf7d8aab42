import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/** What an actor may do with the cache: data, as it stands in a manifest. */
export type CacheGrant = {
  /** What its keys begin with. No two actors see each other's keys unless their prefixes meet. */
  readonly prefix: string
  /** Read, or read and write. */
  readonly rights: 'r' | 'rw'
}

/** What one call exercises: on one key, or on the keys that begin so. */
export type CacheAsk = { readonly key: string; readonly need: 'r' | 'rw' } | { readonly keys: string }

/** The schema of a {@link CacheGrant}. A key that it does not name is an error, not ignored. */
export const cacheGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'cache',
  description: 'Lets the actor use keys of a cache.',
  examples: [{ prefix: '', rights: 'r' }],
  type: 'object',
  additionalProperties: false,
  required: ['prefix', 'rights'],
  properties: {
    prefix: { description: 'What its keys begin with.', type: 'string', maxLength: 256 },
    rights: { description: 'r: read. rw: also set, delete and add.', enum: ['r', 'rw'] },
  },
}

/** Whether a child's grant lies within its parent's. */
export function within(child: CacheGrant, parent: CacheGrant): true | Refusal {
  if (!child.prefix.startsWith(parent.prefix))
    return { refused: `keys ${quoted(child.prefix)} are not within ${quoted(parent.prefix)}` }
  if (child.rights === 'rw' && parent.rights === 'r') return { refused: 'writing is not within reading' }
  return true
}

/** Whether a grant covers an ask. Pure: policy can be tried over records that exist. */
export function authorize({ prefix, rights }: CacheGrant, ask: Ask): true | Refusal {
  const { key, keys, need } = ask
  const name = key ?? keys
  if (typeof name !== 'string') return { refused: 'the call names no key' }
  if (!name.startsWith(prefix))
    return { refused: `keys that begin with ${quoted(prefix)} are granted, not ${quoted(name)}` }
  if (need === 'rw' && rights === 'r') return { refused: 'reading is granted, not writing' }
  return true
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
