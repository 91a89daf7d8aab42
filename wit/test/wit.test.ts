import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { $init, generateTypes } from '@bytecodealliance/jco-transpile/component'
import { generatedTypes, typesFolder } from '../scripts/generate-types.ts'
import { allPackages, root, witFiles } from '../scripts/wit-text.ts'

beforeAll(async () => {
  await $init
})

const worlds = witFiles().flatMap((file) => file.worlds.map((world) => ({ ...file, world })))

describe('jco’s tools', () => {
  test.for(worlds)('accept the world $world of $package', ({ package: name, world }) => {
    const [id, version] = name.split('@')
    const wit = allPackages(`world w { include ${id}/${world}@${version}; }`)
    const files = generateTypes('w', { wit: { tag: 'source', val: wit }, world: 'w', strict: true })
    expect(files.length).toBeGreaterThan(1)
  })

  test('refuse a world that is not there', () => {
    const wit = allPackages('world w { include theater:actor/nothing@0.1.0; }')
    expect(() => generateTypes('w', { wit: { tag: 'source', val: wit }, world: 'w' })).toThrow('nothing')
  })
})

test('every interface is in some world', () => {
  const declared = witFiles().flatMap(({ package: name, text }) =>
    [...text.matchAll(/^interface ([a-z0-9-]+) \{/gm)].map(
      (match) => `${name.split('@')[0]!.replace(':', '-')}-${match[1]}`,
    ),
  )
  // Interfaces that are still unstable are behind a feature gate and have no types.
  const gated = ['wasi-clocks-timezone']
  const typed = readdirSync(join(root, typesFolder))
    .map((name) => name.slice(0, -'.ts'.length))
    .toSorted()
  expect(typed).toEqual(declared.filter((name) => !gated.includes(name)).toSorted())
})

test('the types are what the generator makes of the .wit files', async () => {
  const files = await generatedTypes()
  expect(readdirSync(join(root, typesFolder)).toSorted()).toEqual([...files.keys()])
  for (const [name, text] of files) {
    expect({ name, text: readFileSync(join(root, typesFolder, name), 'utf8') }).toEqual({ name, text })
  }
})

test('the types of every interface are exported', () => {
  const index = readFileSync(join(root, 'src/index.ts'), 'utf8')
  for (const file of readdirSync(join(root, typesFolder))) expect(index).toContain(`from './types/${file}'`)
})

test('the WASI packages are the ones that jco ships, which componentize-js imports', () => {
  const jco = join(dirname(fileURLToPath(import.meta.resolve('@bytecodealliance/jco'))), '..')
  // Of keyvalue there is a draft alone, and jco has none.
  const shippedByJco = witFiles().filter(
    ({ path }) => path.startsWith('wasi/') && path !== 'wasi/keyvalue.wit',
  )
  for (const { path, text } of shippedByJco) {
    const name = path.slice('wasi/'.length, -'.wit'.length)
    const shipped = readFileSync(join(jco, `lib/wit/builtin/0.2.12/wasi-${name}/package.wit`), 'utf8')
    expect({ path, text }).toEqual({ path, text: shipped })
  }
})

describe('what Theater declares', () => {
  const ours = witFiles().filter((file) => file.path.startsWith('theater/'))
  const declaration =
    /^\s*(?:interface|world|record|variant|enum|resource|type|[%a-z0-9-]+: (?:static )?func)\b/

  test.for(ours)('has a comment at each item of $path', ({ text }) => {
    const lines = text.split('\n')
    const bare = lines.filter((line, at) => {
      const item =
        declaration.test(line) || (/^ {4}[a-z0-9-]+(?:\([^)]*\)+)?,$/.test(line) && !line.includes(':'))
      return item && !/^\s*\/\/\//.test(lines[at - 1] ?? '')
    })
    expect(bare).toEqual([])
  })
})
