import { posix } from 'node:path'
import type { AtLarge } from '@theater/handler-conformance'
import type { Json } from '@theater/values'
import fc from 'fast-check'
import type { FsAsk, FsGrant, FsMount } from '../src/index.ts'

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
const need = fc.constantFrom('r', 'a', 'w')
const mount = fc.oneof(guest, fc.constantFrom('', '__proto__'))

const amount = fc.constantFrom(0, 1, 2)
const quota = fc.record({ bytes: amount, files: amount, handles: amount }, { requiredKeys: [] })
const directory = fc.record(
  { host, rights: fc.constantFrom('r', 'ra', 'rw'), quota },
  { requiredKeys: ['host', 'rights'] },
)
const tree = fc.record(
  {
    tree: fc.constantFrom(...['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`)),
    path: fc.constantFrom('x', 'x/y', 'xy', 'constructor'),
  },
  { requiredKeys: ['tree'] },
)

/** Where a mount is: a directory of the host, or one of a tree. Relative ones are somewhere deep enough for their `..`. */
function topOf(held: FsMount): string {
  return 'tree' in held
    ? posix.join('/tree', held.tree, held.path ?? '')
    : posix.join('/host', posix.resolve('/1/2/3/4', held.host))
}

/** A place; `undefined`: there is no such mount, or the path leads out of it. */
function placeOf({ mounts }: FsGrant, name: string, below: string): string | undefined {
  const held = Object.hasOwn(mounts, name) ? mounts[name] : undefined
  return held && posix.join(topOf(held), below)
}

/** Each name that a place has under a grant. */
function names(
  { mounts }: FsGrant,
  place: string,
): readonly { readonly mount: string; readonly path: string }[] {
  return Object.entries(mounts).flatMap(([name, held]) => {
    const way = posix.relative(topOf(held), place)
    return way === '..' || way.startsWith('../') ? [] : [{ mount: name, path: way }]
  })
}

/** Places enough to tell the mounts of the generator from each other. */
const PLACES = [
  ...['/h', '/h/x', '/h/x/y', '/h/z', '/k', '/hx', '/1/2/3/4/h', '/1/2/3/4/h/x', '/1/2/3/h'].map(
    (at) => `/host${at}`,
  ),
  ...['', '/x', '/x/y', '/xy'].map((at) => `/tree/sha256:${'1'.repeat(64)}${at}`),
]

/** Grants of few directories. An ask is in the names of a grant, and is the same if it means the same place. */
export const atLarge: AtLarge = {
  grant: fc.record({
    mounts: fc.dictionary(guest, fc.oneof({ weight: 3, arbitrary: directory }, tree), {
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
    const place = placeOf(from as FsGrant, name, below)
    const other = second && placeOf(from as FsGrant, second.mount, second.path)
    if (place === undefined || (second !== undefined && other === undefined)) return []
    const first = names(to as FsGrant, place)
    if (other === undefined) return first.map((one) => ({ ...one, need: right }))
    return first.flatMap((one) =>
      names(to as FsGrant, other).map((two) => ({ ...one, need: right, to: two })),
    )
  },
  /** How much room there is, in each place. */
  reach: (grant) =>
    PLACES.flatMap((place) =>
      names(grant as FsGrant, place).flatMap((one) => {
        const held = (grant as FsGrant).mounts[one.mount]
        if (held === undefined || 'tree' in held) return [`read ${place}`]
        const rooms = (['bytes', 'files', 'handles'] as const).flatMap((kind) =>
          [1, 2, 3]
            .filter((level) => level <= (held.quota?.[kind] ?? 3))
            .map((level) => `${level} ${kind} in ${place}`),
        )
        return [`read ${place}`, ...rooms]
      }),
    ),
}
