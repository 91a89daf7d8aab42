import { readdirSync } from 'node:fs'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import type { Backend, FsGrant } from '../src/index.ts'
import {
  bind,
  code,
  content,
  CREATE,
  names,
  open,
  READ,
  text,
  utf8,
  worlds,
  WRITE,
  type World,
} from './support.ts'

const granted = (here: World): FsGrant => ({
  mounts: { '/data': { host: `${here.root}/data`, rights: 'rw' } },
})

/** A backend that keeps count of its open handles, and whose asynchronous writes end when told to. */
function watched(real: Backend) {
  const open = new Set<object>()
  const writing: (() => void)[] = []
  let writes = 0
  const seen = (handle: object): object => {
    open.add(handle)
    return handle
  }
  const backend: Backend = {
    ...real,
    openRoot: (host) => seen(real.openRoot(host)),
    step: (directory, name) => seen(real.step(directory, name)),
    openFile: (handle, mode) => seen(real.openFile(handle, mode)),
    createFile: (directory, name, mode) => seen(real.createFile(directory, name, mode)),
    async write(file, bytes, offset) {
      writes++
      const { promise, resolve } = Promise.withResolvers<void>()
      writing.push(resolve)
      await promise
      await real.write(file, bytes, offset)
    },
    close(handle) {
      if (!open.delete(handle)) throw new Error('closed twice, or never opened')
      real.close(handle)
    },
  }
  return { backend, open, go: () => writing.splice(0).forEach((resolve) => resolve()), writes: () => writes }
}

