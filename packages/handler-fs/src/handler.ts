import {
  defineHandler,
  type Binding,
  type Handler,
  type Intent,
  type Reconciled,
  type WitError,
} from '@theater/handler'
import type { Json } from '@theater/values'
import { authorize, within } from './authority.ts'
import { Descriptor } from './descriptor.ts'
import { fail, isErrorCode, witError } from './errors.ts'
import { FUNCTIONS, PREOPENS, STREAMS, TYPES } from './functions.ts'
import { GRANT, type FsGrant } from './grant.ts'
import { Mounter, type Sources } from './mounts.ts'
import { reopen } from './reopen.ts'
import { Session, type Limits } from './session.ts'
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
export interface Parts extends Sources {
  readonly limits: Limits
}

/** Makes the handler of `wasi:filesystem`. */
export function fsHandler({ limits, ...sources }: Parts): Handler<FsGrant, FsImports> {
  const mounter = new Mounter(sources)
  return defineHandler<FsGrant, FsImports>({
    name: 'fs',
    interfaces: [TYPES, PREOPENS],
    grant: GRANT,
    functions: FUNCTIONS,
    within: (child, parent) => within(child, parent, sources.base),
    authorize,
    rests: () => true,
    async bind(actor, grant) {
      const { mounts, release } = await mounter.open(actor, grant)
      return binding(new Session(actor, mounts, limits, release))
    },
    inert: (actor) => binding(new Session(actor, new Map(), limits)),
  })
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
