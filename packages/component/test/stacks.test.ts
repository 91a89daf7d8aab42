import { AsyncLocalStorage } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { assemble, fromCore } from '@theater/guests/wat'
import { beforeAll, expect, test, vi } from 'vitest'
import {
  type Component,
  hostCause,
  type Instance,
  InstanceMeter,
  loadComponent,
  type Plan,
  Stacks,
  trapCode,
} from '../src/node.ts'
import { glueWebAssembly, Waits } from '../src/glue-webassembly.ts'
import { sharedFunctions } from '../src/signatures.ts'

const HOST = 'test:stacks/host'
const WAIT = `${HOST}#wait`

/** Functions of several signatures, all of which can be suspended. */
const WAT = `(module
  (import "${HOST}" "wait" (func $wait (param i32) (result i32)))
  (import "${HOST}" "note" (func $note (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "nothing") (call $note (i32.const 0)))
  (func (export "mixed") (param $a i32) (param $b i64) (param $c f32) (param $d f64) (result f64)
    (drop (call $wait (local.get $a)))
    (f64.add (f64.add (f64.convert_i32_u (local.get $a)) (f64.convert_i64_u (local.get $b)))
      (f64.add (f64.promote_f32 (local.get $c)) (local.get $d))))
  (func (export "wide") (param $a i64) (result i64) (i64.add (local.get $a) (i64.const 1)))
  (func (export "single") (param $a f32) (result f32) (f32.neg (local.get $a)))
  (func (export "ask") (param $n i32) (result i32)
    (call $note (local.get $n))
    (i32.add (call $wait (local.get $n)) (i32.const 1)))
  (func (export "catches") (result i32) (local $answer i32)
    (block $done
      (block $catch
        (try_table (catch_all $catch) (local.set $answer (call $wait (i32.const 1))))
        (br $done))
      (call $note (i32.const 99)))
    (call $note (i32.const 98))
    (local.get $answer))
  (func (export "boom") unreachable)
  (func $deep (export "deep") (result i32)
    (i32.add (call $deep) (i32.const 1))))`

const WIT = `package test:stacks;
interface host { wait: func(n: u32) -> u32; note: func(n: u32); }
world guest {
  import host;
  export nothing: func();
  export mixed: func(a: u32, b: u64, c: f32, d: f64) -> f64;
  export wide: func(a: u64) -> u64;
  export single: func(a: f32) -> f32;
  export ask: func(n: u32) -> u32;
  export catches: func() -> u32;
  export boom: func();
  export deep: func() -> u32;
}`

let component: Component
beforeAll(async () => {
  component = await loadComponent(await fromCore(WAT, WIT, 'guest'))
})

const jspi: Plan = { mode: 'jspi', asyncImports: [WAIT] }

/** An instance whose guest waits for `wait`. */
async function start(
  stacks: Stacks | undefined,
  { wait = async (n) => n, note = () => {}, plan = jspi, meter }: Partial<Host> = {},
): Promise<(name: string, ...args: unknown[]) => Promise<unknown>> {
  const prepared = await component.prepare(plan)
  const instance = await prepared.instantiate({
    resources: prepared.newResources(),
    functions: { [WAIT]: (n) => wait(Number(n)), [`${HOST}#note`]: (n) => note(Number(n)) },
    drop() {},
    meter,
    stacks,
  })
  return async (name, ...args) => instance.functions[name]?.(...args)
}

interface Host {
  readonly wait: (n: number) => Promise<number>
  readonly note: (n: number) => void
  readonly plan: Plan
  readonly meter: InstanceMeter
}

/** Long enough for every job that is queued now, and those that they queue. */
async function idle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Answers that are given one by one. */
function answers() {
  const waiting = new Map<number, (n: number) => void>()
  return {
    wait: (n: number) => new Promise<number>((resolve) => void waiting.set(n, resolve)),
    give: async (n: number) => {
      waiting.get(n)?.(n)
      await idle()
    },
    waiting,
  }
}

const calls: readonly (readonly [string, ...unknown[]])[] = [
  ['nothing'],
  ['mixed', 4_294_967_295, 2n ** 53n, 0.5, -1.25],
  ['mixed', 0, 0n, Number.NaN, 0],
  ['wide', 2n ** 64n - 1n],
  ['wide', 2n ** 63n],
  ['single', 0],
  ['single', Number.NaN],
  ['single', Number.POSITIVE_INFINITY],
  ['ask', 41],
]

