import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FsWorld } from '@theater/handler-conformance'
import { fsConformance } from '@theater/handler-conformance/vitest'
import { fs, handleBackend, pathBackend, putTree, type Backend, type FsMount } from '../src/index.ts'
import { lawWorld } from './law-world.ts'

/** The same on the disk. */
function onDisk(backend: () => Backend): FsWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'theater-laws-')))
  mkdirSync(join(root, 'outside'))
  mkdirSync(join(root, 'data/sub'), { recursive: true })
  writeFileSync(join(root, 'data/a.txt'), 'hello')
  writeFileSync(join(root, 'data/sub/b.txt'), 'world')
  for (const [name, target] of [
    ['to-a', 'a.txt'],
    ['to-sub', 'sub'],
    ['loop', 'loop'],
    ['out', '../outside'],
    ['absolute', '/etc'],
  ] as const)
    symlinkSync(target, join(root, 'data', name))
  return {
    handler: fs({ backend: backend(), base: root }),
    grant: (rights) => ({ mounts: { '/data': { host: 'data', rights } } }),
    state: () => undefined,
    end: () => rmSync(root, { recursive: true }),
  }
}

const mounts = (mount: FsMount) => ({ mounts: { '/data': mount } })

fsConformance({ name: 'in memory', make: () => lawWorld() })
if (process.platform === 'linux') fsConformance({ name: 'by handle', make: () => onDisk(handleBackend) })
fsConformance({ name: 'by path', make: () => onDisk(pathBackend) })
fsConformance({
  name: 'in memory, within a quota',
  make: () => ({
    ...lawWorld(),
    grant: (rights) => mounts({ host: '/data', rights, quota: { bytes: 100_000, files: 10, handles: 10 } }),
  }),
})
fsConformance({
  name: 'a tree',
  fixed: true,
  make: async () => {
    const blocks = new Map<string, Uint8Array>()
    const key = (cid: Uint8Array): string => Buffer.from(cid).toString('hex')
    const put = async (cid: Uint8Array, bytes: Uint8Array) => void blocks.set(key(cid), bytes)
    const tree = await putTree({ put }, lawWorld().backend, '/data')
    return {
      handler: fs({ trees: { get: async (cid) => blocks.get(key(cid)) } }),
      grant: () => mounts({ tree }),
      state: () => undefined,
    }
  },
})
