import { createRequire } from 'node:module'
import { trackOf } from '@theater/boundary'
import type * as Schemas from 'ajv/dist/2020.js'

/** What is missing for a value to be a handler, in words; nothing where it is one. */
export function shapeFaults(value: unknown): string[] {
  if (!isObject(value)) return [`${typeof value} is no handler`]
  const { name, interfaces, grant, functions } = value
  const faults: string[] = []
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    faults.push('its name is not of a-z, 0-9 and -')
  const tracks: unknown[] = Array.isArray(interfaces) ? interfaces : []
  if (tracks.length === 0) faults.push('it serves no interfaces')
  faults.push(...tracks.flatMap(trackFaults))
  for (const method of ['within', 'authorize', 'bind'])
    if (typeof value[method] !== 'function') faults.push(`it has no function ${method}`)
  if (value['inert'] !== undefined && typeof value['inert'] !== 'function')
    faults.push('its inert is no function')
  faults.push(...grantFaults(grant))
  if (!isObject(functions)) faults.push('it has no functions')
  else {
    for (const [fn, declared] of Object.entries(functions)) {
      const track = fn.slice(0, fn.indexOf('#'))
      // Of streams it says how those behave that it makes.
      if (!tracks.includes(track) && !track.startsWith('wasi:io/'))
        faults.push(`its function ${fn} is of no interface that it serves`)
      faults.push(...functionFaults(fn, declared))
    }
  }
  return faults
}

const effects: ReadonlySet<unknown> = new Set(['none', 'read', 'idempotent', 'once'])

function functionFaults(fn: string, declared: unknown): string[] {
  if (!isObject(declared)) return [`its function ${fn} is not declared`]
  const { mode, effect } = declared
  if (mode !== 'sync' && mode !== 'async') return [`the mode of ${fn} is neither sync nor async`]
  if (!effects.has(effect)) return [`the effect of ${fn} is none of ${[...effects].join(', ')}`]
  if (mode === 'sync' && (effect === 'idempotent' || effect === 'once'))
    return [`${fn} has an effect outside, so its mode has to be async`]
  return ['ask', 'deny', 'effectOf']
    .filter((key) => declared[key] !== undefined && typeof declared[key] !== 'function')
    .map((key) => `the ${key} of ${fn} is no function`)
}

/** A grant without a schema, or with one that allows anything, would be authority that nobody checked. */
function grantFaults(grant: unknown): string[] {
  if (!isObject(grant)) return ['it has no schema of a grant']
  if (grant['type'] === 'object' && grant['additionalProperties'] !== false)
    return ['the schema of its grant is open: additionalProperties has to be false']
  try {
    const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof Schemas
    new Ajv2020({ strict: true, allowUnionTypes: true }).compile(grant)
    return []
  } catch (error) {
    return [`the schema of its grant is none: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function trackFaults(value: unknown): string[] {
  if (typeof value !== 'string' || !/^[^:/@#]+:[^:/@#]+\/[^/@#]+(@.+)?$/.test(value))
    return [`${JSON.stringify(value) ?? typeof value} is not an interface such as my:notes/notes@0.1`]
  const track = trackOf(value)
  return track === value ? [] : [`${value} is one version: every one of its track is served as ${track}`]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
