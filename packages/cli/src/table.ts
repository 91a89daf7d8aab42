import { stripVTControlCharacters } from 'node:util'

/** One cell: text, or text with a style that does not count as width. */
export type Cell = string

/** How a column stands. */
export interface Column {
  readonly title: string
  readonly align?: 'right'
}

/** Lays rows out under titles, two spaces between columns. Cells may be styled; the last column is not padded. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  title: (text: string) => string,
): string {
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => width(row[i] ?? ''))),
  )
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, i) => {
        const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))
        if (columns[i]?.align === 'right') return room + cell
        return i === cells.length - 1 ? cell : cell + room
      })
      .join('  ')
      .trimEnd()
  const head = line(columns.map((column) => title(column.title)))
  return [head, ...rows.map(line)].join('\n')
}

function width(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length
}

/** A count for people: `12,345`. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count and its noun: `1 event`, `2 events`. */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`
}
