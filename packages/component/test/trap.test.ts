import { guest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { describe, expect, test } from 'vitest'
import {
  type Component,
  type HostFunction,
  hostCause,
  isPoison,
  loadComponent,
  type Plan,
  poison,
  trapCode,
  unreachable,
} from '../src/node.ts'

const imports = ['plain', 'fails', 'answers']
const ids = imports.map((name) => `test:trap/host#${name}`)
const pending = Symbol('pending')

let loaded: Promise<Component> | undefined
const catcher = (): Promise<Component> => (loaded ??= loadComponent(guest('catcher')))

/** Calls `try-<name>` with imports that do `end`; the guest catches all it can and then calls `survived`. */
async function attempt(plan: Plan, name: string, end: HostFunction) {
  const component = await catcher()
  const prepared = await component.prepare(plan)
  const survived: unknown[] = []
  const functions = Object.fromEntries(ids.map((id) => [id, end]))
  functions['test:trap/host#survived'] = (caught) => void survived.push(caught)
  const instance = await prepared.instantiate({ resources: prepared.newResources(), functions, drop() {} })
  const call = Promise.resolve()
    .then(() => instance.functions[name]?.())
    .catch((error: unknown) => error)
  // An asynchronous import that rejects leaves the export's promise pending for ever, where its type has no error.
  const settled = await Promise.race([call, idle().then(() => pending)])
  return { settled, survived }
}

/** Long enough for every job that is queued now, and those that they queue. */
async function idle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

const sync: Plan = { mode: 'sync' }
const jspi: Plan = { mode: 'jspi', asyncImports: ids }
const still: Plan = { mode: 'jspi', asyncImports: [] }

describe('a guest that catches everything', () => {
  const ends: { how: string; plan: Plan; end: HostFunction }[] = [
    { how: 'unreachable(), sync', plan: sync, end: () => unreachable() },
    { how: 'a thrown poison, sync', plan: sync, end: () => throwing(poison()) },
    { how: 'unreachable(), jspi, import not asynchronous', plan: still, end: () => unreachable() },
    { how: 'a thrown poison, jspi, import not asynchronous', plan: still, end: () => throwing(poison()) },
    { how: 'unreachable(), jspi', plan: jspi, end: () => unreachable() },
    { how: 'a thrown poison, jspi', plan: jspi, end: () => throwing(poison()) },
    { how: 'unreachable() after waiting', plan: jspi, end: () => afterWaiting(() => unreachable()) },
    { how: 'a poison rejected after waiting', plan: jspi, end: () => afterWaiting(() => throwing(poison())) },
  ]
  for (const name of imports) {
    test.for(ends)(`is ended in \`${name}\` by $how`, async ({ plan, end }) => {
      const { settled, survived } = await attempt(plan, `try-${name}`, end)
      expect(survived).toEqual([])
      const stays = plan === jspi && name === 'plain'
      expect(stays ? settled === pending : settled instanceof WebAssembly.RuntimeError).toBe(true)
    })
  }

  test.for([
    { how: 'an Error', end: () => throwing(new Error('a bug')) },
    { how: 'a RuntimeError that no engine made', end: () => throwing(new WebAssembly.RuntimeError('fake')) },
    { how: 'something that is no error', end: () => throwing(7) },
  ])('cannot even catch $how, which JavaScript threw: there is a fence', async ({ end }) => {
    for (const plan of [sync, still]) {
      const { settled, survived } = await attempt(plan, 'try-plain', end)
      expect(survived).toEqual([])
      expect(settled).toBeDefined()
    }
  })

  test('is told apart from what a fence caught: the trap has it as its cause', async () => {
    const bug = new Error('a bug')
    const { settled } = await attempt(sync, 'try-fails', () => throwing(bug))
    expect(settled).toBeInstanceOf(WebAssembly.RuntimeError)
    expect(Reflect.get(Object(settled), 'cause')).toBe(bug)
  })

  test('gets an `err` that the import throws as `{ payload }`, and a value that it answers', async () => {
    for (const plan of [sync, jspi]) {
      const { settled, survived } = await attempt(plan, 'try-answers', () => throwing({ payload: 'no' }))
      expect({ settled, survived }).toEqual({ settled: 0, survived: [0] })
      expect((await attempt(plan, 'try-answers', () => 'yes')).survived).toEqual([0])
    }
  })

  test.for(['try-recurse', 'try-dig'])(
    'cannot catch the end of the stack, which is the host’s: %s',
    async (name) => {
      const below = (depth: number): Promise<{ settled: unknown; survived: unknown[] }> =>
        depth === 0 ? attempt(sync, name, () => {}) : below(depth - 1)
      for (let depth = 0; depth < 40; depth++) {
        const { settled, survived } = await below(depth)
        expect(survived).toEqual([])
        expect(hostCause(settled)).toBe('host-stack')
        expect(trapCode(settled)).toBeUndefined()
      }
    },
  )
})

describe('an import that waits where nothing can wait is the host’s mistake, and no guest can go on after it', () => {
  const impatient = async (functions: { [id: string]: HostFunction } = {}) => {
    const component = await loadComponent(guest('impatient'))
    const prepared = await component.prepare({ mode: 'jspi', asyncImports: ['test:impatient/host#wait'] })
    const notes: unknown[] = []
    const host = {
      resources: prepared.newResources(),
      functions: {
        'test:impatient/host#wait': async () => 5,
        'test:impatient/host#note': (x: unknown) => void notes.push(x),
        ...functions,
      },
      drop() {},
    }
    return { notes, instance: await prepared.instantiate(host) }
  }
  const out = 'test:impatient/out#'

  test('it waits where it can', async () => {
    const { notes, instance } = await impatient()
    await instance.functions['go']?.()
    expect(notes).toEqual([5])
  })

  test.for([
    ['in a constructor', `${out}[constructor]r`],
    ['in a destructor that the guest runs', `${out}make-and-drop`],
  ])('%s', async ([, id = '']) => {
    const { notes, instance } = await impatient()
    const error = await (async () => instance.functions[id]?.())().catch((e: unknown) => e)
    await idle()
    expect([hostCause(error), trapCode(error), notes]).toEqual(['host-suspend', undefined, []])
  })

  test('in a destructor that the host runs', async () => {
    const { notes, instance } = await impatient()
    const made = await instance.functions[`${out}make`]?.()
    const error = await (async () => instance.dropGuest(Object(made)))().catch((e: unknown) => e)
    await idle()
    expect([hostCause(error), trapCode(error), notes]).toEqual(['host-suspend', undefined, []])
  })

  test('while it is instantiated', async () => {
    const wat = `(component
      (import "wait" (func $w)) (import "note" (func $n))
      (core func $wait (canon lower (func $w))) (core func $note (canon lower (func $n)))
      (core module $m (import "h" "wait" (func $wait)) (import "h" "note" (func $note))
        (func $go (block $done (block $catch (try_table (catch_all $catch) (call $wait)) (br $done)) (call $note)))
        (start $go))
      (core instance (instantiate $m (with "h" (instance (export "wait" (func $wait)) (export "note" (func $note)))))))`
    const component = await loadComponent(await assemble(wat))
    const prepared = await component.prepare({ mode: 'jspi', asyncImports: ['wait'] })
    const notes: unknown[] = []
    const functions = { wait: async () => {}, note: () => void notes.push('caught') }
    const error = await prepared
      .instantiate({ resources: prepared.newResources(), functions, drop() {} })
      .catch((e: unknown) => e)
    expect([hostCause(error), trapCode(error), notes]).toEqual(['host-suspend', undefined, []])
  })
})

test('poison is told from a trap of the guest', () => {
  const error = poison()
  expect(isPoison(error)).toBe(true)
  expect(trapCode(error)).toBeUndefined()
  expect(() => Reflect.get(error, 'payload')).toThrow(WebAssembly.RuntimeError)
  expect(trapCode(new WebAssembly.RuntimeError('unreachable'))).toBe('guest')
  expect(hostCause(new RangeError('Array buffer allocation failed'))).toBe('host-memory')
  expect(trapCode(new RangeError('Offset is outside the bounds of the DataView'))).toBe('guest')
})

function throwing(error: unknown): never {
  throw error
}

async function afterWaiting(then: () => never): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve))
  return then()
}

test('a full stack is the host’s doing, in the words of each engine', () => {
  const firefox = Object.assign(new Error('too much recursion'), { name: 'InternalError' })
  const errors = [
    new RangeError('Maximum call stack size exceeded'),
    new RangeError('Maximum call stack size exceeded.'),
    new WebAssembly.RuntimeError('call stack exhausted'),
    firefox,
  ]
  for (const error of errors) {
    expect(hostCause(error)).toBe('host-stack')
    expect(trapCode(error)).toBeUndefined()
  }
  expect(trapCode(new Error('too much recursion'))).toBe('guest')
})
