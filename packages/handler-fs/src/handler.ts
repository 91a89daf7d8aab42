import {
  defineHandler,
  type Binding,
  type Handler,
  type Intent,
  type Reconciled,
  type WitError,
} from '@theater/handler'
import type { Json } from '@theater/values'
import type { Backend } from './backend.ts'
import { Descriptor } from './descriptor.ts'
import { fail, isErrorCode, MountError, witError } from './errors.ts'
import { FUNCTIONS, PREOPENS, STREAMS, TYPES } from './functions.ts'
import { authorize, GRANT, hostPath, within, type FsGrant } from './grant.ts'
import { reopen } from './reopen.ts'
import { Held, Session, type Limits, type Mount } from './session.ts'
import { CutInputStream, FileStream, FsIoError, type Place } from './streams.ts'
import type { ErrorCode } from './types.ts'

/** The functions that are no methods, per track. */
export interface FsImports {
  readonly [PREOPENS]: {
    /** The mounts, sorted by name, each a fresh descriptor. */
    getDirectories(): [Descriptor, string][]
  }
  readonly [TYPES]: {
    /** The code in an error of a stream of ours; `undefined` for another's. */
    filesystemErrorCode(error: unknown): ErrorCode | undefined
  }
}

/** What the handler is made of. */
export interface Parts {
  readonly backend: () => Backend
  readonly base: string | undefined
  readonly limits: Limits
}

/** Makes the handler of `wasi:filesystem`. */
export function fsHandler({ backend, base, limits }: Parts): Handler<FsGrant, FsImports> {
  return defineHandler<FsGrant, FsImports>({
    name: 'fs',
    interfaces: [TYPES, PREOPENS],
    grant: GRANT,
    functions: FUNCTIONS,
    within: (child, parent) => within(child, parent, base),
    authorize,
    bind(actor, grant) {
      const opened = backend()
      return binding(new Session(actor, opened, openMounts(opened, grant, base), limits))
    },
    inert: (actor) => binding(new Session(actor, NOTHING, new Map(), limits)),
  })
}

/** Without mounts there is no descriptor to reach a backend by. */
const NOTHING: Backend = new Proxy({} as Backend, {
  get() {
    throw new TypeError('there are no mounts')
  },
})

function openMounts(backend: Backend, grant: FsGrant, base: string | undefined): Map<string, Mount> {
  const mounts = new Map<string, Mount>()
  try {
    for (const name of Object.keys(grant.mounts).toSorted()) {
      const mount = grant.mounts[name]
      if (mount === undefined) continue
      const host = hostPath(mount.host, base)
      if (host === undefined) {
        throw new MountError(
          'not-absolute',
          mount.host,
          `mount ${name}: ${mount.host} is relative. Write it from /, or give fs() a base`,
        )
      }
      mounts.set(name, { name, rights: mount.rights, root: new Held(backend, backend.openRoot(host)) })
    }
    return mounts
  } catch (error) {
    for (const mount of mounts.values()) mount.root.release()
    throw error
  }
}

const DESCRIPTOR = `${TYPES}#descriptor`
const INPUT = `${STREAMS}#input-stream`
const ERROR = 'wasi:io/error@0.2#error'

function binding(session: Session): Binding<FsImports> {
  return {
    imports: {
      [PREOPENS]: {
        getDirectories() {
          if (session.ended) return []
          return [...session.mounts.values()].map((mount) => [Descriptor.root(session, mount), mount.name])
        },
      },
      [TYPES]: {
        filesystemErrorCode: (error) => (error instanceof FsIoError ? error.code : undefined),
      },
    },
    describe: (_type, object) => describe(session, object),
    resume: (type, description) => resume(session, type, description),
    closed: closedError,
    reconcile: (intent) => reconcile(session, intent),
    [Symbol.asyncDispose]: () => session.end(),
  }
}

function describe(session: Session, object: object): Json | undefined {
  if (Descriptor.of(session, object)) return object.describe()
  if (object instanceof FileStream || object instanceof CutInputStream) return object.describe()
  return object instanceof FsIoError ? { code: object.code } : undefined
}

function resume(session: Session, type: string, description: Json): object | undefined {
  if (type === DESCRIPTOR) return reopen(session, description)
  if (type === INPUT) return new CutInputStream(placeOf(description))
  if (type !== ERROR) return undefined
  const code =
    typeof description === 'object' && description !== null && 'code' in description && description.code
  return isErrorCode(code) ? new FsIoError(code) : undefined
}

function placeOf(description: Json): Place {
  const { mount, path } = Object(description) as { readonly mount?: unknown; readonly path?: unknown }
  return { mount: typeof mount === 'string' ? mount : '', path: typeof path === 'string' ? path : '' }
}

/** Of every function that can say so. `is-same-object` cannot. */
function closedError(fn: string): WitError<ErrorCode> | undefined {
  const bound = Object.hasOwn(FUNCTIONS, fn) && fn.startsWith(`${TYPES}#[method]`)
  return bound && !fn.endsWith('.is-same-object') ? fail('bad-descriptor', 'a closed handle') : undefined
}

/** Whether a rename happened: by which of the two names there is. */
async function reconcile(session: Session, { fn, args }: Intent): Promise<Reconciled> {
  if (fn !== `${TYPES}#[method]descriptor.rename-at`) return 'unknown'
  const [from, oldPath, to, newPath] = args
  if (typeof oldPath !== 'string' || typeof newPath !== 'string') return 'unknown'
  using source = borrowed(session, from)
  using target = borrowed(session, to)
  if (source === undefined || target === undefined) return 'unknown'
  try {
    const before = source.descriptor.has(oldPath)
    const after = target.descriptor.has(newPath)
    // Both: the old name may be a new file's, or the new name's file is to be replaced.
    if (before) return after ? 'unknown' : 'not-done'
    // Neither: done again it says so.
    return after ? { done: undefined } : 'not-done'
  } catch (error) {
    witError(error)
    return 'unknown'
  }
}

/** A descriptor of an intent: as it is in the record, or alive already. */
function borrowed(
  session: Session,
  value: unknown,
): ({ readonly descriptor: Descriptor } & Disposable) | undefined {
  if (Descriptor.of(session, value)) return { descriptor: value, [Symbol.dispose]: () => {} }
  const descriptor = reopen(session, value)
  return descriptor && { descriptor, [Symbol.dispose]: () => descriptor[Symbol.dispose]() }
}