test('one stack serves calls of every signature and of every instance, with what they give on a stack of their own', async () => {
  const stacks = new Stacks()
  const [own, one, two] = [await start(undefined), await start(stacks), await start(stacks)]
  for (let round = 0; round < 3; round++) {
    for (const [name, ...args] of calls) {
      const expected = await own(name, ...args)
      expect(await one(name, ...args)).toBe(expected)
      expect(await two(name, ...args)).toBe(expected)
    }
  }
  expect([stacks.made, stacks.idle]).toEqual([1, 1])
})

test('fuel is the same, call for call', async () => {
  const used = async (stacks: Stacks | undefined): Promise<unknown[]> => {
    const meter = new InstanceMeter({ fuel: 1e9, depth: 5000, memory: 1e8, elements: 100 })
    const call = await start(stacks, { meter })
    const left: unknown[] = []
    for (const [name, ...args] of calls) {
      await call(name, ...args)
      left.push([meter.left, meter.kept])
    }
    await call('deep').catch((error: unknown) => left.push(trapCode(error)))
    left.push([meter.left, meter.tripped, meter.kept])
    return left
  }
  const expected = await used(undefined)
  expect(expected.at(-1)).toMatchObject([expect.anything(), 'depth', expect.anything()])
  const stacks = new Stacks()
  expect(await used(stacks)).toEqual(expected)
  expect(await used(stacks)).toEqual(expected)
})

test('calls that are made at once run one after the other, on one stack where none waits, in order', async () => {
  const stacks = new Stacks()
  const notes: number[] = []
  const guests = await Promise.all(
    Array.from({ length: 64 }, (_, i) => start(stacks, { note: () => void notes.push(i) })),
  )
  await Promise.all(guests.map((call) => call('nothing')))
  await Promise.all(guests.map((call) => call('nothing')))
  const order = Array.from({ length: 64 }, (_, i) => i)
  expect(notes).toEqual([...order, ...order])
  expect([stacks.made, stacks.idle]).toEqual([1, 1])
})

test('as many stacks are made as are suspended at once, and so many are kept as was said', async () => {
  const stacks = new Stacks({ idle: 2 })
  const { wait, give } = answers()
  const notes: number[] = []
  const note = (n: number): void => void notes.push(n)
  const [a, b, c] = [
    await start(stacks, { wait, note }),
    await start(stacks, { wait, note }),
    await start(stacks, { wait, note }),
  ]
  const all = [a('ask', 1), b('ask', 2), c('ask', 3)]
  await idle()
  expect(notes).toEqual([1, 2, 3])
  expect([stacks.made, stacks.idle]).toEqual([3, 0])
  for (const n of [2, 3, 1]) await give(n)
  expect(await Promise.all(all)).toEqual([2, 3, 4])
  expect([stacks.made, stacks.idle]).toEqual([3, 2])
  const again = [a('ask', 1), b('ask', 2)]
  await idle()
  expect([stacks.made, stacks.idle]).toEqual([3, 0])
  for (const n of [1, 2]) await give(n)
  expect(await Promise.all(again)).toEqual([2, 3])
  expect([stacks.made, stacks.idle]).toEqual([3, 2])
})

test('no more guests wait than may: one more is refused as for want of memory, until one has returned or is ended', async () => {
  const stacks = new Stacks({ most: 2, idle: 1 })
  const { wait, give } = answers()
  const [first, second] = [await start(stacks, { wait }), await watched(stacks, wait)]
  const suspended = first('ask', 1)
  const ended = second.instance.functions['ask']?.(2) as Promise<unknown>
  ended.catch(() => {})
  await idle()
  const third = await start(stacks, { wait })
  const refuse = async (): Promise<void> => {
    const error = await third('ask', 3).catch((thrown: unknown) => thrown)
    expect([hostCause(error), trapCode(error), stacks.made]).toEqual(['host-memory', undefined, 2])
  }
  await refuse()
  await refuse()
  await give(1)
  expect(await suspended).toBe(2)
  const again = third('ask', 3)
  await idle()
  await give(3)
  expect(await again).toBe(4)
  second.instance.end()
  await idle()
  const both = [first('ask', 5), third('ask', 6)]
  await idle()
  for (const n of [5, 6]) await give(n)
  expect(await Promise.all(both)).toEqual([6, 7])
  expect(stacks.made).toBe(3)
})

