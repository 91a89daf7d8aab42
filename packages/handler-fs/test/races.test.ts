import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../src/index.ts'
import { code, CREATE, disks, FOLLOW, open, READ, SECRET, text, utf8, WRITE, type World } from './support.ts'

/*
 * Somebody else on the host changes a directory between two steps of ours. The backend is the seam: one that acts just
 * before a step of the real one.
 */

/** A world in which `act` happens once, just before the first call of `method` that `when` is true of. */
function racing<M extends keyof Backend>(
  world: World,
  method: M,
  act: () => void,
  when: (...args: Parameters<Backend[M]>) => boolean = () => true,
): World & { readonly happened: () => boolean } {
  let done = false
  const real = world.backend[method] as (...args: Parameters<Backend[M]>) => unknown
  const hooked = (...args: Parameters<Backend[M]>): unknown => {
    if (!done && when(...args)) {
      done = true
      act()
    }
    return real(...args)
  }
  return { ...world, backend: { ...world.backend, [method]: hooked }, happened: () => done }
}

const named =
  (wanted: string) =>
  (_directory: object, name: string): boolean =>
    name === wanted

describe.each(disks)('$name', ({ name, world }) => {
  const byHandle = name === 'by handle'

  /** `data/sub` becomes a link to the outside; what it was lives on as `data/old`. */
  function swap({ root }: World): void {
    renameSync(join(root, 'data/sub'), join(root, 'data/old'))
    symlinkSync('../outside', join(root, 'data/sub'))
  }

  test('a directory becomes a link after it was opened, before a name in it is', async () => {
    const here = world()
    const data = await open(racing(here, 'step', () => swap(here), named('secret')))
    expect(await code(() => data.openAt({}, 'sub/secret', {}, READ))).toBe(
      byHandle ? 'no-entry' : 'bad-descriptor',
    )
  })

  test('a directory becomes a link after it was seen, before it is opened', async () => {
    const here = world()
    let steps = 0
    const data = await open(
      racing(
        here,
        'step',
        () => swap(here),
        (_, step) => step === 'sub' && ++steps === 1,
      ),
    )
    expect(await code(() => data.openAt({}, 'sub/secret', {}, READ))).toBe('not-permitted')
  })

  test('a directory becomes a link before something is made or removed in it', async () => {
    const attempts = [
      ['createFile', 'sub/new', (d, p) => d.openAt({}, p, CREATE, WRITE)],
      ['createDirectory', 'sub/new', (d, p) => d.createDirectoryAt(p)],
      ['symlink', 'sub/new', (d, p) => d.symlinkAt('b.txt', p)],
      ['removeDirectory', 'sub/empty-directory', (d, p) => d.removeDirectoryAt(p)],
      ['unlink', 'sub/secret', (d, p) => d.unlinkFileAt(p)],
      ['rename', 'sub/secret', (d, p) => d.renameAt(p, d, 'stolen')],
      ['rename', 'sub/secret', (d, p) => d.renameAt('a.txt', d, p)],
      ['rename', 'sub/new', (d, p) => d.renameAt('a.txt', d, p)],
      ['link', 'sub/new', (d, p) => d.linkAt({}, 'a.txt', d, p)],
      ['link', 'sub/secret', (d, p) => d.linkAt({}, p, d, 'stolen')],
    ] satisfies [keyof Backend, string, (data: Awaited<ReturnType<typeof open>>, path: string) => unknown][]
    for (const [method, path, attempt] of attempts) {
      const here = world()
      // So that the attempt gets as far as it can.
      mkdirSync(join(here.root, 'data/sub/empty-directory'))
      writeFileSync(join(here.root, 'data/sub/secret'), 'mine')
      const raced = racing(here, method, () => swap(here))
      const data = await open(raced)
      const answer = await code(() => attempt(data, path))
      expect([method, path, raced.happened()]).toEqual([method, path, true])
      const safe = byHandle ? String(answer).startsWith('answered') : answer === 'bad-descriptor'
      expect([method, path, answer, safe]).toEqual([method, path, answer, true])
      expect(here.secret()).toBe(SECRET)
      expect(await code(() => data.statAt({}, 'stolen'))).toBe(
        byHandle && path === 'sub/secret' && /stolen/.test(attempt.toString())
          ? 'answered: an object'
          : 'no-entry',
      )
    }
  })

  test('a file becomes a link to the outside after it was looked at, before it is opened', async () => {
    for (const mode of [READ, WRITE]) {
      const here = world()
      const swapFile = (): void => {
        rmSync(join(here.root, 'data/a.txt'))
        symlinkSync('../outside/secret', join(here.root, 'data/a.txt'))
      }
      const data = await open(racing(here, 'openFile', swapFile))
      // By handle, what was looked at is what is opened.
      const answer = await code(async () => {
        const file = await data.openAt({}, 'a.txt', { truncate: mode === WRITE }, mode)
        return text(file.read(9n, 0n)[0])
      })
      expect(answer).toBe(byHandle ? (mode === READ ? "answered: 'hello'" : "answered: ''") : 'loop')
      expect(here.secret()).toBe(SECRET)
    }
  })

  test('a file becomes another file after it was looked at, before it is opened', async () => {
    const here = world()
    const swapFile = (): void => {
      writeFileSync(join(here.root, 'data/other'), 'other')
      renameSync(join(here.root, 'data/other'), join(here.root, 'data/a.txt'))
    }
    const data = await open(racing(here, 'openFile', swapFile))
    const answer = await code(() => data.openAt({}, 'a.txt', { truncate: true }, WRITE))
    expect(answer).toBe(byHandle ? 'answered: an object' : 'bad-descriptor')
    const now = await data.openAt({}, 'a.txt', {}, READ)
    expect(text(now.read(9n, 0n)[0])).toBe('other')
  })

  test('a file becomes a fifo before it is opened: nobody waits', async () => {
    for (const mode of [READ, { write: true }, WRITE]) {
      const here = world()
      const swapFile = (): void => {
        rmSync(join(here.root, 'data/a.txt'))
        execFileSync('mkfifo', [join(here.root, 'data/a.txt')])
      }
      const data = await open(racing(here, 'openFile', swapFile))
      const answer = await code(() => data.openAt({}, 'a.txt', {}, mode))
      expect(answer).toMatch(byHandle ? /answered/ : /bad-descriptor|no-such-device/)
    }
  })

  test('a link out appears where a file is to be created', async () => {
    const here = world()
    const plant = (): void => symlinkSync('../outside/new', join(here.root, 'data/fresh'))
    const data = await open(racing(here, 'createFile', plant))
    expect(await code(() => data.openAt(FOLLOW, 'fresh', CREATE, WRITE))).toBe('not-permitted')
    expect(here.secret()).toBe(SECRET)
  })

  test('a file appears where one is to be created: it is opened', async () => {
    const here = world()
    const plant = (): void => writeFileSync(join(here.root, 'data/fresh'), 'theirs')
    const data = await open(racing(here, 'createFile', plant))
    const file = await data.openAt({}, 'fresh', CREATE, WRITE)
    expect(text(file.read(9n, 0n)[0])).toBe('theirs')
    const again = world()
    const exclusive = await open(
      racing(again, 'createFile', () => writeFileSync(join(again.root, 'data/fresh'), '')),
    )
    expect(await code(() => exclusive.openAt({}, 'fresh', { create: true, exclusive: true }, WRITE))).toBe(
      'exist',
    )
  })

  test('a file that comes and goes for ever', async () => {
    const here = world()
    const path = join(here.root, 'data/fickle')
    const backend: Backend = {
      ...here.backend,
      createFile(directory, fickle, mode) {
        writeFileSync(path, '')
        try {
          return here.backend.createFile(directory, fickle, mode)
        } finally {
          rmSync(path)
        }
      },
    }
    const data = await open({ ...here, backend })
    expect(await code(() => data.openAt({}, 'fickle', CREATE, WRITE))).toBe('busy')
  })

  test('the mount itself is replaced: by a link, by another directory', async () => {
    const here = world()
    const data = await open(here)
    renameSync(join(here.root, 'data'), join(here.root, 'moved'))
    symlinkSync('outside', join(here.root, 'data'))
    expect(await code(() => data.statAt({}, 'secret'))).toBe(byHandle ? 'no-entry' : 'bad-descriptor')
    expect(await code(() => data.openAt({}, 'new', CREATE, WRITE))).toBe(
      byHandle ? 'answered: an object' : 'bad-descriptor',
    )
    rmSync(join(here.root, 'data'))
    mkdirSync(join(here.root, 'data'))
    expect(await code(() => data.statAt({}, 'a.txt'))).toBe(
      byHandle ? 'answered: an object' : 'bad-descriptor',
    )
    expect(here.secret()).toBe(SECRET)
  })

  test('the mount goes through a link between two steps of opening it', async () => {
    const here = world()
    let steps = 0
    const raced = racing(
      here,
      'step',
      () => swap(here),
      () => ++steps > 0,
    )
    const data = await open(raced)
    expect(await code(() => data.statAt({}, 'sub/secret'))).toBe('not-permitted')
  })
})

