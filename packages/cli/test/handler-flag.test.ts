import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guest } from '@theater/guests'
import { assemble, fromWit } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import type { Order } from '../src/certify/run-process.ts'
import { firstPlace, RunProcess } from '../src/certify/runs.ts'
import { contributedBy } from '../src/contributed.ts'
import { failureOf } from '../src/errors.ts'
import { makeHandlers } from '../src/handlers.ts'
import { Output } from '../src/output.ts'
import { makeProgram } from '../src/program.ts'
import { folder, objects, theater } from './support/theater.ts'

/** A handler for what `spine.wasm` imports, as somebody writes one in JavaScript who has installed nothing. */
const SPINE = `
const HOST = 'test:spine/host'
const sync = { mode: 'sync', effect: 'read' }
class Counter {
  constructor(at) { this.at = at }
  bump(by) { return (this.at += by) }
}
export const spine = ({ more = 0 } = {}) => ({
  name: 'spine',
  interfaces: [HOST],
  grant: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    description: 'Lets the actor add.',
    type: 'object',
    additionalProperties: false,
    required: ['most'],
    properties: { most: { $ref: '#/$defs/count', description: 'What no sum is above.' } },
    $defs: { count: { type: 'integer', minimum: 1 } },
  },
  functions: {
    [HOST + '#add']: sync,
    [HOST + '#[constructor]counter']: sync,
    [HOST + '#[method]counter.bump']: sync,
  },
  within: (child, parent) => child.most <= parent.most || { refused: 'more' },
  authorize: () => true,
  bind: (actor, { most }) => ({
    imports: {
      [HOST]: {
        add: (a, b) => Math.min(most, a + b + more),
        '[constructor]counter': (start) => new Counter(start),
      },
    },
    describe: (type, { at }) => ({ at }),
    resume: (type, { at }) => new Counter(at),
  }),
})
export default spine
`

const MANIFEST = `[actor.spine]
component = "spine.wasm"

[actor.spine.grants.spine]
most = 1000
`

/** A folder with the handler in a file, and as a package whose one way in is by import. */
function place(manifest = MANIFEST): string {
  const cwd = folder({ 'theater.toml': manifest, 'spine.mjs': SPINE })
  const own = join(cwd, 'node_modules/spine-kit')
  mkdirSync(own, { recursive: true })
  const exported = { types: './index.d.ts', import: './index.js' }
  writeFileSync(join(own, 'package.json'), JSON.stringify({ type: 'module', exports: exported }))
  writeFileSync(join(own, 'index.js'), SPINE.replace('export default', 'export const handlers ='))
  return cwd
}

const packages = fileURLToPath(new URL('../..', import.meta.url))
const template = join(packages, 'create-theater/templates/handler')

/** What a person sees who gave a module that is none: what is wrong, and no stack. */
async function refused(
  args: readonly string[],
  cwd: string,
): Promise<[code: number | null, message: string]> {
  const { code, stderr, stdout } = await theater(args, { cwd })
  expect(stderr).not.toMatch(/^ +at /m)
  expect(stdout).toBe('')
  return [code, stderr.trimEnd()]
}

/** How a command ends that fails so. */
async function failureIn(failing: Promise<unknown>): Promise<[exit: number, message: string]> {
  const { exit, message, stack } = await failureOf(await failing.catch((error: unknown) => error))
  expect(stack).toBeUndefined()
  return [exit, message]
}

/** The handlers of a host that was given a module. */
async function handlersWith(flag: string): Promise<unknown> {
  const { handlers: contributed } = await contributedBy([flag])
  return makeHandlers({ store: ':memory:', contributed })
}

