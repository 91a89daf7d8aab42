import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import type { Limits, Message } from '@theater/runtime'
import type { Json } from '@theater/values'
import { parse, TomlDate, TomlError } from 'smol-toml'
import { locate } from './locate.ts'
import { ManifestError } from './manifest-error.ts'
import type { ManifestErrorCode } from './manifest-error.ts'
import { nearest } from './nearest.ts'

/** The handlers that `theater` offers: the keys of an actor's `grants`. */
export const handlerNames = ['cli', 'fs', 'log', 'messaging', 'store'] as const

/** The limits an actor may have. */
export const limitNames = [
  'mailbox',
  'outbox',
  'handles',
  'callMs',
] as const satisfies readonly (keyof Limits)[]

/** One actor of a manifest. */
export interface ManifestActor {
  readonly id: string
  /** The component's file, absolute. */
  readonly component: string
  /** Authority by handler, host directories made absolute. Their shape is the runtime's to check. */
  readonly grants: Readonly<Record<string, Json>>
  readonly params: Message | undefined
  readonly limits: Partial<Limits>
}

/** What a `theater.toml` says. */
export interface Manifest {
  /** The file, as it was named. */
  readonly path: string
  /** Its text, for places in messages: `locate`. */
  readonly text: string
  /** In the order in which they are written, which is the order in which they are made. */
  readonly actors: readonly ManifestActor[]
}

const ID = /^[a-z0-9._:-]{1,128}$/
const MAX_BYTES = 1 << 20

/**
 * Reads a manifest.
 *
 * @throws ManifestError; what the file system throws where there is no such file
 *
 * @example
 * ```ts
 * const { actors } = await readManifest('theater.toml')
 * console.log(actors.map(({ id }) => id))
 * ```
 */
export async function readManifest(path: string): Promise<Manifest> {
  const { size } = await stat(path)
  if (size > MAX_BYTES)
    throw new ManifestError('syntax', `a manifest of ${size} bytes; the limit is ${MAX_BYTES}`, { path })
  const bytes = await readFile(path)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ManifestError('syntax', 'this is not UTF-8 text', { path, cause })
  }
  // A mount must not go through a symbolic link, so what it is relative to must not either.
  return parseManifest(text, { path, folder: dirname(await realpath(path)) })
}

/**
 * Parses a manifest's text. Touches no file.
 *
 * @param from `path` for messages; `folder` is what relative paths start from
 * @throws ManifestError
 */
export function parseManifest(
  text: string,
  from: { readonly path: string; readonly folder: string },
): Manifest {
  return new Reader(text, from.path, from.folder).manifest()
}

type Table = Readonly<Record<string, unknown>>

class Reader {
  readonly #text: string
  readonly #path: string
  readonly #folder: string

  constructor(text: string, path: string, folder: string) {
    this.#text = text
    this.#path = path
    this.#folder = folder
  }

  manifest(): Manifest {
    const root = this.#parse()
    this.#keys(root, [], ['actor'], 'a manifest')
    const actors = this.#table(root['actor'] ?? {}, ['actor'])
    const ids = Object.keys(actors)
    if (ids.length === 0) {
      throw this.#error(
        'missing-key',
        [],
        'there is no actor. Write [actor.NAME] with component = "FILE.wasm".',
      )
    }
    return { path: this.#path, text: this.#text, actors: ids.map((id) => this.#actor(id, actors[id])) }
  }

