/** Plans: which functions may suspend the guest. */
import type { ComponentModel, FunctionModel } from '@theater/values'
import { ComponentError } from './errors.ts'
import { shown } from './names.ts'
import type { Plan } from './types.ts'

/** A plan in its one normal form. Throws `ComponentError('bad-plan')` for one that does not fit the component. */
export function normalPlan(plan: Plan, model: ComponentModel): Plan {
  const { metering = 'canonical' } = plan
  if (plan.mode === 'sync') return Object.freeze({ mode: 'sync', metering })
  const asyncImports = [...new Set(plan.asyncImports)].sort()
  const functions = new Map(model.imports.flatMap((i) => i.functions.map((fn) => [fn.id, fn] as const)))
  const asked = new Set(asyncImports)
  for (const id of asyncImports) {
    const fn = functions.get(id)
    if (fn === undefined) {
      throw new ComponentError('bad-plan', `The plan makes ${shown(id)} asynchronous, which is not imported.`)
    }
    if (fn.kind === 'constructor') {
      throw new ComponentError('bad-plan', `${shown(id)} is a constructor, which cannot be asynchronous.`)
    }
    if (fn.interface === '' || fn.interface.includes('@')) continue
    // jco takes the name of an interface without version for every version of it.
    for (const other of functions.values()) {
      if (other.name === fn.name && other.interface.startsWith(`${fn.interface}@`) && !asked.has(other.id)) {
        throw new ComponentError(
          'bad-plan',
          `${shown(id)} cannot be asynchronous while ${shown(other.id)} is not.`,
        )
      }
    }
  }
  return Object.freeze({ mode: 'jspi', asyncImports: Object.freeze(asyncImports), metering })
}

/** A text that is equal for plans that need the same glue, and for no others. The plan is in normal form. */
export function glueKey(plan: Plan): string {
  return JSON.stringify(plan.mode === 'sync' ? ['sync'] : ['jspi', ...plan.asyncImports])
}

/** A text that is equal for equal plans, and for no others. The plan is in normal form. */
export function planKey(plan: Plan): string {
  return `${plan.metering} ${glueKey(plan)}`
}

/** The functions that a plan makes asynchronous, as jco wants them named. */
export function asyncNames(
  plan: Plan,
  model: ComponentModel,
): { readonly asyncImports: string[]; readonly asyncExports: string[] } {
  if (plan.mode === 'sync') return { asyncImports: [], asyncExports: [] }
  const wanted = new Set(plan.asyncImports)
  const all = (side: ComponentModel['imports']): FunctionModel[] => side.flatMap(({ functions }) => functions)
  return {
    asyncImports: all(model.imports)
      .filter(({ id }) => wanted.has(id))
      .map(jcoName),
    // With exported constructors and statics among these, jco makes JavaScript that does not parse.
    asyncExports: all(model.exports)
      .filter(({ kind }) => kind === 'freestanding' || kind === 'method')
      .map(jcoName),
  }
}

/** jco matches a bare name in every interface; at the root, `f#f` matches just the one that is meant. */
function jcoName({ id, interface: iface, name }: FunctionModel): string {
  return iface === '' ? `${name}#${name}` : id
}
