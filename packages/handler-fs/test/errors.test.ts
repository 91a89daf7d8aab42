import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { WitError } from '@theater/handler'
import { expect, test } from 'vitest'
import { errno, witError } from '../src/errors.ts'
import { memory, type Backend } from '../src/index.ts'
import { bind, code, READ } from './support.ts'

const says = (code: string): unknown =>
  witError(Object.assign(new Error('open /srv/secret'), { code })).payload

test('error numbers are the interface’s own codes; only absence is absence', () => {
  const types = readFileSync(new URL(import.meta.resolve('@theater/wit/wit/wasi/filesystem.wit')), 'utf8')
  const codes =
    /enum error-code \{([^}]*)\}/s
      .exec(types)?.[1]
      ?.replaceAll(/\/\/.*/g, '')
      .match(/[a-z-]+/g) ?? []
  expect(codes.length).toBe(37)
  const answered = Object.keys(constants.errno).flatMap((name) => {
    try {
      return [[name, says(name)] as const]
    } catch {
      return []
    }
  })
  for (const [, answer] of answered) expect(codes).toContain(answer)
  expect(answered.filter(([, answer]) => answer === 'no-entry').map(([name]) => name)).toEqual(['ENOENT'])
  expect(says('EACCES')).toBe('access')
  expect(says('EIO')).toBe('io')
  expect(says('EMFILE')).toBe('insufficient-memory')
})

test('what the file system did not say is thrown on', () => {
  for (const code of ['EBADF', 'EFAULT', 'ERR_INVALID_ARG_TYPE', 'toString', '__proto__', '']) {
    expect(() => says(code)).toThrow('open /srv/secret')
  }
  for (const thrown of [
    new TypeError('a bug'),
    'text',
    undefined,
    { code: 'ENOENT' },
    Object.assign(new Error('n'), { code: 2 }),
  ]) {
    let caught: unknown = 'nothing'
    try {
      witError(thrown)
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
  }
  const own = new WitError('loop')
  expect(witError(own)).toBe(own)
})

test('a fault of the backend is never absence: it ends the turn', async () => {
  const real = memory({ data: { 'a.txt': 'x' } })
  for (const method of ['step', 'stat', 'list', 'openFile', 'read'] as const) {
    let broken = false
    const backend: Backend = {
      ...real,
      [method]: (...args: never[]) => {
        if (broken) throw new TypeError('a bug')
        return (real[method] as (...args: never[]) => unknown)(...args)
      },
    }
    const { root } = await bind(
      { backend, root: '', secret: () => '' },
      { mounts: { '/data': { host: '/data', rights: 'rw' } } },
    )
    const data = root('/data')
    const file = await data.openAt({}, 'a.txt', {}, READ)
    broken = true
    const calls = [
      async () => data.openAt({}, 'a.txt', {}, READ),
      async () => data.statAt({}, 'a.txt'),
      async () => data.readDirectory(),
      async () => file.read(1n, 0n),
    ]
    const ends = await Promise.allSettled(calls.map((call) => call()))
    const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
    expect(reasons.length).toBeGreaterThan(0)
    for (const reason of reasons) expect(reason).toBeInstanceOf(TypeError)
  }
})

test('a failed stream says why, once, and is closed', async () => {
  const real = memory({ data: { 'a.txt': 'x' } })
  const backend: Backend = {
    ...real,
    writeNow() {
      throw errno('ENOSPC', '/srv/data is full')
    },
    read() {
      throw errno('EIO', '/dev/sda1 is broken')
    },
  }
  const { root, binding } = await bind(
    { backend, root: '', secret: () => '' },
    { mounts: { '/data': { host: '/data', rights: 'rw' } } },
  )
  const file = await root('/data').openAt({}, 'a.txt', {}, { read: true, write: true })
  const types = binding.imports['wasi:filesystem/types@0.2']
  for (const [stream, why] of [
    [() => file.writeViaStream(0n), 'insufficient-space'],
    [() => file.readViaStream(0n), 'io'],
  ] as const) {
    const opened = stream()
    const act = () => ('write' in opened ? opened.write(new Uint8Array(1)) : opened.read(1))
    const failed = (await code(act)) as { tag: string; val: { toDebugString(): string } }
    expect(failed.tag).toBe('last-operation-failed')
    expect(failed.val.toDebugString()).toBe(`filesystem error: ${why}`)
    expect(types.filesystemErrorCode(failed.val)).toBe(why)
    expect(await code(act)).toEqual({ tag: 'closed' })
  }
  expect(await code(() => file.read(1n, 0n))).toBe('io')
})
