import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, type Built, prepare } from '@theater/actor/build'
import { bundle } from '../src/build/bundle.ts'
import { setClock } from '../src/build/engine-module.ts'
import { worldOf } from '../src/build/world.ts'

// All that a build could write down: the clock, a default export without a name, a CommonJS dependency, a file beside it.
const sources = {
  'src/actor.ts': `import { defineActor } from '@theater/actor'
import { shout } from 'dep'
import { word } from './parts/word.ts'
const loaded = Date.now()
// Ends, though no time passes.
while (Date.now() - loaded < 5);
export default defineActor({
  state: { at: String(new Date(0)) },
  messages: { say: () => [shout(word), loaded, Date.now(), new Error('x').stack] },
})
`,
  'src/parts/word.ts': 'export const word: string = JSON.stringify(new Date())\n',
}
const dependency = {
  'package.json':
    '{"name":"dep","version":"1.0.0","main":"lib/main.js","browser":{"./lib/node.js":false,"fs":false}}',
  'lib/main.js':
    'const { up } = require("./up"); require("./node"); require("fs"); exports.shout = (text) => up(text) + "!"',
  'lib/node.js': 'exports.none = 1',
  'lib/up.js': 'exports.up = (text) => text.toUpperCase()',
}

const shape = {
  uses: [],
  state: false,
  init: false,
  messages: true,
  subscriptions: false,
  channels: false,
  websocket: false,
  childEnded: false,
  timers: false,
  fetch: false,
}

let folder: string
/** A project, and the same one as another package manager lays it out, deeper, behind a link. */
let one: string
let two: string

async function files(where: string, all: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(where, name)), { recursive: true })
    await writeFile(join(where, name), text)
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-same-'))
  one = join(folder, 'one')
  await files(one, sources)
  await files(join(one, 'node_modules/dep'), dependency)
  const deep = join(folder, 'a/deeper/folder')
  await files(deep, sources)
  await files(join(folder, 'a/node_modules/.store/dep@1.0.0/node_modules/dep'), dependency)
  await symlink('.store/dep@1.0.0/node_modules/dep', join(folder, 'a/node_modules/dep'))
  two = join(folder, 'link')
  await symlink(deep, two)
})
afterAll(() => rm(folder, { recursive: true }))

describe('two builds of the same source', () => {
  let first: Built
  let second: { readonly bytes: Buffer; readonly time: string; readonly digest: string }

  beforeAll(async () => {
    first = await build({ entry: join(one, 'src/actor.ts') })
    // Another process of another user, in another year, whose code is compiled in another way.
    const out = join(folder, 'second.wasm')
    const code = `
      const { now } = Date
      Date.now = () => now() + 1e11
      process.chdir(process.argv[2])
      const { build } = await import(process.argv[1])
      const { digest } = await build({ entry: 'src/actor.ts', out: process.argv[3] })
      console.log(JSON.stringify({ digest, time: new Date(Date.now()).toISOString() }))`
    const kit = new URL('../src/build.ts', import.meta.url).href
    const flags = ['--conditions=theater-source', '--liftoff-only', '--hash-seed=7', '--random-seed=7']
    const home = join(folder, 'home')
    await mkdir(join(home, 'tmp'), { recursive: true })
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...flags, '--input-type=module', '-e', code, kit, two, out],
      { env: { HOME: home, TMPDIR: join(home, 'tmp'), USER: 'somebody', TZ: 'Asia/Tokyo', LANG: 'ja_JP' } },
    )
    second = { bytes: await readFile(out), ...(JSON.parse(stdout) as { time: string; digest: string }) }
  })

  test('have the same bytes', () => {
    expect(second.time > '2029').toBe(true)
    expect(second.digest).toBe(first.digest)
    expect(Buffer.compare(second.bytes, first.bytes)).toBe(0)
  })

  test('name nothing of where they were built', () => {
    const text = Buffer.from(first.bytes).toString('latin1')
    for (const place of [folder, process.cwd(), import.meta.dirname]) expect(text).not.toContain(place)
  })

  test('say what made them', () => {
    expect(first.tools).toEqual({
      '@theater/actor': expect.stringMatching(/^\d+\./),
      '@theater/wit': expect.stringMatching(/^\d+\./),
      '@bytecodealliance/componentize-js': expect.stringMatching(/^\d+\./),
      '@bytecodealliance/jco': expect.stringMatching(/^\d+\./),
      esbuild: expect.stringMatching(/^\d+\./),
    })
  })
})

test('a bundle names its files by how they lie to each other, and dependencies as they are imported', async () => {
  const { source } = await prepare({ entry: join(one, 'src/actor.ts') })
  expect((await prepare({ entry: join(two, 'src/actor.ts') })).source).toBe(source)
  const places = [...source.matchAll(/^\/\/ (\S+)$|^ *"(\S+)"\(/gm)].map(([, a, b]) => a ?? b)
  expect(new Set(places.filter((place) => !place?.startsWith('@theater/actor/')))).toEqual(
    new Set([
      'theater:theater:build/ambient',
      'theater:theater:build/start',
      '(disabled):dep/lib/node',
      '(disabled):fs',
      'dep/lib/up.js',
      'dep/lib/main.js',
      'parts/word.ts',
      'actor.ts',
    ]),
  )
})

test('an entry that is called index is not named after its folder, and stays as it is in the map', async () => {
  const text = `import { defineActor } from '@theater/actor'\n/* é */ export   default defineActor({ messages: { a: () => 1 } })`
  const bundled = async (name: string): Promise<string> => {
    await files(join(folder, name), { 'index.ts': text })
    return (await prepare({ entry: join(folder, name, 'index.ts') })).source
  }
  const first = await bundled('some-folder')
  expect(await bundled('another name')).toBe(first)
  expect(first).not.toContain('some_folder')
  const entry = join(folder, 'some-folder/index.ts')
  const { map } = await bundle({ entry, shape, world: worldOf(shape), minify: false })
  const { sources, sourcesContent } = JSON.parse(map) as { sources: string[]; sourcesContent: string[] }
  expect(sourcesContent[sources.indexOf(entry)]).toBe(text)
})

test('what only looks like the engine’s clock is left alone', () => {
  // As LEB128: a time in nanoseconds.
  const time = '80e480eed48ea4f618'
  const module = (...bodies: string[]): Buffer => {
    const coded = bodies.map((body) => (body.length / 2).toString(16).padStart(2, '0') + body).join('')
    const size = (coded.length / 2 + 1).toString(16).padStart(2, '0')
    return Buffer.from(
      `0061736d010000000a${size}${bodies.length.toString(16).padStart(2, '0')}${coded}`,
      'hex',
    )
  }
  const reads = `0042${time}0b`
  const writes = `0020022002` + `42${time}3703000b`
  const at = 946_684_800_000_000_000n
  for (const odd of [module(reads), module(writes), module(reads, writes.replace('80e4', '81e4'))]) {
    const before = Buffer.from(odd)
    expect(setClock(odd, at)).toBe(false)
    expect(odd).toEqual(before)
  }
  const whole = module(reads, writes, reads.replace('80e4', '81e4'))
  expect(setClock(whole, at)).toBe(true)
  expect(whole.toString('hex')).not.toContain(time)
  expect(whole.toString('hex')).toContain('0042' + '81e480eed48ea4f618' + '0b')
})
