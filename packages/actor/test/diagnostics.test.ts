import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, BuildError, checkTypes, type Diagnostic, prepare } from '@theater/actor/build'
import { placeOf } from '../src/build/diagnostic.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-actor-test-'))
  await write('node_modules/.keep', '')
  await mkdir(join(folder, 'node_modules/@theater'))
  await symlink(join(import.meta.dirname, '..'), join(folder, 'node_modules/@theater/actor'))
  const typescript = dirname(dirname(new URL(import.meta.resolve('typescript')).pathname))
  await symlink(typescript, join(folder, 'node_modules/typescript'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const head = `import { defineActor } from '@theater/actor'\n`

async function diagnostics(code: string): Promise<readonly Diagnostic[]> {
  const entry = await write('actor.ts', head + code)
  const error: unknown = await prepare({ entry }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) return []
  if (BuildError.is(error)) return error.diagnostics
  throw error
}

/** The text that a diagnostic marks. */
const marked = ({ source, column, length }: Diagnostic): string | undefined =>
  source?.slice((column ?? 0) - 1, (column ?? 0) - 1 + length)

describe('a built-in of Node', () => {
  test.for([
    ['node:fs', 'ctx.fs'],
    ['fs/promises', 'ctx.fs'],
    ['http', 'fetch'],
    ['node:crypto', 'Web Crypto'],
    ['child_process', 'another actor'],
    ['node:test/reporters', 'on Node'],
    ['node:diagnostics_channel', 'what ctx gives'],
  ] as const)('%s is refused, and what to use instead is said', async ([name, instead]) => {
    const code = `import * as x from '${name}'\nexport default defineActor({ messages: { a: () => x } })\n`
    const [found, ...rest] = await diagnostics(code)
    expect(rest).toEqual([])
    expect(found).toMatchObject({
      rule: 'node-builtin',
      line: 2,
      column: 20,
      hint: expect.stringContaining(instead),
    })
    expect(found && marked(found)).toBe(`'${name}'`)
  })

  test('that a dependency imports is shown where the actor imports the dependency, with the way', async () => {
    await write('node_modules/outer/package.json', '{"main":"index.js"}')
    await write('node_modules/outer/index.js', `const inner = require('@a/inner/lib')\nexports.go = inner\n`)
    await write('node_modules/@a/inner/package.json', '{"main":"index.js"}')
    await write('node_modules/@a/inner/lib.js', `'use strict'\nmodule.exports = () => require('fs')\n`)
    await write('helper.ts', `export const one = 1\nexport { go } from 'outer'\n`)
    const code = `import { go } from './helper.ts'\nexport default defineActor({ messages: { a: () => go } })\n`
    const [found, ...rest] = await diagnostics(code)
    expect(rest).toEqual([])
    expect(found).toMatchObject({ rule: 'node-builtin', line: 2, column: 20 })
    expect(found?.file).toMatch(/helper\.ts$/)
    expect(found?.message).toContain('outer does not work in an actor: fs is part of Node')
    expect(found?.hint).toContain('ctx.fs')
    expect(found?.chain).toEqual([
      expect.stringMatching(/outer\/index\.js:1:23: @a\/inner\/lib$/),
      expect.stringMatching(/@a\/inner\/lib\.js:2:32: .*require\('fs'\)$/),
    ])
  })
})

describe('an import that is not there', () => {
  test.for([
    ['./gone.ts', 'no such file'],
    ['@a/gone/deep', 'npm install @a/gone,'],
  ] as const)('%s is shown at its line', async ([name, hint]) => {
    const code = `import '${name}'\nexport default defineActor({ messages: {} })\n`
    expect(await diagnostics(code)).toMatchObject([
      {
        rule: 'unresolved',
        line: 2,
        column: 8,
        message: `${name} cannot be found`,
        hint: expect.stringContaining(hint),
      },
    ])
  })
})

describe('a global that no actor has', () => {
  test.for([
    'process',
    'Buffer',
    'Intl',
    'WebAssembly',
    '__dirname',
    'global',
    'setImmediate',
    'SharedArrayBuffer',
  ])('%s is refused where it is read', async (name) => {
    const code = `export default defineActor({ messages: {\n\ta: () => [${name}.a, ${name}?.(1)] } })\n`
    const found = await diagnostics(code)
    expect(found.map(({ rule, line, column }) => ({ rule, line, column }))).toEqual([
      { rule: 'absent-global', line: 3, column: 12 },
      { rule: 'absent-global', line: 3, column: 12 + name.length + 4 },
    ])
    expect(found.map(marked)).toEqual([name, name])
  })

  test.for([
    ['a test', `const a = typeof process === 'undefined' ? 1 : process.pid`],
    ['a name of its own', 'const process = { pid: 1 }; const a = process.pid'],
    ['a parameter', 'const f = (process: { pid: number }) => process.pid; const a = f({ pid: 1 })'],
    ['a pattern', 'const { process } = { process: 1 }; const a = process'],
    ['an import', `import { a as process } from './own.ts'; const a = process`],
    ['a key', 'const a = { process: 1 }.process'],
    ['a type', 'type A = Intl.NumberFormatOptions; const a: A | undefined = undefined'],
    ['a try', 'let a; try { a = process.pid } catch { a = 1 }'],
    ['a declaration', 'declare const process: { pid: number } | undefined; const a = process?.pid'],
    ['what the bundler puts in', 'const a = process.env.NODE_ENV'],
    ['globalThis', 'const a = (globalThis as { process?: unknown }).process'],
    ['a comment', '// process.env\nconst a = "process.env"'],
  ])('%s is no use of it', async ([, code]) => {
    await write('own.ts', 'export const a = 1\n')
    expect(
      await diagnostics(`${code}\nexport default defineActor({ messages: { a: () => String(a) } })\n`),
    ).toEqual([])
  })

  test('is not looked for in dependencies', async () => {
    await write('node_modules/guarded/package.json', '{"main":"index.js"}')
    await write('node_modules/guarded/index.js', 'exports.f = () => Buffer.from("")\n')
    const code = `import { f } from 'guarded'\nexport default defineActor({ messages: { a: () => String(f()) } })\n`
    expect(await diagnostics(code)).toEqual([])
  })
})

describe('types', () => {
  const check = async (code: string) => checkTypes(await write('typed.ts', head + code))

  test('are checked as an actor has them: web APIs, no Node', async () => {
    const code = `const text: string = new TextDecoder().decode(new URL('a:b').href ? new Uint8Array(1) : undefined)
export default defineActor({ messages: { a: () => text + crypto.randomUUID() } })\n`
    expect(await check(code)).toEqual({ typescript: expect.stringMatching(/^\d+\.\d+/), diagnostics: [] })
  })

  test('are wrong at a line, with the reason', async () => {
    const code = `const count: number = 'x'
export default defineActor({ uses: ['log'], messages: { a: ({ store }) => store, b: () => count } })\n`
    const { diagnostics: found } = await check(code)
    expect(found).toMatchObject([
      { rule: 'TS2322', line: 2, column: 7, source: "const count: number = 'x'" },
      { rule: 'TS2339', line: 3, column: 63 },
    ])
    expect(found.map(marked)).toEqual(['count', 'store'])
  })

  test('of what is imported are checked too, under the settings of the project', async () => {
    await write(
      'strict/tsconfig.json',
      '{"compilerOptions":{"types":["node"],"noUnusedLocals":true,"rootDir":"src","composite":true}}',
    )
    await write(
      'strict/src/part.ts',
      'export const part = (): number => {\n  const unused = 1\n  return 2\n}\n',
    )
    const entry = await write(
      'strict/src/actor.ts',
      `${head}import { part } from './part.ts'\nexport default defineActor({ messages: { a: part } })\n`,
    )
    const { diagnostics: found } = await checkTypes(entry)
    expect(found).toMatchObject([{ rule: 'TS6133', line: 2, column: 9 }])
    expect(found[0]?.file).toMatch(/part\.ts$/)
  })

  test('stop a build before the engine, each line once', async () => {
    const entry = await write(
      'both.ts',
      `${head}const n: number = __dirname\nconst m: number = ''\nexport default defineActor({ messages: { a: () => n + m } })\n`,
    )
    const error: unknown = await build({ entry, check: true }).catch((thrown: unknown) => thrown)
    expect(BuildError.is(error) && error.diagnostics.map(({ rule, line }) => [rule, line])).toEqual([
      ['absent-global', 2],
      ['TS2322', 3],
    ])
    await write(
      'types.ts',
      `${head}const m: number = ''\nexport default defineActor({ messages: { a: () => m } })\n`,
    )
    await expect(build({ entry: join(folder, 'types.ts'), check: true })).rejects.toMatchObject({
      code: 'types',
    })
  })

  test('are not checked where TypeScript is not installed', async () => {
    const entry = join(await mkdtemp(join(tmpdir(), 'theater-actor-test-')), 'actor.ts')
    await writeFile(entry, 'const a: number = ""\n')
    expect(await checkTypes(entry)).toEqual({ typescript: null, diagnostics: [] })
    await rm(dirname(entry), { recursive: true })
  })
})

test('a place is a line and a column from 1', async () => {
  const text = 'a\r\nbc\n\nd'
  expect([0, 3, 4, 6, 7].map((at) => placeOf(text, at))).toEqual([
    { line: 1, column: 1, source: 'a' },
    { line: 2, column: 1, source: 'bc' },
    { line: 2, column: 2, source: 'bc' },
    { line: 3, column: 1, source: '' },
    { line: 4, column: 1, source: 'd' },
  ])
  const own = await readFile(new URL(import.meta.url), 'utf8')
  expect(placeOf(own, own.indexOf("test('a place")).column).toBe(1)
})
