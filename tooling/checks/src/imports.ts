/** Holds a package's dependencies and import specifiers against the import table. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, matchesGlob, relative } from 'node:path'
import { parseSync } from 'oxc-parser'

/** What one package, or some files of it, may import. */
export interface Rule {
  readonly imports?: readonly string[]
  readonly types?: readonly string[]
  readonly bundled?: readonly string[]
  readonly node?: boolean | readonly string[]
  readonly thirdParty?: boolean
  readonly in?: Readonly<Record<string, Rule>>
  /** By import, why it is there: of every one that is not ours. */
  readonly why?: Readonly<Record<string, string>>
}
/** Rules by folder name. */
export type ImportTable = Readonly<Record<string, Rule>>

/** One import of one file. */
export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

/** The rule for a package's folder name: its own, or the longest pattern that matches. */
export function ruleFor(table: ImportTable, name: string): Rule | undefined {
  if (Object.hasOwn(table, name)) return table[name]
  const patterns = Object.keys(table).filter((key) => key.endsWith('*') && name.startsWith(key.slice(0, -1)))
  const best = patterns.toSorted((a, b) => b.length - a.length)[0]
  return best === undefined ? undefined : table[best]
}

/** Every import, re-export, dynamic import of a literal, and `import('…')` type in a TypeScript source. */
export function importsOf(file: string, source: string): Import[] {
  const { program, module, errors } = parseSync(file, source)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const found: Import[] = []
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      found.push({ specifier: node.source.value, typeOnly: node.importKind === 'type' })
    } else if (
      node.type === 'ExportAllDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && node.source)
    ) {
      found.push({ specifier: node.source!.value, typeOnly: node.exportKind === 'type' })
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const text = source.slice(moduleRequest.start, moduleRequest.end)
    const literal = /^(['"`])([^'"`$]*)\1$/.exec(text)
    if (literal?.[2] !== undefined) found.push({ specifier: literal[2], typeOnly: false })
  }
  for (const specifier of importTypes(program)) found.push({ specifier, typeOnly: true })
  return found
}

function* importTypes(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && node.type === 'TSImportType' && 'source' in node) {
    const { source } = node as { source: { value?: unknown } }
    if (typeof source.value === 'string') yield source.value
  }
  for (const child of Object.values(node)) yield* importTypes(child)
}

/** The package of a specifier: `@a/b/c` → `@a/b`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function allows(entries: readonly string[] | undefined, specifier: string): boolean {
  return (entries ?? []).some((entry) =>
    entry.endsWith('*')
      ? specifier.startsWith(entry.slice(0, -1))
      : specifier === entry || specifier.startsWith(`${entry}/`),
  )
}

const isOurs = (specifier: string) => specifier.startsWith('@theater/')
const matches = (file: string, globs: readonly string[]) => globs.some((glob) => matchesGlob(file, glob))

/** What is wrong with the reasons that a table gives, one sentence each: one that is missing, or is for nothing. */
export function unreasoned(table: ImportTable): string[] {
  return Object.entries(table).flatMap(([name, rule]) =>
    // What a table says of itself stands beside its rules.
    typeof rule === 'string'
      ? []
      : [rule, ...Object.values(rule.in ?? {})].flatMap(({ imports = [], why = {} }) => [
          ...imports
            .filter((entry) => !isOurs(entry) && !Object.hasOwn(why, entry))
            .map((entry) => `${name}: why may it import ${entry}? Say it in \`why\`.`),
          ...Object.keys(why)
            .filter((entry) => !imports.includes(entry))
            .map((entry) => `${name}: \`why\` speaks of ${entry}, which it may not import`),
        ]),
  )
}

/** Everything in a package's folder that the table does not allow, one sentence each. Empty: all is well. */
export function violations(folder: string, name: string, table: ImportTable): string[] {
  const rule = ruleFor(table, name)
  if (!rule) return [`${name}: not in the import table. Say in import-table.json what it may import.`]
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    dependencies?: Record<string, string>
    peerDependencies?: Record<string, string>
    optionalDependencies?: Record<string, string>
  }
  const declared = Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  })
  const found: string[] = []

  const everywhere = [rule, ...Object.values(rule.in ?? {})]
  for (const dependency of declared) {
    // A dependency is a package; a rule may name only one of its subpaths.
    const known = everywhere.some(
      (r) =>
        [...(r.imports ?? []), ...(r.types ?? [])].some(
          (entry) => packageOf(entry) === dependency || (entry.endsWith('*') && allows([entry], dependency)),
        ) ||
        (r.thirdParty === true && !isOurs(dependency)),
    )
    if (!known)
      found.push(`${name}: package.json depends on ${dependency}, which the import table does not allow`)
  }

  const nodeFiles = Array.isArray(rule.node) ? (rule.node as readonly string[]) : []
  for (const path of globSync('src/**/*.{ts,mts}', { cwd: folder }).toSorted()) {
    const file = path.replaceAll('\\', '/')
    const here = [
      rule,
      ...Object.entries(rule.in ?? {}).flatMap(([glob, r]) => (matchesGlob(file, glob) ? [r] : [])),
    ]
    const inNodeFile = matches(file, nodeFiles)
    for (const { specifier, typeOnly } of importsOf(file, readFileSync(join(folder, file), 'utf8'))) {
      const say = (why: string) => found.push(`${name}/${file}: imports ${specifier}, ${why}`)
      if (specifier.startsWith('.')) {
        const target = relative(folder, join(folder, dirname(file), specifier)).replaceAll('\\', '/')
        if (!target.startsWith('src/')) say('which is outside src')
        else if (!existsSync(join(folder, target))) say('which does not exist (write the .ts ending)')
        else if (!typeOnly && !inNodeFile && matches(target, nodeFiles)) {
          say('so that node built-ins reach an entry which must run in a browser')
        }
        const only = Object.keys(rule.in ?? {})
        if (!typeOnly && !matches(file, only) && matches(target, only)) {
          say('a file with imports of its own; only files with the same leave may')
        }
      } else if (specifier.startsWith('node:') || isBuiltin(specifier)) {
        if (!specifier.startsWith('node:')) say('a built-in without node:')
        else if (!here.some((r) => r.node === true) && !inNodeFile)
          say('a node built-in where none is allowed')
      } else if (packageOf(specifier) === manifest.name) {
        say('itself; use a relative path')
      } else {
        if (here.some((r) => allows(r.imports, specifier) || (r.thirdParty === true && !isOurs(specifier)))) {
          // Allowed as a value, so as a type too.
        } else if (!here.some((r) => allows(r.types, specifier))) say('which the import table does not allow')
        else if (!typeOnly) say('of which it may only import types (`import type`)')
        const dependency = packageOf(specifier)
        if (!declared.includes(dependency) && !rule.bundled?.includes(dependency)) {
          say('which is not in its dependencies')
        }
      }
    }
  }
  return found
}
