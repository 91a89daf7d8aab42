/** Where a benchmark says what it found. */
export interface Report {
  /** One figure: an object a line with --json, else the text. */
  row(row: Readonly<Record<string, unknown>>, text: string): void
  /** For people alone. */
  text(line: string): void
}

/** What a benchmark comes to. */
export type Summary = Readonly<Record<string, number | undefined>>
