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
  /** `packages/actor/README.md#http`: which README, below which heading; `#http-2` is the second one there. */
  readonly id: string
  readonly code: string
  /** What it prints, where the README says so. */
  readonly prints: string | undefined
}

/** The blocks of a README, each called by the heading above it: a new one elsewhere changes no name. */
function blocksOf(readme: string): Block[] {
  const found: Block[] = []
  const part = /^#+ (.+)$|^```([^\n]*)\n([^]*?)^```\n(?:\nprints\n\n```text\n([^]*?)^```)?/gm
  let heading = ''
  let nth = 0
  for (const [, title, language, code = '', prints] of read(readme).matchAll(part)) {
    if (title !== undefined) [heading, nth] = [slug(title), 0]
    if (language !== 'ts') continue
    nth += 1
    found.push({ id: `${readme}#${heading}${nth === 1 ? '' : `-${nth}`}`, code, prints })
  }
  return found
}

/** `In your program` is `in-your-program`. */
const slug = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

const blocks = readmes.flatMap(blocksOf)

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
  'README.md#an-actor': {
    at: 'counter/counter.ts',
    why: 'an actor: it is built, and run by the steps below it',
  },
  'README.md#in-your-program': {
    at: 'counter/embed.ts',
    prints: /^\{\n? *ok: \{\n? *format: 'application\/json'/,
  },
  'packages/actor/README.md#theater-actor': {
    at: 'counter/kit.ts',
    why: 'an actor: the first one of the README of the repository',
  },
  'packages/event-chain/README.md#what-a-host-signs': {
    given:
      "import type { ChainWriter, LoggedStore } from '@theater/event-chain'\ndeclare const store: LoggedStore\ndeclare const writer: ChainWriter\n",
    why: 'store and writer are those of the example above it',
  },
  'packages/event-chain/README.md#what-a-host-signs-2': {
    given:
      "import type { LoggedStore } from '@theater/event-chain'\nimport type { HostLog } from '@theater/event-chain/log'\ndeclare const store: LoggedStore\ndeclare const log: HostLog\ndeclare const witnessKey: string\n",
    why: 'needs a witness: examples/witness is one, and its tests ask it',
  },
  'packages/actor/README.md#http': {
    why: 'an actor that needs an origin to ask: tooling/e2e has such in its tests',
  },
  'packages/actor/README.md#other-actors': {
    at: 'actors/auditor.ts',
    files: { 'reporter.ts': 'packages/actor/test/sources/reporter.ts' },
    why: 'an actor: packages/actor builds it in its tests',
  },
  'packages/actor/README.md#children': {
    at: 'actors/boss.ts',
    files: { 'counter.ts': 'packages/actor/test/sources/counter.ts' },
    why: 'an actor: tooling/e2e builds and runs it in its tests',
  },
  'packages/actor/README.md#programs-of-the-host': {
    why: 'an actor: tooling/e2e builds and runs it in its tests',
  },
  'packages/actor/README.md#timers': {
    why: 'an actor: packages/actor serves it in its tests',
  },
  'packages/actor/README.md#topics-and-channels': {
    why: 'an actor: tooling/e2e builds and runs it in its tests',
  },
  'packages/actor/README.md#websocket-connections': {
    why: 'an actor: tooling/e2e builds and runs it in its tests',
  },
  'packages/actor/README.md#building': {
    at: 'build/build.ts',
    files: { 'src/counter.ts': 'packages/actor/test/example.ts' },
    prints: /^$/,
  },
  'packages/boundary/README.md#theater-boundary': {
    at: 'packages/boundary/test/example.ts',
    files: { '../../../tooling/guests/wat/spine.wasm': 'tooling/guests/wat/spine.wasm' },
  },
  'packages/component/README.md#theater-component': {
    at: 'packages/component/test/example.ts',
    files: { '../../../tooling/guests/wat/spine.wasm': 'tooling/guests/wat/spine.wasm' },
  },
  'packages/component/README.md#in-a-browser': {
    given: '/// <reference lib="dom" />\ndeclare const bytes: Uint8Array\n',
    why: 'needs a browser: examples/verify-page does this in one, in its tests',
  },
  'packages/cli/README.md#for-other-tools': { prints: /^\/srv\/app\/counter\.wasm\n$/ },
  'packages/create-theater/README.md#in-a-program': {},
  'packages/handler/README.md#theater-handler': { prints: /^$/ },
  'packages/handler-fs/README.md#trees': {
    given:
      "import { fs, handleBackend, putTree } from '@theater/handler-fs'\nimport { memoryStore } from '@theater/event-chain'\nconst store = memoryStore()\n",
    why: 'needs a directory: packages/handler-fs does this in its tests',
  },
  'packages/replay/README.md#theater-replay': { files: { 'spine.car': 'packages/replay/test/spine.car' } },
  'packages/replay/README.md#what-a-stranger-gives-you': {
    files: { 'spine.car': 'packages/replay/test/spine.car' },
  },
  'packages/replay/README.md#from-a-snapshot': {
    given:
      "import type { LoggedStore } from '@theater/event-chain'\ndeclare const store: LoggedStore\ndeclare const chain: Uint8Array\n",
    why: 'needs a snapshot that a host kept: packages/replay does this in its tests',
  },
  'packages/runtime/README.md#theater-runtime': { at: 'counter/runtime.ts', prints: /^\d+\n$/ },
  'packages/runtime/README.md#topics': {
    given:
      "import type { Theater } from '@theater/runtime'\ndeclare const theater: Theater\ndeclare const body: Uint8Array\n",
    why: 'needs actors that subscribe: tooling/e2e has such in its tests',
  },
  'packages/runtime/README.md#channels-with-the-program': {
    given: "import type { Theater } from '@theater/runtime'\ndeclare const theater: Theater\n",
    why: 'needs an actor that takes channels: tooling/e2e has such in its tests',
  },
  'packages/runtime/README.md#what-is-recorded': {
    given: "import type { Theater } from '@theater/runtime'\ndeclare const theater: Theater\nlet next = 0\n",
    why: 'goes on until the theater is closed: tests of the runtime read so',
  },
  'packages/runtime/README.md#in-a-thread-of-its-own': { at: 'thread/actors.ts', prints: /^$/ },
  'packages/runtime/README.md#in-a-thread-of-its-own-2': {
    at: 'thread/main.ts',
    given: 'declare const body: Uint8Array\n',
    why: 'needs an actor in the data folder: tooling/e2e opens such threads in its tests',
  },
  'wit/README.md#theater-wit': { prints: /^$/ },
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
  expect(readmes.filter((readme) => blocksOf(readme).length === 0)).toEqual([])
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
