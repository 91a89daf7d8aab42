import { FetchError, FsError, type FileSystem, type Store, StoreError } from '@theater/actor'

/** A tool that a model wants to use. Name and arguments are whatever it wrote. */
export type ToolCall = {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** What came of it. What is not `ok` is told to the model like all else, and the run goes on. */
export type Outcome = {
  readonly result: 'ok' | 'failed' | 'refused'
  /** What the model is told. */
  readonly text: string
}

/** What the tools work with. */
export interface Workbench {
  readonly fs: FileSystem
  readonly store: Store
}

const MAX_FILE = 64 * 1024
const MAX_NOTE = 8 * 1024

/** The tools, as the model is told of them. */
export const tools = [
  tool(
    'read_file',
    'Reads a text file of the workspace, gives the names in a folder, or gets a page by its URL.',
    {
      path: 'A path in the workspace such as notes/plan.md, "." for the workspace itself, or a URL.',
    },
  ),
  tool('save_note', 'Keeps a note for the user, in place of one of the same name.', {
    name: 'Lower-case letters, digits and hyphens.',
    text: 'The note, as Markdown.',
  }),
]

function tool(name: string, description: string, parameters: Readonly<Record<string, string>>) {
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([key, about]) => [key, { type: 'string', description: about }]),
  )
  const required = Object.keys(parameters)
  return {
    type: 'function',
    function: {
      name,
      description,
      parameters: { type: 'object', properties, required, additionalProperties: false },
    },
  } as const
}

/** Does what a model wants, as far as that is a tool with sensible arguments. What may be reached the host decides. */
export async function use(call: ToolCall, bench: Workbench): Promise<Outcome> {
  const { name, arguments: given } = call.function
  try {
    switch (name) {
      case 'read_file': {
        const { path } = strings(given, ['path'])
        return ok(/^https?:/i.test(path) ? await page(path) : file(bench.fs, path))
      }
      case 'save_note': {
        const note = strings(given, ['name', 'text'])
        return ok(save(bench.store, note.name, note.text))
      }
      default:
        return { result: 'refused', text: 'there is no such tool' }
    }
  } catch (error) {
    return outcomeOf(error)
  }
}

/** The arguments of a tool: JSON, an object with exactly these texts. */
function strings<K extends string>(given: string, keys: readonly K[]): Record<K, string> {
  let value: unknown
  try {
    value = JSON.parse(given)
  } catch {
    throw new Refused('the arguments are not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refused('the arguments are not an object')
  }
  const other = Object.keys(value).find((key) => !keys.some((known) => known === key))
  if (other !== undefined) throw new Refused(`there is no argument ${JSON.stringify(other.slice(0, 40))}`)
  const found = keys.map((key): [K, string] => {
    const text = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
    if (typeof text !== 'string') throw new Refused(`${key} has to be text`)
    return [key, text]
  })
  return Object.fromEntries(found) as Record<K, string>
}

function file(fs: FileSystem, path: string): string {
  // oxlint-disable-next-line no-control-regex -- the point: no path has them
  if (path.length > 1024 || /[\u0000-\u001f\u007f]/.test(path)) throw new Refused('that is no path')
  // A path that leads out is asked for like any other: the host refuses it, and the record says so.
  const whole = path.startsWith('/') ? path : `/workspace/${path.replace(/^(\.\/)+|^\.$/g, '')}`
  const { kind, size } = fs.stat(whole)
  if (kind === 'directory') {
    const names = fs
      .readDir(whole)
      .map((entry) => (entry.kind === 'directory' ? `${entry.name}/` : entry.name))
    return names.join('\n')
  }
  if (size > MAX_FILE) throw new Refused(`it has ${size} bytes, and ${MAX_FILE} is the most`)
  return fs.readText(whole)
}

async function page(url: string): Promise<string> {
  const text = await (await fetch(url)).text()
  if (text.length > MAX_FILE) throw new Refused('it is too long')
  return text
}

function save(store: Store, name: string, text: string): string {
  if (!/^[a-z0-9-]{1,40}$/.test(name)) throw new Refused('a name is lower-case letters, digits and hyphens')
  if (text.length > MAX_NOTE) throw new Refused(`a note has at most ${MAX_NOTE} characters`)
  store.setLabel(`notes/${name}`, store.put(text))
  return `saved as ${name}`
}

class Refused extends Error {}

function ok(text: string): Outcome {
  return { result: 'ok', text }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refused) return { result: 'refused', text: error.message }
  if (FsError.is(error)) {
    const denied = error.code === 'not-permitted' || error.code === 'access'
    return { result: denied ? 'refused' : 'failed', text: error.code }
  }
  if (FetchError.is(error)) {
    const denied = error.code === 'HTTP-request-denied' || error.code === 'destination-IP-prohibited'
    return { result: denied ? 'refused' : 'failed', text: error.code }
  }
  if (StoreError.is(error)) return { result: 'refused', text: error.code }
  // A file that is no UTF-8, a URL that is none.
  if (error instanceof TypeError) return { result: 'failed', text: 'it is not text, or not there' }
  throw error
}
