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
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
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

describe('versions', () => {
  const { fixed } = JSON.parse(readFileSync(join(root, '.changeset/config.json'), 'utf8')) as {
    readonly fixed: readonly (readonly string[])[]
  }
  const core = fixed[0] ?? []

  it('are one for the core', () => {
    const versions = manifests.filter(({ manifest }) => core.includes(manifest.name))
    expect(versions.length).toBe(core.length)
    expect(new Set(versions.map(({ manifest }) => manifest.version)).size).toBe(1)
  })

  it.each(manifests)(
    '$file: the core takes the core exactly, all else takes what is compatible',
    ({ manifest }) => {
      const ours = Object.entries(manifest.dependencies ?? {}).filter(([name]) =>
        name.startsWith('@theater/'),
      )
      const exact = (name: string) => core.includes(manifest.name) && core.includes(name)
      expect(ours).toEqual(ours.map(([name]) => [name, exact(name) ? 'workspace:*' : 'workspace:^']))
    },
  )
})
