import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly description?: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly files?: readonly string[]
  readonly scripts?: Readonly<Record<string, string>>
  readonly sideEffects?: unknown
  readonly devDependencies?: Readonly<Record<string, string>>
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
const manifests = globSync(['wit/package.json', 'packages/*/package.json'], { cwd: root })
  .toSorted()
  .map((file) => ({ file, folder: join(root, file, '..'), manifest: read(file) }))

describe('every public package', () => {
  it.each(manifests)('$file says what npm and bundlers want to know', ({ folder, manifest }) => {
    expect(manifest).toMatchObject({
      name: expect.stringMatching(/^(?:@theater\/[a-z-]+|create-theater)$/),
      description: expect.stringMatching(/^.{10,}\.$/s),
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=26' },
      publishConfig: { access: 'public' },
    })
    expect(manifest.private, 'what is in packages/ is public').toBeUndefined()
    expect(manifest.sideEffects, 'false, or the files that do something when they are imported').toBeDefined()
    expect(manifest.files).toEqual(expect.arrayContaining(['src', 'dist', '!dist/.tsbuildinfo']))
    expect(manifest.exports).toHaveProperty(['./package.json'], './package.json')
    expect(existsSync(join(folder, 'README.md')), 'README.md').toBe(true)
    // `pnpm check` packs it and holds the tarball against publint and attw.
    const tarball = relative(folder, join(root, 'tooling/packed/src/tarball.ts')).replaceAll('\\', '/')
    expect(manifest.scripts).toMatchObject({ tarball: `node ${tarball}` })
  })

  it.each(manifests)('$file is among those that are used from their tarballs', ({ manifest }) => {
    expect(Object.keys(read('tooling/packed/package.json').devDependencies ?? {})).toContain(manifest.name)
  })
})

describe('every other package', () => {
  it.each(globSync('{examples,tooling}/*/package.json', { cwd: root }))('%s is private', (file) => {
    expect(read(file).private).toBe(true)
  })
})
