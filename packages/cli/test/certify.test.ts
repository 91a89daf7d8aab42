import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assemble } from '@theater/guests/wat'
import { guest } from '@theater/guests'
import type { AnyHandler } from '@theater/handler'
import { describe, expect, it } from 'vitest'
import { parseCall, parseCalls } from '../src/certify/calls.ts'
import { firstDifference } from '../src/certify/compare.ts'
import { play } from '../src/certify/play.ts'
import type { Played } from '../src/certify/play.ts'
import type { Target } from '../src/target.ts'
import { folder, objects, theater } from './support/theater.ts'

const WIDTH = 50
const locals = Array.from({ length: WIDTH }, (_, i) => `$v${i}`)

/**
 * `down(n)` calls itself n times, with more on the stack than its depth counts for in the baseline tier: on a small
 * stack the engine ends it before its limit does.
 */
const deep = () =>
  assemble(`(component
    (core module $m
      (func $down (export "down") (param $n i32) (result i32) (local $got i32)
        ${locals.map((name) => `(local ${name} v128)`).join(' ')}
        (if (i32.eqz (local.get $n)) (then (return (i32.const 7))))
        ${locals.map((name) => `(local.set ${name} (i32x4.splat (local.get $n)))`).join(' ')}
        (local.set $got (call $down (i32.sub (local.get $n) (i32.const 1))))
        ${locals.map((name) => `(local.set $got (i32.add (local.get $got) (i32x4.extract_lane 0 (local.get ${name}))))`).join(' ')}
        (i32.sub (i32.add (local.get $got) (i32.const 1)) (i32.mul (i32.const ${WIDTH}) (local.get $n)))))
    (core instance $i (instantiate $m))
    (func (export "down") (param "n" u32) (result u32) (canon lift (core func $i "down")))
  )`)

/** An instruction whose result engines may round in two ways. */
const relaxed = () =>
  assemble(`(component (core module (func (param v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))))`)

const [RIGHT, WRONG] = [4242, 4243]

/** Is loaded into every process: where the quick compiler is alone, the engine takes one number for another. */
const faulty = `
  const { compile, Module } = WebAssembly
  const leb = (n) => [(n & 0x7f) | 0x80, n >> 7]
  if (process.execArgv.includes('--liftoff-only')) {
    const wrong = (bytes) => {
      const made = Buffer.from(bytes)
      const at = made.indexOf(Buffer.from([0x41, ...leb(${RIGHT})]))
      if (at >= 0) made.set(leb(${WRONG}), at + 1)
      return made
    }
    WebAssembly.compile = (bytes) => compile(wrong(bytes))
    WebAssembly.Module = class extends Module {
      constructor(bytes) {
        super(wrong(bytes))
      }
    }
  }`

/**
 * Is loaded into every process: where the optimising compiler is alone, it is never done. The time of the command is over
 * when only those are left, and the process of the first run, which waits: however long the machine takes for that.
 */
const stuck = (file: string): string => `
  import { appendFileSync, existsSync, readFileSync } from 'node:fs'
  import { availableParallelism } from 'node:os'
  import { isMainThread } from 'node:worker_threads'
  const file = ${JSON.stringify(file)}
  const most = Math.min(2, availableParallelism())
  if (process.execArgv.includes('--no-liftoff')) {
    if (isMainThread) appendFileSync(file, '1')
    const { Module } = WebAssembly
    WebAssembly.compile = () => new Promise(() => undefined)
    WebAssembly.Module = class extends Module {
      constructor(bytes) {
        // A host has modules of its own, which are smaller.
        if (bytes.length > 500) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
        super(bytes)
      }
    }
  }
  AbortSignal.timeout = () => {
    const time = new AbortController()
    const look = setInterval(() => {
      const left = process.getActiveResourcesInfo().filter((one) => one === 'ProcessWrap').length
      if (left !== most + 1 || !existsSync(file) || readFileSync(file, 'utf8').length !== most) return
      clearInterval(look)
      time.abort()
    }, 20)
    return time.signal
  }`

/** How long the runs take is up to the machine, and to what else it does. */
const UNHURRIED = ['--seconds', '600']

