import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { files, grantsOf, RUN } from './support/files-guest.ts'
import { exitCode, place, refused, run, runCommand, verify } from './support/files.ts'

// Of wasi-libc: errno.h.
const ENOENT = 44
const ENOTEMPTY = 55
const EPERM = 63
const EROFS = 69
const ENOTCAPABLE = 76

describe('a C program on wasi-libc', () => {
  it('reads, writes, lists, moves and removes below its mount', async () => {
    const { mount } = place()
    const ok = async (...args: string[]): Promise<readonly string[]> => {
      const ran = await run(mount, args)
      expect(ran.err).toEqual([])
      expect(ran.code).toBe(0)
      expect(ran.verdict).toMatchObject({ verdict: 'verified', turns: 1, undone: 0 })
      return ran.out
    }
    await ok('write', '/data/a.txt', 'first')
    await ok('append', '/data/a.txt', 'second')
    expect(readFileSync(join(mount, 'a.txt'), 'utf8')).toBe('first\nsecond\n')
    expect(await ok('cat', '/data/a.txt')).toEqual(['first', 'second'])
    expect(await ok('stat', '/data/a.txt')).toEqual(['file 13'])
    await ok('mkdir', '/data/folder')
    await ok('link', 'a.txt', '/data/link')
    expect(await ok('cat', '/data/link')).toEqual(['first', 'second'])
    expect(await ok('ls', '/data')).toEqual(['a.txt', 'folder/', 'link@'])
    await ok('mv', '/data/a.txt', '/data/folder/b.txt')
    expect(await ok('ls', '/data/folder')).toEqual(['b.txt'])
    await ok('rm', '/data/folder/b.txt')
    await ok('rm', '/data/folder')
    await ok('rm', '/data/link')
    expect(readdirSync(mount)).toEqual([])
  })

  it('is told by its errno what the host said', async () => {
    const { mount } = place()
    mkdirSync(join(mount, 'full'))
    writeFileSync(join(mount, 'full', 'file'), '')
    const failure = async (...args: string[]): Promise<readonly string[]> => {
      const { code, err, verdict } = await run(mount, args)
      expect(code).toBe(1)
      expect(verdict.verdict).toBe('verified')
      return err
    }
    expect(await failure('cat', '/data/nothing')).toEqual([
      `files: cat: /data/nothing: errno ${ENOENT}: No such file or directory`,
    ])
    expect(await failure('rm', '/data/full')).toEqual([
      `files: rm: /data/full: errno ${ENOTEMPTY}: Directory not empty`,
    ])
    expect(await failure('nothing', '/data')).toEqual(['usage: files COMMAND ARG...'])
  })

  it('comes to the same checksum under load, and so does its re-run', async () => {
    const { mount } = place()
    const { out, events, verdict } = await run(mount, ['stress', '/data', '5'])
    expect(out).toEqual(['5 rounds, checksum 43a10906'])
    expect(events.length).toBeGreaterThan(500)
    expect(verdict).toMatchObject({ verdict: 'verified', size: events.length })
    expect(readdirSync(mount)).toEqual([])
  })
})

describe('outside of its mount', () => {
  // What the program tries, the errno it gets, and what the host is asked that the grant refuses. libc resolves most
  // paths itself; `at` hands them over as they are.
  const attempts: readonly [readonly string[], number, readonly string[]][] = [
    [['cat', '/data/../secret'], EPERM, ['[method]descriptor.open-at']],
    [['cat', '/etc/passwd'], ENOTCAPABLE, []],
    [['cat', 'secret'], ENOTCAPABLE, []],
    [['at', '../secret'], EPERM, ['[method]descriptor.open-at']],
    [['at', 'folder/../../secret'], EPERM, ['[method]descriptor.open-at']],
    [['at', '/etc/passwd'], EPERM, ['[method]descriptor.open-at']],
    // What only shows on the disk is the resolver's to refuse, with the same error.
    [['cat', '/data/out'], EPERM, []],
    [['cat', '/data/absolute'], EPERM, []],
    [['cat', '/data/up/secret'], EPERM, []],
    [['ls', '/data/up'], EPERM, []],
    [['stat', '/data/out'], EPERM, []],
    [['write', '/data/out', 'text'], EPERM, []],
    [['write', '/data/up/new', 'text'], EPERM, []],
    [['mv', '/data/file', '/data/up/file'], EPERM, []],
    [['mv', '/data/file', '/data/../file'], EPERM, ['[method]descriptor.rename-at']],
    [['link', '../secret', '/data/mine'], EPERM, []],
    [['link', '/etc/passwd', '/data/mine'], EPERM, []],
    [['mkdir', '/data/../new'], EPERM, ['[method]descriptor.create-directory-at']],
    [
      ['rm', '/data/../secret'],
      EPERM,
      ['[method]descriptor.unlink-file-at', '[method]descriptor.remove-directory-at'],
    ],
  ]
  it.for(attempts)('%j is errno %i, and nothing happens', async ([args, errno, asked]) => {
    const { root, mount } = place()
    writeFileSync(join(root, 'secret'), 'secret')
    writeFileSync(join(mount, 'file'), 'mine')
    mkdirSync(join(mount, 'folder'))
    symlinkSync('../secret', join(mount, 'out'))
    symlinkSync('/etc/passwd', join(mount, 'absolute'))
    symlinkSync('..', join(mount, 'up'))
    const before = [readdirSync(root), readdirSync(mount)]
    const { code, out, err, events, verdict } = await run(mount, args)
    expect(err).toHaveLength(1)
    expect(err[0]).toContain(`: errno ${errno}: `)
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(refused(events)).toEqual(asked)
    expect([readdirSync(root), readdirSync(mount)]).toEqual(before)
    expect(readFileSync(join(root, 'secret'), 'utf8')).toBe('secret')
    expect(verdict.verdict).toBe('verified')
  })
})

