import assert from 'node:assert/strict'
import { WitError } from '@theater/handler'
import type { Ask, Call, AnyHandler } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { laws, violated } from '../src/index.ts'
import type { World } from '../src/index.ts'
import { lawsOfGrants } from '../src/laws-of-grants.ts'
import { conformance } from '../src/vitest.ts'
import { boxes, boxSubject, replace } from './box.ts'
import type { Mutation } from './box.ts'
import { shelf, shelfSchema, shelfWithin, sizes } from './shelf.ts'
import type { ShelfGrant, ShelfMutation } from './shelf.ts'

const BOX = 'test:box/boxes@0.1'
const put = `${BOX}#put`
const change =
  (fn: string, to: object) =>
  (good: AnyHandler['functions']): AnyHandler['functions'] => ({ ...good, [fn]: { ...good[fn]!, ...to } })
const shelved = (mutation: ShelfMutation): Mutation => ({ subject: () => shelf(mutation) })
const none: Ask = {}
let calls = 0
const MORE = 'test:box/more@0.1'
const pings = { ping: () => {} }
const worlds: World[] = []
const leaks = (world: World): boolean => (world.state() as string[]).includes('b')
const shared = { names: () => [], put: async () => {}, open: async () => {}, '[static]box.close': () => {} }

/** Each breaks the law it stands under. */
const mutants: Readonly<Record<string, readonly Mutation[]>> = {
  'it names itself, its tracks and its functions': [
    { handler: (good) => ({ ...good, name: 'Box!' }) },
    { handler: (good) => ({ ...good, interfaces: [`${BOX}.0`] }) },
    { handler: (good) => ({ ...good, interfaces: [BOX, BOX] }) },
    { handler: (good) => ({ ...good, interfaces: ['test:box/other@0.1'] }) },
  ],
  'it binds what it declares, and nothing else': [
    { binding: (good) => replace(good, { put: undefined }) },
    { binding: (good) => replace(good, { more: () => {} }) },
    { binding: (good) => ({ ...good, imports: { ...good.imports, 'test:box/more@0.1': {} } }) },
    { handler: (good) => ({ ...good, inert: () => ({ imports: { [BOX]: { names: () => [] } } }) }) },
  ],
  'what reaches outside waits, so that its intent can be made durable first': [
    { functions: change(put, { mode: 'sync' }) },
    { functions: change(`${BOX}#names`, { effect: 'once' }) },
  ],
  'what asks can be refused, and what can be refused asks': [
    { functions: change(put, { deny: undefined }) },
    { functions: change(put, { ask: undefined }) },
    { subject: (good) => ({ ...good, refusable: [`${BOX}#names`] }) },
  ],
  'the schema takes its grants and no unknown key, at any depth': [
    { handler: (good) => ({ ...good, grant: { ...good.grant, additionalProperties: true } }) },
    { handler: (good) => ({ ...good, grant: { ...good.grant, required: ['left'] } }) },
    {
      handler: (good) => ({
        ...good,
        grant: {
          ...good.grant,
          properties: { right: {}, deep: { type: 'array', items: { type: 'object' } } },
        },
      }),
    },
  ],
  'the samples cover every function and end without a fault': [
    { subject: (good) => ({ ...good, calls: good.calls.slice(1, -1) }) },
    { binding: (good) => replace(good, { put: () => Promise.reject(new Error('disk')) }) },
    { binding: (good) => replace(good, { names: async () => [] }) },
    { handler: (good) => ({ ...good, authorize: () => ({ refused: 'always' }) }) },
    { binding: (good) => replace(good, { open: async () => undefined }) },
  ],
  'asks are total, and plain data': [
    { functions: change(put, { ask: ({ args }: { args: string[] }) => ({ name: args[0]!.toUpperCase() }) }) },
    { functions: change(put, { ask: ({ args }: { args: string[] }) => ({ name: args[0] }) }) },
    { functions: change(put, { ask: () => ({ n: calls++ }) }) },
  ],
  'what one call does is never more than what its function may do': [
    { functions: change(put, { effectOf: () => 'once', effect: 'idempotent' }) },
    {
      functions: change(put, {
        effectOf: ({ args }: Call) => ((args[0] as string).length > 3 ? 'read' : 'none'),
      }),
    },
    { functions: change(put, { effectOf: () => 'nothing' as 'none' }) },
  ],
  'authorize is total and pure': [
    {
      handler: (good) => ({
        ...good,
        authorize: (grant, ask) =>
          good.authorize(grant as never, ask) === true || ({ refused: 'no', code: 1 } as never),
      }),
    },
    {
      handler: (good) => ({
        ...good,
        authorize: (_, ask) => (ask['name'] as string).length > 9 || { refused: 'no' },
      }),
    },
    {
      handler: (good) => ({
        ...good,
        authorize: (_, ask) => Object.assign(ask, { n: 1 }).n === 1 || { refused: '' },
      }),
    },
    { handler: (good) => ({ ...good, authorize: () => calls++ % 2 === 0 || { refused: 'every other' } }) },
    { handler: (good) => ({ ...good, authorize: () => ({ refused: '' }) }) },
    {
      handler: (good, names) => ({
        ...good,
        authorize: () => names.add('x') !== undefined || { refused: 'no' },
      }),
    },
  ],
  'denials are errors of the interface': [
    { functions: change(put, { deny: () => new Error('denied') }) },
    {
      functions: change(put, { deny: ({ ask }: { ask: { name: string } }) => new WitError(ask.name.length) }),
    },
  ],
  'within is reflexive and transitive': [
    // Sound, and an order; the least lies in nothing but itself.
    {
      handler: (good) => ({
        ...good,
        within: (child, parent) => (child as any).right === (parent as any).right || { refused: 'other' },
      }),
    },
    { handler: (good) => ({ ...good, within: () => ({ refused: 'never' }) }) },
    { handler: (good) => ({ ...good, within: (a: unknown, b: unknown) => a === b || { refused: 'other' } }) },
  ],
  'what a grant covers, every grant around it covers': [
    // Two of many, and one ask: chance does not find them.
    shelved({
      grants: Array.from({ length: 120 }, (_, n) => ({ names: [`n${n}`, `n${n + 1}`] })).concat([
        { names: ['n7'] },
      ]),
      authorize: ({ names = [] }: ShelfGrant, ask) =>
        'unknown' in ask
          ? names.join() === 'n7' || { refused: 'no' }
          : names.includes(ask['name'] as string) || { refused: 'no' },
    }),
    { handler: (good) => ({ ...good, within: () => true }) },
  ],
  'a refused call has no effect': [
    { handler: (good) => ({ ...good, authorize: () => true }) },
    {
      functions: (good, names) => change(put, { deny: () => (names.add('x'), new WitError('denied')) })(good),
    },
  ],
  'every refusal is sampled': [{ subject: (good) => ({ ...good, neverRefused: [] }) }],
  'within is an order over grants at large': [
    shelved({
      within: (child: ShelfGrant, parent: ShelfGrant) =>
        sizes(child) === 0 && child.boxes?.length === 1 && sizes(parent) === 3
          ? { refused: 'three sizes' }
          : shelfWithin(child, parent),
      atLarge: {
        grant: fc.record({
          names: fc.constant(['a']),
          boxes: fc.array(fc.record({ size: fc.constantFrom(2, 3) }), { minLength: 2, maxLength: 2 }),
        }),
      },
    }),
    shelved({ within: (child: ShelfGrant) => child.names === undefined || { refused: 'named' } }),
    shelved({
      within: ({ names: a = [] }: ShelfGrant, { names: b = [] }: ShelfGrant) =>
        a.length <= b.length + 1 || { refused: 'two more' },
    }),
    shelved({ within: (child: ShelfGrant) => (child.boxes ?? [{}])[0]!.size !== 1 || { refused: '1' } }),
    shelved({ atLarge: { grant: fc.constant({ name: 'a' }) } }),
  ],
  'no grant at large covers more than a grant around it': [
    shelved({ within: () => true }),
    shelved({
      within: (child: ShelfGrant, parent: ShelfGrant) =>
        shelfWithin({ ...child, boxes: [] }, parent) === true || { refused: 'boxes are not looked at' },
    }),
    shelved({ atLarge: { restate: () => [none] } }),
  ],
  'an absent list is an empty one, and never means everything': [
    shelved({
      within: (child: ShelfGrant, parent: ShelfGrant) =>
        child.tags !== undefined && parent.tags === undefined
          ? { refused: 'tags' }
          : shelfWithin(child, parent),
    }),
    shelved({
      authorize: ({ names }: ShelfGrant, { name }) =>
        names === undefined || names.includes(name as string) || { refused: 'no' },
    }),
    shelved({
      within: (child: ShelfGrant, parent: ShelfGrant) =>
        parent.names === undefined || shelfWithin(child, parent) === true || { refused: 'no' },
    }),
    shelved({
      within: (child: ShelfGrant, parent: ShelfGrant) =>
        child.tags !== undefined && Object.keys(child.tags).length === 0
          ? { refused: 'none' }
          : shelfWithin(child, parent),
    }),
  ],
  'no grant at large has a key that the schema does not name, at any depth': [
    shelved({
      grant: {
        ...shelfSchema,
        properties: {
          ...shelfSchema.properties,
          boxes: { type: 'array', items: { type: 'object', properties: { size: {} } } },
        },
      },
    }),
    shelved({ grant: { ...shelfSchema, properties: { ...shelfSchema.properties, constructor: {} } } }),
  ],
  'names that every object has are names like any others': [
    shelved({
      authorize: ({ names = [], tags = {} }: ShelfGrant, { name, tag }) =>
        (typeof tag === 'string' ? tag in tags && tags[tag] !== false : names.includes(name as string)) || {
          refused: 'no',
        },
    }),
    shelved({
      authorize: ({ tags = {} }: ShelfGrant, { tag }) =>
        (tag !== undefined && tags[tag as string] !== undefined) || { refused: 'no' },
    }),
    shelved({
      within: (child: ShelfGrant, { tags = {} }: ShelfGrant) =>
        Object.keys(child.tags ?? {}).every((tag) => tag in tags) || { refused: 'no' },
    }),
  ],
  'what a grant at large covers is done, what it does not is not, and nothing more': [
    // Granted, and refused by who does it.
    {
      binding: (good) =>
        replace(good, { put: async (name: string) => assert.ok(name !== 'deed', new WitError('denied')) }),
    },
    // Granted, and not done.
    { binding: (good) => replace(good, { put: async () => {} }) },
    // Refused, and done.
    {
      functions: (good, names) => change(put, { deny: () => (names.add('x'), new WitError('denied')) })(good),
    },
    // What is done is not what was asked for.
    {
      subject: (good) => ({
        ...good,
        deeds: {
          deed: fc.constant({ fn: put, args: () => ['deed'], did: () => [{ right: 'x' }] }),
          grant: fc.constant({ right: 'w' }),
        },
      }),
      handler: (good) => ({ ...good, authorize: (_, ask) => ask['right'] !== 'x' || { refused: 'x' } }),
    },
    // None of it is ever granted.
    {
      subject: (good) => ({
        ...good,
        deeds: { deed: fc.constant({ fn: put, args: () => ['deed'] }), grant: fc.constant({ right: 'r' }) },
      }),
    },
  ],
  'it binds afresh for every actor': [
    {
      handler: (good) => ({
        ...good,
        interfaces: [...good.interfaces, MORE],
        functions: { ...good.functions, [`${MORE}#ping`]: { mode: 'sync', effect: 'none' } },
        async bind(actor, grant) {
          const binding = await good.bind(actor, grant as never)
          return { ...binding, imports: { ...binding.imports, [MORE]: pings } }
        },
      }),
      subject: (good) => ({ ...good, calls: [...good.calls, { fn: `${MORE}#ping`, args: () => [] }] }),
    },
    { binding: () => ({ imports: { [BOX]: shared } }) },
    {
      handler: (good) => ({
        ...good,
        bind: (
          (binding) => () =>
            binding
        )({ imports: { [BOX]: {} } }),
      }),
    },
  ],
  'two configurations do not touch': [
    {
      subject: (good) => ({
        ...good,
        async make() {
          const made = await good.make()
          // What is put into one shows in those that are made later.
          const older = [...worlds]
          worlds.push(made)
          return { ...made, state: () => [made.state(), older.filter((one) => leaks(one)).length] }
        },
      }),
    },
    {
      subject: (good) =>
        ((world) => ({ ...good, make: () => world }))({ handler: boxes(world), state: () => [...world] }),
    },
  ],
  'without a grant nothing is reached, and neither with empty options': [
    {
      handler: (good, names) => ({
        ...good,
        inert: () => ({
          imports: { [BOX]: { ...shared, put: async (name: string) => void names.add(name) } },
        }),
      }),
    },
    { binding: (good) => replace(good, { names: () => assert.fail('fault') }) },
  ],
  "a resource of one actor's binding is refused by another's": [
    { binding: (good) => replace(good, { '[static]box.close': () => {} }) },
  ],
  'what resumes, resumes from its description alone': [
    { binding: (good) => ({ ...good, resume: () => undefined }) },
    { binding: (good) => ({ ...good, describe: () => undefined }) },
    { binding: (good) => ({ ...good, describe: () => calls++ }) },
  ],
  'no description, however hostile, makes resume or closed throw': [
    {
      binding: (good) => ({
        ...good,
        resume: (_, description) => ({ name: (description as string).length }),
      }),
    },
    { binding: (good) => ({ ...good, resume: () => 7 as unknown as object }) },
    { binding: (good) => ({ ...good, closed: () => assert.fail('closed') }) },
  ],
  'listings are ordered': [{ binding: (good, names) => replace(good, { names: () => [...names] }) }],
  'a fault is never reported as absence': [
    { subject: (good) => ({ ...good, broken: good.make }) },
    {
      binding: (good) =>
        replace(good, {
          put: () => Promise.reject(new Error('disk')),
          names: () => assert.fail('disk'),
          open: () => Promise.reject(new WitError({ tag: 'not-found' })),
        }),
      subject: (good) => ({ ...good, broken: good.make }),
    },
  ],
  'abort rejects': [
    { binding: (good, names) => replace(good, { put: async (name: string) => void names.add(name) }) },
  ],
  'dispose is idempotent': [
    {
      binding: (good) => ({
        ...good,
        [Symbol.asyncDispose]: (
          (n) => async () =>
            assert.equal(n++, 0)
        )(0),
      }),
    },
    {
      handler: (good) => ({
        ...good,
        [Symbol.asyncDispose]: (
          (n) => async () =>
            assert.equal(n++, 0)
        )(0),
      }),
    },
  ],
}
const world = new Set<string>()

