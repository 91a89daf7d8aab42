import { guest } from '@theater/guests'
import { expect, test } from 'vitest'
import { ComponentError, loadComponent, type Plan, trapCode } from '../src/node.ts'
import { emptyHost, spineHost, spineIds } from './support.ts'

const later = async (a: number, b: number): Promise<number> => {
  await new Promise((resolve) => setImmediate(resolve))
  return a + b
}

const plans: { name: string; plan: Plan; add?: typeof later }[] = [
  { name: 'sync', plan: { mode: 'sync' } },
  { name: 'jspi, waiting', plan: { mode: 'jspi', asyncImports: [spineIds.add] }, add: later },
  { name: 'jspi, answering at once', plan: { mode: 'jspi', asyncImports: [spineIds.add] } },
  { name: 'jspi, nothing asynchronous', plan: { mode: 'jspi', asyncImports: [] } },
]

test.for(plans)('the spine runs turn after turn: $name', async ({ plan, add }) => {
  const component = await loadComponent(guest('spine'))
  const prepared = await component.prepare(plan)
  const host = spineHost(component, prepared.newResources(), add)
  const seen: unknown[] = []
  const instance = await prepared.instantiate(host, {
    onCoreInstance: (core, index) =>
      seen.push([index, Object.keys(core.exports).filter((name) => !name.startsWith('!'))]),
  })
  expect(seen).toEqual([[0, ['memory', 'run', 'boom']]])
  const { run, boom } = instance.functions
  expect(await run?.(3)).toBe(106)
  expect(await run?.(2)).toBe(212)
  expect(host.log).toEqual([
    ['make', 100, 1],
    ['add', 0, 0],
    ['add', 0, 1],
    ['add', 1, 2],
    ['bump', 1, 3],
    ['add', 3, 0],
    ['add', 3, 1],
    ['bump', 1, 2],
  ])
  const trap = await Promise.resolve()
    .then(() => boom?.())
    .catch((error: unknown) => error)
  expect(trap).toBeInstanceOf(WebAssembly.RuntimeError)
  expect(trapCode(trap)).toBe('guest')
})

test('instances of one plan, and of two plans, share compiled modules and nothing else', async () => {
  const component = await loadComponent(guest('spine'))
  const sync = await component.prepare({ mode: 'sync' })
  const jspi = await component.prepare({ mode: 'jspi', asyncImports: [spineIds.add] })
  expect(await component.prepare({ mode: 'sync' })).toBe(sync)
  expect(await component.prepare({ mode: 'jspi', asyncImports: [spineIds.add, spineIds.add] })).toBe(jspi)
  const one = sync.instantiateSync(spineHost(component, sync.newResources()))
  const two = sync.instantiateSync(spineHost(component, sync.newResources()))
  expect(one.functions['run']?.(3)).toBe(106)
  expect(one.functions['run']?.(2)).toBe(212)
  expect(two.functions['run']?.(3)).toBe(106)
})

test('a host object is known by its number until the guest drops it, and to no other instance', async () => {
  const component = await loadComponent(guest('spine'))
  const prepared = await component.prepare({ mode: 'sync' })
  const counter = component.model.imports[0]?.resources[0]
  if (counter === undefined) throw new Error('no resource')
  const resources = prepared.newResources()
  const others = prepared.newResources()
  const object = resources.wrapHost(counter, 7)
  expect(resources.hostNumber(object, counter)).toBe(7)
  expect(others.hostNumber(object, counter)).toBeUndefined()
  expect(resources.hostNumber({}, counter)).toBeUndefined()
  expect(resources.hostNumber(undefined, counter)).toBeUndefined()
  expect(resources.isGuest(object, counter)).toBe(false)
})

test('resources serve one instance', async () => {
  const component = await loadComponent(guest('spine'))
  const prepared = await component.prepare({ mode: 'sync' })
  const host = emptyHost(prepared)
  prepared.instantiateSync(host)
  expect(() => prepared.instantiateSync(host)).toThrow(expect.objectContaining({ code: 'bad-plan' }))
})

test('a function that the host does not have ends the guest', async () => {
  const component = await loadComponent(guest('spine'))
  const prepared = await component.prepare({ mode: 'sync' })
  const instance = prepared.instantiateSync(emptyHost(prepared))
  expect(() => instance.functions['run']?.(1)).toThrow(WebAssembly.RuntimeError)
})

test.for([
  ['not imported', 'test:spine/host#subtract'],
  ['a constructor', spineIds.make],
])('a plan whose asynchronous import is %s is refused', async ([, id]) => {
  const component = await loadComponent(guest('spine'))
  const error = await component.prepare({ mode: 'jspi', asyncImports: [id ?? ''] }).catch((e: unknown) => e)
  expect(ComponentError.is(error) && error.code).toBe('bad-plan')
})

test('the component keeps bytes of its own, and their digest', async () => {
  const bytes = guest('spine')
  const component = await loadComponent(bytes)
  const digest = Buffer.from(component.digest).toString('hex')
  expect(digest).toBe('9943b1f10ad13460a880f4e8dfd7c35909e81a43fa09997249d16e186aca3dee')
  bytes.fill(0)
  expect(component.bytes[1]).toBe(0x61)
})