test('those that nobody needed for a while are given back, and those that were needed are not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const stacks = new Stacks()
    const { wait, give } = answers()
    const guests = await Promise.all(Array.from({ length: 4 }, () => start(stacks, { wait })))
    const together = async (count: number): Promise<void> => {
      const all = guests.slice(0, count).map((call, n) => call('ask', n))
      await idle()
      for (let n = 0; n < count; n++) await give(n)
      expect(await Promise.all(all)).toEqual(Array.from({ length: count }, (_, n) => n + 1))
    }
    const look = async (): Promise<void> => {
      vi.advanceTimersByTime(15_001)
      await idle()
    }
    await together(4)
    expect([stacks.made, stacks.idle]).toEqual([4, 4])
    await together(3)
    await look()
    await together(2)
    await look()
    expect(stacks.idle).toBe(2)
    await together(2)
    expect([stacks.made, stacks.idle]).toEqual([4, 2])
    await look()
    expect(stacks.idle).toBe(2)
    await look()
    expect([stacks.idle, vi.getTimerCount()]).toEqual([0, 0])
    await together(4)
    expect([stacks.made, stacks.idle]).toEqual([8, 4])
    stacks[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a stack is used again by another guest only when the one before has returned', async () => {
  const stacks = new Stacks()
  const { wait, give } = answers()
  const [slow, quick] = [await start(stacks, { wait }), await start(stacks)]
  const first = slow('ask', 7)
  await idle()
  for (let i = 0; i < 10; i++) expect(await quick('ask', i)).toBe(i + 1)
  expect([stacks.made, stacks.idle]).toEqual([2, 1])
  await give(7)
  expect(await first).toBe(8)
  expect(stacks.idle).toBe(2)
})

test('a stack is given back after a thousand calls, whoever comes next', async () => {
  const stacks = new Stacks()
  const call = await start(stacks)
  for (let i = 0; i < 1000; i++) await call('nothing')
  expect([stacks.made, stacks.idle]).toEqual([1, 0])
  await call('nothing')
  expect([stacks.made, stacks.idle]).toEqual([2, 1])
  const many = await Promise.all(Array.from({ length: 10 }, () => start(stacks)))
  for (let i = 0; i < 250; i++) await Promise.all(many.map((one) => one('nothing')))
  expect(stacks.made).toBe(4)
})

test.for<[string, unknown[]]>([
  ['boom', ['guest', undefined]],
  ['deep', [undefined, 'host-stack']],
])('a guest that ends by %s takes its stack along, and ends as on one of its own', async ([name, codes]) => {
  const none: Plan = { ...jspi, metering: 'none' }
  const end = async (stacks: Stacks | undefined): Promise<unknown> => {
    const call = await start(stacks, { plan: none })
    expect(await call('ask', 1)).toBe(2)
    const error = await call(name).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    const { constructor, message, cause } = error as Error
    return [constructor, message, cause, trapCode(error), hostCause(error)]
  }
  const expected = await end(undefined)
  const stacks = new Stacks()
  expect(await end(stacks)).toEqual(expected)
  expect([stacks.made, stacks.idle]).toEqual([1, 0])
  expect(await end(stacks)).toEqual(expected)
  expect([stacks.made, stacks.idle]).toEqual([2, 0])
  expect((expected as unknown[]).slice(-2)).toEqual(codes)
})

test('of calls that are made at once, one that traps is no other’s matter', async () => {
  const stacks = new Stacks()
  const guests = await Promise.all(Array.from({ length: 6 }, () => start(stacks)))
  const ends = await Promise.allSettled(
    guests.map((call, i) => (i % 2 === 0 ? call('boom') : call('ask', i))),
  )
  expect(ends.map(({ status }) => status)).toEqual(
    ends.map((_, i) => (i % 2 === 0 ? 'rejected' : 'fulfilled')),
  )
  expect(await guests[1]?.('ask', 1)).toBe(2)
})

/** Collects garbage until these are, or are not going to be; answers how many are left. */
async function left(...all: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const there = (): number => all.filter((one) => one.deref() !== undefined).length
  for (let i = 0; i < 10 && there() > 0; i++) {
    // What was looked at is held until the job is over.
    await idle()
    gc()
  }
  return there()
}

