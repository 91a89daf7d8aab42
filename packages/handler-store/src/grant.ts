import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/** `read`: blobs and labels; `write`: put blobs; `label`: change labels. */
export type StoreRight = 'read' | 'write' | 'label'

/** What an actor may do with which part of the store. */
export type StoreGrant = {
  /** A namespace that actors with the same grant share. @default the actor's own, that nobody else reads */
  readonly namespace?: string
  /** What the actor may do: read blobs and labels, put blobs, change labels. None comes with another. */
  readonly rights: readonly StoreRight[]
  /** The most bytes of blobs that the namespace may hold for this actor to put another. @default `maxBytes` of the handler */
  readonly maxBytes?: number
  /** What the names of labels must begin with. @default '' */
  readonly labels?: string
}

/**
 * What one call of this handler exercises: on blobs, on one label, or on the labels with a prefix; on a bucket that is opened, or
 * on keys of one, each as `bucket/key`. `bucket/` is all of them.
 */
export type StoreAsk =
  | { readonly blobs: 'read' | 'write' }
  | { readonly label: string; readonly right: 'read' | 'label' }
  | { readonly labels: string }
  | { readonly bucket: string }
  | { readonly keys: readonly string[]; readonly rights: readonly StoreRight[] }

/** The schema of a {@link StoreGrant}. */
export const storeGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'store',
  description:
    'Lets the actor read or put blobs under their hash, and read or change labels that name them. They outlive the actor.',
  type: 'object',
  additionalProperties: false,
  required: ['rights'],
  examples: [{ rights: ['read', 'write', 'label'] }],
  properties: {
    namespace: {
      description:
        "A namespace that all actors with the same one share: 1 to 64 of a-z 0-9 . _ and -. Without it: the actor's own, that nobody else reads.",
      type: 'string',
      pattern: '^[a-z0-9._-]{1,64}$',
    },
    rights: {
      description: 'read: blobs and labels. write: put blobs. label: change labels. None comes with another.',
      type: 'array',
      items: { enum: ['read', 'write', 'label'] },
      uniqueItems: true,
    },
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
  const more = child.rights.filter((right) => !parent.rights.includes(right))
  if (more.length > 0) return { refused: `the parent may not ${more.join(', ')}` }
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
  const { blobs, label, right, labels, bucket, keys } = ask
  if (blobs !== undefined) return allowed(grant, blobs)
  if (typeof bucket === 'string') return opened(grant, `${bucket}/`)
  if (Array.isArray(keys)) return keyed(grant, keys, ask['rights'])
  const name = label ?? labels
  if (typeof name !== 'string') return { refused: 'the call names no label' }
  return named(grant, name) ?? allowed(grant, label === undefined ? 'read' : right)
}

/** Why a name is not within the grant; `undefined`: it is. */
function named({ labels = '' }: StoreGrant, name: string): Refusal | undefined {
  if (name.startsWith(labels)) return undefined
  return {
    refused: `names that begin with ${JSON.stringify(labels)} are granted, not ${JSON.stringify(name)}`,
  }
}

/** A bucket is opened where some key in it may be covered; each call on it is asked for by itself. */
function opened({ labels = '' }: StoreGrant, prefix: string): true | Refusal {
  if (prefix.startsWith(labels) || labels.startsWith(prefix)) return true
  return { refused: `names that begin with ${JSON.stringify(labels)} are granted, none of this bucket` }
}

function keyed(grant: StoreGrant, keys: readonly unknown[], rights: unknown): true | Refusal {
  if (!Array.isArray(rights)) return { refused: 'the call names no rights' }
  for (const right of rights) {
    const verdict = allowed(grant, right)
    if (verdict !== true) return verdict
  }
  for (const key of keys) {
    const refusal = typeof key === 'string' ? named(grant, key) : { refused: 'the call names no key' }
    if (refusal !== undefined) return refusal
  }
  return true
}

function allowed({ rights }: StoreGrant, wanted: unknown): true | Refusal {
  if (rights.some((right) => right === wanted)) return true
  return { refused: `${JSON.stringify(wanted)} is not granted, only ${JSON.stringify(rights)}` }
}
