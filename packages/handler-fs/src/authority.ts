import { isAbsolute, normalize, relative, resolve, sep } from 'node:path'
import type { Ask, Denial, Refusal, WitError } from '@theater/handler'
import { fail } from './errors.ts'
import {
  rightsOf,
  suffices,
  type FsAsk,
  type FsGrant,
  type FsMount,
  type FsQuota,
  type Need,
  type Rights,
} from './grant.ts'
import { below } from './path.ts'
import type { ErrorCode } from './types.ts'

/** The host directory of a mount as an absolute path; `undefined`: it is relative and there is no base. */
export function hostPath(host: string, base: string | undefined): string | undefined {
  if (isAbsolute(host)) return normalize(host)
  return base === undefined ? undefined : resolve(base, host)
}

/** Whether every mount of a child lies inside one of its parent's, with no more rights and no larger quota. By path alone: mounts hold no links. */
export function within(child: FsGrant, parent: FsGrant, base: string | undefined): true | Refusal {
  for (const [guest, mount] of Object.entries(child.mounts)) {
    const inside = Object.values(parent.mounts).filter((held) => contains(held, mount, base))
    if (inside.length === 0)
      return { refused: `mount ${guest}: ${placeOf(mount)} lies in no directory that the parent holds` }
    const wider = inside.map((held) => widerThan(held, mount))
    if (wider.includes(undefined)) continue
    return { refused: `mount ${guest}: ${wider[0]} ${placeOf(mount)}` }
  }
  return true
}

/** What a mount is of, for people. */
function placeOf(mount: FsMount): string {
  if (!('tree' in mount)) return mount.host
  return mount.path === undefined ? mount.tree : `${mount.path} of ${mount.tree}`
}

/** In what a child's mount gives more than the one around it; `undefined`: in nothing. */
function widerThan(held: FsMount, mount: FsMount): string | undefined {
  const rights = rightsOf(held)
  const need: Readonly<Record<Rights, Need>> = { r: 'r', ra: 'a', rw: 'w' }
  if (!suffices(rights, need[rightsOf(mount)]))
    return `the parent may only ${rights === 'r' ? 'read' : 'read and add to'}`
  const [most, asked] = [quotaOf(held), quotaOf(mount)]
  for (const kind of ['bytes', 'files', 'handles'] as const) {
    const limit = most[kind]
    if (limit !== undefined && (asked[kind] ?? Number.POSITIVE_INFINITY) > limit)
      return `the parent's quota of ${kind} is ${limit} for`
  }
  return undefined
}

/** The quota of a mount; of a tree there is none. */
export function quotaOf(mount: FsMount): FsQuota {
  return 'tree' in mount ? {} : (mount.quota ?? {})
}

function contains(parent: FsMount, child: FsMount, base: string | undefined): boolean {
  if ('tree' in parent || 'tree' in child) {
    if (!('tree' in parent) || !('tree' in child) || parent.tree !== child.tree) return false
    return `${child.path ?? ''}/`.startsWith(parent.path === undefined ? '' : `${parent.path}/`)
  }
  // Two relative paths can be compared without knowing where they start: somewhere deep enough for their `..`.
  const known = isAbsolute(parent.host) || isAbsolute(child.host)
  const start = base ?? (known ? undefined : deep(parent.host, child.host))
  const outer = hostPath(parent.host, start)
  const inner = hostPath(child.host, start)
  if (outer === undefined || inner === undefined) return false
  const way = relative(outer, inner)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function deep(...paths: readonly string[]): string {
  return `${sep}${`?${sep}`.repeat(paths.join('').split('..').length)}`
}

/** Whether a grant covers an ask. What only shows on the disk, links, is the resolver's to refuse. */
export function authorize(grant: FsGrant, ask: Ask): true | Refusal {
  const { mount, path, need, to } = ask
  const first = covers(grant, mount, path, need)
  if (first !== true || to === undefined) return first
  if (typeof to !== 'object' || to === null || Array.isArray(to)) return { refused: 'a malformed ask' }
  const second = to as { readonly [key: string]: unknown }
  return covers(grant, second.mount, second.path, need)
}

function covers(grant: FsGrant, mount: unknown, path: unknown, need: unknown): true | Refusal {
  if (
    typeof mount !== 'string' ||
    typeof path !== 'string' ||
    (need !== 'r' && need !== 'a' && need !== 'w')
  ) {
    return { refused: 'a malformed ask' }
  }
  const held = Object.hasOwn(grant.mounts, mount) ? grant.mounts[mount] : undefined
  if (held === undefined) {
    return { refused: mount === '' ? 'no directory that was granted' : `${mount} was not granted` }
  }
  if (leaves(path)) return { refused: `${path} leads out of ${mount}` }
  const rights = rightsOf(held)
  if (!suffices(rights, need))
    return { refused: `${mount} was granted for reading ${rights === 'r' ? 'only' : 'and adding only'}` }
  return true
}

function leaves(path: string): boolean {
  return below('', path) === undefined
}

/** The ask of a call on a descriptor, and on a path below it. Total: what it does not know nobody was granted. */
export function askFor(need: Need, descriptor: unknown, path: unknown = ''): FsAsk {
  return { ...place(descriptor, path), need }
}

/** The ask of a call on two descriptors. */
export function askForBoth(need: Need, from: unknown, path: unknown, to: unknown, newPath: unknown): FsAsk {
  return { ...place(from, path), need, to: place(to, newPath) }
}

function place(descriptor: unknown, path: unknown): { mount: string; path: string } {
  const text = typeof path === 'string' ? path : ''
  if (typeof descriptor !== 'object' || descriptor === null) return { mount: '', path: text }
  const { mount, path: base } = descriptor as { readonly mount?: unknown; readonly path?: unknown }
  if (typeof mount !== 'string' || typeof base !== 'string') return { mount: '', path: text }
  return { mount, path: below(base, text) ?? text }
}

/** The interface's error for a refused ask. */
export function denied(denial: Denial): WitError<ErrorCode> {
  const { ask, refusal } = denial
  const to = ask.to as { readonly path?: unknown } | undefined
  const out = [ask.path, to?.path].some((path) => typeof path === 'string' && leaves(path))
  return fail((ask.need === 'w' || ask.need === 'a') && !out ? 'read-only' : 'not-permitted', refusal.refused)
}
