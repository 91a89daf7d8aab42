import { guest } from '@theater/guests'
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
  ])('catches $how: the reason for all this', async ({ end }) => {
    const { survived } = await attempt(sync, 'try-plain', end)
    expect(survived).toEqual([1])
    expect((await attempt(sync, 'try-answers', end)).survived).toEqual([1])
  })

  test('gets an `err` that the import throws as `{ payload }`, and a value that it answers', async () => {
    for (const plan of [sync, jspi]) {
      const { settled, survived } = await attempt(plan, 'try-answers', () => throwing({ payload: 'no' }))
      expect({ settled, survived }).toEqual({ settled: 0, survived: [0] })
      expect((await attempt(plan, 'try-answers', () => 'yes')).survived).toEqual([0])
    }
  })

  test('cannot catch the end of the stack, which is the host’s', async () => {
    const { settled, survived } = await attempt(sync, 'try-recurse', () => {})
    expect(survived).toEqual([])
    expect(hostCause(settled)).toBe('host-stack')
    expect(trapCode(settled)).toBeUndefined()
  })
})

test('an import that waits where nothing can wait is the host’s mistake, not the guest’s', async () => {
  const bank = await loadComponent(guest('bank'))
  const prepared = await bank.prepare({ mode: 'jspi', asyncImports: ['test:bank/host#destroyed'] })
  const instance = await prepared.instantiate({
    resources: prepared.newResources(),
    functions: { 'test:bank/host#destroyed': async () => {} },
    drop() {},
  })
  const account = instance.functions['test:bank/bank@1.0.0#[constructor]account']?.(1)
  const error = await Promise.resolve(instance.functions['test:bank/bank@1.0.0#close']?.(account)).catch(
    (e: unknown) => e,
  )
  expect(hostCause(error)).toBe('host-suspend')
  expect(trapCode(error)).toBeUndefined()
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
