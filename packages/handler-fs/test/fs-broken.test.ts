import { fsLaws, type FsDescriptor, type FsListing, type FsWorld } from '@theater/handler-conformance'
import { WitError, type Ask } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { Descriptor } from '../src/descriptor.ts'
import { PREOPENS, TYPES } from '../src/functions.ts'
import type { Backend } from '../src/index.ts'
import { lawWorld } from './law-world.ts'
import { code, FOLLOW, WRITE } from './support.ts'

/*
 * One broken handler of files for each law: a right one with one thing changed, which breaks that law and no other.
 */

/** What is wrong: methods of descriptors, given the right one first; and functions. */
interface Wrong {
  readonly methods?: {
    readonly [M in keyof FsDescriptor]?: (
      self: FsDescriptor,
      args: Parameters<FsDescriptor[M]>,
      backend: Backend,
    ) => unknown
  }
  readonly directories?: (mounts: [FsDescriptor, string][]) => [FsDescriptor, string][]
  readonly errorCode?: (error: unknown) => unknown
  /** `undefined`: as the right one. */
  readonly authorize?: (ask: Ask) => true | undefined
}

const wit = (error: string): WitError => new WitError(error)
const isFile = async (self: FsDescriptor): Promise<boolean> => (await self.getType()) === 'regular-file'
const mayWrite = async (self: FsDescriptor): Promise<boolean> => (await self.getFlags())['write'] === true

/** The right answer, with another error in the place of one. */
async function instead(call: () => unknown, error: string, other?: string): Promise<unknown> {
  try {
    return await call()
  } catch (thrown) {
    if (!WitError.is(thrown) || thrown.payload !== error) throw thrown
    if (other === undefined) return undefined
    throw wit(other)
  }
}

/** A listing that goes on with another one of the same descriptor, where that one is not at its end. */
const unfinished = new WeakMap<FsDescriptor, FsListing>()