  #parse(): Table {
    try {
      return parse(this.#text, { integersAsBigInt: 'asNeeded', unsafeKeyBehaviour: 'throw', maxDepth: 64 })
    } catch (cause) {
      if (!(cause instanceof TomlError)) {
        // Deep nesting of another kind than maxDepth knows would end in a RangeError of the engine.
        throw new ManifestError('syntax', 'this is not TOML that can be read', { path: this.#path, cause })
      }
      const [what = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
      throw new ManifestError('syntax', what, {
        path: this.#path,
        place: { line: cause.line, column: cause.column },
        cause,
      })
    }
  }

  #actor(id: string, value: unknown): ManifestActor {
    const at = ['actor', id]
    if (!ID.test(id)) {
      throw this.#error('bad-id', at, `${quoted(id)} is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`)
    }
    const table = this.#table(value, at)
    this.#keys(table, at, ['component', 'grants', 'params', 'limits'], 'an actor')
    return {
      id,
      component: this.#component(id, table['component']),
      grants: this.#grants(table['grants'] ?? {}, [...at, 'grants']),
      params: table['params'] === undefined ? undefined : this.#params(table['params'], [...at, 'params']),
      limits: this.#limits(table['limits'] ?? {}, [...at, 'limits']),
    }
  }

  #component(id: string, value: unknown): string {
    const at = ['actor', id, 'component']
    if (value === undefined) {
      throw this.#error('missing-key', at, `the actor ${id} has no component. Write component = "FILE.wasm".`)
    }
    const file = this.#string(value, at)
    if (file === '') throw this.#error('wrong-type', at, 'component is empty')
    if (/^\.[cm]?[jt]sx?$/.test(extname(file))) {
      const out = `${basename(file, extname(file))}.wasm`
      throw this.#error(
        'no-component',
        at,
        `${quoted(file)} is source, not a component. Run \`theater build ${file} -o ${out}\` and write component = "${out}".`,
      )
    }
    return resolve(this.#folder, file)
  }

  #grants(value: unknown, at: readonly string[]): Record<string, Json> {
    const table = this.#table(value, at)
    this.#keys(table, at, handlerNames, 'grants', 'handler')
    const grants: Record<string, Json> = {}
    for (const [name, grant] of Object.entries(table)) {
      const json = this.#plain(this.#table(grant, [...at, name]), [...at, name])
      grants[name] = name === 'fs' ? absoluteMounts(json, this.#folder) : json
    }
    return grants
  }

  #params(value: unknown, at: readonly string[]): Message {
    const table = this.#table(value, at)
    const kinds = ['json', 'string', 'bytes'] as const
    this.#keys(table, at, [...kinds, 'format'], 'params')
    const given = kinds.filter((kind) => table[kind] !== undefined)
    const [kind] = given
    if (kind === undefined || given.length > 1) {
      throw this.#error(
        'missing-key',
        at,
        'params have exactly one of json, string (text) and bytes (base64)',
      )
    }
    const path = [...at, kind]
    const body = this.#body(kind, table[kind], path)
    const format =
      table['format'] === undefined ? formats[kind] : this.#string(table['format'], [...at, 'format'])
    return { format, body }
  }

  #body(kind: keyof typeof formats, value: unknown, at: readonly string[]): Uint8Array {
    switch (kind) {
      case 'json':
        return new TextEncoder().encode(JSON.stringify(this.#plain(value, at)))
      case 'string':
        return new TextEncoder().encode(this.#string(value, at))
      case 'bytes':
        try {
          return Uint8Array.fromBase64(this.#string(value, at))
        } catch (cause) {
          if (ManifestError.is(cause)) throw cause
          throw this.#error('wrong-type', at, 'bytes is not base64')
        }
    }
  }

  #limits(value: unknown, at: readonly string[]): Partial<Limits> {
    const table = this.#table(value, at)
    this.#keys(table, at, limitNames, 'limits', 'limit')
    const limits: { -readonly [K in keyof Limits]?: number } = {}
    for (const name of limitNames) {
      const limit = table[name]
      if (limit === undefined) continue
      if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit <= 0) {
        throw this.#error('wrong-type', [...at, name], `${name} has to be a positive integer`)
      }
      limits[name] = limit
    }
    return limits
  }

  #keys(table: Table, at: readonly string[], known: readonly string[], what: string, noun = 'key'): void {
    for (const key of Object.keys(table)) {
      if (known.includes(key)) continue
      const near = nearest(key, known)
      const right =
        near === undefined ? `${capital(noun)}s: ${known.join(', ')}.` : `Did you mean ${quoted(near)}?`
      const where = at.length === 0 ? `in ${what}` : `in [${at.join('.')}]`
      throw this.#error('unknown-key', [...at, key], `there is no ${noun} ${quoted(key)} ${where}. ${right}`)
    }
  }

  #table(value: unknown, at: readonly string[]): Table {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date) {
      throw this.#error('wrong-type', at, `${at.at(-1) ?? ''} has to be a table: [${at.join('.')}]`)
    }
    return value as Table
  }

  #string(value: unknown, at: readonly string[]): string {
    if (typeof value !== 'string')
      throw this.#error('wrong-type', at, `${at.at(-1) ?? ''} has to be a string`)
    return value
  }

  /** TOML has values that JSON has not: dates, infinities, integers beyond what a number holds. */
  #plain(value: unknown, at: readonly string[]): Json {
    if (typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (Array.isArray(value)) return value.map((item) => this.#plain(item, at))
    if (typeof value === 'object' && value !== null && !(value instanceof TomlDate)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, this.#plain(item, [...at, key])]),
      )
    }
    const what = value instanceof TomlDate ? 'a date' : `${String(value)}`
    throw this.#error(
      'wrong-type',
      at,
      `${at.at(-1) ?? ''}: ${what} cannot be written as JSON. Write it as a string.`,
    )
  }

  #error(code: ManifestErrorCode, at: readonly string[], what: string): ManifestError {
    return new ManifestError(code, what, { path: this.#path, place: locate(this.#text, at) })
  }
}

const formats = {
  json: 'application/json',
  string: 'text/plain;charset=utf-8',
  bytes: 'application/octet-stream',
} as const

/**
 * Makes the host directories of an fs grant absolute: a grant is part of the record, and there it must say what it
 * means, whatever folder a later command is started in. What is not of an fs grant's shape stays for the schema to refuse.
 */
function absoluteMounts(grant: Json, folder: string): Json {
  if (!isObject(grant) || !isObject(grant['mounts'])) return grant
  const mounts = Object.entries(grant['mounts']).map(([guest, mount]): [string, Json] =>
    isObject(mount) && typeof mount['host'] === 'string' && mount['host'] !== ''
      ? [guest, { ...mount, host: resolve(folder, mount['host']) }]
      : [guest, mount],
  )
  return { ...grant, mounts: Object.fromEntries(mounts) }
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
