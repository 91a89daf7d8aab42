/** The functions of resources, which are no types: constructors, methods, statics and drops, of the host's and the guest's. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import type { TheaterEvent } from '@theater/boundary'
import { loadComponent } from '@theater/component'
import type { Component, Plan, Transpiler } from '@theater/component'
import { sha256 } from '@theater/event-chain/node'
import { rerun, startRecording } from './record.ts'

const WIT = `package test:matrix;
interface things {
  resource thing {
    constructor(id: u32);
    id: func() -> u32;
    child: func(other: borrow<thing>) -> thing;
    merge: static func(a: thing, b: thing) -> thing;
  }
}
interface guest {
  resource item {
    constructor(id: u32);
    id: func() -> u32;
    child: func(other: borrow<item>) -> item;
    merge: static func(a: item, b: item) -> item;
  }
  use-things: func(n: u32) -> u32;
}
world matrix { import things; export guest; }`

const THINGS = 'test:matrix/things'
const GUEST = 'test:matrix/guest'

/** `use-things(n)`: makes things n and n + 1, a child of both, merges it with the first, drops what it has. */
const WAT = `(module
  (import "${THINGS}" "[constructor]thing" (func $new (param i32) (result i32)))
  (import "${THINGS}" "[method]thing.id" (func $id (param i32) (result i32)))
  (import "${THINGS}" "[method]thing.child" (func $child (param i32 i32) (result i32)))
  (import "${THINGS}" "[static]thing.merge" (func $merge (param i32 i32) (result i32)))
  (import "${THINGS}" "[resource-drop]thing" (func $drop (param i32)))
  (import "[export]${GUEST}" "[resource-new]item" (func $item (param i32) (result i32)))
  (import "[export]${GUEST}" "[resource-rep]item" (func $rep (param i32) (result i32)))
  (import "[export]${GUEST}" "[resource-drop]item" (func $drop-item (param i32)))
  (memory (export "memory") 1)
  (global $dropped (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "${GUEST}#use-things") (param $n i32) (result i32)
    (local $a i32) (local $b i32) (local $c i32) (local $sum i32)
    (local.set $a (call $new (local.get $n)))
    (local.set $b (call $new (i32.add (local.get $n) (i32.const 1))))
    (local.set $c (call $child (local.get $a) (local.get $b)))
    (local.set $sum (i32.add (call $id (local.get $b)) (call $id (local.get $c))))
    (call $drop (local.get $b))
    (local.set $c (call $merge (local.get $a) (local.get $c)))
    (local.set $sum (i32.add (local.get $sum) (call $id (local.get $c))))
    (call $drop (local.get $c))
    (local.get $sum))
  (func (export "${GUEST}#[constructor]item") (param i32) (result i32) (call $item (local.get 0)))
  (func (export "${GUEST}#[method]item.id") (param i32) (result i32)
    (i32.add (local.get 0) (i32.mul (global.get $dropped) (i32.const 1000))))
  (func (export "${GUEST}#[method]item.child") (param i32 i32) (result i32)
    (call $item (i32.add (local.get 0) (local.get 1))))
  (func (export "${GUEST}#[static]item.merge") (param i32 i32) (result i32) (local $sum i32)
    (local.set $sum (i32.add (call $rep (local.get 0)) (call $rep (local.get 1))))
    (call $drop-item (local.get 0))
    (call $drop-item (local.get 1))
    (call $item (local.get $sum)))
  (func (export "${GUEST}#[dtor]item") (param i32)
    (global.set $dropped (i32.add (global.get $dropped) (i32.const 1)))))`

/** What was found of one kind of function. */
export interface ResourceLine {
  readonly type: string
  readonly direction: string
  readonly nesting: string
  readonly recorded: boolean
  readonly rerun: boolean
  readonly equal: boolean
  readonly detail?: string
}

