import { readFileSync } from 'node:fs'
import { guest } from '@theater/guests'
import { expect, test } from 'vitest'
import { ComponentError, inThread, loadComponent, type Plan } from '../src/index.ts'
import { LiftMeter } from '../src/lift.ts'
import { GlueState } from '../src/image/glue-state.ts'
import { checkGlue, type GlueFactory, readyGlue } from '../src/prelude.ts'
import { quickened } from '../src/quicken.ts'
import { generateWith } from '../src/transpile.ts'
import { jcoVersion, version } from '../src/version.ts'
import { loadComponent as loadInNode } from '../src/node.ts'
import { emptyHost, spineHost } from './support.ts'

const { $init, generate } = await import('@bytecodealliance/jco-transpile/component')
await $init

const { glue } = generateWith(generate, {
  bytes: guest('spine'),
  plan: { mode: 'sync' },
  imports: ['test:spine/host'],
  asyncImports: [],
  asyncExports: [],
  timeoutMs: 0,
  memoryMb: 0,
})

const ready = async (code: string): Promise<GlueFactory> => readyGlue(await checkGlue(code), 'test')

const inside = (code: string): string => glue.replace('let gen= (', `${code}\nlet gen= (`)

test('the glue that jco makes passes', async () => {
  await expect(ready(glue)).resolves.toBeTypeOf('function')
  await expect(ready(inside('let harmless = 1'))).resolves.toBeTypeOf('function')
})

/** What comes of the glue when its parts are made quick. */
function quick(code: string): string {
  const [helpers = '', guest = ''] = code.split('let gen= (')
  const made = quickened({ helpers, start: 'let gen= (', guest, end: '' })
  return made.helpers + made.start + made.guest
}

