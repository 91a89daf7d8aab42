import { ComponentError } from '@theater/component'
import type { CodeFacts } from '@theater/component'
import type { Limits } from '@theater/runtime'
import type { Json } from '@theater/values'
import { factsOf } from './component-file.ts'
import { count, counted } from './table.ts'

/** What the meter sees of a component, and whether an actor of it can be made under some limits. */
export interface MeterView {
  /** Null where the meter does not know all of it: no actor can be made then. */
  readonly code: CodeFacts | null
  /** Why it is refused; null where it is not. */
  readonly refused: string | null
  /** Whether what its memories and tables have at the start is within the limits. */
  readonly fits: boolean
}

/** Looks at a component's code; nothing of it is run. */
export function meterView(
  file: string,
  bytes: Uint8Array,
  { memory, tables }: Pick<Limits, 'memory' | 'tables'>,
): MeterView {
  try {
    const code = factsOf(file, bytes)
    return { code, refused: null, fits: code.memory <= memory && code.tables <= tables }
  } catch (error) {
    if (!ComponentError.is(error)) throw error
    return { code: null, refused: error.message, fits: false }
  }
}

/** As `--json` has it. */
export function meterJson({ code, refused, fits }: MeterView): { readonly [key: string]: Json } {
  return { code: code === null ? null : { ...code }, refused, fits }
}

/** What of a limit the component takes before anything runs, for people; empty for limits of which it takes nothing yet. */
export function takenAtStart(name: keyof Limits, limit: number, { code }: MeterView): string {
  if (code === null || (name !== 'memory' && name !== 'tables')) return ''
  const taken = `${count(code[name])} at the start`
  return code[name] > limit ? `${taken}: no actor can be made` : taken
}

/** What the code is made of, for people. */
export function codeLine({ code, refused }: MeterView): string {
  if (code === null) return `refused, so no actor can be made: ${refused ?? ''}`
  const { modules, functions, floats } = code
  return `${counted(modules, 'core module')}, ${counted(functions, 'function')}, ${counted(floats, 'float instruction')} with a NaN of the engine's choice`
}