/** Records and re-runs every function of a resource of the host, and of one of the guest. */
export async function* resourceFunctions(transpiler: Transpiler): AsyncGenerator<ResourceLine> {
  const embedded = await componentEmbed({ binary: await parse(WAT), witSource: WIT, world: 'matrix' })
  const component = await loadComponent(await componentNew(embedded, []), { transpiler, sha256 })
  const plans: Plan[] = [
    { mode: 'sync' },
    { mode: 'jspi', asyncImports: [`${THINGS}#[method]thing.child`, `${THINGS}#[static]thing.merge`] },
  ]
  const runs: Run[] = []
  for (const plan of plans) runs.push(await run(component, plan))
  const line = (
    type: string,
    direction: string,
    nesting: string,
    recorded: (run: Run) => boolean,
    equal: (run: Run) => boolean,
  ): ResourceLine => {
    const detail = runs.find((one) => one.detail !== undefined)?.detail
    return {
      type,
      direction,
      nesting,
      recorded: runs.every(recorded),
      rerun: runs.every((one) => one.again !== undefined),
      equal: runs.every(equal),
      ...(detail !== undefined && { detail }),
    }
  }
  const kinds = ['[constructor]thing', '[method]thing.child', '[static]thing.merge', '[method]thing.id']
  for (const name of kinds) {
    const recorded = (one: Run): boolean => one.calls.filter((fn) => fn === `${THINGS}#${name}`).length >= 2
    // 5: the second; 4 + 5: the child; 4 + 9: the merged one. Then the same from 40.
    const equal = (one: Run): boolean => one.same && one.things.join() === '27,243'
    yield line('functions of a host resource', 'import', name, recorded, equal)
  }
  yield line(
    'functions of a host resource',
    'import',
    '[resource-drop]thing',
    (one) => one.drops.join() === '2,4,6,8',
    (one) => one.dropped === 4,
  )
  for (const [name, at, value] of ITEM_TURNS) {
    yield line(
      'functions of a guest resource',
      'export',
      name,
      (one) => one.turns.includes(`${GUEST}#${name}`),
      (one) => one.same && one.items[at] === value,
    )
  }
}

/** Name, place among the answers of `id`, and what it has to be. Two destructors ran before the last. */
const ITEM_TURNS: readonly (readonly [string, number, number])[] = [
  ['[constructor]item', 0, 3],
  ['[method]item.child', 1, 8],
  ['[static]item.merge', 2, 2011],
  ['[method]item.id', 0, 3],
]

interface Run {
  readonly things: readonly unknown[]
  readonly items: readonly unknown[]
  readonly turns: readonly string[]
  readonly calls: readonly string[]
  /** Numbers of the host resources that the guest dropped. */
  readonly drops: readonly number[]
  /** How many of the host's objects were told. */
  readonly dropped: number
  readonly again: readonly unknown[] | undefined
  readonly same: boolean
  readonly detail?: string
}

async function run(component: Component, plan: Plan): Promise<Run> {
  let dropped = 0
  const waits = plan.mode === 'jspi'
  const make = (id: number): object => ({
    id: () => id,
    child: (other: { id(): number }) => later(make(id + other.id())),
    [Symbol.dispose]: () => void dropped++,
  })
  const later = (value: object): unknown => (waits ? Promise.resolve(value) : value)
  const mode = waits ? 'async' : 'sync'
  const recording = await startRecording(
    component,
    plan,
    {
      [`${THINGS}#[constructor]thing`]: { mode: 'sync', effect: 'none' },
      [`${THINGS}#[method]thing.id`]: { mode: 'sync', effect: 'read' },
      [`${THINGS}#[method]thing.child`]: { mode, effect: waits ? 'once' : 'read' },
      [`${THINGS}#[static]thing.merge`]: { mode, effect: waits ? 'idempotent' : 'read' },
    },
    {
      imports: {
        [THINGS]: {
          '[constructor]thing': make,
          '[static]thing.merge': (a: { id(): number }, b: { id(): number }) => later(make(a.id() + b.id())),
        },
      },
    },
  )
  const turn = (name: string, ...args: unknown[]): Promise<unknown> =>
    recording.turn(`${GUEST}#${name}`, args)
  const answers: unknown[] = []
  const noted = async (answer: Promise<unknown>): Promise<unknown> => {
    const value = await answer
    answers.push(value)
    return value
  }
  let detail: string | undefined
  let again: unknown[] | undefined
  let events: readonly TheaterEvent[] = []
  const things: unknown[] = []
  const items: unknown[] = []
  try {
    for (const n of [4, 40]) things.push(await noted(turn('use-things', n)))
    const a = await noted(turn('[constructor]item', 3))
    const b = await noted(turn('[constructor]item', 5))
    items.push(await noted(turn('[method]item.id', a)))
    const c = await noted(turn('[method]item.child', a, b))
    items.push(await noted(turn('[method]item.id', c)))
    const d = await noted(turn('[static]item.merge', a, c))
    items.push(await noted(turn('[method]item.id', d)))
    events = await recording.events()
    again = await rerun(component, events, recording.states)
  } catch (error) {
    detail = error instanceof Error ? error.message : String(error)
  }
  return {
    things,
    items,
    turns: events.filter((event) => event.kind === 'turn').map((event) => event.content.fn),
    calls: events.filter((event) => event.kind === 'call').map((event) => event.content.fn),
    drops: events.filter((event) => event.kind === 'drop').map((event) => event.content.resource),
    dropped,
    again,
    same: again !== undefined && JSON.stringify(again) === JSON.stringify(answers),
    ...(detail !== undefined && { detail }),
  }
}