describe('a mount that is for reading', () => {
  const changes: readonly (readonly string[])[] = [
    ['write', '/data/file', 'text'],
    ['write', '/data/new', 'text'],
    ['append', '/data/file', 'text'],
    ['mkdir', '/data/new'],
    ['rm', '/data/file'],
    ['mv', '/data/file', '/data/new'],
    ['link', 'file', '/data/new'],
    ['put', '/data/file', '1'],
    ['stress', '/data', '1'],
  ]
  it.for(changes)('refuses %j', async (args) => {
    const { mount } = place()
    writeFileSync(join(mount, 'file'), 'mine')
    const { code, err, events, verdict } = await run(mount, args, 'r')
    expect(err).toHaveLength(1)
    expect(err[0]).toContain(`errno ${EROFS}: Read-only file system`)
    expect(code).toBe(1)
    expect(refused(events)).toHaveLength(1)
    expect(readdirSync(mount)).toEqual(['file'])
    expect(readFileSync(join(mount, 'file'), 'utf8')).toBe('mine')
    expect(verdict.verdict).toBe('verified')
  })

  it('can be read', async () => {
    const { mount } = place()
    writeFileSync(join(mount, 'file'), 'mine\n')
    expect(await run(mount, ['cat', '/data/file'], 'r')).toMatchObject({ code: 0, out: ['mine'] })
    expect(await run(mount, ['ls', '/data'], 'r')).toMatchObject({ code: 0, out: ['file'] })
  })
})

describe('a mount that is to be added to', () => {
  it('gets new files, directories, links and lines, and no other change', async () => {
    const { mount } = place()
    writeFileSync(join(mount, 'file'), 'mine\n')
    const added: readonly (readonly string[])[] = [
      ['append', '/data/file', 'more'],
      ['append', '/data/new', 'text'],
      ['mkdir', '/data/folder'],
      ['link', 'file', '/data/link'],
      ['stream', '/data/lines', '3'],
    ]
    for (const args of added)
      expect(await run(mount, args, 'ra')).toMatchObject({
        code: 0,
        err: [],
        verdict: { verdict: 'verified' },
      })
    const before = readdirSync(mount)
    const changes: readonly (readonly string[])[] = [
      ['write', '/data/file', 'text'],
      ['rm', '/data/file'],
      ['rm', '/data/folder'],
      ['mv', '/data/file', '/data/other'],
      ['put', '/data/file', '1'],
    ]
    for (const args of changes) {
      const { code, err, verdict } = await run(mount, args, 'ra')
      expect([args, code, err]).toEqual([args, 1, [expect.stringContaining(`errno ${EROFS}: `)]])
      expect(verdict.verdict).toBe('verified')
    }
    expect(readdirSync(mount)).toEqual(before)
    expect(readFileSync(join(mount, 'file'), 'utf8')).toBe('mine\nmore\n')
  })

  it('takes no more than its quota, and says so by its own errno', async () => {
    const { mount } = place()
    const quota = { bytes: 10, files: 2 }
    const grants = (args: readonly string[]) => ({
      cli: { args: ['files', ...args] },
      fs: { mounts: { '/data': { host: mount, rights: 'rw', quota } } },
    })
    const EDQUOT = 19
    const full = await runCommand(files, fs(), grants(['write', '/data/file', 'more than ten bytes']))
    expect(full.err).toEqual([expect.stringContaining(`errno ${EDQUOT}: Quota exceeded`)])
    expect(full).toMatchObject({ code: 1, verdict: { verdict: 'verified' } })
    const stress = await runCommand(files, fs(), grants(['stress', '/data', '1']))
    expect(stress.err).toEqual([expect.stringContaining(`errno ${EDQUOT}: Quota exceeded`)])
    expect(stress.verdict.verdict).toBe('verified')
  })
})

describe('two actors of one program', () => {
  it('see their own mounts under the same name', async () => {
    const [one, other] = [place().mount, place().mount]
    await run(one, ['write', '/data/file', 'one'])
    expect((await run(other, ['cat', '/data/file'])).code).toBe(1)
    expect(existsSync(join(other, 'file'))).toBe(false)
  })
})

describe('wasi:cli/run', () => {
  it('is one turn; called again it is another turn of the same instance', async () => {
    const { mount } = place()
    const store = memoryStore()
    await using theater = await Theater.open({ store, handlers: [fs(), cli()], cache })
    const grants = grantsOf(mount, ['ls', '/data'])
    const { chain } = await theater.spawn({ id: 'files', component: files, grants })
    expect(await exitCode(theater, 'files')).toBe(0)
    // This libc bears it; others trap. `theater run` runs a command once.
    expect(await exitCode(theater, 'files')).toBe(0)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', turns: 2 })
  })

  it('ends the actor where the program exits with a status that is not 0', async () => {
    const { mount } = place()
    await using theater = await Theater.open({ store: memoryStore(), handlers: [fs(), cli()], cache })
    const grants = grantsOf(mount, ['cat', '/data/nothing'])
    await theater.spawn({ id: 'files', component: files, grants })
    expect(await exitCode(theater, 'files')).toBe(1)
    await expect(theater.call('files', RUN, [])).rejects.toMatchObject({ code: 'stopped' })
  })
})
