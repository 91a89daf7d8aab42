import type { AnyHandler, Ask, Refusal } from '@theater/handler'
import { defineHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import type { AtLarge, Subject } from '../src/index.ts'

/** A grant with all that a grant may have: a list, a map of any names, and an object in a list. */
export type ShelfGrant = {
  readonly names?: readonly string[]
  readonly tags?: { readonly [tag: string]: boolean }
  readonly boxes?: readonly { readonly size?: number }[]
}

const name = fc.constantFrom('a', 'b', 'c')
const no: Refusal = { refused: 'it is not on the shelf' }

/** What a mutant may change. */
export type ShelfMutation = Partial<Pick<AnyHandler, 'within' | 'authorize' | 'grant'>> & {
  readonly atLarge?: Partial<AtLarge>
  readonly grants?: readonly ShelfGrant[]
}

/** The largest of its boxes. */
export function sizes({ boxes = [] }: ShelfGrant): number {
  return boxes.reduce((most, { size = 0 }) => Math.max(most, size), 0)
}

/** Whether a shelf's grant lies within another's. */
export function shelfWithin(child: ShelfGrant, parent: ShelfGrant): true | Refusal {
  const names = (child.names ?? []).every((one) => parent.names?.includes(one) === true)
  const { tags = {} } = parent
  const tagged = Object.entries(child.tags ?? {}).every(
    ([tag, on]) => !on || (Object.hasOwn(tags, tag) && tags[tag] === true),
  )
  return (names && tagged && sizes(child) <= sizes(parent)) || no
}

const object = { type: 'object', additionalProperties: false }

/** The schema of a shelf's grant. */
export const shelfSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...object,
  properties: {
    names: { type: 'array', items: { type: 'string' } },
    tags: { type: 'object', additionalProperties: { type: 'boolean' } },
    boxes: { type: 'array', items: { ...object, properties: { size: { type: 'integer' } } } },
  },
}

/** A subject whose grants have everything that the laws of grants look at, mutated or not. */
export function shelf({ atLarge, grants = [], ...mutation }: ShelfMutation = {}): Subject {
  const bare = (): AnyHandler => ({
    ...defineHandler<ShelfGrant, object>({
      name: 'shelf',
      interfaces: ['test:shelf/shelves@0.1'],
      grant: shelfSchema,
      functions: {},
      within: shelfWithin,
      authorize({ names = [], tags = {} }, { name: wanted, tag }: Ask) {
        if (typeof wanted === 'string') return names.includes(wanted) || no
        return (typeof tag === 'string' && Object.hasOwn(tags, tag) && tags[tag] === true) || no
      },
      bind: () => ({ imports: {} }),
    }),
    ...mutation,
  })
  return {
    name: 'shelf',
    make: () => ({ handler: bare(), state: () => undefined }),
    bare,
    grants: [{ names: ['a', 'b'] }, ...(grants as readonly Json[])],
    least: {},
    calls: [],
    atLarge: {
      grant: fc.record(
        {
          names: fc.uniqueArray(name),
          tags: fc.dictionary(name, fc.boolean(), { noNullPrototype: true }),
          boxes: fc.array(fc.record({ size: fc.nat(3) }, { requiredKeys: [] }), { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>,
      ask: fc.oneof(fc.record({ name }), fc.record({ tag: name })),
      reach: (grant) => Array.from({ length: sizes(grant as ShelfGrant) }, (_, n) => `size ${n + 1}`),
      ...atLarge,
    },
  }
}
