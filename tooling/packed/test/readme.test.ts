// What the READMEs say, done as they say it, in a project that has the packages from their tarballs.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openBench, type Bench, type Project } from '../src/project.ts'
import { root } from '../src/root.ts'
import { tarballs } from '../src/tarballs.ts'
import { entriesOf, ourErrors } from '../src/types.ts'

// npm, as fast as the machine is.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 })

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const readmes = [
  'README.md',
  ...globSync(['packages/*/README.md', 'wit/README.md'], { cwd: root }).toSorted(),
]

/** A block of TypeScript in a README. */
interface Block {
  /** `packages/values/README.md#1`: which README, which of its blocks. */
  readonly id: string
  readonly code: string
  /** What it prints, where the README says so. */
  readonly prints: string | undefined
}

const blocks: Block[] = readmes.flatMap((readme) =>
  [...read(readme).matchAll(/^```ts\n([^]*?)^```\n(?:\nprints\n\n```text\n([^]*?)^```)?/gm)].map(
    (match, i) => ({
      id: `${readme}#${i + 1}`,
      code: match[1] ?? '',
      prints: match[2],
    }),
  ),
)

/** What a block needs beside it, and what is done with it. All are compiled; one that is not run has a `why`. */
interface Use {
  /** Files of the repository, by where the block expects them. */
  readonly files?: Readonly<Record<string, string>>
  /** Where it stands; default: a folder of its own. */
  readonly at?: string
  /** What it prints, where the README does not say. */
  readonly prints?: RegExp
  readonly why?: string
  /** Declarations of what the text around the block takes for granted. */
  readonly given?: string
}
const uses: Readonly<Record<string, Use>> = {
  'README.md#1': { at: 'counter/counter.ts', why: 'an actor: it is built, and run by the steps below it' },
  'README.md#2': { at: 'counter/embed.ts', prints: /^\{\n? *ok: \{\n? *format: 'application\/json'/ },
  'packages/actor/README.md#1': {
    at: 'counter/kit.ts',
    why: 'an actor: the first one of the README of the repository',
  },
  'packages/actor/README.md#2': {
    why: 'an actor that needs an origin to ask: tooling/e2e has such in its tests',
  },
  'packages/actor/README.md#3': {
    at: 'actors/auditor.ts',
    files: { 'reporter.ts': 'packages/actor/test/sources/reporter.ts' },
    why: 'an actor: packages/actor builds it in its tests',
  },
  'packages/actor/README.md#4': {
    at: 'build/build.ts',
    files: { 'src/counter.ts': 'packages/actor/test/example.ts' },
    prints: /^$/,
  },
  'packages/boundary/README.md#1': {
    at: 'packages/boundary/test/example.ts',
    files: { '../../../tooling/guests/wat/spine.wasm': 'tooling/guests/wat/spine.wasm' },
  },
  'packages/component/README.md#1': {
    at: 'packages/component/test/example.ts',
    files: { '../../../tooling/guests/wat/spine.wasm': 'tooling/guests/wat/spine.wasm' },
  },
  'packages/component/README.md#2': {
    given: '/// <reference lib="dom" />\ndeclare const bytes: Uint8Array\n',
    why: 'needs a browser: examples/verify-page does this in one, in its tests',
  },
  'packages/cli/README.md#1': { prints: /^\/srv\/app\/counter\.wasm\n$/ },
  'packages/create-theater/README.md#1': {},
  'packages/handler/README.md#1': { prints: /^$/ },
  'packages/replay/README.md#1': { files: { 'spine.car': 'packages/replay/test/spine.car' } },
  'packages/runtime/README.md#1': { at: 'counter/runtime.ts', prints: /^\d+\n$/ },
  'wit/README.md#1': { prints: /^$/ },
}

const place = ({ id }: Block) => uses[id]?.at ?? `blocks/${id.replaceAll(/\W+/g, '-')}/block.ts`
const inOrder = [...blocks].sort(
  (a, b) => readmes.indexOf(a.id.split('#')[0]!) - readmes.indexOf(b.id.split('#')[0]!),
)

let bench: Bench
let project: Project
beforeAll(async () => {
  bench = await openBench()
  project = bench.project('readme', { name: 'readme', private: true, type: 'module' })
  const packages = (await tarballs()).map(({ manifest }) => manifest.name)
  await project.ok('npm', ['install', 'typescript@7', '@types/node', ...packages])
  for (const block of blocks) {
    const { given, files = {} } = uses[block.id] ?? {}
    project.write({ [place(block)]: block.code })
    if (given !== undefined) project.write({ [place(block)]: `${given}${block.code}` })
    for (const [path, source] of Object.entries(files)) {
      project.write({ [join(place(block), '..', path)]: readFileSync(join(root, source)) })
    }
  }
})
afterAll(() => bench[Symbol.asyncDispose]())

it('every README has an example, and the table above is about blocks that there are', () => {
  for (const readme of readmes) expect(blocks.map(({ id }) => id)).toContain(`${readme}#1`)
  expect(blocks.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(uses)))
})

it('every block compiles, and so do the entries that need the kit', async () => {
  const entries = await entriesOf((name) => ['@theater/actor', '@theater/cli'].includes(name))
  project.write({
    'entries.ts': entries.map(({ entry }, i) => `export * as e${i} from '${entry}'\n`).join(''),
  })
  const options = ['--strict', '--noEmit', '--target', 'esnext', '--module', 'nodenext', '--types', 'node']
  const args = ['tsc', ...options, '--allowImportingTsExtensions', 'entries.ts', ...blocks.map(place)]
  expect(ourErrors(await project.run('npx', args))).toEqual([])
})

describe('the README of the repository', () => {
  const readme = read('README.md')
  const [, manifest = ''] = /```toml\n(# theater\.toml\n[^]*?)```/.exec(readme) ?? []
  const steps = [...readme.matchAll(/^ {4}(theater \w.*)$/gm)].map((match) => match[1] ?? '')

  it('has steps, which do what they say, one after the other', async () => {
    project.write({ 'counter/theater.toml': manifest })
    const said = new Map<string | undefined, string>()
    for (const step of steps) {
      // As in a shell, where `theater` is on PATH.
      said.set(step.split(' ')[1], (await project.ok('npm', ['exec', '-c', `cd counter && ${step}`])).stdout)
    }
    expect(Object.fromEntries(said)).toEqual({
      build: expect.stringContaining('counter.wasm'),
      inspect: expect.stringContaining('theater:actor/log'),
      run: expect.stringMatching(/counter +idle/),
      call: expect.stringContaining('{"ok":2}'),
      chain: expect.stringContaining('theater:actor/log'),
      export: expect.stringContaining('counter.car'),
      verify: expect.stringMatching(/counter +verified/),
    })
    expect(existsSync(join(project.folder, 'counter', 'counter.car'))).toBe(true)
  })
})

describe('a block', () => {
  const run = inOrder.filter(({ id }) => uses[id]?.why === undefined)
  it.each(run)('$id runs, and prints what it says', async (block) => {
    const at = place(block)
    const folder = join(at, '..')
    const { stdout } = await project.ok('node', [at.slice(folder.length + 1)], { cwd: folder })
    const says = block.prints ?? uses[block.id]?.prints
    if (says === undefined) throw new Error(`${block.id}: say in the README or in the table what it prints`)
    const holds = typeof says === 'string' ? stdout === says : says.test(stdout)
    expect({ stdout, holds }).toEqual({ stdout: holds ? stdout : says, holds: true })
  })
})
