/**
 * Inner functions: those that nobody but this module's own direct calls can reach.
 *
 * They are given what is left of the fuel, and of the depth if they count it, behind their own parameters, and answer
 * what is left of the fuel behind their own results. So both stay in registers from call to call; only where the host,
 * another module or a reference may be on the other side, the globals have them.
 */
import type { Depth } from './depth.ts'
import { type Facts, Has } from './facts.ts'
import type { ModuleShape } from './module.ts'

/** What a function is given beside its own parameters. */
export const Given = {
  /** Nothing: the globals have it. */
  none: 0,
  fuel: 1,
  /** Both, the fuel first. */
  fuelAndDepth: 2,
} as const

/** The most parameters, and the most results, that an engine takes. */
const mostValues = 1000

/** Decides for all functions of a module; `tailed` are those that are called in place of their caller. */
export function givens(
  shape: ModuleShape,
  facts: readonly Facts[],
  depth: readonly Depth[],
  tailed: readonly number[],
): Uint8Array {
  const { importedFunctions, functions, types } = shape
  const given = new Uint8Array(facts.length)
  for (const [i, { has }] of facts.entries()) {
    // What takes the place of its caller answers what that one does. A handler that is a branch finds the globals only.
    if (has & (Has.tailCall | Has.tryTable)) continue
    const type = types[functions[importedFunctions + i] ?? 0]
    if (type === undefined || type.params > mostValues - 2 || type.results >= mostValues) continue
    given[i] = (depth[i]?.weight ?? 0) > 0 ? Given.fuelAndDepth : Given.fuel
  }
  for (const index of [...shape.entries, ...shape.referenced, ...tailed]) {
    if (index >= importedFunctions) given[index - importedFunctions] = Given.none
  }
  return given
}
