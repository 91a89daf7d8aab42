import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import { expect, it, onTestFinished } from 'vitest'
import { complaints } from '../src/complaints.ts'
import { root } from '../src/root.ts'

const good = {
  'package.json': JSON.stringify({
    name: '@theater/sample',
    version: '1.0.0',
    license: 'Apache-2.0',
    type: 'module',
    files: ['src', 'dist', '!dist/worker-only.*'],
    sideEffects: false,
    exports: {
      '.': { 'theater-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
    },
    dependencies: { '@theater/values': '1.0.0' },
  }),
  'README.md': '# sample',
  LICENSE: readFileSync(join(root, 'LICENSE'), 'utf8'),
  'src/index.ts': 'export const a = 1\n',
  'dist/index.js': 'export const a = 1\n',
  'dist/index.d.ts': 'export declare const a = 1;\n',
}

/** What is said of a package with these files; null leaves one out. */
async function of(changes: Record<string, string | null>): Promise<string> {
  const files = Object.entries({ ...good, ...changes }).filter(
    (file): file is [string, string] => file[1] !== null,
  )
  const folder = mkdtempSync(join(tmpdir(), 'theater-complaints-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const file = join(folder, '.tgz')
  create(
    { cwd: folder, file, sync: true, prefix: 'package', gzip: true },
    files.map(([path]) => path),
  )
  return (await complaints(folder, readFileSync(file))).join('\n')
}

const manifest = (change: object) => ({
  'package.json': JSON.stringify({ ...(JSON.parse(good['package.json']) as object), ...change }),
})

it('a good package gives no complaint', async () => {
  expect(await of({})).toBe('')
})

it.each<[string, Record<string, string | null>, RegExp]>([
  ['no README', { 'README.md': null }, /README.md is not in the tarball/],
  ['another licence', { LICENSE: 'MIT' }, /LICENSE is not in the tarball, or not/],
  ['a dependency of the workspace', manifest({ dependencies: { a: 'workspace:*' } }), /a is workspace:\*/],
  ['a dependency of the catalog', manifest({ peerDependencies: { a: 'catalog:' } }), /a is catalog:/],
  ['a test', { 'test/a.test.js': '' }, /test\/a.test.js is not for publishing/],
  ["a build's notes", { 'dist/.tsbuildinfo': '{}' }, /dist\/.tsbuildinfo is not for publishing/],
  ['a source that is not built', { 'src/new.ts': '' }, /src\/new.ts is not built/],
  ['a build without its source', { 'dist/old.js': '' }, /dist\/old.js is of src\/old.ts, which is gone/],
  ['no types', { 'dist/index.d.ts': null }, /publint: .*types.*does not exist[^]*attw: /],
  ['CommonJS', { 'dist/index.js': 'module.exports = { a: 1 }\n' }, /publint: .*CJS/],
  [
    'types that lead nowhere',
    { 'dist/index.d.ts': "export * from './other'\n" },
    /attw: .*InternalResolution/,
  ],
])('finds %s', async (_what, changes, said) => {
  expect(await of(changes)).toMatch(said)
})