test('the glue is made quicker, and says what it said', async () => {
  const said = quick(glue)
  const lines = glue.split('\n').filter((line) => !/^ *(?:newSubtask|waitable)\.setTarget\(/.test(line))
  const own = (code: string): string => code.slice(0, code.indexOf('getCoreModule('))
  // Its classes have nothing private, and nothing is made for the log.
  expect(glue).toMatch(/this\.#/)
  expect(own(said)).not.toMatch(/(?:^|[\s.(!])#\w/m)
  expect(said).not.toMatch(/(?<!false && |const )_debugLog\(/)
  const back = said
    .replace('Compat(args, ...params) {', 'Compat(args) {\n    const params = [...arguments].slice(1);')
    .replace(/\(Waitable\._pending \?\?= (new Error\('[^']*'\))\)/, '$1')
    .replaceAll('_$', '#')
    .replaceAll('false && _debugLog(', '_debugLog(')
  expect(said).toContain('Waitable._pending')
  expect(back.split('\n').filter((line) => line.trim() !== '')).toEqual(
    lines.filter((line) => line.trim() !== ''),
  )
})

test('a name of the component is what it is, whatever the glue’s own are called', () => {
  const named = inside(`const { x } = imports['a .#b']; use('#c', 'd.#e');`)
  expect(quick(named)).toContain(`imports['a .#b']; use('#c', 'd.#e');`)
})

test.for([
  ['a static import', `import x from 'node:fs'\n${glue}`],
  ['a static import after the glue', `${glue}\nimport 'node:fs'`],
  ['a dynamic import', inside(`import('node:fs')`)],
  ['a dynamic import of something computed', inside(`import(['node', 'fs'].join(':'))`)],
  ['a phased import', inside(`import.source('x')`)],
  ['import.meta', inside(`import.meta.url`)],
  ['a re-export', `${glue}\nexport * from 'node:fs'`],
  ['another export', `${glue}\nexport const more = 1`],
  ['a default export', `${glue}\nexport default 1`],
  ['no export', glue.replaceAll('export ', '')],
  ['something before the function', `globalThis.x = 1;\n${glue}`],
  ['another function', glue.replace('function instantiate', 'function start')],
  ['a syntax error', inside('let let let')],
  ['a second declaration of a helper', inside('function toUint32() {} let toUint32')],
  [
    'a helper declared again where the guest is',
    glue.replace('_initGenerator () {', '_initGenerator () { function toUint32() {}'),
  ],
  ['no generator', glue.replace('_initGenerator', 'something')],
  ['a document type', '<html></html>'],
])('refused: %s', async ([, code = '']) => {
  const error = await ready(code).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.code).toBe('glue-rejected')
})

test('glue sees none of the host’s globals', async () => {
  const names = [
    'process',
    'require',
    'fetch',
    'Buffer',
    'global',
    'self',
    'Function',
    'navigator',
    'crypto',
    'Date',
  ]
  const code = inside(
    `throw new Error(JSON.stringify([Object.keys(globalThis), ${names.map((n) => `typeof ${n}`).join()}]))`,
  )
  const make = await ready(code.replaceAll('// ', '//'))
  const instantiate = make({
    FinalizationRegistry: class {},
    WebAssembly,
    meter: new LiftMeter(),
    state: untold(),
  })
  const module = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
  const imports = { 'test:spine/host': { Counter: class {}, add: () => 0 } }
  let said = ''
  try {
    instantiate(
      () => module,
      imports,
      () => new WebAssembly.Instance(module),
    )
  } catch (error) {
    said = error instanceof Error ? error.message : ''
  }
  expect(JSON.parse(said)).toEqual([['process', 'WebAssembly'], ...names.map(() => 'undefined')])
})

/** A state that nothing reads. */
const untold = (): GlueState =>
  new GlueState(
    {
      hostOf: () => undefined,
      knows: () => false,
      wrapHost: () => ({}),
      registered: () => undefined,
      isGuest: () => false,
    },
    undefined,
  )

test('what the glue remembers of a component that is made of others has a bound', async () => {
  const code = inside('const remembered = new Set(); for (let i = 0; ; i++) remembered.add(i)')
  const make = await ready(code)
  const instantiate = make({
    FinalizationRegistry: class {},
    WebAssembly,
    meter: new LiftMeter(),
    state: untold(),
  })
  const module = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
  const imports = { 'test:spine/host': { Counter: class {}, add: () => 0 } }
  const start = () =>
    instantiate(
      () => module,
      imports,
      () => new WebAssembly.Instance(module),
    )
  expect(start).toThrow('more than 1000000 resources')
})

test('the main entry loads with a transpiler in the same thread, as a browser would', async () => {
  const transpiler = inThread(generate)
  const component = await loadComponent(guest('spine'), { transpiler })
  const plans: Plan[] = [{ mode: 'sync' }, { mode: 'jspi', asyncImports: [] }]
  for (const plan of plans) {
    const prepared = await component.prepare(plan)
    const instance = await prepared.instantiate(spineHost(component, prepared.newResources()))
    expect(await instance.functions['run']?.(3)).toBe(106)
  }
  const none = await loadComponent(guest('spine'))
  const error = await none.prepare({ mode: 'sync' }).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.message).toMatch(/There is no transpiler/)
})

test('a transpiler in the same thread refuses for ever once jco has panicked', async () => {
  const transpiler = inThread(() => {
    throw new WebAssembly.RuntimeError('unreachable')
  })
  for (let i = 0; i < 2; i++) {
    const component = await loadComponent(guest('spine'), { transpiler })
    const error = await component.prepare({ mode: 'sync' }).catch((e: unknown) => e)
    expect(ComponentError.is(error) && error.code).toBe('transpile-failed')
  }
})

test('a bit flipped anywhere: refused, or loaded and instantiated, and nothing else', async () => {
  const good = guest('spine')
  const transpiler = inThread(generate)
  const outcomes = new Map<string, number>()
  for (let at = 8; at < good.length; at += 3) {
    const bytes = good.slice()
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
    const outcome = await loadInNode(bytes, { transpiler })
      .then((component) => component.prepare({ mode: 'sync' }))
      .then((prepared) => void prepared.instantiateSync(emptyHost(prepared)))
      .then(
        () => 'instantiated',
        (error: unknown) => {
          if (error instanceof WebAssembly.LinkError || error instanceof WebAssembly.RuntimeError)
            return 'trapped'
          if (!ComponentError.is(error)) return String(error)
          return /panicked|another component/.test(error.message) ? error.message : error.code
        },
      )
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const expected = [
    'instantiated',
    'not-wasm',
    'bad-name',
    'invalid-core',
    'unsupported',
    'too-large',
    'transpile-failed',
  ]
  expect([...outcomes.keys()].filter((outcome) => !expected.includes(outcome))).toEqual([])
  expect(outcomes.get('transpile-failed')).toBeGreaterThan(0)
  expect(outcomes.get('instantiated')).toBeGreaterThan(0)
})

test('the versions in the cache key are the ones that are installed', () => {
  const read = (path: string): unknown =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
  expect(version).toBe(read('../package.json'))
  expect(jcoVersion).toBe(read('../node_modules/@bytecodealliance/jco-transpile/package.json'))
})