/** An instance, of which nothing is held but what is answered. */
async function watched(
  stacks: Stacks | undefined,
  wait: (n: number) => Promise<number>,
  note: (n: number) => void = () => {},
): Promise<{ readonly instance: Instance; readonly core: WeakRef<object> }> {
  const prepared = await component.prepare(jspi)
  let core: WeakRef<object> | undefined
  const instance = await prepared.instantiate(
    {
      resources: prepared.newResources(),
      functions: { [WAIT]: (n) => wait(Number(n)), [`${HOST}#note`]: (n) => note(Number(n)) },
      drop() {},
      stacks,
    },
    { onCoreInstance: (made) => void (core ??= new WeakRef(made)) },
  )
  if (core === undefined) throw new Error('no core instance')
  return { instance, core }
}

test.for([true, false])(
  'a call that is suspended for ever holds no other up, and when its instance is ended is garbage (stacks used again: %s)',
  async (again) => {
    const stacks = again ? new Stacks() : undefined
    const quick = await start(stacks)
    const notes: number[] = []
    const abandon = async (): Promise<WeakRef<object>> => {
      const { instance, core } = await watched(
        stacks,
        () => new Promise(() => {}),
        (n) => void notes.push(n),
      )
      const call = instance.functions['catches']?.() as Promise<unknown>
      call.catch(() => {})
      await idle()
      instance.end()
      await idle()
      return core
    }
    const abandoned: WeakRef<object>[] = []
    for (let i = 0; i < 8; i++) {
      abandoned.push(await abandon())
      expect(await quick('ask', i)).toBe(i + 1)
    }
    expect(notes).toEqual([])
    // The stack that is free is taken by the next that is abandoned, and goes with it.
    expect([stacks?.made, stacks?.idle]).toEqual(again ? [9, 1] : [undefined, undefined])
    expect(await left(...abandoned)).toBe(0)
    expect(await quick('ask', 1)).toBe(2)
    expect([stacks?.made, stacks?.idle]).toEqual(again ? [9, 1] : [undefined, undefined])
  },
)

test('an instance that was ended waits no more, and what it waited for is no matter any more', async () => {
  const stacks = new Stacks()
  const { wait, give, waiting } = answers()
  const notes: number[] = []
  const { instance } = await watched(stacks, wait, (n) => void notes.push(n))
  const first = instance.functions['catches']?.() as Promise<unknown>
  first.catch(() => {})
  await idle()
  instance.end()
  instance.end()
  await give(1)
  expect(stacks.idle).toBe(0)
  const { instance: late } = await watched(stacks, wait, (n) => void notes.push(n))
  late.end()
  waiting.clear()
  const second = late.functions['catches']?.() as Promise<unknown>
  second.catch(() => {})
  await idle()
  expect(waiting.size).toBe(1)
  await give(1)
  expect(notes).toEqual([])
  expect([stacks.made, stacks.idle]).toEqual([2, 0])
})

test('a guest that was given up and goes on all the same gives its stack back', async () => {
  const stacks = new Stacks()
  const { wait, give } = answers()
  const call = await start(stacks, { wait })
  void call('ask', 1)
  await idle()
  expect(stacks.idle).toBe(0)
  await give(1)
  expect([stacks.made, stacks.idle]).toEqual([1, 1])
})

test('stacks that are disposed of are garbage, also those that are busy', async () => {
  const used = async (): Promise<readonly WeakRef<object>[]> => {
    const stacks = new Stacks()
    const { wait, give } = answers()
    const [slow, quick] = [await watched(stacks, wait), await start(stacks)]
    const first = slow.instance.functions['ask']?.(1)
    await idle()
    expect(await quick('ask', 1)).toBe(2)
    expect([stacks.made, stacks.idle]).toEqual([2, 1])
    stacks[Symbol.dispose]()
    expect(stacks.idle).toBe(0)
    await give(1)
    expect(await first).toBe(2)
    expect(await quick('ask', 2)).toBe(3)
    expect([stacks.made, stacks.idle]).toEqual([3, 0])
    return [new WeakRef(stacks), slow.core]
  }
  expect(await left(...(await used()))).toBe(0)
})

test('a stack that waits holds nothing of the guests before', async () => {
  const stacks = new Stacks()
  const used = async (): Promise<WeakRef<object>> => {
    const { instance, core } = await watched(stacks, async (n) => n)
    for (const [name, ...args] of calls) await instance.functions[name]?.(...args)
    return core
  }
  const first = [await used()]
  expect(stacks.idle).toBe(1)
  expect(await left(...first)).toBe(0)
  const more = [await used(), await used(), await used(), await used(), await used(), await used()]
  expect(await left(...more)).toBe(0)
  expect([stacks.made, stacks.idle]).toEqual([1, 1])
})

