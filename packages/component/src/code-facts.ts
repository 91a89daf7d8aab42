/** What the code inside a component is made of: what two engines could tell apart, and what it takes before it runs. */
import { ComponentError } from './errors.ts'
import { PAGE } from './instance-meter.ts'
import { withDefaults } from './limits.ts'
import { Edits } from './meter/edits.ts'
import { needsOf } from './meter/needs.ts'
import { readModule } from './meter/module.ts'
import { Scanner } from './meter/scan.ts'
import { parseComponent } from './parse.ts'
import type { LoadLimits } from './types.ts'
import { Wire } from './wire.ts'

/** What {@link codeFacts} finds. */
export interface CodeFacts {
  readonly modules: number
  readonly functions: number
  /**
   * Instructions with a float result of which the specification leaves the bits of a NaN open: `f64.add`, `f32.sqrt`,
   * `f64x2.div`, … Where the meter makes them canonical, no bit of them is the engine's own.
   */
  readonly floats: number
  /** Bytes of all memories before anything runs, each module taken once. */
  readonly memory: number
  /** Elements of all tables before anything runs, each module taken once. */
  readonly tables: number
}

/**
 * Reads every instruction of a component's core modules.
 *
 * @throws ComponentError `unsupported`, that names what can differ between engines (threads, relaxed vectors) or is not known; what
 * `loadComponent` throws for bytes that are no component
 */
export function codeFacts(bytes: Uint8Array, limits: Partial<LoadLimits> = {}): CodeFacts {
  const { modules } = parseComponent(bytes, withDefaults(limits))
  let functions = 0
  let floats = 0
  let memory = 0
  let tables = 0
  for (const module of modules) {
    const shape = readModule(module.bytes)
    const { pages, elements } = needsOf(shape)
    memory += pages * PAGE
    tables += elements
    const body = shape.sections.find(({ id }) => id === 10)
    if (body === undefined) continue
    const edits = new Edits()
    const scanner = new Scanner(shape, edits)
    let index = shape.importedFunctions
    const wire = new Wire(module.bytes, body.start, body.end)
    wire.each(() => {
      if (index >= shape.functions.length)
        throw new ComponentError('not-wasm', 'A core module has not as many bodies as functions.', {
          offset: wire.at,
        })
      edits.clear()
      scanner.scan(index++, wire.range())
      functions++
    })
    floats += scanner.openNans
  }
  return { modules: modules.length, functions, floats, memory, tables }
}
