import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BuildError } from './build-error.ts'

/** What the WIT of others brings to the world of an actor. */
export interface Contributed {
  /** Nested packages, as text. */
  readonly packages: readonly string[]
  /** The ids of all interfaces in them: `my:notes/notes@0.1.0`. */
  readonly interfaces: ReadonlySet<string>
}

/**
 * Reads WIT of others: files, and folders with everything below them. Files in one folder are one package, as for all
 * tools of the component model.
 *
 * Throws a `BuildError` `wit`.
 *
 * @param inputs takes every file that is read
 */
export async function readWit(paths: readonly string[], inputs: Set<string>): Promise<Contributed> {
  const folders = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const path of paths) {
    for (const file of await witFiles(path)) {
      if (seen.has(file)) continue
      seen.add(file)
      inputs.add(file)
      const folder = dirname(file)
      folders.set(folder, [...(folders.get(folder) ?? []), file])
    }
  }
  const packages = new Map<string, string>()
  const interfaces = new Set<string>()
  for (const [folder, files] of folders) {
    for (const one of await packagesIn(folder, files)) {
      // What several depend on comes along with each.
      if (packages.has(one.id) || reserved.test(one.id)) continue
      const foreign = /\bwasi:[a-z-]+/.exec(withoutComments(one.text))?.[0]
      if (foreign !== undefined) {
        const text = `${one.file} uses ${foreign}: an interface that an actor of the kit imports stands on plain types, its own resources, and theater:actor`
        throw new BuildError('wit', text)
      }
      packages.set(one.id, `package ${one.id} {\n${one.text}\n}`)
      for (const name of one.interfaces) interfaces.add(idOf(one.id, name))
    }
  }
  return { packages: [...packages.values()], interfaces }
}

/** Packages that the kit brings itself. */
const reserved = /^(?:theater:|wasi:)/

async function witFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new BuildError('wit', `there is no WIT at ${path}`, { cause })
  })
  if (!found.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wit'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  if (files.length === 0) throw new BuildError('wit', `there is no file NAME.wit in ${path}`)
  return files
}

interface WitPackage {
  readonly id: string
  readonly file: string
  /** What is in it, without its header. */
  readonly text: string
  readonly interfaces: readonly string[]
}

async function packagesIn(folder: string, files: readonly string[]): Promise<WitPackage[]> {
  const texts: [string, string][] = []
  for (const file of files) texts.push([file, await readFile(file, 'utf8')])
  const main = texts.flatMap(([file, text]) => headerOf(file, text))
  const ids = new Set(main.map(({ id }) => id))
  if (ids.size > 1)
    throw new BuildError('wit', `${folder} has files of several packages: ${[...ids].join(', ')}`)
  const [id] = ids
  if (id === undefined)
    throw new BuildError('wit', `${files[0]} says no package: it begins with package NAMESPACE:NAME@VERSION;`)
  const parts = texts.map(([file, text]) =>
    withoutHeader(text, main.find((one) => one.file === file)?.header),
  )
  const text = parts.join('\n')
  return [{ id, file: files[0] ?? folder, text, interfaces: interfacesIn(text) }]
}

function headerOf(
  file: string,
  text: string,
): { readonly file: string; readonly id: string; readonly header: string }[] {
  const found = /^[ \t]*package\s+([a-z][a-z0-9-]*(?::[a-z][a-z0-9-]*)+(?:@[0-9A-Za-z.+-]+)?)\s*;/m.exec(
    withoutComments(text),
  )
  return found === null ? [] : [{ file, id: found[1] ?? '', header: found[0] }]
}

function withoutHeader(text: string, header: string | undefined): string {
  if (header === undefined) return text
  const at = text.indexOf(header)
  return at < 0 ? text : text.slice(0, at) + text.slice(at + header.length)
}

/** The names of the interfaces that stand at the top. */
function interfacesIn(text: string): string[] {
  const found: string[] = []
  let depth = 0
  for (const [token, name] of withoutComments(text).matchAll(
    /[{}]|\binterface\s+%?([a-z][a-z0-9-]*)\s*(?=\{)/g,
  )) {
    if (token === '{') depth++
    else if (token === '}') depth--
    else if (depth === 0 && name !== undefined) found.push(name)
  }
  return found
}

/** The same text with blanks for comments: what is left stands where it stood. WIT has no strings. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\/[^\n]*|\/\*[^]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
}

function idOf(packageId: string, name: string): string {
  const [id = '', version] = packageId.split('@')
  return version === undefined ? `${id}/${name}` : `${id}/${name}@${version}`
}
