import { type ModuleShape, readModule } from './module.ts'

/** What the memories and tables of a module have when it is instantiated. */
export interface MeterNeeds {
  /** Pages of 64 KiB. */
  readonly pages: number
  /** Elements of tables. */
  readonly elements: number
}

/** Sums up the initial sizes of the memories and tables that a module defines; those it imports are another's. */
export function meterNeeds(bytes: Uint8Array): MeterNeeds {
  return needsOf(readModule(bytes))
}

/** As {@link meterNeeds}, of a module that was read already. */
export function needsOf({ memories, importedMemories, tables, importedTables }: ModuleShape): MeterNeeds {
  const sum = (total: number, { min }: { readonly min: number }): number => total + min
  return {
    pages: memories.slice(importedMemories).reduce(sum, 0),
    elements: tables.slice(importedTables).reduce(sum, 0),
  }
}
