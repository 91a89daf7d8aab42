import { trackName } from '@theater/boundary'
import type { ComponentModel, FunctionModel } from '@theater/values'

/** The export that a full or track name means; `undefined` where the component has none. */
export function exportedBy({ exports }: ComponentModel, name: string): FunctionModel | undefined {
  for (const { functions } of exports) {
    for (const fn of functions) if (fn.id === name || trackName(fn) === name) return fn
  }
  return undefined
}
