import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'

/** Rows of a statement as arrays, in the order of its columns: an object with names for each of many takes longer, and is more garbage. */
export function arraysOf(
  statement: StatementSync,
  ...values: readonly SQLInputValue[]
): readonly (readonly SQLOutputValue[])[] {
  statement.setReturnArrays(true)
  return statement.all(...values) as unknown as readonly (readonly SQLOutputValue[])[]
}
