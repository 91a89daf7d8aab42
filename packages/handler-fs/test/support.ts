import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { fakeActor, type FakeActor } from '@theater/handler-conformance'
import { WitError } from '@theater/handler'
import { onTestFinished } from 'vitest'
import type { Descriptor } from '../src/descriptor.ts'
import { PREOPENS } from '../src/functions.ts'
import { entry, fs, handleBackend, memory, pathBackend } from '../src/index.ts'
import type { Backend, FsGrant, FsOptions, MemoryTree, Rights } from '../src/index.ts'

/** What a test finds on the host: a directory `data` that is mounted, and one beside it that is not. */
export interface World {
  readonly backend: Backend
  /** The host directory above `data` and `outside`. */
  readonly root: string
  /** What the outside file says now. */
  secret(): string
}

export const SECRET = 'the secret'

/** The tree of every world. */
function tree(root: string): { readonly data: MemoryTree; readonly outside: MemoryTree } {
  return {
    data: {
      'a.txt': 'hello',
      empty: '',
      sub: { 'b.txt': 'world', deep: { 'c.txt': 'deep' } },
      'to-a': entry('symbolic-link', 'a.txt'),
      'to-sub': entry('symbolic-link', 'sub'),
      up: { 'to-a': entry('symbolic-link', '../a.txt'), 'to-top': entry('symbolic-link', '..') },
      dangling: entry('symbolic-link', 'not-there'),
      'loop-1': entry('symbolic-link', 'loop-2'),
      'loop-2': entry('symbolic-link', 'loop-1'),
      'out-absolute': entry('symbolic-link', `${root}/outside/secret`),
      'out-relative': entry('symbolic-link', '../outside/secret'),
      'out-directory': entry('symbolic-link', '../outside'),
      'out-chain': entry('symbolic-link', 'out-relative'),
      'out-new': entry('symbolic-link', '../outside/new'),
    },
    outside: { secret: SECRET, 'empty-directory': {} },
  }
}

function plant(directory: string, content: MemoryTree): void {
  mkdirSync(directory)
  for (const [name, value] of Object.entries(content)) {
    const path = join(directory, name)
    if (typeof value === 'string' || value instanceof Uint8Array) writeFileSync(path, value)
    else if ('target' in value && typeof value.target === 'string') symlinkSync(value.target, path)
    else plant(path, value as MemoryTree)
  }
}

/** A world on the real disk. */
function diskWorld(backend: () => Backend): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'theater-fs-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const { data, outside } = tree(root)
  plant(join(root, 'data'), data)
  plant(join(root, 'outside'), outside)
  return {
    backend: backend(),
    root,
    secret: () => {
      if (existsSync(join(root, 'outside/new'))) return 'something new was made outside'
      if (!existsSync(join(root, 'outside/empty-directory'))) return 'something outside was removed'
      return readFileSync(join(root, 'outside/secret'), 'utf8')
    },
  }
}

function memoryWorld(): World {
  const root = '/host'
  const backend = memory({ host: { ...tree(root) } })
  return {
    backend,
    root,
    secret: () => {
      const outside = backend.openRoot('/host/outside')
      if (backend.list(outside, 10).entries.length !== 2) return 'something outside was made or removed'
      const file = backend.openFile(backend.step(outside, 'secret'), {
        read: true,
        write: false,
        append: false,
        durable: 'no',
      })
      return new TextDecoder().decode(backend.read(file, 100, 0n))
    },
  }
}

/** The worlds of the real disk. */
export const disks: readonly { readonly name: string; readonly world: () => World }[] = [
  ...(process.platform === 'linux' ? [{ name: 'by handle', world: () => diskWorld(handleBackend) }] : []),
  { name: 'by path', world: () => diskWorld(pathBackend) },
]

/** Every world. */
export const worlds: typeof disks = [{ name: 'memory', world: memoryWorld }, ...disks]

/** Opens `data` of a world for an actor; the descriptor is that of `/data`. */
export async function open(
  world: World,
  rights: Rights = 'rw',
  options: FsOptions = {},
): Promise<Descriptor> {
  return (await bind(world, { mounts: { '/data': { host: `${world.root}/data`, rights } } }, options)).root(
    '/data',
  )
}

/** Binds the handler, and ends it with the test. */
export async function bind(
  world: World,
  grant: FsGrant,
  options: FsOptions = {},
  actor: FakeActor = fakeActor(),
) {
  const handler = fs({ backend: world.backend, ...options })
  const binding = await handler.bind(actor, grant)
  onTestFinished(() => binding[Symbol.asyncDispose]?.())
  return {
    handler,
    binding,
    actor,
    root: (mount: string): Descriptor => {
      const found = binding.imports[PREOPENS].getDirectories().find(([, name]) => name === mount)
      if (found === undefined) throw new Error(`no mount ${mount}`)
      return found[0]
    },
  }
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export const READ = { read: true }
export const WRITE = { read: true, write: true }
export const FOLLOW = { symlinkFollow: true }
export const CREATE = { create: true }

/** All of a file. */
export async function content(directory: Descriptor, path: string): Promise<string> {
  using file = await directory.openAt({}, path, {}, READ)
  return text(file.read(1_000_000n, 0n)[0])
}

/** The names of a directory. */
export function names(directory: Descriptor): string[] {
  using entries = directory.readDirectory()
  const found: string[] = []
  for (let one = entries.readDirectoryEntry(); one !== undefined; one = entries.readDirectoryEntry())
    found.push(one.name)
  return found
}

/** The interface's error that a call answers with; anything else that is thrown is thrown on. */
export async function code(call: () => unknown): Promise<unknown> {
  try {
    const value = await call()
    return `answered: ${typeof value === 'object' ? 'an object' : inspect(value)}`
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
}
