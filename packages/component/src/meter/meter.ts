/**
 * The meter: core modules written anew, so that what they do is counted and bounded, to the same number on every machine.
 *
 * @module
 */
import { ComponentError } from '../errors.ts'
import { Wire } from '../wire.ts'
import { depths } from './depth.ts'
import { Edits } from './edits.ts'
import { Emitter } from './emit.ts'
import type { Facts } from './facts.ts'
import { Helpers } from './helpers.ts'
import { givens } from './inner.ts'
import { Hints } from './hints.ts'
import { type ModuleShape, readModule } from './module.ts'
import { Scanner } from './scan.ts'
import { assemble, type Written } from './sections.ts'
import { type Doings, stateItems } from './state.ts'
import { Writer } from './writer.ts'

/** What metered a module: part of the genesis, since it decides whether a re-run is valid. */
export const meter = { name: 'theater', version: 3 } as const

/** How a module is metered. */
export interface MeterOptions {
  /** Whether a NaN that an instruction makes gets the canonical bits, or those of the machine. */
  readonly nan: 'canonical' | 'native'
  /** Bytes that the module that is made may have, and bytes for the list of what is written into it. @default Infinity */
  readonly maxBytes?: number
}

/**
 * Writes a core module anew: with five more imported globals of the module `theater:meter` (`fuel`, `depth`, `pages`,
 * `elements`, `why`), instructions that count, and what `state.ts` says of its state. The engine has accepted the module before; a module that imports or
 * exports that name, or holds anything that the meter does not know, is refused. Throws `ComponentError` ('unsupported', 'too-large').
 */
export function meterModule(bytes: Uint8Array, options: MeterOptions): Uint8Array {
  const shape = readModule(bytes)
  const helpers = new Helpers(shape)
  const code = new Writer(Math.ceil(bytes.length * 1.5) + 1024, options.maxBytes)
  const body = shape.sections.find(({ id }) => id === 10)
  const written =
    body === undefined
      ? { hints: new Hints(), types: [], doings: { writesTables: false, dropsSegments: false } }
      : writeFunctions(shape, helpers, new Wire(bytes, body.start, body.end), code, options)
  return assemble(shape, helpers, code, written, stateItems(helpers, written.doings))
}

function writeFunctions(
  shape: ModuleShape,
  helpers: Helpers,
  wire: Wire,
  code: Writer,
  { nan, maxBytes }: MeterOptions,
): Written & { readonly doings: Doings } {
  const edits = new Edits(maxBytes, wire.end - wire.at)
  const scanner = new Scanner(shape, edits)
  const imported = shape.importedFunctions
  const facts: Facts[] = []
  const firstEdit: number[] = []
  const firstCall: number[] = []
  wire.each(() => {
    if (imported + facts.length >= shape.functions.length) throw mismatch(wire.at)
    firstEdit.push(edits.length)
    firstCall.push(scanner.callees.length)
    facts.push(scanner.scan(imported + facts.length, wire.range()))
  })
  if (imported + facts.length !== shape.functions.length) throw mismatch(wire.at)
  firstEdit.push(edits.length)
  firstCall.push(scanner.callees.length)
  const depth = depths(facts, firstCall, scanner.callees, imported)
  for (const index of shape.entries) {
    if ((depth[index - imported]?.weight ?? 0) > 0) helpers.enter(index)
  }
  const given = givens(shape, facts, depth, scanner.tailed)
  const emitter = new Emitter(helpers, facts, depth, given, edits, code, nan === 'canonical')
  for (let i = 0; i < facts.length; i++) emitter.emit(i, firstEdit[i] ?? 0, firstEdit[i + 1] ?? 0)
  return { hints: emitter.hints, types: emitter.types, doings: scanner }
}

function mismatch(offset: number): ComponentError {
  return new ComponentError('not-wasm', 'A core module has not as many bodies as functions.', { offset })
}