const broken: Readonly<Record<string, Wrong>> = {
  'a path that starts with a slash is not permitted': {
    methods: { statAt: (self, [flags, path]) => (path === '/etc' ? self.stat() : self.statAt(flags, path)) },
  },
  'a path that leads above its directory is not permitted': {
    methods: {
      statAt: (self, [flags, path]) => (/^to-sub.*\.\./.test(path) ? self.stat() : self.statAt(flags, path)),
    },
  },
  'a link that leads out of its directory, or says an absolute path, is not followed': {
    methods: { statAt: (self, [flags, path]) => (path === 'out' ? self.stat() : self.statAt(flags, path)) },
  },
  'links in a circle are a loop': {
    methods: {
      statAt: (self, [flags, path]) => instead(() => self.statAt(flags, path), 'loop', 'no-entry'),
    },
  },
  'a link at the end of a path is followed where symlink-follow is set, and nowhere else': {
    methods: {
      openAt: (self, [flags, path, open, mode]) =>
        self.openAt(path === 'to-a' ? FOLLOW : flags, path, open, mode),
    },
  },
  'readlink-at says what a link says, and nothing of an absolute path': {
    methods: { readlinkAt: (self, [path]) => (path === 'absolute' ? '/etc' : self.readlinkAt(path)) },
  },
  'symlink-at makes a link, and none to an absolute path': {
    methods: { symlinkAt: (self, [target, path]) => self.symlinkAt(target.replace(/^\//, ''), path) },
  },
  'link-at gives a file a second name': {
    methods: {
      linkAt: (self, [flags, from, to, path]) => instead(() => self.linkAt(flags, from, to, path), 'exist'),
    },
  },
  'rename-at moves what has one name to another': {
    methods: {
      async renameAt(self, [from, to, path]) {
        if (String(await code(() => to.statAt({}, path))).startsWith('answered')) throw wit('exist')
        return self.renameAt(from, to, path)
      },
    },
  },
  'create-directory-at makes a directory, and only where nothing is': {
    methods: {
      createDirectoryAt: (self, [path]) => instead(() => self.createDirectoryAt(path), 'exist'),
    },
  },
  'remove-directory-at removes a directory that is empty': {
    methods: {
      removeDirectoryAt: (self, [path]) => instead(() => self.removeDirectoryAt(path), 'not-empty', 'exist'),
    },
  },
  'unlink-file-at removes a file or a link, and no directory': {
    methods: {
      unlinkFileAt: (self, [path]) => instead(() => self.unlinkFileAt(path), 'is-directory', 'access'),
    },
  },
  'open-at makes, empties and insists as its flags say': {
    methods: {
      openAt: (self, [flags, path, open, mode]) =>
        self.openAt(
          flags,
          path,
          { ...open, truncate: open['create'] === true || open['truncate'] === true },
          mode,
        ),
    },
  },
  'open-at with directory opens nothing else': {
    methods: {
      openAt: (self, [flags, path, open, mode]) =>
        self.openAt(flags, path, { ...open, directory: false }, mode),
    },
  },
  'get-flags says what a descriptor may do, and mutate-directory of directories alone': {
    methods: {
      async getFlags(self) {
        const flags = await self.getFlags()
        return flags['write'] !== true && (await isFile(self)) ? { ...flags, mutateDirectory: true } : flags
      },
    },
  },
  'get-flags has write where a file was opened for it, and mutate-directory where names can be changed': {
    methods: {
      async getFlags(self) {
        const { write: _, ...flags } = await self.getFlags()
        return flags
      },
    },
  },
  'a file that is open to read is not written, and the other way round': {
    methods: {
      async openAt(self, [flags, path, open, mode]) {
        try {
          return await self.openAt(flags, path, open, { ...mode, ...WRITE })
        } catch {
          return self.openAt(flags, path, open, mode)
        }
      },
    },
  },
  'get-type is the type that stat says': {
    methods: { getType: async (self) => ((await isFile(self)) ? 'unknown' : self.getType()) },
  },
  'stat says the bytes of a file, and of a link those that it says': {
    methods: {
      async statAt(self, [flags, path]) {
        const stat = await self.statAt(flags, path)
        return stat.type === 'symbolic-link' ? { ...stat, size: stat.size + 1n } : stat
      },
    },
  },
  'read gives what is at an offset, no more than was asked for, and says where the end is': {
    methods: { read: async (self, [length, offset]) => [(await self.read(length, offset))[0], false] },
  },
  'write puts bytes at an offset, and zeros before what is behind the end': {
    methods: { write: async (self, [buffer, offset]) => (await self.write(buffer, offset)) - 1n },
  },
  'set-size cuts a file, or adds zeros': {
    methods: {
      setSize: async (self, [size]) => (size > (await self.stat()).size ? undefined : self.setSize(size)),
    },
  },
  'read-via-stream starts at its offset, and two streams do not interfere': {
    methods: { readViaStream: (self) => self.readViaStream(0n) },
  },
  'write-via-stream starts at its offset and goes on from there': {
    methods: { writeViaStream: (self, [offset]) => self.writeViaStream(offset < 9n ? 0n : offset) },
  },
  'append-via-stream writes at the end, wherever that is by then': {
    methods: { appendViaStream: async (self) => self.writeViaStream((await self.stat()).size) },
  },
  'sync and sync-data succeed for what is open to read': {
    methods: {
      async syncData(self) {
        if (!(await mayWrite(self))) throw wit('bad-descriptor')
        return self.syncData()
      },
    },
  },
  'sync and sync-data succeed for what was written': {
    methods: {
      async sync(self) {
        if (await mayWrite(self)) throw wit('io')
        return self.sync()
      },
    },
  },
  'advise of a file is taken and changes nothing': {
    methods: {
      advise(self, [offset, length, advice]) {
        if (advice === 'no-reuse') throw wit('unsupported')
        return self.advise(offset, length, advice)
      },
    },
  },
  'set-times sets a time, keeps one, and takes that of now': {
    methods: {
      setTimes: (self, [accessed, modified]) =>
        self.setTimes(accessed.tag === 'now' ? { tag: 'no-change' } : accessed, modified),
    },
  },
  'set-times-at is of the file, or of the link itself': {
    methods: {
      setTimesAt: (self, [, path, accessed, modified]) => self.setTimesAt(FOLLOW, path, accessed, modified),
    },
  },
  'is-same-object is true of one object and of no two': {
    methods: { isSameObject: async (self, [other]) => (await isFile(self)) && self.isSameObject(other) },
  },
  'is-same-object is true of two names of one file': {
    methods: {
      isSameObject: async (self, [other]) =>
        ((await self.stat()).linkCount === 1n || !(await isFile(self))) && self.isSameObject(other),
    },
  },
  'metadata-hash is the same of one object, and another of another': {
    methods: {
      metadataHashAt: (self, [flags, path]) =>
        flags['symlinkFollow'] === true ? { lower: 0n, upper: 0n } : self.metadataHashAt(flags, path),
    },
  },
  'metadata-hash changes with the file': {
    methods: {
      metadataHash: async (self) => ((await mayWrite(self)) ? { lower: 0n, upper: 0n } : self.metadataHash()),
    },
  },
  'a file that was unlinked is read and written by whoever has it open': {
    methods: {
      async write(self, [buffer, offset]) {
        if ((await self.stat()).linkCount === 0n) throw wit('bad-descriptor')
        return self.write(buffer, offset)
      },
    },
  },
  'get-directories gives directories, by absolute names': {
    directories: (mounts) => mounts.map(([one, name]) => [one, name.slice(1)]),
  },
  'read-directory has every entry once, without . and ..': {
    methods: {
      async readDirectory(self) {
        const listing = await self.readDirectory()
        let seen = 0
        const readDirectoryEntry = async () => {
          const entry = await listing.readDirectoryEntry()
          if (entry === undefined && seen > 3) {
            seen = 0
            return { type: 'directory', name: '.' }
          }
          seen++
          return entry
        }
        return { readDirectoryEntry }
      },
    },
  },
  'read-directory starts at the beginning, and two listings do not interfere': {
    methods: {
      async readDirectory(self) {
        const open = unfinished.get(self)
        if (open !== undefined) return open
        const listing = await self.readDirectory()
        const shared: FsListing = {
          async readDirectoryEntry() {
            const entry = await listing.readDirectoryEntry()
            if (entry === undefined) unfinished.delete(self)
            return entry
          },
        }
        unfinished.set(self, shared)
        return shared
      },
    },
  },
  'read-directory does not end where what it listed is removed meanwhile': {
    methods: {
      async readDirectory(self) {
        const listing = await self.readDirectory()
        return {
          async readDirectoryEntry() {
            const entry = await listing.readDirectoryEntry()
            const there = entry && String(await code(() => self.statAt({}, entry.name)))
            return there?.startsWith('answered') === true ? entry : undefined
          },
        }
      },
    },
  },
  'without mutate-directory everything that would change is read-only': {
    methods: {
      createDirectoryAt: (self, [path]) => instead(() => self.createDirectoryAt(path), 'read-only', 'access'),
    },
  },
  'what is read-only has changed nothing': {
    methods: {
      async unlinkFileAt(self, [path], backend) {
        const answer = await code(() => self.unlinkFileAt(path))
        if (answer === 'read-only' && path === 'a.txt') backend.unlink(backend.openRoot('/data'), path)
        if (!String(answer).startsWith('answered')) throw wit(String(answer))
      },
    },
  },
  'what authorize refuses is refused when it is done, and nothing else is': {
    authorize: (ask) => (ask['need'] === 'r' ? undefined : true),
  },
  'filesystem-error-code says why a stream of a file failed, and nothing of another error': {
    errorCode: () => undefined,
  },
}

/** The world of the laws, with something wrong in it. */
function wrongWorld(wrong: Wrong): FsWorld {
  const world = lawWorld()
  const originals = new WeakMap<object, object>()
  const plain = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (originals.get(value) ?? value) : value
  const rewrap = (value: unknown): unknown => {
    if (value instanceof Promise) return value.then(rewrap)
    return value instanceof Descriptor ? wrap(value) : value
  }
  const wrap = (real: Descriptor): object => {
    const wrapped = new Proxy(real, {
      get(target, name) {
        const right: unknown = Reflect.get(target, name, target)
        if (typeof right !== 'function') return right
        const method = (wrong.methods as Readonly<Record<PropertyKey, unknown>> | undefined)?.[name]
        return (...given: unknown[]) => {
          const args = given.map(plain)
          return rewrap(
            typeof method === 'function'
              ? (method as (...all: unknown[]) => unknown)(target, args, world.backend)
              : Reflect.apply(right, target, args),
          )
        }
      },
    })
    originals.set(wrapped, real)
    return wrapped
  }
  const right = world.handler
  return {
    ...world,
    handler: {
      ...right,
      authorize: (grant, ask) => wrong.authorize?.(ask) ?? right.authorize(grant, ask),
      async bind(actor, grant) {
        const binding = await right.bind(actor, grant)
        const imports = binding.imports as Readonly<Record<string, Readonly<Record<string, unknown>>>>
        const directories = imports[PREOPENS]?.['getDirectories'] as () => [Descriptor, string][]
        const errorCode = imports[TYPES]?.['filesystemErrorCode']
        return {
          ...binding,
          describe: (type, object) => binding.describe?.(type, originals.get(object) ?? object),
          imports: {
            [PREOPENS]: {
              getDirectories() {
                const mounts = directories().map(([one, name]) => [wrap(one), name] as [FsDescriptor, string])
                return wrong.directories?.(mounts) ?? mounts
              },
            },
            [TYPES]: { filesystemErrorCode: wrong.errorCode ?? errorCode },
          },
        }
      },
    },
  }
}

/** The laws that do not hold. */
async function violated(wrong: Wrong): Promise<readonly string[]> {
  const names: string[] = []
  for (const law of fsLaws) {
    try {
      await law.run({ name: 'broken', make: () => wrongWorld(wrong) })
    } catch {
      names.push(law.name)
    }
  }
  return names
}

describe('a broken handler of files', () => {
  test('there is one for each law', () => {
    expect(Object.keys(broken).toSorted()).toEqual(fsLaws.map(({ name }) => name).toSorted())
  })

  test('with nothing broken breaks no law', async () => {
    expect(await violated({})).toEqual([])
  })

  test.each(Object.entries(broken))('breaks one law and no other: %s', async (name, wrong) => {
    expect(await violated(wrong)).toEqual([name])
  })
})