conformance(boxSubject())

describe('every law', () => {
  test('has a mutant', () => {
    expect(Object.keys(mutants)).toEqual(laws.map((law) => law.name))
  })

  describe.each(laws)('$name', (law) => {
    test.each(mutants[law.name]!.map((mutant, index) => ({ index, mutant })))(
      'catches mutant $index',
      async ({ mutant }) => {
        await expect(law.run(boxSubject(mutant))).rejects.toBeInstanceOf(Error)
      },
    )
  })
})

/** Which mutant breaks its law and no other, where that is not the first. */
const lone: Readonly<Record<string, number>> = {
  'it binds what it declares, and nothing else': 1,
  'what reaches outside waits, so that its intent can be made durable first': 1,
  'what asks can be refused, and what can be refused asks': 2,
  'the schema takes its grants and no unknown key, at any depth': 2,
  'asks are total, and plain data': 2,
  'denials are errors of the interface': 1,
  'no grant at large has a key that the schema does not name, at any depth': 1,
  'what a grant at large covers is done, what it does not is not, and nothing more': 4,
  'no description, however hostile, makes resume or closed throw': 2,
}

describe('a broken handler of boxes', () => {
  test.each(laws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const mutant = mutants[name]![lone[name] ?? 0]!
    const broken: string[] = []
    // One after another: some of them are about what worlds have in common.
    for (const law of laws) broken.push(...(await violated([law], boxSubject(mutant))))
    expect(broken).toEqual([name])
  })
})

test('the subjects of the mutants are sound without them', async () => {
  for (const law of laws) await expect(law.run(boxSubject())).resolves.toBeUndefined()
  for (const law of lawsOfGrants) await expect(law.run(shelf())).resolves.toBeUndefined()
})
