import { readFile, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { Durability } from '@theater/event-chain'
import type { AnyHandler, JsonSchema } from '@theater/handler'
import type { Limits, Message, TheaterOptions } from '@theater/runtime'
import { surelyValid } from '@theater/values'
import type { Json } from '@theater/values'
import type * as Schemas from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import type * as Toml from 'smol-toml'
import { ManifestError } from './manifest-error.ts'
import { handlerNames } from './grant-schemas.ts'
import type { GrantSchemas } from './grant-schemas.ts'
import { schemaWith } from './manifest-schema.ts'
import { ManifestSource } from './manifest-source.ts'
import { faultsOf } from './schema-faults.ts'
import type { Fault } from './schema-faults.ts'
import type { SecretSources } from './secrets.ts'
import type { WitnessSource } from './witnesses.ts'

/** When actors leave memory, and how they come back; what is not there is as the runtime has it. */
export type Residing = Pick<TheaterOptions, 'resident' | 'idleMs' | 'snapshots'>

/** One actor of a manifest. */
export interface ManifestActor {
  readonly id: string
  /** The component's file, absolute. */
  readonly component: string
  /**
   * Authority by handler, each of its handler's schema, host directories made absolute. The components of supervisor are
   * files, absolute too: `offerOf` reads them, and makes of it the grants that are recorded.
   */
  readonly grants: Readonly<Record<string, Json>>
  readonly params: Message | undefined
  /** How long an instance of the component lives; undefined where it does not say. */
  readonly instance: Lifetime | undefined
  readonly limits: Partial<Limits>
  /** What of it survives a crash; undefined where it does not say. */
  readonly durability: Durability | undefined
}

/** How long an instance of a component lives. */
export type Lifetime = 'actor' | 'turn'

/** What a `theater.toml` says. */
export interface Manifest {
  /** The file, as it was named. */
  readonly path: string
  /** In the order in which they are written, which is the order in which they are made. */
  readonly actors: readonly ManifestActor[]
  /** Where requests come in that actors are granted to answer, `HOST:PORT`; undefined where it does not say. */
  readonly listen: string | undefined
  /** How many actors the host has at once; undefined where it does not say. */
  readonly maxActors: number | undefined
  /** Milliseconds within which the thread of the actors has to answer; undefined: they have none of their own. */
  readonly answerMs: number | undefined
  /** What of actors survives a crash that do not say it themselves; undefined where it does not say. */
  readonly durability: Durability | undefined
  /** When actors leave memory, and how they come back. */
  readonly residing: Residing
  /** Who cosigns what the host signs. */
  readonly witnesses: readonly WitnessSource[]
  /** Where the secrets come from that grants of http name. */
  readonly secrets: SecretSources
}

/** A manifest, and where it says what. */
export interface PlacedManifest extends Manifest {
  readonly source: ManifestSource
  /** What grants of handlers of others may say. */
  readonly contributed: GrantSchemas
}

/** What a manifest is read with. */
export interface ManifestOptions {
  /** Handlers beside those of `theater`: their grants are checked by their schemas. @default [] */
  readonly handlers?: readonly Pick<AnyHandler, 'name' | 'grant'>[]
}

/** A command without a manifest does not wait for what reads one. */
const toml = (): typeof Toml => createRequire(import.meta.url)('smol-toml') as typeof Toml

const MAX_BYTES = 1 << 20
const MAX_DEPTH = 64
/** A file in which more is wrong is not a manifest with slips of the pen; what comes first is told. */
const MAX_FAULTS = 200

/**
 * Reads a manifest.
 *
 * @throws ManifestError with everything that is wrong; what the file system throws where there is no such file
 *
 * @example
 * ```ts
 * const { actors } = await readManifest('theater.toml')
 * console.log(actors.map(({ id }) => id))
 * ```
 */
export async function readManifest(path: string, options?: ManifestOptions): Promise<Manifest> {
  return readPlaced(path, options)
}

/**
 * Parses a manifest's text. Touches no file.
 *
 * @param from `path` for messages; `folder` is what relative paths start from
 * @throws ManifestError with everything that is wrong
 */
export function parseManifest(
  text: string,
  from: { readonly path: string; readonly folder: string },
  options?: ManifestOptions,
): Manifest {
  return parsePlaced(text, from, options)
}

/** As {@link readManifest}, with places. */
export async function readPlaced(path: string, options?: ManifestOptions): Promise<PlacedManifest> {
  const { size } = await stat(path)
  const refuse = (message: string, cause?: unknown): ManifestError =>
    new ManifestError(
      path,
      [{ code: 'syntax', message, place: undefined, excerpt: [], add: [] }],
      cause === undefined ? undefined : { cause },
    )
  if (size > MAX_BYTES) throw refuse(`a manifest of ${size} bytes; the limit is ${MAX_BYTES}`)
  const bytes = await readFile(path)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refuse('this is not UTF-8 text', cause)
  }
  // A mount must not go through a symbolic link, so what it is relative to must not either.
  return parsePlaced(text, { path, folder: dirname(await realpath(path)) }, options)
}

