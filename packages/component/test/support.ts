/** What several tests of this package need. */
import { guest } from '@theater/guests'
import {
  type CheckedComponent,
  type HostImports,
  loadComponent,
  type Prepared,
  type Resources,
} from '../src/node.ts'

/** The ids of `spine.wat`. */
export const spineIds = {
  add: 'test:spine/host#add',
  make: 'test:spine/host#[constructor]counter',
  bump: 'test:spine/host#[method]counter.bump',
} as const

/** A host for the spine that keeps counters by number and notes every call. */
export function spineHost(
  component: CheckedComponent,
  resources: Resources,
  add: (a: number, b: number) => unknown = (a, b) => a + b,
): HostImports & { readonly log: unknown[] } {
  const counter = component.model.imports[0]?.resources[0]
  if (counter === undefined) throw new Error('the spine imports a resource')
  const log: unknown[] = []
  const counters = new Map<number, number>()
  return {
    log,
    resources,
    functions: {
      [spineIds.add]: (a, b) => {
        log.push(['add', a, b])
        return add(Number(a), Number(b))
      },
      [spineIds.make]: (start) => {
        const n = counters.size + 1
        counters.set(n, Number(start))
        log.push(['make', start, n])
        return n
      },
      [spineIds.bump]: (self, by) => {
        const n = resources.hostNumber(self, counter) ?? 0
        const value = (counters.get(n) ?? 0) + Number(by)
        counters.set(n, value)
        log.push(['bump', n, by])
        return value
      },
    },
    drop(resource, n) {
      log.push(['drop', resource.name, n])
    },
  }
}

/** Loads the spine and runs a turn of it: proof that loading still works after whatever came before. */
export async function spineStillRuns(options: Parameters<typeof loadComponent>[1] = {}): Promise<boolean> {
  return spineRuns(await loadComponent(guest('spine'), options))
}

/** Runs a turn of the spine. */
export async function spineRuns(component: CheckedComponent): Promise<boolean> {
  const prepared = await component.prepare({ mode: 'sync' })
  const instance = prepared.instantiateSync(spineHost(component, prepared.newResources()))
  return instance.functions['run']?.(3) === 106
}

/** A host that has nothing. */
export function emptyHost(prepared: Prepared): HostImports {
  return { resources: prepared.newResources(), functions: {}, drop() {} }
}
