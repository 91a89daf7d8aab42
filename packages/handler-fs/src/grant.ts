import type { JsonSchema } from '@theater/handler'

/** What an actor may do below a mount: look; look and add to what is there; look and change. */
export type Rights = 'r' | 'ra' | 'rw'

/**
 * How much an actor may do in one mount; what is absent is not limited. Each is counted for the actor, from the start of
 * the host on: not what is there, and not what others do.
 */
export type FsQuota = {
  /** The bytes that it writes, and the zeros by which it makes files longer. */
  readonly bytes?: number
  /** The names that it makes: of files, directories and links. */
  readonly files?: number
  /** The descriptors, streams and listings that it has open at once. */
  readonly handles?: number
}

/** One directory of the host that an actor sees. A type, not an interface, so that it counts as JSON. */
export type HostMount = {
  /**
   * The directory of the host. It MUST NOT go through a symbolic link. Relative to the handler's `base`, where it has
   * one.
   */
  readonly host: string
  readonly rights: Rights
  /** @default none: not limited */
  readonly quota?: FsQuota
}

/** A tree of files that never changes, by its hash. It is only read. */
export type TreeMount = {
  /** The tree, as `putTree` says it: `sha256:` and 64 hexadecimal digits. */
  readonly tree: string
  /** The directory of the tree that is mounted. @default the tree's own */
  readonly path?: string
}

/** One directory that an actor sees. */
export type FsMount = HostMount | TreeMount

/**
 * The authority of one actor over files, by what the actor calls each directory:
 * `{ mounts: { '/data': { host: '/srv/data', rights: 'r' } } }`.
 */
export type FsGrant = {
  readonly mounts: { readonly [guest: string]: FsMount }
}

/** What a call needs: to look, to add, to change. */
export type Need = 'r' | 'a' | 'w'

/** What one call needs, of one path below a mount, or of two paths (`rename-at`, `link-at`). */
export type FsAsk = {
  readonly mount: string
  /** Below the mount, `..` resolved by its letters; as the guest wrote it where that leads out of the descriptor. */
  readonly path: string
  readonly need: Need
  readonly to?: { readonly mount: string; readonly path: string }
}

/** What may be done below a mount. */
export function rightsOf(mount: FsMount): Rights {
  return 'tree' in mount ? 'r' : mount.rights
}

/** Whether rights are enough for a need. */
export function suffices(rights: Rights, need: Need): boolean {
  switch (need) {
    case 'r':
      return true
    case 'a':
      return rights !== 'r'
    case 'w':
      return rights === 'rw'
  }
}

/** A name that is not `.` or `..`, as a part of a pattern. */
const NAME = String.raw`(?!\.{1,2}(/|$))[^/\u0000]+`
/** Absolute, no empty names, no dots, no slash at the end. */
const GUEST = `^(/|(/${NAME})+)$`
/** The same, relative. */
const BELOW = `^${NAME}(/${NAME})*$`

const amount = (description: string): JsonSchema => ({
  description,
  type: 'integer',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** One object and not a choice of two: then whoever misspells a key of one hears of that key. */
const MOUNT: JsonSchema = {
  description:
    'One directory: a host directory with the rights on it, or a tree that never changes and is only read.',
  type: 'object',
  additionalProperties: false,
  examples: [{ host: 'data', rights: 'r' }],
  minProperties: 1,
  dependentRequired: { host: ['rights'], rights: ['host'], quota: ['host'], path: ['tree'] },
  dependentSchemas: { tree: { propertyNames: { enum: ['tree', 'path'] } } },
  properties: {
    host: {
      description: 'The directory of the host. It must be there, and no part of it may be a symbolic link.',
      type: 'string',
      minLength: 1,
      pattern: String.raw`^[^\u0000]+$`,
    },
    rights: {
      description:
        'r: list and read. ra: also create files, directories and links, and write at the end of files. rw: also write anywhere, rename and delete.',
      enum: ['r', 'ra', 'rw'],
    },
    quota: {
      description:
        'How much the actor may do there, counted from the start of the host on. Without it: no limit.',
      type: 'object',
      additionalProperties: false,
      properties: {
        bytes: amount('The bytes that it writes.'),
        files: amount('The files, directories and links that it makes.'),
        handles: amount('The descriptors, streams and listings that it has open at once.'),
      },
    },
    tree: {
      description: 'Instead of a directory of the host, a tree: sha256: and 64 hexadecimal digits.',
      type: 'string',
      pattern: '^sha256:[0-9a-f]{64}$',
    },
    path: {
      description:
        'The directory of the tree that is mounted: relative, without . and .. in it. Without it: the whole tree.',
      type: 'string',
      pattern: BELOW,
    },
  },
}

/** The JSON Schema of {@link FsGrant}. */
export const GRANT: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'fs',
  description:
    'Directories that the actor may list and read, with ra also add to, and with rw change. Nothing outside of them exists for it.',
  type: 'object',
  additionalProperties: false,
  required: ['mounts'],
  examples: [{ mounts: { '/data': { host: 'data', rights: 'r' } } }],
  properties: {
    mounts: {
      description:
        'Directories by the path that the actor sees: absolute, without . and .. and without a slash at the end.',
      type: 'object',
      additionalProperties: false,
      patternProperties: {
        [GUEST]: MOUNT,
      },
    },
  },
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