/** As {@link parseManifest}, with places. */
function parsePlaced(
  text: string,
  { path, folder }: { readonly path: string; readonly folder: string },
  { handlers = [] }: ManifestOptions = {},
): PlacedManifest {
  const source = new ManifestSource(path, text)
  const contributed = Object.fromEntries(handlers.map(({ name, grant }) => [name, grant]))
  const { value, faults } = plain(parseToml(source))
  const wrong = [...faults, ...schemaFaults(value, contributed, faults)].slice(0, MAX_FAULTS)
  const unknown = wrong.filter(({ code }) => code === 'unknown-key')
  // Of what stands under a key that is not one, the key is all there is to say, and once.
  const isBefore = (one: Fault, fault: Fault): boolean =>
    one !== fault && (!isWithin(one, fault) || wrong.indexOf(one) < wrong.indexOf(fault))
  const said = wrong.filter((fault) => !unknown.some((one) => isBefore(one, fault) && isWithin(fault, one)))
  if (said.length > 0) throw source.error(said)
  const { actor: actors, host, http, secrets = {} } = value as unknown as Checked
  return {
    path,
    source,
    contributed,
    actors: Object.entries(actors).map(([id, actor]) => actorOf(id, actor, folder)),
    listen: http?.listen,
    maxActors: host?.actors,
    answerMs: host?.answerMs,
    durability: host?.durability,
    residing: residingOf(host ?? {}),
    witnesses: host?.witnesses ?? [],
    secrets,
  }
}

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** What is said of when actors leave memory, and nothing else. */
export function residingOf({ resident, idleMs, snapshots }: Given<Residing>): Residing {
  return {
    ...(resident !== undefined && { resident }),
    ...(idleMs !== undefined && { idleMs }),
    ...(snapshots !== undefined && { snapshots }),
  }
}

/** What the schema says of a manifest. Whatever compiles it is loaded where there is something to say. */
function schemaFaults(manifest: Json, contributed: GrantSchemas, known: readonly Fault[]): Fault[] {
  const granted = grantedIn(manifest)
  const schema = (): JsonSchema => schemaWith(contributed, (name) => granted.has(name))
  if (surelyValid(schema(), manifest)) return undecodable(manifest)
  const validate = validatorOf(schema, granted, Object.keys(contributed).length > 0)
  return validate(manifest) ? undecodable(manifest) : checked(validate, known)
}

const validators = new Map<string, ValidateFunction>()

/** Most manifests grant few handlers, and each that is left out saves the command milliseconds before it begins. */
function validatorOf(
  schema: () => JsonSchema,
  granted: ReadonlySet<string>,
  isContributed: boolean,
): ValidateFunction {
  const wanted = handlerNames.filter((name) => granted.has(name))
  if (isContributed) return compiled(schema())
  const key = wanted.join(' ')
  let validator = validators.get(key)
  if (validator === undefined) {
    validator = compiled(schema())
    validators.set(key, validator)
  }
  return validator
}

/** The handlers that stand below grants, whatever is wrong beside. */
function grantedIn(manifest: Json): ReadonlySet<string> {
  const actors = Object.values(tableOf(manifest, 'actor'))
  return new Set(actors.flatMap((actor) => Object.keys(tableOf(actor, 'grants'))))
}

function tableOf(value: Json | undefined, key: string): Readonly<Record<string, Json>> {
  const within = isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return isTable(within) ? within : {}
}

