import type { ErrorObject } from 'ajv'
import type { Json } from '@theater/values'
import type { ManifestErrorCode } from './manifest-error.ts'
import { nearest } from './nearest.ts'
import type { Part } from './toml-places.ts'
import { tomlPath, tomlValue } from './toml-text.ts'

/** What is wrong with a value, by its path. Where that is written is for the caller to find. */
export interface Fault {
  readonly code: ManifestErrorCode
  readonly path: readonly string[]
  readonly part: Part
  readonly message: string
  /** The key that is missing, or was meant. */
  readonly about?: string | undefined
}

type Schema = Readonly<Record<string, unknown>>

/** What a validator's errors (ajv, with `verbose` and `allErrors`) mean to somebody who wrote a manifest. */
export function faultsOf(errors: readonly ErrorObject[]): Fault[] {
  const faults = meant(errors).map(faultOf)
  // Where a key is misspelled that has to be there, the one slip is one fault.
  return faults.filter(
    ({ code, path, about }) =>
      code !== 'missing-key' ||
      about === undefined ||
      !faults.some(
        (other) =>
          other.code === 'unknown-key' && other.about === about && samePath(other.path.slice(0, -1), path),
      ),
  )
}

/** Every branch of an alternative reports why it is not the one. Only the alternative itself is meant, or what lies deeper. */
function meant(errors: readonly ErrorObject[]): ErrorObject[] {
  const alternatives = errors.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf')
  const names = errors.filter(({ keyword }) => keyword === 'propertyNames')
  const dropped = new Set<ErrorObject>()
  for (const one of alternatives) {
    const branches = errors.filter(
      (error) =>
        error !== one &&
        error.schemaPath.startsWith(`${one.schemaPath}/`) &&
        error.instancePath.startsWith(one.instancePath),
    )
    // A table where one branch is a table was meant to be that one.
    const inside = branches.filter(
      ({ keyword, instancePath }) =>
        isTable(one.data) && (keyword === 'additionalProperties' || instancePath !== one.instancePath),
    )
    if (inside.length > 0) dropped.add(one)
    for (const error of branches) if (!inside.includes(error)) dropped.add(error)
  }
  for (const one of names) {
    for (const error of errors) {
      if (
        error !== one &&
        error.propertyName === one.params['propertyName'] &&
        error.keyword !== 'propertyNames'
      )
        dropped.add(error)
    }
  }
  return errors.filter((error) => !dropped.has(error))
}

function faultOf(error: ErrorObject): Fault {
  const path = error.instancePath.split('/').slice(1).map(unescape)
  const params = error.params as Readonly<Record<string, unknown>>
  const parent = (error.parentSchema ?? {}) as Schema
  const name = path.at(-1) ?? ''
  const at = (code: ManifestErrorCode, message: string, part: Part = 'value'): Fault => ({
    code,
    path,
    part,
    message,
  })
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, String(params['additionalProperty']), parent)
    case 'propertyNames':
      return badName(path, String(params['propertyName']))
    case 'required':
    case 'dependentRequired':
      return missing(path, String(params['missingProperty']), parent)
    case 'minProperties':
      return path[0] === 'actor' && path.length === 1 ? noActor : at('missing-key', `${name} is empty`)
    case 'type':
      return at('wrong-type', `${name} has to be ${typeNames(params['type'])}, not ${typeOf(error.data)}`)
    case 'enum':
      return at('bad-value', notOneOf(name, error.data, params['allowedValues']))
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return at(
        'bad-value',
        `${name} has to be ${comparisons.get(params['comparison']) ?? ''} ${String(params['limit'])}, not ${shown(error.data)}`,
      )
    case 'oneOf':
    case 'anyOf':
      return alternative(path, error, parent)
    case 'uniqueItems':
      return at('bad-value', `${name} has the same item twice`)
    case 'pattern':
      return pattern(path, error, parent)
    case 'minLength':
      return at('bad-value', params['limit'] === 1 ? `${name} is empty` : `${name} is too short`)
    default:
      return at('bad-value', `${name} ${error.message ?? error.keyword}`)
  }
}

function unknownKey(path: readonly string[], key: string, schema: Schema): Fault {
  const known = isTable(schema['properties']) ? Object.keys(schema['properties']) : []
  const near = nearest(key, known)
  const noun = nounOf(path)
  const where = path.length === 0 ? 'in a manifest' : `in [${tomlPath(path)}]`
  return {
    code: 'unknown-key',
    path: [...path, key],
    part: 'key',
    about: near,
    message: `there is no ${noun} ${quoted(key)} ${where}. ${advice(path, key, near, noun, known, schema)}`,
  }
}

function advice(
  path: readonly string[],
  key: string,
  near: string | undefined,
  noun: string,
  known: readonly string[],
  schema: Schema,
): string {
  if (near !== undefined) return `Did you mean ${quoted(near)}?`
  if (path.length === 0 && actorKeys.includes(key)) return `It belongs into an actor: [actor.NAME] or below.`
  if (path.length === 2 && key === 'grant') return 'Did you mean "grants"?'
  if (known.length === 0) return sentence(schema['description']) || 'It takes no keys.'
  const more = noun === 'handler' ? ' Those of somebody else are given with --handler MODULE.' : ''
  return `${capital(noun)}s: ${known.join(', ')}.${more}`
}

const actorKeys: readonly string[] = ['component', 'grants', 'params', 'limits']

