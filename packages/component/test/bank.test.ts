import { guest } from '@theater/guests'
import { expect, test, vi } from 'vitest'
import { InstanceMeter, loadComponent, type Plan } from '../src/node.ts'

const plans: Plan[] = [{ mode: 'sync' }, { mode: 'jspi', asyncImports: [] }]

test.for(plans)('resources of the guest: made, lent, given back, merged, dropped ($mode)', async (plan) => {
  const component = await loadComponent(guest('bank'))
  const prepared = await component.prepare(plan)
  const resources = prepared.newResources()
  const destroyed: unknown[] = []
  const instance = await prepared.instantiate({
    resources,
    functions: { 'test:bank/host#destroyed': (balance) => void destroyed.push(balance) },
    drop() {},
  })
  const [account, token] = component.model.exports[0]?.resources ?? []
  if (account === undefined || token === undefined) throw new Error('no resources')
  const call = async (name: string, ...args: unknown[]): Promise<unknown> =>
    instance.functions[`test:bank/bank@1.0.0#${name}`]?.(...args)
  const object = (value: unknown): object => {
    if (typeof value === 'object' && value !== null) return value
    throw new Error('not an object')
  }

  const a = object(await call('[constructor]account', 5))
  const b = object(await call('[constructor]account', 7))
  expect([
    resources.isGuest(a, account),
    resources.isGuest(a, token),
    resources.isGuest({}, account),
  ]).toEqual([true, false, false])
  expect(await call('[method]account.add', a, 3)).toBe(8)
  expect(await call('[method]account.withdraw', a, 100)).toEqual({ tag: 'err', val: 8 })
  expect(await call('[method]account.withdraw', a, 1)).toEqual({ tag: 'ok', val: 7 })
  expect(await call('balance', a)).toBe(7)

  expect(await call('find', 0)).toBeUndefined()
  const found = object(await call('find', 9))
  expect(resources.isGuest(found, account)).toBe(true)

  const minted = object(await call('mint', 3))
  expect([resources.isGuest(minted, token), resources.isGuest(minted, account)]).toEqual([true, false])
  expect(await call('spend', minted)).toBe(3)
  expect(resources.isGuest(minted, token)).toBe(false)

  const merged = object(await call('[static]account.merge', a, b))
  expect(destroyed).toEqual([7, 7])
  expect([resources.isGuest(a, account), resources.isGuest(merged, account)]).toEqual([false, true])
  instance.dropGuest(merged)
  expect(destroyed).toEqual([7, 7, 14])
  expect(resources.isGuest(merged, account)).toBe(false)
  expect(await call('close', found)).toBe(9)
  expect(destroyed).toEqual([7, 7, 14, 9])
  expect(() => instance.dropGuest({})).toThrow(TypeError)
})

test('a resource that the host holds is held again where its image was laid', async () => {
  const component = await loadComponent(guest('bank'))
  const prepared = await component.prepare({ mode: 'sync', metering: 'canonical' })
  const [account, token] = component.model.exports[0]?.resources ?? []
  if (account === undefined || token === undefined) throw new Error('no resources')
  const make = () => {
    const destroyed: unknown[] = []
    const functions = { 'test:bank/host#destroyed': (balance: unknown) => void destroyed.push(balance) }
    const resources = prepared.newResources()
    const meter = new InstanceMeter({ fuel: 1e9, depth: 5000, memory: 1 << 24, elements: 1000 })
    return {
      destroyed,
      resources,
      instance: prepared.instantiateSync({ resources, functions, drop() {}, meter }),
    }
  }
  const one = make()
  const held = one.instance.functions['test:bank/bank@1.0.0#[constructor]account']?.(5) as object
  const place = one.instance.imaging.placeOf(held)
  const image = one.instance.imaging.take()
  if (place === undefined || 'none' in image) throw new Error('no image')
  const two = make()
  expect(two.instance.imaging.objectAt(account, place)).toBeUndefined()
  expect(two.instance.imaging.lay(image)).toBeUndefined()
  expect(two.instance.imaging.objectAt(token, place)).toBeUndefined()
  const again = two.instance.imaging.objectAt(account, place) as object
  expect(two.resources.isGuest(again, account)).toBe(true)
  expect(two.instance.functions['test:bank/bank@1.0.0#balance']?.(again)).toBe(5)
  two.instance.dropGuest(again)
  expect([one.destroyed, two.destroyed]).toEqual([[], [5]])
  expect(two.instance.imaging.placeOf(again)).toBeUndefined()
})

test('a wrapper of another instance is nobody’s', async () => {
  const component = await loadComponent(guest('bank'))
  const prepared = await component.prepare({ mode: 'sync' })
  const make = () => {
    const resources = prepared.newResources()
    return { resources, instance: prepared.instantiateSync({ resources, functions: {}, drop() {} }) }
  }
  const one = make()
  const two = make()
  const [account] = component.model.exports[0]?.resources ?? []
  const made = one.instance.functions['test:bank/bank@1.0.0#[constructor]account']?.(5)
  if (account === undefined) throw new Error('no resource')
  expect(one.resources.isGuest(made, account)).toBe(true)
  expect(two.resources.isGuest(made, account)).toBe(false)
})

test('nothing is kept of resources that are gone', async () => {
  const component = await loadComponent(guest('bank'))
  const prepared = await component.prepare({ mode: 'sync' })
  const spy = vi.spyOn(Set.prototype, 'add')
  let sizes: number[] = []
  try {
    const instance = prepared.instantiateSync({
      resources: prepared.newResources(),
      functions: { 'test:bank/host#destroyed': () => undefined },
      drop() {},
    })
    for (let i = 0; i < 2000; i++) {
      const made = instance.functions['test:bank/bank@1.0.0#[constructor]account']?.(1)
      instance.dropGuest(made as object)
    }
    sizes = spy.mock.contexts.map((set) => (set as Set<unknown>).size)
  } finally {
    spy.mockRestore()
  }
  expect(Math.max(0, ...sizes)).toBeLessThan(10)
})