function isTable(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function compiled(schema: JsonSchema): ValidateFunction {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof Schemas
  return new Ajv2020({
    allErrors: true,
    strict: true,
    // The alternatives of params name keys that are declared beside them.
    strictRequired: false,
    allowUnionTypes: true,
    verbose: true,
  }).compile(schema)
}

/** What the schema says of the value that it was just asked about, but for what cannot be a value at all. */
function checked(validate: ValidateFunction, faults: readonly Fault[]): Fault[] {
  return faultsOf((validate.errors ?? []).slice(0, MAX_FAULTS)).filter(
    (one) => one.code === 'unknown-key' || !faults.some((fault) => isWithin(one, fault)),
  )
}

/** Whether what a fault is about is what another one is about, or a part of it. */
function isWithin({ path }: Fault, other: Fault): boolean {
  return other.path.every((key, i) => key === path[i])
}

/** What a manifest is after the schema has seen it. */
interface Checked {
  readonly actor: Readonly<Record<string, CheckedActor>>
  readonly host?: {
    readonly actors?: number
    readonly answerMs?: number
    readonly durability?: Durability
    readonly resident?: number
    readonly idleMs?: number
    readonly snapshots?: NonNullable<Residing['snapshots']>
    readonly witnesses?: readonly WitnessSource[]
  }
  readonly http?: { readonly listen?: string }
  readonly secrets?: SecretSources
}

interface CheckedActor {
  readonly component: string
  readonly grants?: Readonly<Record<string, Json>>
  readonly params?: {
    readonly json?: Json
    readonly string?: string
    readonly bytes?: string
    readonly format?: string
  }
  readonly instance?: Lifetime
  readonly durability?: Durability
  readonly limits?: Partial<Limits>
}

function actorOf(
  id: string,
  { component, grants = {}, params, instance, durability, limits = {} }: CheckedActor,
  folder: string,
): ManifestActor {
  return {
    id,
    component: resolve(folder, component),
    grants: Object.fromEntries(
      Object.entries(grants).map(([name, grant]) => [name, absolute(name, grant, folder)]),
    ),
    params: params === undefined ? undefined : messageOf(params),
    instance,
    limits,
    durability,
  }
}

function messageOf({ json, string, bytes, format }: NonNullable<CheckedActor['params']>): Message {
  const text = new TextEncoder()
  if (bytes !== undefined)
    return { format: format ?? 'application/octet-stream', body: Uint8Array.fromBase64(bytes) }
  if (string !== undefined) return { format: format ?? 'text/plain;charset=utf-8', body: text.encode(string) }
  return { format: format ?? 'application/json', body: text.encode(JSON.stringify(json)) }
}

/** What no schema can say: that a text is base64. */
function undecodable(value: Json): Fault[] {
  return Object.entries((value as unknown as Checked).actor).flatMap(([id, { params }]): Fault[] => {
    if (params?.bytes === undefined) return []
    try {
      Uint8Array.fromBase64(params.bytes)
      return []
    } catch {
      const path = ['actor', id, 'params', 'bytes']
      return [{ code: 'bad-value', path, part: 'value', message: 'bytes is not base64' }]
    }
  })
}

function parseToml(source: ManifestSource): unknown {
  const { parse, TomlError } = toml()
  try {
    return parse(source.text, {
      integersAsBigInt: 'asNeeded',
      unsafeKeyBehaviour: 'throw',
      maxDepth: MAX_DEPTH,
    })
  } catch (cause) {
    const known = cause instanceof TomlError
    // Deep nesting of another kind than maxDepth knows would end in a RangeError of the engine.
    const message = known ? whatOf(cause) : 'this is not TOML that can be read'
    const span = known ? { line: cause.line, column: cause.column, end: cause.column + 1 } : undefined
    throw new ManifestError(source.path, [source.at({ code: 'syntax', message }, span)], { cause })
  }
}

function whatOf({ message }: Error): string {
  const [what = ''] = message.replace(/^Invalid TOML document: /, '').split('\n')
  return what.includes('unsafe property')
    ? '__proto__ and constructor cannot be keys: every object of JavaScript has them'
    : what
}

/** TOML has values that JSON has not: dates, infinities, integers beyond what a number holds. */
function plain(root: unknown): { readonly value: Json; readonly faults: readonly Fault[] } {
  const { TomlDate } = toml()
  const faults: Fault[] = []
  const fault = (one: Fault): void => {
    if (faults.length < MAX_FAULTS) faults.push(one)
  }
  const convert = (value: unknown, path: readonly string[]): Json => {
    if (typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    // Dotted keys nest without brackets, so the parser's bound does not hold them.
    if (path.length > MAX_DEPTH) {
      fault({
        code: 'syntax',
        path: path.slice(0, 3),
        part: 'key',
        message: `nested deeper than ${MAX_DEPTH}`,
      })
      return null
    }
    if (Array.isArray(value)) return value.map((item, i) => convert(item, [...path, String(i)]))
    if (typeof value === 'object' && value !== null && !(value instanceof TomlDate)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, convert(item, [...path, key])]),
      )
    }
    const what = value instanceof TomlDate ? 'a date' : String(value)
    const name = path.findLast((key) => !/^\d+$/.test(key)) ?? ''
    const message = `${name}: ${what} cannot be written as JSON. Write it as a string.`
    fault({ code: 'wrong-type', path, part: 'value', message })
    return null
  }
  return { value: convert(root, []), faults }
}

function absolute(name: string, grant: Json, folder: string): Json {
  if (name === 'fs') return absoluteMounts(grant, folder)
  if (name !== 'supervisor') return grant
  const { components } = grant as { readonly components: readonly string[] }
  return { components: components.map((file) => resolve(folder, file)) }
}

/**
 * Makes the host directories of an fs grant absolute: a grant is part of the record, and there it must say what it
 * means, whatever folder a later command is started in.
 */
function absoluteMounts(grant: Json, folder: string): Json {
  const { mounts, ...rest } = grant as {
    readonly mounts: Readonly<Record<string, { readonly host?: string }>>
  }
  const absolute = Object.entries(mounts).map(([guest, mount]): [string, Json] => [
    guest,
    // A mount of a tree out of the store is in no directory.
    mount.host === undefined ? mount : { ...mount, host: resolve(folder, mount.host) },
  ])
  return { ...rest, mounts: Object.fromEntries(absolute) }
}
