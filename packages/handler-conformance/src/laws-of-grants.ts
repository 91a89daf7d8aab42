import assert from 'node:assert/strict'
import type { AnyHandler, Ask, Refusal } from '@theater/handler'
import type { Json } from '@theater/values'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { isObject } from './caller.ts'
import { deepFreeze } from './hostile.ts'
import { allGrants, asks } from './laws-of-authority.ts'
import { emptied, pruned, withKey, without } from './reshape.ts'
import type { Law, Subject } from './subject.ts'

/** Names that every object of JavaScript has, and one that nobody has. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'not a key'] as const

/** Always the same runs, so that a failure can be had again. */
const RUNS = { seed: 0x7468_6561, numRuns: 300 } as const

/**
 * Laws of grants at large: of those that the subject's generators make, not of samples alone. A subject without generators
 * is held to them with its samples.
 */
export const lawsOfGrants: readonly Law[] = [
  {
    name: 'within is an order over grants at large',
    async run(subject) {
      const { handler, grants, valid } = await large(subject)
      let met = 0
      check(
        fc.property(narrowing(grants, valid), ([a, b, c]) => {
          for (const one of [a, b, c])
            assert.equal(within(handler, one, one), true, `${show(one)} is not within itself`)
          if (within(handler, c, b) !== true || within(handler, b, a) !== true) return
          met++
          assert.equal(
            within(handler, c, a),
            true,
            `${show(c)} in ${show(b)} in ${show(a)}, and not in the last`,
          )
        }),
      )
      assert.ok(met > 0, 'no grant of the generator lies within another')
    },
  },
  {
    name: 'no grant at large covers more than a grant around it',
    async run(subject) {
      const { handler, grants, wanted, valid } = await large(subject)
      const { restate = (ask: Ask) => [ask], reach } = subject.atLarge ?? {}
      let met = 0
      check(
        fc.property(narrowing(grants, valid), wanted, ([parent, child], ask) => {
          if (within(handler, child, parent) !== true) return
          const held = new Set(reach?.(parent))
          for (const one of reach?.(child) ?? [])
            assert.ok(held.has(one), `${show(child)} gives ${one}, and ${show(parent)} around it does not`)
          if (reach !== undefined) met++
          if (authorize(handler, child, ask) !== true) return
          met++
          const covered = restate(ask, child, parent).some((one) => authorize(handler, parent, one) === true)
          assert.ok(covered, `${show(child)} covers ${show(ask)}, and ${show(parent)} around it does not`)
        }),
      )
      // Of a handler that asks for nothing, and does not say what its grants give, nothing can be said.
      assert.ok(
        met > 0 || subject.atLarge === undefined,
        'no ask of the generator is covered by a grant of it',
      )
    },
  },
  {
    name: 'an absent list is an empty one, and never means everything',
    async run(subject) {
      const { handler, grants, wanted, valid } = await large(subject)
      const { wholes = [] } = subject.atLarge ?? {}
      check(
        fc.property(grants, wanted, (grant, ask) => {
          for (const path of lists(handler.grant, grant)) {
            if (wholes.includes(path.at(-1) ?? '')) continue
            const none = emptied(grant, path)
            const absent = without(grant, path)
            if (!valid(none)) continue
            assert.equal(within(handler, none, grant), true, `${show(none)} is not within ${show(grant)}`)
            if (authorize(handler, none, ask) === true)
              assert.equal(
                authorize(handler, grant, ask),
                true,
                `an empty ${path.join('.')} covers ${show(ask)}`,
              )
            if (!valid(absent)) continue
            assert.equal(
              within(handler, absent, none),
              true,
              `without ${path.join('.')} it is more than with none`,
            )
            assert.equal(
              within(handler, none, absent),
              true,
              `without ${path.join('.')} it is less than with none`,
            )
            assert.equal(
              within(handler, grant, absent) === true,
              within(handler, grant, none) === true,
              `${show(grant)} lies in a grant without ${path.join('.')} and not in one with none`,
            )
            assert.equal(
              authorize(handler, absent, ask) === true,
              authorize(handler, none, ask) === true,
              `${show(ask)} without ${path.join('.')} is not as with none`,
            )
          }
        }),
      )
    },
  },
  {
    name: 'no grant at large has a key that the schema does not name, at any depth',
    async run(subject) {
      const { handler, grants, valid } = await large(subject)
      check(
        fc.property(grants, (grant) => {
          for (const path of closedObjects(handler.grant, grant))
            for (const name of NAMES) {
              const more = withKey(grant, path, name, true)
              assert.ok(!valid(more), `${show(more)} is taken`)
            }
        }),
      )
    },
  },
  {
    name: 'names that every object has are names like any others',
    async run(subject) {
      const { handler, grants, wanted, valid } = await large(subject)
      check(
        fc.property(grants, grants, wanted, fc.constantFrom(...NAMES), (grant, other, ask, name) => {
          const named = renamed(ask, name)
          const strange = maps(handler.grant, grant).flatMap((path) => {
            const [sample] = Object.values(at(grant, path))
            const more = sample === undefined ? undefined : withKey(grant, path, name, sample)
            return more !== undefined && valid(more) ? [more] : []
          })
          for (const one of [grant, ...strange]) {
            const bare = bareOf(one)
            assert.deepEqual(
              authorize(handler, bare, named),
              authorize(handler, one, named),
              `${show(named)} finds what every object has in ${show(one)}`,
            )
            verdict(within(handler, one, other))
            assert.deepEqual(within(handler, bare, bareOf(other)), within(handler, one, other))
            assert.deepEqual(within(handler, bareOf(other), bare), within(handler, other, one))
            assert.equal(within(handler, one, one), true, `${show(one)} is not within itself`)
          }
        }),
      )
    },
  },
]