describe.each(worlds)('$name', ({ world }) => {
  test('binds afresh per actor; two actors do not touch', async () => {
    const here = world()
    const [one, two] = [await bind(here, granted(here)), await bind(here, granted(here))]
    const [a, b] = [one.root('/data'), two.root('/data')]
    await one.binding[Symbol.asyncDispose]?.()
    expect(await code(() => a.stat())).toBe('bad-descriptor')
    expect(b.statAt({}, 'a.txt').size).toBe(5n)
  })

  test('an end closes everything, waits for what is under way, and can be asked for twice', async () => {
    const here = world()
    const { backend, open: handles, go } = watched(here.backend)
    const { binding, root } = await bind({ ...here, backend }, granted(here))
    const data = root('/data')
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const writing = file.write(utf8('later'), 0n)
    const streams = [file.readViaStream(0n), file.writeViaStream(0n), file.appendViaStream()]
    const list = data.readDirectory()
    const directory = await data.openAt({}, 'sub', {}, READ)
    let ended = false
    const end = Promise.resolve(binding[Symbol.asyncDispose]?.()).then(() => (ended = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toBe(false)
    // The file is still open for the write, and nothing else is.
    expect(handles.size).toBe(1)
    for (const call of [
      () => directory.stat(),
      () => file.stat(),
      () => list.readDirectoryEntry(),
      () => data.openAt({}, 'x', {}, READ),
    ]) {
      expect(await code(call)).toBe('bad-descriptor')
    }
    for (const stream of streams) {
      expect(await code(() => ('read' in stream ? stream.read(1) : stream.write(utf8('x'))))).toEqual({
        tag: 'closed',
      })
    }
    go()
    await end
    expect(await writing).toBe(5n)
    expect(handles.size).toBe(0)
    await binding[Symbol.asyncDispose]?.()
    expect(binding.imports['wasi:filesystem/preopens@0.2'].getDirectories()).toEqual([])
    expect(
      binding.resume?.('wasi:filesystem/types@0.2#descriptor', {
        mount: '/data',
        path: '',
        kind: 'directory',
        flags: [],
      }),
    ).toBe(undefined)
  })

  test('an abort rejects what waits and what comes; the handle stays until the write is done with it', async () => {
    const here = world()
    const { backend, open: handles, go } = watched(here.backend)
    const actor = fakeActor()
    const { binding, root } = await bind({ ...here, backend }, granted(here), {}, actor)
    const data = root('/data')
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    const reason = new Error('stopped')
    const writing = file.write(utf8('later'), 0n)
    actor.end(reason)
    await expect(writing).rejects.toBe(reason)
    const after = [
      () => file.write(utf8('x'), 0n),
      () => file.setSize(0n),
      () => file.setTimes({ tag: 'now' }, { tag: 'now' }),
      () => file.sync(),
      () => data.openAt({}, 'new', CREATE, WRITE),
      () => data.createDirectoryAt('new'),
      () => data.unlinkFileAt('a.txt'),
      () => data.renameAt('a.txt', data, 'new'),
    ]
    for (const call of after) await expect(call()).rejects.toBe(reason)
    file[Symbol.dispose]()
    data[Symbol.dispose]()
    const end = binding[Symbol.asyncDispose]?.()
    expect(handles.size).toBe(1)
    go()
    await end
    expect(handles.size).toBe(0)
    const again = await open(here)
    expect(names(again)).not.toContain('new')
  })

  test('a call that is refused does nothing', async () => {
    const here = world()
    const touched: string[] = []
    const spy = new Proxy(here.backend, {
      get(real, method: keyof Backend) {
        return (...args: never[]) => {
          if (!['openRoot', 'step', 'stat', 'close', 'readLink'].includes(method)) touched.push(method)
          return (real[method] as (...args: never[]) => unknown)(...args)
        }
      },
    })
    const data = await open({ ...here, backend: spy }, 'r')
    const keep = { tag: 'no-change' } as const
    const refused = [
      () => data.openAt({}, 'a.txt', { truncate: true }, WRITE),
      () => data.openAt({}, 'new', CREATE, READ),
      () => data.createDirectoryAt('x'),
      () => data.removeDirectoryAt('sub'),
      () => data.unlinkFileAt('a.txt'),
      () => data.renameAt('a.txt', data, 'x'),
      () => data.linkAt({}, 'a.txt', data, 'x'),
      () => data.symlinkAt('a.txt', 'x'),
      () => data.setTimes(keep, keep),
      () => data.openAt({}, '../outside/secret', {}, READ),
      () => data.openAt({ symlinkFollow: true }, 'out-absolute', {}, READ),
    ]
    for (const call of refused) expect(await code(call)).toMatch(/read-only|not-permitted/)
    expect(touched).toEqual([])
  })

  test('nothing stays open: not after an answer, not after a refusal', async () => {
    const here = world()
    const { backend, open: handles, go } = watched(here.backend)
    const data = await open({ ...here, backend })
    expect(handles.size).toBe(1)
    const paths = [
      'a.txt',
      'sub',
      'sub/deep/c.txt',
      'to-sub/deep',
      'up/to-top/sub',
      'nothing',
      'a.txt/x',
      'sub/../..',
      'loop-1',
      'out-directory/x',
      'dangling',
      '.',
      'sub/.',
    ]
    for (const path of paths) {
      const calls: (() => unknown)[] = [
        () => data.statAt({ symlinkFollow: true }, path),
        () => data.metadataHashAt({}, path),
        () => data.readlinkAt(path),
        () => data.setTimesAt({}, path, { tag: 'now' }, { tag: 'no-change' }),
        () => data.createDirectoryAt(path),
        () => data.symlinkAt('a.txt', path),
        () => data.linkAt({ symlinkFollow: true }, path, data, 'linked'),
        () => data.renameAt(path, data, path),
        () => data.unlinkFileAt('linked'),
        ...[{}, CREATE, { create: true, exclusive: true }, { directory: true }, { truncate: true }].flatMap(
          (how) =>
            [{}, READ, WRITE].map((flags) => async () => {
              const opened = await data.openAt({ symlinkFollow: true }, path, how, flags)
              opened[Symbol.dispose]()
            }),
        ),
      ]
      for (const call of calls) {
        await code(call)
        expect([path, call.toString(), handles.size]).toEqual([path, call.toString(), 1])
      }
    }
    const file = await data.openAt({}, 'a.txt', CREATE, WRITE)
    const done = file.write(utf8('x'), 0n)
    go()
    await done
    file.appendViaStream()[Symbol.dispose]?.()
    file[Symbol.dispose]()
    names(data)
    expect(handles.size).toBe(1)
  })

  test('effects: doing it again leaves the same files', async () => {
    const here = world()
    const data = await open(here)
    const again = async (change: () => Promise<unknown>): Promise<void> => {
      await change()
      const state = async () => [names(data), await content(data, 'f'), data.statAt({}, 'f').size]
      const before = await state()
      await code(change)
      expect(await state()).toEqual(before)
    }
    const file = await data.openAt({}, 'f', CREATE, WRITE)
    await again(() => data.openAt({}, 'f', { create: true, truncate: true }, WRITE))
    await again(() => file.write(utf8('hello'), 1n))
    await again(() => file.setSize(3n))
    await again(() => data.createDirectoryAt('d'))
    await again(() => data.symlinkAt('f', 'l'))
    await again(() => data.linkAt({}, 'f', data, 'h'))
    await again(() => data.unlinkFileAt('l'))
    await again(() => data.removeDirectoryAt('d'))
  })
})

test.runIf(process.platform === 'linux')('the host’s own handles are all given back', async () => {
  const count = (): number => readdirSync('/proc/self/fd').length
  for (const { world } of worlds) {
    const here = world()
    // What the tests before had open may be closed meanwhile.
    const before = count()
    const { binding, root } = await bind(here, granted(here))
    for (let i = 0; i < 20; i++) {
      const file = await root('/data').openAt({}, 'sub/b.txt', {}, WRITE)
      file.readViaStream(0n)
      file.appendViaStream()
      await file.write(utf8('w'), 0n)
      await root('/data').sync()
      expect(text(file.read(1n, 0n)[0])).toBe('w')
      await code(() => root('/data').openAt({}, 'up/to-top/nothing', {}, READ))
    }
    await binding[Symbol.asyncDispose]?.()
    expect(count()).toBeLessThanOrEqual(before)
    await expect(
      bind(here, {
        mounts: { '/a': { host: `${here.root}/data`, rights: 'r' }, '/b': { host: '/nothing', rights: 'r' } },
      }),
    ).rejects.toThrow('/nothing')
    expect(count()).toBeLessThanOrEqual(before)
  }
})
