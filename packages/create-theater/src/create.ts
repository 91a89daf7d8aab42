import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateError } from './errors.ts'
import { isTemplate, templateNames, type Template } from './templates.ts'

/** What project to make, and where. */
export interface CreateOptions {
  /** Its name, as npm takes it: lower case letters, digits and `-`, of at most 60 characters, a letter first. */
  readonly name: string
  readonly template: Template
  /** Where: a folder that is empty, or that is not there yet. */
  readonly folder: string
}

const own = fileURLToPath(new URL('..', import.meta.url))

/** Writes a project and answers the paths of its files. Throws `CreateError`, and has written nothing then. */
export async function create({ name, template, folder }: CreateOptions): Promise<string[]> {
  const fault = nameFault(name)
  if (fault !== undefined) throw new CreateError('name', fault)
  if (!isTemplate(template)) {
    throw new CreateError(
      'template',
      `there is no template ${JSON.stringify(template)}: take ${templateNames}`,
    )
  }
  await refuseFull(folder)
  const from = join(own, 'templates', template)
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const versions = await versionsOfThisRelease()
  const files: [path: string, text: string][] = []
  for (const source of sources) {
    const text = await readFile(source, 'utf8')
    files.push([target(source.slice(from.length + 1)), fill(text, name, versions, source)])
  }
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { flag: 'wx' })
  }
  return files.map(([path]) => path.replaceAll('\\', '/')).toSorted()
}

/** What is wrong with a project's name, as a sentence; undefined if nothing is. */
export function nameFault(name: string): string | undefined {
  if (/^[a-z][a-z0-9-]{0,59}$/.test(name)) return undefined
  return `${JSON.stringify(name)} is not a name: take lower case letters, digits and -, at most 60, a letter first`
}

async function refuseFull(folder: string): Promise<void> {
  let found: string[]
  try {
    found = await readdir(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    throw new CreateError('folder', `${folder} is not a folder that can be written to (${code})`, { cause })
  }
  // What `git init` leaves is no project.
  if (found.every((name) => name === '.git')) return
  throw new CreateError('folder', `${folder} is not empty: take another name, or empty it`)
}

/** npm leaves `.gitignore` out of packages, and takes a `package.json` for one: templates have both under another name. */
function target(path: string): string {
  return path
    .replace(/(^|[\\/])_gitignore$/, '$1.gitignore')
    .replace(/(^|[\\/])_package\.json$/, '$1package.json')
}

/** The versions that belong together, from this package's own package.json: what a project may depend on. */
async function versionsOfThisRelease(): Promise<ReadonlyMap<string, string>> {
  const manifest = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  return new Map(Object.entries(manifest.devDependencies))
}

function fill(text: string, name: string, versions: ReadonlyMap<string, string>, file: string): string {
  return text.replaceAll(/\{\{([^{}]+)\}\}/g, (_all, key: string) => {
    const value = key === 'name' ? name : versions.get(key)
    if (value === undefined) throw new Error(`${file} asks for {{${key}}}, which is not in package.json`)
    return value
  })
}
