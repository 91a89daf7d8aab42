import type { JsonSchema } from '@theater/handler'
import type { Json } from '@theater/values'
import { insteadOf } from './instead-of.ts'
import { tomlPath, tomlValue } from './toml-text.ts'

/**
 * The least that grants a handler to an actor, as the lines of a table: the example of the handler's own schema, each key
 * under what the schema says of it.
 */
export function grantLines(
  actor: string,
  handler: string,
  schema: JsonSchema,
  example = exampleOf(schema),
): string[] {
  const path = ['actor', actor, 'grants', handler]
  const lines = [`[${tomlPath(path)}]`]
  // A schema of somebody else's may have no example.
  for (const key of requiredOf(schema)) {
    if (Object.hasOwn(example, key)) continue
    lines.push(...comment(`It needs ${tomlPath([key])}. ${aboutOf(propertyOf(schema, key))}`.trimEnd()))
  }
  for (const [key, value] of Object.entries(example)) {
    const about = aboutOf(propertyOf(schema, key))
    if (about !== '') lines.push(...comment(about))
    for (const [keys, item] of leaves([key], value)) lines.push(`${tomlPath(keys)} = ${tomlValue(item)}`)
  }
  return lines
}

/** The least grant as one assignment, for tables that are written in braces. */
export function inlineGrant(path: readonly string[], schema: JsonSchema): string {
  return `${tomlPath(path)} = ${tomlValue(exampleOf(schema))}`
}

/** The least grant that means something: the first example of the schema. Where it is empty there is nothing to choose. */
export function exampleOf(schema: JsonSchema): Readonly<Record<string, Json>> {
  const examples = schema['examples']
  const [first]: readonly Json[] = Array.isArray(examples) ? examples : []
  return isTable(first) ? first : {}
}

/** The same, of the examples that have these keys; the first one where none has. */
export function exampleWith(schema: JsonSchema, keys: readonly string[]): Readonly<Record<string, Json>> {
  const examples: readonly Json[] = Array.isArray(schema['examples']) ? schema['examples'] : []
  const found = keys.flatMap((key): [string, Json][] => {
    const one = examples.filter(isTable).find((example) => Object.hasOwn(example, key))
    return one === undefined ? [] : [[key, one[key] as Json]]
  })
  return found.length === 0 ? exampleOf(schema) : Object.fromEntries(found)
}

function requiredOf(schema: JsonSchema): string[] {
  const required = schema['required']
  return Array.isArray(required) ? required.map(String) : []
}

/** What a schema says of itself, on one line. */
function aboutOf(schema: Json | undefined): string {
  const text = isTable(schema) ? schema['description'] : undefined
  return typeof text === 'string' ? text.replaceAll(/\s+/g, ' ').trim() : ''
}

/** A table of tables is one line each: `mounts."/data" = { … }`. */
function leaves(path: readonly string[], value: Json): [path: readonly string[], value: Json][] {
  const entries = isTable(value) ? Object.entries(value) : []
  if (entries.length === 0 || !entries.every(([, item]) => isTable(item))) return [[path, value]]
  return entries.map(([key, item]) => [[...path, key], item])
}

function propertyOf(schema: JsonSchema, key: string): Json | undefined {
  const properties = schema['properties']
  return isTable(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined
}

function isTable(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A comment of one or more lines, at most 100 columns each. */
function comment(text: string, width = 100): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width && line !== '#') {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** What a manifest for one component is made of. */
export interface ManifestParts {
  readonly actor: string
  /** The component's file, as the manifest names it. */
  readonly component: string
  /** Where an editor finds the schema of manifests. */
  readonly schema: string
  /** Whether each request is to have an instance of its own. */
  readonly perTurn: boolean
  readonly needs: readonly Need[]
  /** Imports that no handler serves. */
  readonly unserved: readonly string[]
}

/** One handler that a component imports something of, or that calls it. */
export interface Need {
  readonly handler: string
  readonly schema: JsonSchema
  /** The least of it that means something to this component. */
  readonly example: Readonly<Record<string, Json>>
  /** Whether the actor is made without it, with imports that are empty and closed. */
  readonly optional: boolean
  readonly interfaces: readonly string[]
  readonly functions: readonly string[]
}

/**
 * The least manifest that runs a component. What it may go without, and what somebody has to choose, is there as a comment:
 * as it stands, it runs.
 */
export function manifestText({ actor, component, schema, perTurn, needs, unserved }: ManifestParts): string {
  const lines = [
    `#:schema ${schema}`,
    '',
    `[${tomlPath(['actor', actor])}]`,
    `component = ${tomlValue(component)}`,
  ]
  if (perTurn)
    lines.push(
      ...comment('It knows nothing of actors, so each request gets a fresh instance of it.'),
      'instance = "turn"',
    )
  for (const name of unserved)
    lines.push('', ...comment(`It cannot run: no handler of theater serves ${name}.${insteadOf(name)}`))
  for (const { handler, schema: grant, example, optional, interfaces, functions } of needs) {
    const grants = grantLines(actor, handler, grant, example)
    // An empty grant leaves nothing to choose.
    const off = optional && Object.keys(example).length > 0
    const about = aboutOf(grant)
    lines.push('', ...comment(about === '' ? handler : `${handler}: ${about}`))
    lines.push(...comment(`For ${interfaces.join(', ')}: ${some(functions)}.`))
    if (off)
      lines.push(...comment('It runs without: these imports are then there, empty and closed. To grant it:'))
    lines.push(...(off ? grants.map((line) => (line.startsWith('#') ? line : `#${line}`)) : grants))
  }
  return lines.join('\n')
}

function some(names: readonly string[]): string {
  const all = [...new Set(names)]
  const shown = all.slice(0, 8).join(', ')
  return all.length > 8 ? `${shown} and ${all.length - 8} more` : shown
}