describe('theater certify', () => {
  it('says that all runs did the same, and keeps it by the digest of the component', async () => {
    const cwd = folder()
    const args = ['--call', 'divide 7 2', '--call', 'divide 7 0', '--call', 'boom', '--json', ...UNHURRIED]
    const ran = await theater(['certify', 'echo.wasm', ...args], { cwd })
    expect(ran.stderr).toBe('')
    expect(ran.code).toBe(0)
    const lines = objects(ran)
    const { summary } = lines.pop()
    expect(lines.map(({ run }) => run).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i),
    )
    expect(new Set(lines.map(({ tier, how, stackMb }) => `${tier} ${how} ${stackMb}`)).size).toBe(12)
    expect(new Set(lines.map(({ head }) => head))).toEqual(new Set([summary.head]))
    expect(summary).toMatchObject({
      certificate: 1,
      verdict: 'certified',
      instance: 'actor',
      calls: [
        { call: 'divide 7 2', answer: { ok: 3 }, fuel: expect.any(Number) },
        { call: 'divide 7 0', answer: { err: 'division by zero' } },
        { call: 'boom', answer: { err: { trapped: 'guest' } } },
      ],
      imports: [{ name: 'theater:actor/log@0.1.0', answers: 'recorded', handler: 'log' }],
      code: { modules: expect.any(Number), functions: expect.any(Number), floats: 0 },
      difference: null,
    })
    expect(summary.uncalled).toContain('theater:messaging/receiver@0.1.0#handle-send')
    const { file, ...rest } = summary
    expect(file).toBe(join('.theater/certificates', `${summary.component.slice(7)}.json`))
    expect(JSON.parse(readFileSync(join(cwd, file), 'utf8'))).toEqual(rest)
  })

  it('is 5 for a component whose outcome is up to the stack, with the event', async () => {
    const cwd = folder({ 'deep.wasm': await deep() })
    const ran = await theater(
      [
        'certify',
        'deep.wasm',
        '--call',
        'down 3',
        '--call',
        'down 1200',
        '--json',
        '--out',
        'c.json',
        ...UNHURRIED,
      ],
      { cwd },
    )
    const { summary } = objects(ran).pop()
    expect(summary).toMatchObject({
      verdict: 'differs',
      calls: [{ answer: { ok: 10 } }, { answer: { ok: 1207 } }],
      difference: { index: 4, what: 'host', actual: { kind: 'abort', code: 'host-stack' } },
    })
    expect(ran.code).toBe(5)
    expect(JSON.parse(readFileSync(join(cwd, 'c.json'), 'utf8')).verdict).toBe('differs')
  })

  it('is 5 where one of the compilers makes something else of it, with both events', async () => {
    const answer = await assemble(`(component
      (core module $m
        (global $count (mut i32) (i32.const 0))
        (func (export "answer") (result i32) (i32.const ${RIGHT}))
        (func (export "count") (result i32)
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (global.get $count)))
      (core instance $i (instantiate $m))
      (func (export "answer") (result u32) (canon lift (core func $i "answer")))
      (func (export "count") (result u32) (canon lift (core func $i "count"))))`)
    const cwd = folder({ 'answer.wasm': answer, 'faulty.mjs': faulty })
    const env = { NODE_OPTIONS: `--import=${join(cwd, 'faulty.mjs')}` }
    const ran = await theater(
      [
        'certify',
        'answer.wasm',
        '--call',
        'answer',
        '--call',
        'count',
        '--call',
        'count',
        '--instance',
        'turn',
        '--json',
        ...UNHURRIED,
      ],
      { cwd, env },
    )
    const lines = objects(ran)
    const { summary } = lines.pop()
    for (const { tier, same } of lines) expect([tier, same]).toEqual([tier, tier !== 'liftoff'])
    expect(lines).toHaveLength(12)
    expect(summary).toMatchObject({
      verdict: 'differs',
      // Each has an instance of its own.
      instance: 'turn',
      calls: [{ call: 'answer', answer: { ok: RIGHT } }, { answer: { ok: 1 } }, { answer: { ok: 1 } }],
      difference: {
        run: 4,
        index: 3,
        what: 'output',
        expected: { kind: 'return', fn: 'answer', result: RIGHT },
        actual: { kind: 'return', fn: 'answer', result: WRONG },
      },
    })
    expect(ran.code).toBe(5)
    const people = await theater(['certify', 'answer.wasm', ...UNHURRIED], { cwd, env })
    expect(people.stdout).toMatch(/^answer +[0-9,]+ +{"ok":4242}$/m)
    expect(people.stdout).toMatch(/^liftoff +re-run +1 MB +differs$/m)
    expect(people.stdout).toMatch(
      /^run 4 parts from the first at event 3: the component did something else\n +the first run +.*4242.*\n +run 4 +.*4243/m,
    )
    expect(people.code).toBe(5)
  })

  it('is 7 where its time is too short, and says what to do; there is no difference', async () => {
    const cwd = folder()
    const none = await theater(['certify', 'echo.wasm', '--seconds', '0.01'], { cwd })
    expect([none.code, none.stdout]).toEqual([7, ''])
    expect(none.stderr).toContain('the first run was not done within 0.01 s')
    expect(none.stderr).toContain('--seconds 1 gives it longer.')
    // The first run is done at once; those of one compiler never are.
    writeFileSync(join(cwd, 'stuck.mjs'), stuck(join(cwd, 'stuck')))
    const env = { NODE_OPTIONS: `--import=${join(cwd, 'stuck.mjs')}` }
    const some = await theater(['certify', 'echo.wasm', '--call', 'divide 7 2', '--seconds', '30'], {
      cwd,
      env,
    })
    expect(some.code).toBe(7)
    expect(some.stdout).toMatch(/^default +re-run +1 MB +.*same$/m)
    expect(some.stdout).toMatch(/^turbofan +run +4 MB +time$/m)
    expect(some.stdout).not.toContain('differs')
    expect(some.stdout).toContain('not called, so nothing is known of: ')
    expect(some.stderr).toMatch(
      /^\d+ of 12 runs were not done within 30 s.* --seconds 120 gives it longer\.$/m,
    )
  })

  it('calls what takes nothing where nobody says what, and refuses what it cannot run', async () => {
    const cwd = folder({ 'calls.txt': '# none\n\nnope 1\n', 'relaxed.wasm': await relaxed() })
    const ran = await theater(['certify', 'hello.wasm', '--json', '--out', 'c.json', ...UNHURRIED], { cwd })
    expect(objects(ran).pop().summary.calls).toMatchObject([
      { call: 'wasi:cli/run@0.2.3#run', answer: { ok: null } },
    ])
    expect(ran.code).toBe(0)
    const varying = await theater(['certify', 'relaxed.wasm'], { cwd })
    expect([varying.code, varying.stderr]).toEqual([3, expect.stringContaining('relaxed.wasm: ')])
    expect(varying.stderr).toContain('f32x4.relaxed_madd')
    const unmet = await theater(['certify', 'spine.wasm'], { cwd })
    expect([unmet.code, unmet.stderr]).toEqual([3, expect.stringContaining('no handler of theater serves')])
    for (const [args, message] of [
      [['--calls', 'calls.txt'], 'hello.wasm exports no "nope"'],
      [['--calls', 'none.txt'], 'none.txt cannot be read'],
      [['--call', 'run 7 x'], 'x is not JSON'],
      [['--call', ' '], 'EXPORT JSON'],
      [['--out', 'no/such/c.json'], 'there is no folder'],
    ] as const) {
      const refused = await theater(['certify', 'hello.wasm', ...args], { cwd })
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)])
    }
  })
})

