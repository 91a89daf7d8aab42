import { shown } from './element.ts'

/** The most lines and characters of one that are shown: the values are a stranger's. */
const most = { lines: 200, line: 300 }

/** JSON, to read. */
export function jsonLines(value: unknown): string {
  const lines = (JSON.stringify(value, null, 2) ?? String(value)).split('\n')
  const some = lines.slice(0, most.lines).map((line) => shown(line, most.line))
  return lines.length > most.lines ? [...some, `… (${lines.length} lines)`].join('\n') : some.join('\n')
}
