import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { parseSync } from 'oxc-parser'
import { bundleRoot } from './bundle-paths.ts'
import { placeOf, shownPath } from './diagnostic.ts'

/** One import on the way to a file. */
export interface Step {
  /** The file that imports. */
  readonly file: string
  /** Its text. */
  readonly text: string
  /** What it imports, as it is written. */
  readonly specifier: string
  /** Where that stands in the text; undefined where it cannot be found. */
  readonly at: number | undefined
}

/** The shortest way from the entry to a file by imports, first import first. Empty where there is none. */
export async function importChain(
  { inputs }: Metafile,
  entry: string,
  target: string,
): Promise<readonly Step[]> {
  const cameFrom = new Map<string, { readonly from: string; readonly specifier: string }>()
  const root = bundleRoot(entry)
  const queue = [resolve(entry)]
  const imports = new Map(Object.entries(inputs).map(([path, input]) => [resolve(root, path), input.imports]))
  for (const file of queue) {
    if (file === resolve(target)) break
    for (const { path, original, external } of imports.get(file) ?? []) {
      const next = resolve(root, path)
      if (external === true || next === queue[0] || cameFrom.has(next)) continue
      cameFrom.set(next, { from: file, specifier: original ?? path })
      queue.push(next)
    }
  }
  const steps: Step[] = []
  for (let at = cameFrom.get(resolve(target)); at !== undefined; at = cameFrom.get(at.from)) {
    const text = await readFile(at.from, 'utf8')
    steps.unshift({
      file: at.from,
      text,
      specifier: at.specifier,
      at: offsetOf(at.from, text, at.specifier),
    })
  }
  return steps
}

/** A step for people. */
export function showStep({ file, text, specifier, at }: Step): string {
  if (at === undefined) return `imported in ${shownPath(file)}: ${specifier}`
  const { line, column } = placeOf(text, at)
  return `imported at ${shownPath(file)}:${line}:${column}: ${specifier}`
}

function offsetOf(file: string, text: string, specifier: string): number | undefined {
  const { module } = parseSync(file, text)
  const found = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest)),
  ].find((request) => request?.value === specifier)
  if (found) return found.start
  // A require or a dynamic import: by its text.
  const quoted = [`'${specifier}'`, `"${specifier}"`].map((one) => text.indexOf(one)).find((at) => at >= 0)
  return quoted
}
