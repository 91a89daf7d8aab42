import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/** What an actor may do with which part of the store. */
export type StoreGrant = {
  /** A namespace that actors with the same grant share. @default the actor's own, that nobody else reads */
  readonly namespace?: string
  /** Whether the actor may read (`r`), or also put blobs and change labels (`rw`). */
  readonly rights: 'r' | 'rw'
  /** The most bytes of blobs that the namespace may hold for this actor to put another. @default `maxBytes` of the handler */
  readonly maxBytes?: number
  /** What the names of labels must begin with. @default '' */
  readonly labels?: string
}

/** What one call of this handler exercises: on blobs, on one label, or on the labels with a prefix. */
export type StoreAsk =
  | { readonly blobs: 'r' | 'w' }
  | { readonly label: string; readonly right: 'r' | 'w' }
  | { readonly labels: string }

/** The schema of a {@link StoreGrant}. */
export const storeGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'store',
  description:
    'Lets the actor read, and with rw also put, blobs under their hash, and labels that name them. They outlive the actor.',
  type: 'object',
  additionalProperties: false,
  required: ['rights'],
  examples: [{ rights: 'rw' }],
  properties: {
    namespace: {
      description:
        "A namespace that all actors with the same one share: 1 to 64 of a-z 0-9 . _ and -. Without it: the actor's own, that nobody else reads.",
      type: 'string',
      pattern: '^[a-z0-9._-]{1,64}$',
    },
    rights: { description: 'r: read. rw: also put blobs and change labels.', enum: ['r', 'rw'] },
    maxBytes: {
      description:
        'The most bytes of blobs that the namespace may hold for this actor to put another. Without it: what the host allows.',
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    },
    labels: {
      description:
        'What the names of labels must begin with: of A-Z a-z 0-9 . _ / and -. Without it: anything.',
      type: 'string',
      pattern: '^[A-Za-z0-9._/-]{0,256}$',
      default: '',
    },
  },
}

/**
 * Whether a child's grant lies within its parent's.
 *
 * A child may have a namespace of its own under any parent: what is in it is nobody else's. A shared one it must
 * share with its parent.
 *
 * @param maxBytes what a grant without `maxBytes` means
 */
export function within(child: StoreGrant, parent: StoreGrant, maxBytes: number): true | Refusal {
  if (child.namespace !== undefined && child.namespace !== parent.namespace) {
    return { refused: `namespace ${JSON.stringify(child.namespace)} is not the parent's` }
  }
  if (child.rights === 'rw' && parent.rights !== 'rw') return { refused: 'rights rw are not within r' }
  const size = child.maxBytes ?? maxBytes
  const limit = parent.maxBytes ?? maxBytes
  if (size > limit) return { refused: `maxBytes ${size} is not within ${limit}` }
  if (!(child.labels ?? '').startsWith(parent.labels ?? '')) {
    return {
      refused: `labels ${JSON.stringify(child.labels ?? '')} are not within ${JSON.stringify(parent.labels)}`,
    }
  }
  return true
}

/** Whether a grant covers an ask. */
export function authorize(grant: StoreGrant, ask: Ask): true | Refusal {
  const { blobs, label, right, labels } = ask
  if (blobs === 'r') return true
  if (blobs === 'w')
    return grant.rights === 'rw' ? true : { refused: 'putting blobs is not granted, only reading' }
  const name = label ?? labels
  if (typeof name !== 'string') return { refused: 'the call names no label' }
  if (!name.startsWith(grant.labels ?? '')) {
    return {
      refused: `labels that begin with ${JSON.stringify(grant.labels)} are granted, not ${JSON.stringify(name)}`,
    }
  }
  if (right === 'w' && grant.rights !== 'rw')
    return { refused: 'changing labels is not granted, only reading' }
  return true
}
