import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { entriesOf, ourErrors } from '../src/types.ts'
import { openBench, weigh, type Bench, type Project } from '../src/project.ts'

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const bytes = (path: string) => readFileSync(new URL(path, import.meta.url))
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// npm, as fast as the machine is.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

let bench: Bench
beforeAll(async () => {
  bench = await openBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

/** Every package in a project's node_modules. */
async function packagesOf(project: Project): Promise<string[]> {
  const { stdout } = await project.ok('npm', ['ls', '--all', '--parseable'])
  const paths = stdout.split('\n').filter((line) => line.includes('node_modules'))
  return paths
    .map((line) => line.slice(line.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .toSorted()
}

describe('a project with the runtime and the files handler', () => {
  let project: Project
  beforeAll(async () => {
    project = bench.project('files', { name: 'files', private: true, type: 'module' })
    await project.ok('npm', ['install', '@theater/runtime', '@theater/handler-fs'])
  })

  it('has these packages and no other', async () => {
    expect(await packagesOf(project)).toEqual([
      '@theater/boundary',
      '@theater/component',
      '@theater/event-chain',
      '@theater/handler',
      '@theater/handler-fs',
      '@theater/runtime',
      '@theater/values',
      '@theater/wit',
      'ajv',
      'es-module-lexer',
      'fast-deep-equal',
      'fast-uri',
      'json-schema-traverse',
      'require-from-string',
    ])
  })

  it('runs an actor in its directory, and loads no HTTP, SQLite or command line code for it', async () => {
    project.write({
      'files.ts': text('../programs/files.ts'),
      'loaded.mjs': text('../programs/loaded.mjs'),
      'files.wasm': bytes('../../guests/relay/fs.wasm'),
      'directory/given.txt': 'what was there',
      'outside.txt': 'not for the actor',
    })
    const run = [
      '--import',
      './loaded.mjs',
      'files.ts',
      'files.wasm',
      join(project.folder, 'directory'),
      'files.car',
    ]
    const { stdout } = await project.ok('env', ['LOADED=loaded.txt', 'node', ...run])
    expect(stdout.trimEnd().split('\n')).toEqual([
      'read: what was there',
      'written: 14n',
      '../outside.txt refused: not-permitted',
      'nowhere.txt refused: no-entry',
    ])
    expect(readFileSync(join(project.folder, 'directory/made.txt'), 'utf8')).toBe('what was there')

    const loaded = readFileSync(join(project.folder, 'loaded.txt'), 'utf8').split('\n')
    expect(loaded.filter((url) => url.includes('/@theater/runtime/dist/')).length).toBeGreaterThan(0)
    expect(loaded.filter((url) => url.includes('/ajv/'))).toEqual([])
    expect(loaded.filter((url) => /sqlite|https?[^/]*$|node:net|\/cli/.test(url))).toEqual([])
    expect(loaded.filter((url) => /\/@theater\/[^/]+\/src\//.test(url))).toEqual([])
  })

  it('leaves a record that another project, with the verifier alone, verifies', async () => {
    const other = bench.project('verifier', { name: 'verifier', private: true, type: 'module' })
    await other.ok('npm', ['install', '@theater/replay'])
    expect(await packagesOf(other)).toEqual([
      '@theater/boundary',
      '@theater/component',
      '@theater/event-chain',
      '@theater/handler',
      '@theater/replay',
      '@theater/values',
      'es-module-lexer',
    ])
    other.write({ 'verify.ts': text('../programs/verify.ts') })
    const verify = async (file: string) => (await other.ok('node', ['verify.ts', file])).stdout

    expect(await verify(path('../../../packages/replay/test/spine.car'))).toBe('spine verified 21\n')
    const record = join(project.folder, 'files.car')
    expect(await verify(record)).toMatch(/^files verified \d+\n$/)

    const changed = readFileSync(record)
    const at = changed.indexOf('what was there')
    changed.write('that', at)
    other.write({ 'changed.car': changed })
    expect(await verify('changed.car')).toMatch(/^files broken \d+\n$/)
  })

  it('with one handler more runs a command in C', async () => {
    await project.ok('npm', ['install', '@theater/handler-cli'])
    project.write({
      'command.ts': text('../programs/command.ts'),
      'command.wasm': bytes('../../guests/c/files.wasm'),
    })
    const args = ['command.wasm', join(project.folder, 'directory'), 'cat', '/data/given.txt']
    expect((await project.ok('node', ['command.ts', ...args])).stdout).toBe('what was there\n')
  })
})

describe('the runtime', () => {
  it('takes less than 15 MB, with all that it needs', async () => {
    const project = bench.project('runtime', { name: 'runtime', private: true, type: 'module' })
    await project.ok('npm', ['install', '@theater/runtime'])
    expect(weigh(join(project.folder, 'node_modules'))).toBeLessThan(15_000_000)
  })
})

describe('the types of every entry', () => {
  // With these, an actor's kit comes with componentize-js and 400 MB: another test has them, with what it installs anyway.
  const heavy = ['@theater/actor', '@theater/cli']
  let project: Project
  beforeAll(async () => {
    project = bench.project('types', { name: 'types', private: true, type: 'module' })
    const entries = await entriesOf((name) => !heavy.includes(name))
    const packages = [...new Set(entries.map(({ name }) => name))]
    await project.ok('npm', ['install', 'typescript@7', '@types/node', 'vitest', ...packages])
    const lines = entries.map(({ entry }, i) => `import * as e${i} from '${entry}'\nexport { e${i} }\n`)
    project.write({ 'all.ts': lines.join('') })
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'preserve'],
  ])('compile under moduleResolution %s, libraries checked', async (moduleResolution, module) => {
    const flags = ['--strict', '--noEmit', '--target', 'esnext', '--types', 'node', '--skipLibCheck', 'false']
    const args = ['tsc', ...flags, '--moduleResolution', moduleResolution, '--module', module, 'all.ts']
    expect(ourErrors(await project.run('npx', args))).toEqual([])
  })
})