/** What the keys of a table are called. */
function nounOf(path: readonly string[]): string {
  const [top, , section] = path
  if (top === 'actor' && path.length === 3 && section === 'grants') return 'handler'
  return top === 'actor' && path.length === 3 && section === 'limits' ? 'limit' : 'key'
}

function badName(path: readonly string[], key: string): Fault {
  const inside: readonly string[] = [...path, key]
  return path.length === 1 && path[0] === 'actor'
    ? {
        code: 'bad-id',
        path: inside,
        part: 'key',
        message: `${quoted(key)} is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`,
      }
    : {
        code: 'bad-value',
        path: inside,
        part: 'key',
        message: `${quoted(key)} cannot be a key of [${tomlPath(path)}]`,
      }
}

const noActor: Fault = {
  code: 'missing-key',
  path: ['actor'],
  part: 'value',
  message: 'there is no actor. Write [actor.NAME] with component = "FILE.wasm".',
}

function missing(path: readonly string[], key: string, schema: Schema): Fault {
  if (path.length === 0 && key === 'actor') return { ...noActor, path: [], about: key }
  const [example]: unknown[] = Array.isArray(schema['examples']) ? schema['examples'] : []
  const value = isTable(example) && Object.hasOwn(example, key) ? (example[key] as Json) : undefined
  const properties = isTable(schema['properties']) ? schema['properties'] : {}
  const about = isTable(properties[key]) ? sentence(properties[key]['description']) : ''
  return {
    code: 'missing-key',
    path,
    part: 'value',
    about: key,
    message: `[${tomlPath(path)}] has no ${key}.${value === undefined ? '' : ` Write ${assignment([key], value)}.`}${about === '' ? '' : ` ${about}`}`,
  }
}

/** `mounts."/data" = { … }` rather than braces in braces. */
function assignment(path: readonly string[], value: Json): string {
  const entries = isTable(value) ? Object.entries(value) : []
  const [only] = entries
  if (path.length < 2 && entries.length === 1 && only !== undefined && isTable(only[1]))
    return assignment([...path, only[0]], only[1] as Json)
  return `${tomlPath(path)} = ${tomlValue(value)}`
}

function alternative(path: readonly string[], { data, schema }: ErrorObject, parent: Schema): Fault {
  const name = path.at(-1) ?? ''
  const branches: unknown[] = Array.isArray(schema) ? schema : []
  const keys = branches.map((one) => (isTable(one) && Array.isArray(one['required']) ? one['required'] : []))
  if (keys.every((one) => one.length === 1) && isTable(data)) {
    return {
      code: 'missing-key',
      path,
      part: 'value',
      message: `[${tomlPath(path)}] needs exactly one of ${list(keys.map(String), 'and')}`,
    }
  }
  return {
    code: 'bad-value',
    path,
    part: 'value',
    message: `${name} cannot be ${shown(data)}. ${sentence(parent['description'])}`.trimEnd(),
  }
}

function pattern(path: readonly string[], { data, params }: ErrorObject, parent: Schema): Fault {
  const name = path.at(-1) ?? ''
  const about = sentence(parent['description'])
  if (path[0] === 'actor' && path.length === 3 && name === 'component' && typeof data === 'string') {
    const out = `${(data.split(/[/\\]/).at(-1) ?? '').replace(/\.[^.]*$/, '')}.wasm`
    const message = data.includes('\0')
      ? `${quoted(data)} is not the name of a file`
      : `${quoted(data)} is source, not a component. Run \`theater build ${data} -o ${out}\` and write component = ${tomlValue(out)}.`
    return { code: 'no-component', path, part: 'value', message }
  }
  const rule = about === '' ? `It has to match ${String(params['pattern'])}.` : about
  const item = /^\d+$/.test(name) ? (path.at(-2) ?? name) : name
  return { code: 'bad-value', path, part: 'value', message: `${item} cannot be ${shown(data)}. ${rule}` }
}

function notOneOf(name: string, data: unknown, allowed: unknown): string {
  const values: unknown[] = Array.isArray(allowed) ? allowed : []
  const texts = values.filter((value) => typeof value === 'string')
  const near = typeof data === 'string' ? nearest(data, texts) : undefined
  const right = near === undefined ? '' : ` Did you mean ${quoted(near)}?`
  return `${name} has to be ${list(values.map(shown), 'or')}, not ${shown(data)}.${right}`
}

function typeNames(types: unknown): string {
  const names: readonly string[] = Array.isArray(types) ? types.map(String) : String(types).split(',')
  return list(
    names.map((name) => typeWords.get(name) ?? name),
    'or',
  )
}

const comparisons = new Map<unknown, string>([
  ['>=', 'at least'],
  ['<=', 'at most'],
  ['>', 'above'],
  ['<', 'below'],
])

const typeWords = new Map([
  ['object', 'a table'],
  ['array', 'an array'],
  ['string', 'a string'],
  ['integer', 'an integer'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
])

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? 'a string' : 'a table'
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  return typeOf(value)
}

function isTable(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(items: readonly string[], word: string): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

function sentence(text: unknown): string {
  return typeof text === 'string' ? text : ''
}

/** A text as TOML writes it, cut where it is long. */
function quoted(text: string): string {
  return tomlValue(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i])
}

/** JSON Pointer: https://www.rfc-editor.org/rfc/rfc6901 */
function unescape(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
