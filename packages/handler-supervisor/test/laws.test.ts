import { altered, supervisorLaws, violated } from '@theater/handler-conformance'
import type { Alteration, SupervisorSubject } from '@theater/handler-conformance'
import { supervisorConformance } from '@theater/handler-conformance/vitest'
import { WitError } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { supervisor } from '../src/index.ts'

const right: SupervisorSubject = {
  name: 'supervisor',
  make: () => supervisor(),
  grant: (components) => ({
    components: components.map(
      ({ name, digest }) => `${name === undefined ? '' : `${name}=`}sha256:${digest}`,
    ),
  }),
}

supervisorConformance(right)

/** One broken handler for each law. */
const broken: Readonly<Record<string, Alteration>> = {
  'a spawn makes an actor of what was said, and answers with its id': {
    calls: {
      'children#spawn': (self, [component, params, grants, limits]) =>
        self(
          component,
          params,
          grants,
          (limits as { fuelPerTurn?: bigint }).fuelPerTurn === 5n ? {} : limits,
        ),
    },
  },
  'a spawn that makes no child says why, by its case': {
    calls: {
      'children#spawn': async (self, args) => {
        try {
          return await self(...args)
        } catch (error) {
          if (!WitError.is(error) || (error.payload as { tag: string }).tag !== 'init') throw error
          throw new WitError({ tag: 'trapped' })
        }
      },
    },
  },
  'grants that are no table of grants are bad-grants, and nobody is made': {
    calls: {
      'children#spawn': (self, [component, params, grants, limits]) =>
        self(component, params, grants === '[]' ? '{}' : grants, limits),
    },
  },
  'a component that the grant does not list is denied, whatever its name': {
    handler: (good) => ({
      ...good,
      authorize: (grant, ask) => ask['spawn'] === 'sha256:' || good.authorize(grant, ask),
    }),
  },
  'a child is ended, also again, and nobody else is': {
    calls: { 'children#stop': async (self, args) => (args[0] === 'c-2' ? undefined : self(...args)) },
  },
  'the children are those that live, in the order in which they were made': {
    calls: { 'children#list': (self) => (self() as string[]).toSorted() },
  },
  'the components are those that the grant gives names': {
    calls: { 'children#components': (self) => (self() as unknown[]).slice(1) },
  },
  'a child is made once, also where the host crashes': {
    binding: (good) => ({ ...good, reconcile: async () => 'not-done' as const }),
  },
}

describe('a broken handler of children', () => {
  test.each(supervisorLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const make = () => altered(supervisor(), broken[name]!)
    expect(await violated(supervisorLaws, { ...right, make })).toEqual([name])
  })
})
