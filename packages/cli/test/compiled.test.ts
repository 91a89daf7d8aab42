import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from './support/theater.ts'

/** The command as it is published, with a program in place of its own: it says where Node keeps what it compiles. */
function published(): string {
  const cwd = folder({})
  const bin = join(cwd, 'bin/theater.js')
  cpSync(new URL('../bin', import.meta.url), join(cwd, 'bin'), { recursive: true })
  mkdirSync(join(cwd, 'dist'))
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}')
  const says =
    "import { getCompileCacheDir } from 'node:module'\nprocess.stdout.write(getCompileCacheDir() ?? 'nowhere')\n"
  writeFileSync(join(cwd, 'dist/main.js'), says)
  return bin
}

/** Where it says so, with a folder for caches. */
function kept(bin: string, home: string, env: NodeJS.ProcessEnv = {}): string {
  const { PATH } = process.env
  return execFileSync(process.execPath, [bin], {
    encoding: 'utf8',
    env: { PATH, XDG_CACHE_HOME: home, ...env },
  })
}

test('what Node compiles of the command is kept in a folder that is this user’s alone', () => {
  const home = folder({})
  const own = join(home, 'theater/compiled')
  const bin = published()
  expect(kept(bin, home).startsWith(own)).toBe(true)
  expect(statSync(own).mode & 0o777).toBe(0o700)
  expect(readdirSync(own, { recursive: true }).length).toBeGreaterThan(1)
  chmodSync(own, 0o777)
  expect(kept(bin, home).startsWith(own)).toBe(true)
  expect(statSync(own).mode & 0o777).toBe(0o700)
})

test('it is kept where somebody says, or not at all', () => {
  const home = folder({})
  const bin = published()
  const other = join(home, 'other')
  expect(kept(bin, home, { NODE_COMPILE_CACHE: other }).startsWith(other)).toBe(true)
  expect(existsSync(join(home, 'theater'))).toBe(false)
  expect(kept(bin, home, { NODE_DISABLE_COMPILE_CACHE: '1' })).toBe('nowhere')
})

test('a folder that leads elsewhere is not used, and none that cannot be made keeps the command from running', () => {
  const home = folder({})
  const bin = published()
  mkdirSync(join(home, 'theater'))
  symlinkSync(folder({}), join(home, 'theater/compiled'))
  expect(kept(bin, home)).toBe('nowhere')
  expect(kept(bin, folder({ theater: 'a file' }))).toBe('nowhere')
})
