/** The names a component may carry: every one of them ends up inside generated JavaScript. */
import { camelCase } from '@theater/values'
import { ComponentError } from './errors.ts'

const fragment = '(?:[0-9a-z]+|[0-9A-Z]+)'
const label = `(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-${fragment})*`
const words = '[a-z][0-9a-z]*(?:-[0-9a-z]+)*'
const number = '(?:0|[1-9][0-9]*)'
const identifiers = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const semver = `${number}\\.${number}\\.${number}(?:-${identifiers})?(?:\\+${identifiers})?`

const labelPattern = new RegExp(`^${label}$`)
const plainPattern = new RegExp(
  `^(?:${label}|\\[constructor\\]${label}|\\[(?:method|static)\\]${label}\\.${label})$`,
)
const interfacePattern = new RegExp(`^${words}:${words}/${label}(?:@${semver})?$`)
const asyncPattern = /^\[async[ a-z]*\]/
const corePattern = /^[A-Za-z0-9_:/@.#$|<>+[\] -]*$/

/** How a name reads in a message: quoted, escaped, cut. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}

function refuse(what: string, name: string, why: string, offset: number): never {
  throw new ComponentError('bad-name', `${what} ${shown(name)} is refused: ${why}.`, { offset })
}

/** Checks the name of a field, case, flag or parameter: kebab-case, as WIT has it. */
export function checkLabel(name: string, offset: number): string {
  if (!labelPattern.test(name)) refuse('The label', name, 'it is not in kebab-case', offset)
  return name
}

/** Checks the name of an import or export: a plain name or the name of an interface, and nothing newer or older. */
export function checkExternName(name: string, offset: number): string {
  if (plainPattern.test(name)) return name
  if (asyncPattern.test(name)) {
    throw new ComponentError('unsupported', `${shown(name)}: async functions are not supported.`, { offset })
  }
  if (!interfacePattern.test(name)) {
    refuse('The name', name, 'it is neither a plain name nor namespace:package/interface@version', offset)
  }
  // jco binds imports of this namespace to the JavaScript globals, past the host's imports.
  if (name.startsWith('webidl:')) {
    refuse('The interface', name, 'jco would bind it to the globals of the host', offset)
  }
  return name
}

/** Checks a name inside or between core modules. jco prints these into its JavaScript without escaping. */
export function checkCoreName(name: string, offset: number): string {
  if (!corePattern.test(name)) {
    refuse('The core name', name, 'it has a character outside A-Z a-z 0-9 and _:/@.#$|<>+[] -', offset)
  }
  return name
}

/** Whether a checked extern name is that of an interface in a package. */
export function isInterfaceName(name: string): boolean {
  return name.includes(':')
}

/** `get-HTTP-body2` → `GetHttpBody2`: how jco names classes, where `camelCase` is how it names all else. */
export function pascalCase(name: string): string {
  const camel = camelCase(name)
  return camel.slice(0, 1).toUpperCase() + camel.slice(1)
}

/** A plain name taken apart. */
export interface PlainName {
  readonly kind: 'freestanding' | 'constructor' | 'method' | 'static'
  /** The resource's label; empty for a freestanding function. */
  readonly resource: string
  /** The function's own label; empty for a constructor. */
  readonly item: string
}

/** Takes `[method]resource.item` and its like apart. The name has been checked. */
export function splitPlainName(name: string): PlainName {
  const close = name.indexOf(']')
  if (close < 0) return { kind: 'freestanding', resource: '', item: name }
  const kind = name.slice(1, close)
  const rest = name.slice(close + 1)
  if (kind === 'constructor') return { kind, resource: rest, item: '' }
  const dot = rest.indexOf('.')
  return {
    kind: kind === 'method' ? 'method' : 'static',
    resource: rest.slice(0, dot),
    item: rest.slice(dot + 1),
  }
}