describe('--handler', () => {
  it('gives actors a capability of somebody else, and what they did verifies without it', async () => {
    const cwd = place()
    expect((await theater(['run', 'theater.toml', '--handler', 'spine.mjs'], { cwd })).code).toBe(0)
    const call = ['call', 'spine', 'run', '3', '--json']
    const called = await theater([...call, '--handler', './spine.mjs'], { cwd })
    expect(objects(called)).toEqual([{ ok: 106 }])
    // In a thread of the actors' own, from a package, with options.
    const apart = await theater([...call, '--answer', '60', '--handler', 'spine-kit={"more":1}'], { cwd })
    expect([apart.stderr, objects(apart)]).toEqual(['', [{ ok: 215 }]])
    const [verdict] = objects(await theater(['verify', 'spine', '--json'], { cwd }))
    expect(verdict).toMatchObject({ verdict: 'verified', events: 17 })
    const [code, message] = await refused(call, cwd)
    expect(message).toContain('there is no handler "spine"')
    expect(message).toContain('Those of somebody else are given with --handler MODULE.')
    expect(code).toBe(3)
  })

  it('checks grants by its schema, as those of the handlers of theater', async () => {
    const cwd = place(MANIFEST.replace('most', 'moost'))
    expect(await refused(['run', 'theater.toml', '--handler', 'spine.mjs'], cwd)).toEqual([
      3,
      expect.stringContaining(
        'theater.toml:5:1: there is no key "moost" in [actor.spine.grants.spine]. Did you mean "most"?',
      ),
    ])
    writeFileSync(join(cwd, 'theater.toml'), MANIFEST.replace('1000', '0'))
    expect(await refused(['inspect', 'theater.toml', '--handler', 'spine.mjs'], cwd)).toEqual([
      3,
      expect.stringContaining('theater.toml:5:8: most has to be at least 1'),
    ])
    writeFileSync(join(cwd, 'theater.toml'), MANIFEST.replace(/\[actor.spine.grants[^]*/, ''))
    expect(await refused(['run', 'theater.toml', '--handler', 'spine.mjs'], cwd)).toEqual([
      3,
      expect.stringMatching(
        /which it was not granted\. Add after line 2:[^]*\[actor\.spine\.grants\.spine\]/,
      ),
    ])
    writeFileSync(join(cwd, 'theater.toml'), MANIFEST)
    expect(await refused(['run', 'theater.toml'], cwd)).toEqual([
      3,
      expect.stringContaining('Those of somebody else are given with --handler MODULE.'),
    ])
  })

  it('is shown by inspect, and granted on the command line', async () => {
    const cwd = place()
    const given = ['--handler', 'spine.mjs']
    const [component] = objects(await theater(['inspect', 'spine.wasm', ...given, '--json'], { cwd }))
    expect(component.imports).toMatchObject([{ name: 'test:spine/host', handler: 'spine', state: 'unmet' }])
    expect(component.manifest).toContain('# spine: Lets the actor add.')
    expect(component.manifest).toContain('# It needs most. What no sum is above.')
    const [actor] = objects(await theater(['inspect', 'theater.toml', ...given, '--json'], { cwd }))
    expect(actor.imports).toMatchObject([{ name: 'test:spine/host', handler: 'spine', state: 'granted' }])
    const [, without] = await refused(['run', 'spine.wasm', ...given], cwd)
    expect(without).toContain("Add --grant 'spine=")
    const grant = ['--grant', 'spine={"most":4}']
    expect((await theater(['run', 'spine.wasm', ...given, ...grant], { cwd })).code).toBe(0)
  })

  it('takes what `npm create theater -- --template handler` makes, as it stands', async () => {
    const cwd = folder({
      'reader.wasm': await fromWit(readFileSync(join(template, 'notes.wit'), 'utf8'), 'uses-notes'),
    })
    cpSync(join(template, 'src'), join(cwd, 'src'), { recursive: true })
    mkdirSync(join(cwd, 'node_modules/@theater'), { recursive: true })
    symlinkSync(join(packages, 'handler'), join(cwd, 'node_modules/@theater/handler'))
    const given = ['--handler', './src/index.ts']
    const { stdout } = await theater(['inspect', 'reader.wasm', ...given, '--toml'], { cwd })
    expect(stdout).toMatch(/\[actor\.reader\.grants\.notes\]\n[^]*prefix = ""\n[^]*rights = "r"/)
    writeFileSync(join(cwd, 'theater.toml'), stdout)
    expect(await theater(['run', 'theater.toml', ...given], { cwd })).toMatchObject({ code: 0 })
  })

  it('is loaded by the processes of certify, too', async () => {
    const order: Order = {
      component: guest('spine'),
      file: 'spine.wasm',
      calls: [{ name: 'run', args: [3] }],
      grants: { spine: { most: 4 } },
      instance: 'actor',
      modules: [{ module: 'spine-kit', options: { more: 1 }, folder: place() }],
      cache: join(folder(), 'cache'),
      record: null,
      head: null,
    }
    using process = new RunProcess(firstPlace)
    const report = await process.run(order, new AbortController().signal)
    expect(report).toMatchObject({ did: 'run', answers: [{ ok: 107 }] })
  })

  it.each([
    ['run', 'theater.toml'],
    ['run', 'spine.wasm'],
    ['serve', 'spine.wasm'],
    ['dev', 'spine.ts'],
    ['inspect', 'spine.wasm'],
    ['certify', 'spine.wasm'],
  ])('of a package that is not there is a slip of the pen: %s %s', async (command, file) => {
    const cwd = folder({ 'theater.toml': MANIFEST, 'spine.ts': '' })
    const output = new Output(false)
    const program = makeProgram({ output: () => output, exit: () => undefined })
    const args = [command, join(cwd, file), '--handler', 'nowhere']
    expect(await failureIn(program.parseAsync(args, { from: 'user' }))).toEqual([
      2,
      expect.stringMatching(/^--handler nowhere: there is no such file, and no package that /),
    ])
  })
})

describe('a module of --handler', () => {
  const handler = `{ name: 'a', interfaces: ['a:b/c@0.1'], grant: { type: 'object', additionalProperties: false },
    functions: {}, within() {}, authorize() {}, bind() {} }`
  const changed = (change: string): string => `export default { ...${handler}, ${change} }`
  const cases: Readonly<Record<string, readonly [text: string, code: number, message: string]>> = {
    'is not there': ['', 2, 'there is no file'],
    'throws when it is loaded': ['throw new Error("no luck")', 3, 'it cannot be loaded: no luck'],
    'is not JavaScript': ['what is', 3, 'it cannot be loaded: '],
    'imports what is not there': ['import "nothing-here"', 3, "Cannot find package 'nothing-here'"],
    'exports something else': [
      'export const cache = 1',
      3,
      'it has no default export and none named handlers: it exports cache',
    ],
    'has a function that throws': [
      'export default () => { throw new Error("no url") }',
      3,
      'its function failed: no url',
    ],
    'has none in it': ['export const handlers = []', 3, 'there is no handler in it'],
    'has another thing': ['export default 7', 3, 'number is no handler'],
    'has parts missing': [
      'export default { name: "A b", interfaces: ["a:b/c@0.1.0"], functions: { "x#y": {} } }',
      3,
      'its name is not of a-z, 0-9 and -; a:b/c@0.1.0 is one version: every one of its track is served as a:b/c@0.1; it has no function within; it has no function authorize; it has no function bind; it has no schema of a grant; its function x#y is of no interface that it serves; the mode of x#y is neither sync nor async',
    ],
    'has an open grant': [changed("grant: { type: 'object' }"), 3, 'the schema of its grant is open'],
    'has a schema that is none': [
      changed("grant: { type: 'objekt', additionalProperties: false }"),
      3,
      'the schema of its grant is none: ',
    ],
    'has an effect that cannot be recorded first': [
      changed("functions: { 'a:b/c@0.1#f': { mode: 'sync', effect: 'once' } }"),
      3,
      'a:b/c@0.1#f has an effect outside, so its mode has to be async',
    ],
    'has the name of one of theater': [changed("name: 'fs'"), 3, 'theater has a handler fs itself'],
    'serves what theater serves': [
      changed("interfaces: ['wasi:filesystem/types@0.2']"),
      3,
      "serves wasi:filesystem/types@0.2, and so does theater's own fs",
    ],
    'has two of a name': [
      `const one = ${handler}\nexport const handlers = [one, one]`,
      3,
      'its handler a was given already',
    ],
  }

  it.for(Object.entries(cases))('that %s is refused', async ([, [text, code, message]]) => {
    const cwd = folder(text === '' ? {} : { 'given.mjs': text })
    expect(await failureIn(handlersWith(join(cwd, 'given.mjs')))).toEqual([
      code,
      expect.stringContaining(message),
    ])
  })

  it.each([
    ['={"a"', 'are not JSON: {"a"'],
    ['={"a":1}', 'it takes no options'],
    ['.old', 'there is no file'],
  ])('with %s after it is a slip of the pen', async (more, message) => {
    const cwd = folder({ 'given.mjs': `export default ${handler}` })
    expect(await failureIn(handlersWith(`${join(cwd, 'given.mjs')}${more}`))).toEqual([
      2,
      expect.stringContaining(message),
    ])
  })

  it('that fails is told without a stack', async () => {
    const cwd = folder({ 'given.mjs': 'throw new Error("no luck")' })
    const [code, message] = await refused(['inspect', 'spine.wasm', '--handler', 'given.mjs'], cwd)
    expect(message).toBe('theater: --handler given.mjs: it cannot be loaded: no luck')
    expect(code).toBe(3)
  })
})

describe('sockets of somebody else', () => {
  it('are granted as any capability', async () => {
    const cwd = folder({
      'net.wasm': await assemble(`(component
  (import "wasi:sockets/network@0.2.3" (instance $network (export "network" (type (sub resource)))))
  (alias export $network "network" (type $network))
  (import "wasi:sockets/instance-network@0.2.3" (instance $own
    (alias outer 1 $network (type $network'))
    (export "network" (type $network (eq $network')))
    (export "instance-network" (func (result (own $network))))))
  (core func $net (canon lower (func $own "instance-network")))
  (core module $m (import "" "net" (func $net (result i32))) (func (export "net") (result i32) call $net))
  (core instance $i (instantiate $m (with "" (instance (export "net" (func $net))))))
  (func (export "net") (result u32) (canon lift (core func $i "net"))))`),
      'sockets.mjs': `
const OWN = 'wasi:sockets/instance-network@0.2'
export default {
  name: 'sockets',
  interfaces: ['wasi:sockets/network@0.2', OWN],
  grant: { type: 'object', additionalProperties: false },
  functions: { [OWN + '#instance-network']: { mode: 'sync', effect: 'none' } },
  within: () => true,
  authorize: () => true,
  bind: () => ({ imports: { [OWN]: { instanceNetwork: () => ({}) } } }),
}`,
    })
    const given = ['--handler', 'sockets.mjs']
    const [code, message] = await refused(['run', 'net.wasm', ...given], cwd)
    expect([code, message]).toEqual([3, expect.stringContaining("Add --grant 'sockets={}'")])
    expect((await theater(['run', 'net.wasm', ...given, '--grant', 'sockets'], { cwd })).code).toBe(0)
    const called = await theater(['call', 'net', 'net', ...given, '--json'], { cwd })
    expect(objects(called)).toEqual([{ ok: expect.any(Number) }])
    expect((await theater(['verify', 'net'], { cwd })).code).toBe(0)
  })
})