describe('calls', () => {
  it('are a name and values with blanks between them', () => {
    expect(parseCall('divide 7 -2')).toEqual({ name: 'divide', args: [7, -2] })
    expect(parseCall(' say  "a b\\" [{"  {"x": [1, "}"]} [ ]\tnull ')).toEqual({
      name: 'say',
      args: ['a b" [{', { x: [1, '}'] }, [], null],
    })
    expect(parseCalls('# a\n\nboom\n  divide 1 2\n')).toEqual([
      { name: 'boom', args: [] },
      { name: 'divide', args: [1, 2] },
    ])
  })
})

describe('two runs', () => {
  /** A host of the spine guest whose sums are off by something. */
  const host = (off: () => number): AnyHandler => ({
    name: 'spine',
    interfaces: ['test:spine/host'],
    grant: {},
    functions: {
      'test:spine/host#add': { mode: 'async', effect: 'read' },
      'test:spine/host#[constructor]counter': { mode: 'sync', effect: 'none' },
      'test:spine/host#[method]counter.bump': { mode: 'sync', effect: 'read' },
    },
    within: () => true,
    authorize: () => true,
    bind: () => ({
      imports: {
        'test:spine/host': {
          add: async (a: number, b: number) => a + b + off(),
          '[constructor]counter': (value: number) => ({ bump: (by: number) => (value += by) }),
        },
      },
    }),
  })
  const spine = (off: () => number): Promise<Played> =>
    play({
      component: guest('spine'),
      calls: [{ kind: 'export', fn: { id: 'run', result: { kind: 'u32' } }, args: [3] } as unknown as Target],
      handlers: [host(off)],
      grants: { spine: {} },
    })

  it('with the same answers are the same, whatever the machine says of time and chance', async () => {
    const [one, two] = [await spine(() => 0), await spine(() => 0)]
    expect(two.head).toBe(one.head)
    expect(await firstDifference(one, two)).toBeUndefined()
  })

  it('of a host that answers otherwise cannot be compared, and it is said where', async () => {
    let calls = 0
    const [one, two] = [await spine(() => 0), await spine(() => (calls++ === 1 ? 1 : 0))]
    expect(two.head).not.toBe(one.head)
    const difference = await firstDifference(one, two)
    expect(difference).toMatchObject({
      what: 'input',
      expected: { kind: 'call', fn: 'test:spine/host#add' },
      actual: { kind: 'call', fn: 'test:spine/host#add' },
    })
    // The first answer was the same in both.
    expect(difference?.index).toBeGreaterThan(3)
  })
})
