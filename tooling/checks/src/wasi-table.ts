/** Holds `docs/wasi.md` against the vendored WIT: a row for each function, a test for each row that is done. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One row of `docs/wasi.md`. */
export interface Row {
  /** `wasi:filesystem/types#descriptor.read`. */
  readonly fn: string
  readonly state: string
  /** What is worth saying of it; of a refused one, the reason. */
  readonly note: string
  /** Tests, as links with the test's title behind each. */
  readonly tests: string
}

/**
 * The functions of a WIT file, as rows name them: `wasi:http/types#fields.get`, `…#fields.constructor`.
 *
 * Reads what the vendored files are, not all of WIT: one package, a line for the beginning of each interface, resource and function.
 */
export function functionsOf(wit: string): string[] {
  const functions: string[] = []
  let name = ''
  let at = ''
  let resource = ''
  let indent = ''
  for (const line of wit.split('\n')) {
    name = /^package ([a-z:-]+)/.exec(line)?.[1] ?? name
    const [, kind, top] = /^(interface|world) ([a-z0-9-]+)/.exec(line) ?? []
    if (kind !== undefined) at = kind === 'interface' ? `${name}/${top}` : ''
    const [, space, made] = /^( +)resource ([a-z0-9-]+) \{/.exec(line) ?? []
    if (space !== undefined && made !== undefined) [indent, resource] = [space, `${made}.`]
    if (line === `${indent}}`) resource = ''
    const fn = /^ +%?([a-z0-9-]+): (?:static )?(?:async )?func\(/.exec(line)?.[1]
    if (at === '') continue
    if (fn !== undefined) functions.push(`${at}#${resource}${fn}`)
    if (/^ +constructor\(/.test(line)) functions.push(`${at}#${resource}constructor`)
  }
  return functions
}

/** The packages that have a section (`## wasi:NAME`), and the rows of `docs/wasi.md`, each under the interface (`### NAME`) above it. */
export function rowsOf(doc: string): { readonly packages: readonly string[]; readonly rows: readonly Row[] } {
  const packages: string[] = []
  const rows: Row[] = []
  let at = ''
  for (const line of doc.split('\n')) {
    const name = /^## (wasi:[a-z-]+)/.exec(line)?.[1]
    if (name !== undefined) packages.push(name)
    const part = /^### `([a-z-]+)`/.exec(line)?.[1]
    if (part !== undefined) at = `${packages.at(-1)}/${part}`
    const [, named = '', state = '', note = '', tests = ''] = line.split('|').map((cell) => cell.trim())
    const fn = /^`([^`]+)`$/.exec(named)?.[1]
    if (line.startsWith('|') && fn !== undefined) rows.push({ fn: `${at}#${fn}`, state, note, tests })
  }
  return { packages, rows }
}

/** What is wrong with one row: a state that is none, no reason, no test, or a test that is not there. */
export function faultsOf({ fn, state, note, tests }: Row, docs: string): string[] {
  if (state === 'refused') return note === '' ? [`${fn} is refused without a reason`] : []
  if (state !== 'done') return [`${fn} is "${state}": a row is done or refused`]
  const links = [...tests.matchAll(/\[[^\]]+\]\(([^)]+)\): ([^;]+)/g)]
  if (links.length === 0) return [`${fn} has no test: write [file](path): the test's title`]
  return links.flatMap(([, path = '', title = '']) => {
    const file = join(docs, path)
    if (!existsSync(file)) return [`${fn}: there is no ${path}`]
    return readFileSync(file, 'utf8').includes(title.trim())
      ? []
      : [`${fn}: ${path} has no test "${title.trim()}"`]
  })
}