test('a function whose type is not known, or reads the same and is another, has a stack of its own', async () => {
  const bytes = await assemble(`(module
    (rec (type $grouped (func (param i32) (result i32))) (type $other (func (param i64))))
    (type $open (sub (func (param i32) (result i32))))
    (func (export "grouped") (type $grouped) (local.get 0))
    (func (export "open") (type $open) (local.get 0))
    (func (export "reference") (param externref) (result externref) (local.get 0))
    (func (export "several") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
    (tag $t)
    (func (export "throws") (throw $t))
    (func (export "plain") (param f64) (result f64) (local.get 0)))`)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>))
  const stacks = new Stacks()
  const { exports: types } = sharedFunctions(bytes)
  const ground = { stacks, handovers: new Map(), exporters: [{ exports, types }] }
  const glue = glueWebAssembly(new Waits(), ground) as unknown as {
    readonly promising: (fn: unknown) => (...args: unknown[]) => Promise<unknown>
  }
  const { promising } = glue
  for (const name of ['grouped', 'open', 'reference']) expect(await promising(exports[name])(5)).toBe(5)
  expect(stacks.made).toBe(0)
  expect(await promising(exports['several'])(5, 6n)).toEqual([6n, 5])
  expect(await promising(exports['plain'])(5)).toBe(5)
  expect(stacks.made).toBe(1)
  await expect(promising(exports['several'])(5, 6)).rejects.toThrow(TypeError)
  expect(await promising(exports['plain'])(5)).toBe(5)
  expect(stacks.made).toBe(2)
  await expect(promising(exports['throws'])()).rejects.toBeInstanceOf(Reflect.get(WebAssembly, 'Exception'))
  expect(await promising(exports['plain'])(5)).toBe(5)
  expect(stacks.made).toBe(3)
  for (const none of [undefined, {}, () => 5]) expect(() => promising(none)(5)).toThrow(TypeError)

  const few = glueWebAssembly(new Waits(), {
    ...ground,
    stacks: new Stacks({ most: 1 }),
  }) as unknown as typeof glue
  const [one, two] = [few.promising(exports['grouped'])(5), few.promising(exports['grouped'])(6)]
  expect(hostCause(await two.catch((error: unknown) => error))).toBe('host-memory')
  expect(await one).toBe(5)
  expect(await few.promising(exports['open'])(7)).toBe(7)
})

test('a function that is called while another runs counts as any', async () => {
  const bytes = await assemble(`(module
    (import "" "call" (func $call))
    (import "" "wait" (func $wait))
    (func (export "first") (call $call) (call $wait))
    (func (export "second") (param i32) (result i32) (call $wait) (local.get 0)))`)
  const exporters: { exports: WebAssembly.Exports; types: ReturnType<typeof sharedFunctions>['exports'] }[] =
    []
  const ground = { stacks: new Stacks({ most: 1 }), handovers: new Map(), exporters }
  const glue = glueWebAssembly(new Waits(), ground) as unknown as {
    readonly promising: (fn: unknown) => (...args: unknown[]) => Promise<unknown>
    readonly Suspending: new (fn: () => Promise<void>) => WebAssembly.ImportValue
  }
  let refused: Promise<unknown> | undefined
  const call = (): void => {
    refused = glue
      .promising(exports['second'])(2)
      .catch((error: unknown) => error)
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), {
    '': { call, wait: new glue.Suspending(idle) },
  })
  exporters.push({ exports, types: sharedFunctions(bytes).exports })
  await glue.promising(exports['first'])()
  expect(hostCause(await refused)).toBe('host-memory')
  expect(await glue.promising(exports['second'])(3)).toBe(3)
})

test('what a guest calls sees no context of another call', async () => {
  const context = new AsyncLocalStorage<string>()
  const stacks = new Stacks()
  const seen: unknown[] = []
  const wait = async (n: number): Promise<number> => {
    seen.push(context.getStore())
    await idle()
    return n
  }
  const note = (): void => void seen.push(context.getStore())
  for (const name of ['one', 'two']) {
    const call = await start(stacks, { wait, note })
    await context.run(name, async () => {
      expect(await call('ask', 1)).toBe(2)
      expect(context.getStore()).toBe(name)
    })
  }
  expect(seen).toEqual([undefined, undefined, undefined, undefined])
  expect(stacks.made).toBe(1)
})
