import { posix } from 'node:path'
import type { AtLarge } from '@theater/handler-conformance'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import type { FsAsk, FsGrant } from '../src/index.ts'

const guest = fc.constantFrom('/', '/a', '/a/b', '/constructor')
const host = fc.constantFrom(
  '/h',
  '/h/',
  '/h/x',
  '/h/x/y',
  '/h/./x',
  '/h/x/../z',
  '/h/../k',
  '/hx',
  '/',
  'h',
  './h/x',
  '../h',
  'h/../..',
)
const path = fc.constantFrom('', 'x', 'x/y', 'x/../y', '..', '../x', '.', 'x/..', '/x', 'constructor')
const need = fc.constantFrom('r', 'w')
const mount = fc.oneof(guest, fc.constantFrom('', '__proto__'))

/** A place on the host; relative ones are somewhere deep enough for their `..`. */
function onHost({ mounts }: FsGrant, name: string, below: string): string | undefined {
  const held = Object.hasOwn(mounts, name) ? mounts[name] : undefined
  return held && posix.resolve('/1/2/3/4', held.host, below)
}

/** Each name that a place on the host has under a grant. */
function names(
  { mounts }: FsGrant,
  place: string,
): readonly { readonly mount: string; readonly path: string }[] {
  return Object.entries(mounts).flatMap(([name, held]) => {
    const way = posix.relative(posix.resolve('/1/2/3/4', held.host), place)
    return way === '..' || way.startsWith('../') ? [] : [{ mount: name, path: way }]
  })
}

/** Grants of few directories. An ask is in the names of a grant, and is the same if it means the same place of the host. */
export const atLarge: AtLarge = {
  grant: fc.record({
    mounts: fc.dictionary(guest, fc.record({ host, rights: fc.constantFrom('r', 'rw') }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  }) as fc.Arbitrary<Json>,
  ask: fc.record(
    { mount, path, need, to: fc.record({ mount, path }) },
    { requiredKeys: ['mount', 'path', 'need'] },
  ),
  restate(ask, from, to) {
    const { mount: name, path: below, need: right, to: second } = ask as FsAsk
    const place = onHost(from as FsGrant, name, below)
    const other = second && onHost(from as FsGrant, second.mount, second.path)
    if (place === undefined || (second !== undefined && other === undefined)) return []
    const first = names(to as FsGrant, place)
    if (other === undefined) return first.map((one) => ({ ...one, need: right }))
    return first.flatMap((one) =>
      names(to as FsGrant, other).map((two) => ({ ...one, need: right, to: two })),
    )
  },
}
