import { isAbsolute, normalize, relative, resolve, sep } from 'node:path'
import type { Ask, Denial, JsonSchema, Refusal, WitError } from '@theater/handler'
import { fail } from './errors.ts'
import { below } from './path.ts'
import type { ErrorCode } from './types.ts'

/** What an actor may do below a mount: look, or look and change. */
export type Rights = 'r' | 'rw'

/** One directory of the host that an actor sees. A type, not an interface, so that it counts as JSON. */
export type FsMount = {
  /**
   * The directory of the host. It MUST NOT go through a symbolic link. Relative to the handler's `base`, where it has
   * one.
   */
  readonly host: string
  readonly rights: Rights
}

/**
 * The authority of one actor over files, by what the actor calls each directory:
 * `{ mounts: { '/data': { host: '/srv/data', rights: 'r' } } }`.
 */
export type FsGrant = {
  readonly mounts: { readonly [guest: string]: FsMount }
}

/** What one call needs: to read or to change one path below a mount, or two paths (`rename-at`, `link-at`). */
export type FsAsk = {
  readonly mount: string
  /** Below the mount, `..` resolved by its letters; as the guest wrote it where that leads out of the descriptor. */
  readonly path: string
  readonly need: 'r' | 'w'
  readonly to?: { readonly mount: string; readonly path: string }
}

/** Absolute, no empty names, no dots, no slash at the end. */
const GUEST = String.raw`^(/|(/(?!\.{1,2}(/|$))[^/\u0000]+)+)$`

/** The JSON Schema of {@link FsGrant}. */
export const GRANT: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'fs',
  description:
    'Directories of the host that the actor may list and read, and with rw also change. Nothing outside of them exists for it.',
  type: 'object',
  additionalProperties: false,
  required: ['mounts'],
  examples: [{ mounts: { '/data': { host: 'data', rights: 'r' } } }],
  properties: {
    mounts: {
      description:
        'Directories of the host by the path that the actor sees: absolute, without . and .. and without a slash at the end.',
      type: 'object',
      additionalProperties: false,
      patternProperties: {
        [GUEST]: {
          description: 'One directory of the host.',
          type: 'object',
          additionalProperties: false,
          required: ['host', 'rights'],
          examples: [{ host: 'data', rights: 'r' }],
          properties: {
            host: {
              description:
                'The directory of the host. It must be there, and no part of it may be a symbolic link.',
              type: 'string',
              minLength: 1,
              pattern: String.raw`^[^\u0000]+$`,
            },
            rights: {
              description: 'r: list and read. rw: also write, create, rename and delete.',
              enum: ['r', 'rw'],
            },
          },
        },
      },
    },
  },
}

/** The host directory of a mount as an absolute path; `undefined`: it is relative and there is no base. */
export function hostPath(host: string, base: string | undefined): string | undefined {
  if (isAbsolute(host)) return normalize(host)
  return base === undefined ? undefined : resolve(base, host)
}

/** Whether every mount of a child lies inside one of its parent's, with no more rights. By path alone: mounts hold no links. */
export function within(child: FsGrant, parent: FsGrant, base: string | undefined): true | Refusal {
  for (const [guest, mount] of Object.entries(child.mounts)) {
    const inside = Object.values(parent.mounts).filter((held) => contains(held.host, mount.host, base))
    if (inside.length === 0)
      return { refused: `mount ${guest}: ${mount.host} lies in no directory that the parent holds` }
    if (!inside.some((held) => held.rights === 'rw' || mount.rights === 'r')) {
      return { refused: `mount ${guest}: the parent may only read ${mount.host}` }
    }
  }
  return true
}

function contains(parent: string, child: string, base: string | undefined): boolean {
  // Two relative paths can be compared without knowing where they start: somewhere deep enough for their `..`.
  const start = base ?? (isAbsolute(parent) || isAbsolute(child) ? undefined : deep(parent, child))
  const outer = hostPath(parent, start)
  const inner = hostPath(child, start)
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
  if (typeof mount !== 'string' || typeof path !== 'string' || (need !== 'r' && need !== 'w')) {
    return { refused: 'a malformed ask' }
  }
  if (!Object.hasOwn(grant.mounts, mount)) {
    return { refused: mount === '' ? 'no directory that was granted' : `${mount} was not granted` }
  }
  if (leaves(path)) return { refused: `${path} leads out of ${mount}` }
  if (need === 'w' && grant.mounts[mount]?.rights !== 'rw')
    return { refused: `${mount} was granted for reading only` }
  return true
}

function leaves(path: string): boolean {
  return below('', path) === undefined
}

/** The description of a descriptor: in the event that hands it out, and in asks. */
export type DescriptorDescription = {
  readonly mount: string
  /** Below the mount, links resolved; empty for the mount itself. */
  readonly path: string
  readonly rights: Rights
  readonly kind: 'directory' | 'regular-file'
  /** What the file was opened for; for a directory, what the mount allows. */
  readonly flags: readonly string[]
  /** Which object it is, so that another of the same name is not taken for it. Absent for a mount itself. */
  readonly id?: string
}

/** The ask of a call on a descriptor, and on a path below it. Total: what it does not know nobody was granted. */
export function askFor(need: 'r' | 'w', descriptor: unknown, path: unknown = ''): FsAsk {
  return { ...place(descriptor, path), need }
}

/** The ask of a call on two descriptors. */
export function askForBoth(
  need: 'r' | 'w',
  from: unknown,
  path: unknown,
  to: unknown,
  newPath: unknown,
): FsAsk {
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
  return fail(ask.need === 'w' && !out ? 'read-only' : 'not-permitted', refusal.refused)
}
