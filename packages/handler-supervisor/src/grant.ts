import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/**
 * The components that an actor may make children of.
 *
 * Each entry is a component's digest, `sha256:` and 64 hexadecimal digits, with a name before it or without:
 * `worker=sha256:…`. A name is for the actor to find the digest by; it gives no authority.
 */
export type SupervisorGrant = {
  readonly components: readonly string[]
}

/** What one call of this handler exercises: `{ spawn: 'sha256:…' }` or `{ stop: 'boss.child-7' }`. */
export type SupervisorAsk = { readonly spawn: string } | { readonly stop: string }

/** The schema of a {@link SupervisorGrant}. */
export const supervisorGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'supervisor',
  description:
    'Lets the actor make actors of its own, of the components that are listed. They hold no more than it does, count against its limit "descendants", and end with it.',
  type: 'object',
  additionalProperties: false,
  required: ['components'],
  examples: [{ components: [`worker=sha256:${'0'.repeat(64)}`] }],
  properties: {
    components: {
      description:
        'Components by their digest, sha256:HEX, each with a name for the actor before it, or none: worker=sha256:HEX.',
      type: 'array',
      items: {
        description: 'A digest, with a name of a-z 0-9 . _ and - before it, or none.',
        type: 'string',
        pattern: '^([a-z0-9._-]{1,64}=)?sha256:[0-9a-f]{64}$',
      },
      uniqueItems: true,
    },
  },
}

/** The digest of an entry, `sha256:…`. */
function digestOf(entry: string): string {
  return entry.slice(entry.indexOf('=') + 1)
}

/** The entries that have a name: the name, and the 32 bytes of the digest. */
export function named({ components }: SupervisorGrant): readonly [string, Uint8Array][] {
  return components.flatMap((entry): [string, Uint8Array][] => {
    const at = entry.indexOf('=')
    return at === -1
      ? []
      : [[entry.slice(0, at), Uint8Array.fromHex(digestOf(entry).slice('sha256:'.length))]]
  })
}

/** Whether a child's grant lies within its parent's: it lists no component that the parent's does not. */
export function within(child: SupervisorGrant, parent: SupervisorGrant): true | Refusal {
  for (const entry of child.components) {
    if (!lists(parent, digestOf(entry))) return { refused: `${entry} is not within ${show(parent)}` }
  }
  return true
}

/** Whether a grant covers an ask: it lists the component. Which children there are to stop is not the grant's business. */
export function authorize(grant: SupervisorGrant, ask: Ask): true | Refusal {
  const { spawn, stop } = ask
  if (typeof spawn === 'string')
    return lists(grant, spawn) || { refused: `${spawn} is not granted; granted are ${show(grant)}` }
  return typeof stop === 'string' || { refused: 'the call names neither a component nor a child' }
}

function lists({ components }: SupervisorGrant, digest: string): boolean {
  return components.some((entry) => digestOf(entry) === digest)
}

function show({ components }: SupervisorGrant): string {
  return components.length === 0 ? 'none' : components.join(', ')
}
