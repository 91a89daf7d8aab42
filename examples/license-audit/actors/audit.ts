import { type FileSystem, FsError } from '@theater/actor'
import type { Finding, Kind, Source } from './finding.ts'
import { isLicenceFile, recognise } from './licence-text.ts'
import type { Installed } from './packages.ts'
import { kindOfId, readExpression } from './spdx.ts'

/** No `package.json` and no licence is as long as this, and what is read becomes part of the record. */
const maxBytes = 1 << 20

type Reader = Pick<FileSystem, 'readBytes' | 'readDir' | 'stat'>

/** What a package.json says about the licence, as far as it can be said in one text. */
export interface Declared {
  readonly text: string
  readonly source: Extract<Source, 'declared' | 'legacy field'>
}

/** What is concluded about the licence of a package. */
type Conclusion = Pick<Finding, 'licence' | 'kind' | 'source' | 'note'>

/** A licence file, and what its text was recognised as. */
interface LicenceFile {
  readonly name: string
  readonly id: string | undefined
}

/** Audits one package. It never throws: a package that cannot be read is a finding, too. */
export function audit(fs: Reader, root: string, one: Installed): Finding {
  const { name, version, licence, note, files, kind, source } = finding(fs, root, one)
  // All of these are the package's own words, and it may have many.
  const short = { name: cut(name), version: cut(version), licence: cut(licence), note: cut(note) }
  return { ...short, kind, source, files: files.slice(0, 20).map(cut) }
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function finding(fs: Reader, root: string, { name, version, folder }: Installed): Finding {
  try {
    const path = `${root}/${folder}`
    const manifest = readManifest(readText(fs, `${path}/package.json`))
    const declared = declaredLicence(manifest)
    const named = /^SEE LICEN[CS]E (?:IN|AT|FILE) (.+)$/i.exec(declared?.text.trim() ?? '')?.[1]?.trim()
    const names = fs
      .readDir(path)
      .filter((entry) => entry.kind === 'file' && (isLicenceFile(entry.name) || entry.name === named))
      .map((entry) => entry.name)
    const files = names.map((file) => ({ name: file, id: recognise(readText(fs, `${path}/${file}`)) }))
    return {
      name: typeof manifest['name'] === 'string' ? manifest['name'] : name,
      version: typeof manifest['version'] === 'string' ? manifest['version'] : version,
      files: names,
      ...(named === undefined ? conclude(declared, files) : concludeNamed(named, files)),
    }
  } catch (error) {
    const note = FsError.is(error)
      ? `cannot be read: ${error.message}`
      : `cannot be audited: ${String(error)}`
    return { name, version, licence: '', kind: 'unclear', source: 'nowhere', files: [], note }
  }
}

function readText(fs: Reader, path: string): string {
  const { size } = fs.stat(path)
  if (size > maxBytes) throw new Error(`${path} has ${size} bytes`)
  // Not fatal: a name in Latin-1 in a copyright line says nothing about the licence.
  return new TextDecoder().decode(fs.readBytes(path))
}

function readManifest(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('package.json is not an object')
  }
  return value as Readonly<Record<string, unknown>>
}

/**
 * What `license`, or the older `licenses`, says. Both have been texts, objects with a `type` and lists of these; of a
 * list one may choose.
 */
export function declaredLicence(manifest: Readonly<Record<string, unknown>>): Declared | undefined {
  const { license, licence, licenses } = manifest
  if (typeof license === 'string' && license.trim() !== '')
    return { text: license.trim(), source: 'declared' }
  const old = [license, licence, licenses].flatMap((value): unknown[] =>
    Array.isArray(value) ? value : [value],
  )
  const texts = old.map(legacyText).filter((text) => text !== '')
  if (texts.length === 0) return undefined
  const [only = ''] = texts
  return { text: texts.length === 1 ? only : `(${texts.join(' OR ')})`, source: 'legacy field' }
}

function legacyText(value: unknown): string {
  const { type, name, url } = (typeof value === 'object' ? (value ?? {}) : { type: value }) as {
    readonly [key: string]: unknown
  }
  const text = [type, name, url].find((part) => typeof part === 'string' && part.trim() !== '')
  // So that a list of older names still makes one expression.
  return typeof text === 'string' ? (readExpression(text)?.expression ?? text.trim()) : ''
}

/** A package that names a file instead of a licence. */
function concludeNamed(named: string, files: readonly LicenceFile[]): Conclusion {
  const file = files.find(({ name }) => name === named)
  const source: Source = 'named file'
  if (file === undefined) {
    return { licence: '', kind: 'none', source, note: `refers to ${named}, which is not there` }
  }
  if (file.id === undefined)
    return { licence: '', kind: 'unclear', source, note: `terms of its own in ${named}` }
  return { licence: file.id, kind: kindOfId(file.id), source, note: `as ${named} reads` }
}

function conclude(declared: Declared | undefined, files: readonly LicenceFile[]): Conclusion {
  if (declared === undefined) return undeclared(files)
  const { text, source } = declared
  if (/^unlicen[cs]ed$/i.test(text)) {
    return {
      licence: 'UNLICENSED',
      kind: 'none',
      source,
      note: 'the package says that nobody is given rights',
    }
  }
  const reading = readExpression(text)
  if (reading === undefined) {
    const guess = undeclared(files)
    const note = `declares ${JSON.stringify(text)}, which is no SPDX expression`
    const kind: Kind = guess.kind === 'none' ? 'unclear' : guess.kind
    return {
      ...guess,
      licence: guess.licence || text,
      kind,
      note: guess.note ? `${note}; ${guess.note}` : note,
    }
  }
  const { expression, kind, ids } = reading
  const other = files.find(
    ({ id }) => id !== undefined && kindOfId(id) !== 'permissive' && !sameFamily(id, ids),
  )
  if (kind === 'permissive' && other?.id !== undefined) {
    return {
      licence: expression,
      kind: kindOfId(other.id),
      source,
      note: `but ${other.name} reads as ${other.id}`,
    }
  }
  return { licence: expression, kind, source, note: '' }
}

function undeclared(files: readonly LicenceFile[]): Conclusion {
  const known = files.filter(({ id }) => id !== undefined)
  const [first] = known
  if (first?.id !== undefined) {
    const ids = [...new Set(known.map(({ id }) => id as string))]
    const licence = ids.join(' OR ')
    const kind = readExpression(licence)?.kind ?? kindOfId(first.id)
    const note = `package.json does not say; ${first.name} reads as ${first.id}`
    return { licence, kind, source: 'licence text', note }
  }
  const [file] = files
  if (file === undefined) return { licence: '', kind: 'none', source: 'nowhere', note: '' }
  const note = `package.json does not say, and the words of ${file.name} are not known`
  return { licence: '', kind: 'unclear', source: 'licence text', note }
}

/** Whether a licence is one of these, in whatever version. */
function sameFamily(id: string, ids: readonly string[]): boolean {
  const family = (of: string): string => of.replace(/-\d.*$/, '')
  return ids.some((one) => family(one) === family(id))
}
