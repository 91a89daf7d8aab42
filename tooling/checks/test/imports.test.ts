import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { importsOf, ruleFor, unreasoned, violations, type ImportTable } from '../src/imports.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const table = JSON.parse(
  readFileSync(new URL('../import-table.json', import.meta.url), 'utf8'),
) as ImportTable

const packages = [
  { name: 'wit', folder: join(root, 'wit') },
  ...readdirSync(join(root, 'packages')).map((name) => ({ name, folder: join(root, 'packages', name) })),
].filter(({ folder }) => existsSync(join(folder, 'package.json')))

describe('who may import whom', () => {
  it.each(packages)('$name keeps to the import table', ({ name, folder }) => {
    expect(violations(folder, name, table)).toEqual([])
  })

  it('of each import that is not ours the table says why', () => {
    expect(unreasoned(table)).toEqual([])
  })
})

describe('the check itself', () => {
  const folders: string[] = []
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

  /** A package in a temporary folder that stands for `name`. */
  function violationsOf(
    name: string,
    files: Record<string, string>,
    dependencies: string[] = [],
    withTable: ImportTable = table,
  ): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'import-table-'))
    folders.push(folder)
    const manifest = {
      name: `@theater/${name}`,
      dependencies: Object.fromEntries(dependencies.map((d) => [d, '*'])),
    }
    for (const [file, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    return violations(folder, name, withTable)
  }

  it('misses a reason, and one too many, also of some files alone', () => {
    const wrong: ImportTable = {
      a: { imports: ['@theater/values', 'left-pad'], why: { '@theater/values': 'types', other: 'none' } },
      b: { in: { 'src/x.ts': { imports: ['deep'] } } },
      c: { imports: ['left-pad'], why: { 'left-pad': 'it pads' } },
    }
    expect(unreasoned(wrong)).toEqual([
      'a: why may it import left-pad? Say it in `why`.',
      'a: `why` speaks of other, which it may not import',
      'b: why may it import deep? Say it in `why`.',
    ])
  })

  it('lets a good package pass', () => {
    const files = {
      'src/index.ts': `import { a } from './a.ts'\nimport { sha256 } from '@noble/hashes/sha2.js'\nexport { a, sha256 }`,
      'src/a.ts': 'export const a = 1',
      'src/node.ts': `import { hash } from 'node:crypto'\nimport { a } from './a.ts'\nexport { a, hash }`,
    }
    expect(violationsOf('values', files, ['@noble/hashes'])).toEqual([])
  })

  it.each<[string, string, string[], Record<string, string>, RegExp]>([
    ['a package that is not in the table', 'nobody', [], {}, /not in the import table/],
    ['a dependency that is not allowed', 'values', ['@theater/runtime'], {}, /depends on @theater\/runtime/],
    [
      'a handler that depends on another',
      'handler-fs',
      ['@theater/handler-log'],
      {},
      /depends on @theater\/handler-log/,
    ],
    [
      'an import that is not allowed',
      'runtime',
      [],
      { 'src/index.ts': `import { fs } from '@theater/handler-fs'` },
      /handler-fs, which the import table does not allow/,
    ],
    [
      'a value where only types are allowed',
      'handler',
      ['@theater/values'],
      { 'src/index.ts': `import { type Value } from '@theater/values'` },
      /only import types/,
    ],
    [
      'a re-exported value where only types are allowed',
      'handler',
      ['@theater/values'],
      { 'src/index.ts': `export * from '@theater/values'` },
      /only import types/,
    ],
    [
      'a dynamic import that is not allowed',
      'boundary',
      [],
      { 'src/index.ts': `export const m = () => import('@theater/handler-log')` },
      /handler-log, which the import table does not allow/,
    ],
    [
      'an import type in the middle of a type',
      'boundary',
      [],
      { 'src/index.ts': `export type M = Array<import('@theater/runtime').Theater>` },
      /runtime, which the import table does not allow/,
    ],
    [
      'a subpath that is not the allowed one',
      'component',
      [],
      { 'src/index.ts': `import { x } from '@bytecodealliance/jco-transpile'` },
      /jco-transpile, which the import table does not allow/,
    ],
    [
      'a built-in in a package for browsers',
      'boundary',
      [],
      { 'src/index.ts': `import { readFileSync } from 'node:fs'` },
      /a node built-in where none is allowed/,
    ],
    [
      'a built-in without its scheme',
      'runtime',
      [],
      { 'src/index.ts': `import { readFileSync } from 'fs'` },
      /without node:/,
    ],
    [
      'a way from a browser entry to built-ins',
      'values',
      [],
      { 'src/index.ts': `export * from './node.ts'`, 'src/node.ts': `import 'node:crypto'` },
      /must run in a browser/,
    ],
    [
      'the tool of an entry outside that entry',
      'actor',
      ['esbuild'],
      { 'src/index.ts': `import { build } from 'esbuild'` },
      /esbuild, which the import table does not allow/,
    ],
    [
      'a way from the guest side to the build tool',
      'actor',
      ['esbuild'],
      { 'src/index.ts': `export * from './build.ts'`, 'src/build.ts': `import { build } from 'esbuild'` },
      /with imports of its own/,
    ],
    [
      'a dependency that is not declared',
      'runtime',
      [],
      { 'src/index.ts': `import { Ajv } from 'ajv'` },
      /not in its dependencies/,
    ],
    [
      'a file outside src',
      'values',
      [],
      { 'src/index.ts': `import x from '../../handler/src/index.ts'` },
      /outside src/,
    ],
  ])('finds %s', (_what, name, dependencies, files, message) => {
    expect(violationsOf(name, files, dependencies).join('\n')).toMatch(message)
  })

  it('prefers an own row to a pattern, and the longest pattern to a shorter one', () => {
    const rows = { '*': { node: true }, 'a-*': { node: false }, 'a-b': {} } satisfies ImportTable
    expect(ruleFor(rows, 'a-b')).toBe(rows['a-b'])
    expect(ruleFor(rows, 'a-c')).toBe(rows['a-*'])
    expect(ruleFor(rows, 'c')).toBe(rows['*'])
  })

  it('tells types from values', () => {
    const source = `
      import type { A } from 'a'
      import { B } from 'b'
      export type { C } from 'c'
      export { D } from 'd'
      import 'e'
      export const f = (): import('f').F => import('g')`
    expect(importsOf('x.ts', source)).toEqual([
      { specifier: 'a', typeOnly: true },
      { specifier: 'b', typeOnly: false },
      { specifier: 'c', typeOnly: true },
      { specifier: 'd', typeOnly: false },
      { specifier: 'e', typeOnly: false },
      { specifier: 'g', typeOnly: false },
      { specifier: 'f', typeOnly: true },
    ])
  })
})