/** What the laws are made over. */
interface Large {
  readonly handler: AnyHandler
  readonly grants: fc.Arbitrary<Json>
  readonly wanted: fc.Arbitrary<Ask>
  readonly valid: (grant: Json) => boolean
}

async function large(subject: Subject): Promise<Large> {
  const handler = subject.bare()
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(handler.grant)
  const valid = (grant: Json): boolean => validate(grant)
  const samples = fc.constantFrom(...allGrants(subject))
  const known = fc.constantFrom(...(await asks(subject)))
  const { grant, ask } = subject.atLarge ?? {}
  const grants = grant === undefined ? samples : fc.oneof({ weight: 9, arbitrary: grant }, samples)
  check(
    fc.property(grants, (one) => {
      assert.ok(valid(one), `the generator makes ${show(one)}, which the schema does not take`)
    }),
  )
  return { handler, grants, wanted: ask === undefined ? known : fc.oneof(ask, known), valid }
}

/** Three grants, each of which is likely to lie within the one before. */
function narrowing(
  grants: fc.Arbitrary<Json>,
  valid: (grant: Json) => boolean,
): fc.Arbitrary<readonly [Json, Json, Json]> {
  const picks = fc.array(fc.nat(7), { minLength: 8, maxLength: 8 })
  return fc.tuple(grants, grants, grants, picks, picks, fc.nat(3)).map(([a, b, c, first, second, how]) => {
    if (how === 0) return [a, b, c]
    const inner = pruned(a, first, valid)
    return [a, inner, how === 1 ? c : pruned(inner, second, valid)]
  })
}

function check<T>(property: fc.IProperty<T>): void {
  const found = fc.check(property, RUNS)
  if (!found.failed) return
  const { errorInstance, counterexample } = found
  if (errorInstance instanceof assert.AssertionError) throw errorInstance
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  assert.fail(`${what}, over ${show(counterexample)}`)
}

/** The places of lists, and of maps of any names, in a grant; the outermost first. */
function lists(schema: unknown, grant: Json): readonly (readonly string[])[] {
  return places(schema, grant)
    .filter(({ kind, path }) => kind !== 'closed' && path.length > 0)
    .map(({ path }) => path)
}

function maps(schema: unknown, grant: Json): readonly (readonly string[])[] {
  return places(schema, grant)
    .filter(({ kind }) => kind === 'map')
    .map(({ path }) => path)
}

function closedObjects(schema: unknown, grant: Json): readonly (readonly string[])[] {
  return places(schema, grant)
    .filter(({ kind }) => kind === 'closed')
    .map(({ path }) => path)
}

interface Place {
  readonly kind: 'list' | 'map' | 'closed'
  readonly path: readonly string[]
}

function places(schema: unknown, value: Json, path: readonly string[] = []): readonly Place[] {
  if (!isObject(schema)) return []
  if (Array.isArray(value))
    return [
      { kind: 'list', path },
      ...value.flatMap((item, i) => places(schema['items'], item, [...path, String(i)])),
    ]
  if (!isObject(value)) return []
  // Of alternatives the one that is an object is meant.
  const alternatives = schema['oneOf'] ?? schema['anyOf']
  const table: unknown = Array.isArray(alternatives)
    ? alternatives.find((one) => isObject(one) && one['type'] === 'object')
    : undefined
  if (table !== undefined) return places(table, value as Json, path)
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const rest = isObject(schema['additionalProperties'])
    ? schema['additionalProperties']
    : Object.values(isObject(schema['patternProperties']) ? schema['patternProperties'] : {})[0]
  const inner = Object.entries(value).flatMap(([key, item]) =>
    places(Object.hasOwn(properties, key) ? properties[key] : rest, item as Json, [...path, key]),
  )
  return [{ kind: rest === undefined ? 'closed' : 'map', path }, ...inner]
}

function at(grant: Json, path: readonly string[]): { readonly [key: string]: Json } {
  let found: unknown = grant
  for (const key of path) found = (found as { readonly [key: string]: unknown })[key]
  return found as { readonly [key: string]: Json }
}

/** The ask with each text in it replaced. */
function renamed(ask: Ask, name: string): Ask {
  const replace = (value: Json): Json => {
    if (typeof value === 'string') return name
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(replace)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replace(part)]))
  }
  return replace(ask) as Ask
}

/** The same data without what every object has. */
function bareOf(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(bareOf)
  const bare = Object.create(null) as Record<string, Json>
  for (const [key, part] of Object.entries(value)) bare[key] = bareOf(part)
  return bare
}

// The schema was checked before, which is what makes it sound to hand a grant over as the handler's own type.
function within(handler: AnyHandler, child: Json, parent: Json): true | Refusal {
  return handler.within(deepFreeze(child) as never, deepFreeze(parent) as never)
}

function authorize(handler: AnyHandler, grant: Json, ask: Ask): true | Refusal {
  return handler.authorize(deepFreeze(grant) as never, deepFreeze(ask))
}

function verdict(value: true | Refusal): void {
  if (value !== true) assert.deepEqual(Object.keys(value), ['refused'])
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 500)
}
