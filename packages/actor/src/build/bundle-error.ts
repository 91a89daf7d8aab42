import { resolve } from 'node:path'
import type { Message, Metafile } from 'esbuild'
import { BuildError } from './build-error.ts'
import { bundleRoot } from './bundle-paths.ts'
import { type Diagnostic, diagnosticAt, shownPath } from './diagnostic.ts'
import { importChain, showStep, type Step } from './import-chain.ts'

/** What the bundler's plugin says of an import that it refuses, beside the text. */
export interface Refusal {
  readonly rule: string
  readonly hint: string
}

/**
 * What the bundler found wrong, at the places of the sources. A fault in a dependency is shown at the import of the
 * actor's own that leads there, with the way.
 *
 * @param graph the imports of the sources, asked for where a dependency is at fault
 */
export async function bundleError(
  errors: readonly Message[],
  entry: string,
  graph: () => Promise<Metafile | undefined>,
  cause: unknown,
): Promise<BuildError> {
  const diagnostics: Diagnostic[] = []
  for (const error of errors) diagnostics.push(await diagnosticOf(error, entry, graph))
  return new BuildError('bundle', diagnostics, { cause })
}

async function diagnosticOf(
  { text, location, detail, notes }: Message,
  entry: string,
  graph: () => Promise<Metafile | undefined>,
): Promise<Diagnostic> {
  const refusal = detail as Partial<Refusal> | undefined
  const unresolved = /^Could not resolve "(.*)"$/.exec(text)?.[1]
  const rule = refusal?.rule ?? (unresolved === undefined ? 'syntax' : 'unresolved')
  const message = unresolved === undefined ? text : `${unresolved} cannot be found`
  const hint = refusal?.hint ?? (unresolved === undefined ? notesText(notes) : whereToFind(unresolved))
  if (location === null) return diagnosticAt(entry, '', undefined, { rule, message, hint })
  // The bundler counts bytes.
  const column = Buffer.from(location.lineText).subarray(0, location.column).toString().length + 1
  const length = Buffer.from(location.lineText).subarray(location.column, location.column + location.length)
  const here: Diagnostic = {
    file: shownPath(resolve(bundleRoot(entry), location.file)),
    line: location.line,
    column,
    message,
    hint: hint === '' ? null : hint,
    source: location.lineText,
    length: Math.max(1, length.toString().length),
    rule,
    chain: [],
  }
  return isDependency(location.file) ? throughDependency(here, entry, await graph()) : here
}

/** A fault within a dependency, where the actor's own sources import it. */
async function throughDependency(
  here: Diagnostic,
  entry: string,
  graph: Metafile | undefined,
): Promise<Diagnostic> {
  const steps = graph === undefined ? [] : await importChain(graph, entry, here.file)
  const own = steps.findLast(({ file }) => !isDependency(file))
  if (own === undefined) return here
  const behind = steps.slice(steps.indexOf(own) + 1).map(showStep)
  return diagnosticAt(own.file, own.text, own.at, {
    rule: here.rule,
    message: `${own.specifier} does not work in an actor: ${here.message}`,
    ...(here.hint !== null && { hint: `${here.hint} Or take another package than ${nameOf(own)}.` }),
    length: own.specifier.length + 2,
    chain: [...behind, `imported at ${here.file}:${here.line}:${here.column}: ${here.source?.trim() ?? ''}`],
  })
}

function nameOf({ specifier }: Step): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Whether a file is of a package that was installed. */
export function isDependency(file: string): boolean {
  return /(?:^|[\\/])node_modules[\\/]/.test(file)
}

function whereToFind(specifier: string): string {
  if (/^[./]/.test(specifier)) return 'There is no such file: look at its name and ending.'
  return `Install it with npm install ${nameOf({ specifier } as Step)}, or look at its name.`
}

function notesText(notes: Message['notes']): string {
  return notes.map(({ text }) => text).join(' ')
}