test.runIf(process.platform === 'linux')(
  'a process that swaps a directory and a link as fast as it can',
  async () => {
    const disk = disks.find(({ name }) => name === 'by handle')
    if (disk === undefined) throw new Error('not on Linux?')
    const here = disk.world()
    const inside = join(here.root, 'data')
    symlinkSync('../outside', join(inside, 'link'))
    const script = `
    const { renameSync } = require('node:fs')
    process.chdir(process.argv[1])
    process.stdout.write('x')
    for (;;) {
      renameSync('sub', 'old'); renameSync('link', 'sub')
      renameSync('sub', 'link'); renameSync('old', 'sub')
    }`
    const child = spawn(process.execPath, ['-e', script, inside], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve))
      const data = await open(here)
      const seen = new Set<unknown>()
      for (let i = 0; i < 1500; i++) {
        seen.add(await code(() => data.openAt(FOLLOW, 'sub/secret', {}, READ)))
        seen.add(
          await code(() => data.openAt({}, 'sub/new', CREATE, WRITE).then((file) => file[Symbol.dispose]())),
        )
        seen.add(await code(() => data.unlinkFileAt('sub/secret')))
        seen.add(await code(() => data.removeDirectoryAt('sub/empty-directory')))
      }
      // `invalid`: what was seen as a link was a directory again when it was read.
      const allowed = ['no-entry', 'not-permitted', 'answered: undefined', 'exist', 'loop', 'invalid']
      expect([...seen].filter((answer) => !allowed.includes(String(answer)))).toEqual([])
      expect(here.secret()).toBe(SECRET)
    } finally {
      child.kill('SIGKILL')
    }
  },
)

test('what is written goes to the file that was opened, wherever its name is now', async () => {
  for (const { world } of disks) {
    const here = world()
    const data = await open(here)
    const file = await data.openAt({}, 'a.txt', {}, WRITE)
    rmSync(join(here.root, 'data/a.txt'))
    symlinkSync('../outside/secret', join(here.root, 'data/a.txt'))
    await file.write(utf8('gone'), 0n)
    await file.setSize(2n)
    file.writeViaStream(0n).write(utf8('x'))
    await file.setTimes({ tag: 'now' }, { tag: 'now' })
    expect(file.stat().size).toBe(2n)
    expect(here.secret()).toBe(SECRET)
    expect(await code(() => file.appendViaStream())).toMatch(/answered|loop|bad-descriptor/)
    expect(here.secret()).toBe(SECRET)
  }
})
