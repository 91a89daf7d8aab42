import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { within } from '../src/path.ts'
import { Routes, type Route } from '../src/route.ts'

interface Claim {
  readonly route: Route
  readonly to: { readonly name: string }
}

/** Who answers, by what the grant's documentation says: each route is looked at. */
function answers(claims: readonly Claim[], host: string, path: string, own: boolean): unknown {
  let known = false
  for (const wanted of [host, undefined, '*']) {
    if (wanted === undefined && !own) continue
    const here = claims.filter(({ route }) => route.host === wanted)
    known ||= here.length > 0
    const prefix = ({ route: { path: of } }: Claim): string => (of.length > 1 ? of.replace(/\/$/, '') : of)
    const covering = here.filter((one) => within(path, prefix(one)))
    const most = Math.max(...covering.map((one) => prefix(one).length))
    const best = covering.filter((one) => prefix(one).length === most).map(({ to }) => to.name)
    if (best.length > 0) return [...new Set(best)].toSorted()
  }
  return known ? 'no-path' : 'no-host'
}

describe('routes', () => {
  const path = fc
    .array(fc.constantFrom('/', '/a', '/b', '/ab', 'c', '/a/'), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join('')}`)
  const prefix = fc.constantFrom('/', '/a', '/a/', '/ab', '/a/b', '/a/b/ab', '/b/')
  const host = fc.constantFrom('one.test', 'two.test')
  const claim = fc.record({
    route: fc.record({ path: prefix, shared: fc.constant(true) }).chain((route) =>
      fc.oneof(
        fc.constant(route),
        fc.constantFrom('*', 'one.test').map((of) => ({ ...route, host: of })),
      ),
    ),
    to: fc.constantFrom({ name: 'x' }, { name: 'y' }, { name: 'z' }),
  })

  it('lead to whoever holds the longest prefix, also after others have gone', () => {
    fc.assert(
      fc.property(
        fc.array(claim, { maxLength: 6 }),
        fc.array(fc.tuple(host, path, fc.boolean()), { minLength: 1, maxLength: 6 }),
        (claims, asked) => {
          const routes = new Routes<Claim['to']>()
          for (const { route, to } of claims) routes.claim([route], to)
          const check = (left: readonly Claim[]): void => {
            expect(routes.empty).toBe(left.length === 0)
            for (const [of, at, own] of asked) {
              const found = routes.find(of, at, own)
              expect(typeof found === 'string' ? found : found.map(({ name }) => name).toSorted()).toEqual(
                answers(left, of, at, own),
              )
            }
          }
          check(claims)
          routes.release(({ name }) => name === 'x')
          check(claims.filter(({ to }) => to.name !== 'x'))
        },
      ),
    )
  })
})
