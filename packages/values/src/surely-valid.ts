import type { Json } from './types.ts'

/** `undefined`: whoever knows all of JSON Schema has to say. */
type Verdict = boolean | undefined
type Table = Readonly<Record<string, Json>>
type Rule = (of: Json, value: Json, schema: Table) => Verdict

/**
 * Whether a value is valid under a JSON Schema (2020-12) for sure. `false` says nothing: either it is not, or the schema has keywords that are
 * not known here. A compiler of schemas takes longer to load than an actor to come back, and is needed only to say what is wrong.
 */
export function surelyValid(schema: Json, value: Json): boolean {
  return judge(schema, value) === true
}

function judge(schema: Json | undefined, value: Json | undefined): Verdict {
  if (typeof schema === 'boolean') return schema
  if (!isTable(schema) || value === undefined) return undefined
  return all(Object.keys(schema), (keyword) => {
    const rule = Object.hasOwn(rules, keyword) ? rules[keyword] : undefined
    return rule?.(schema[keyword] ?? null, value, schema)
  })
}

const annotation: Rule = () => true

const rules: Readonly<Record<string, Rule>> = {
  $schema: annotation,
  $id: annotation,
  $comment: annotation,
  title: annotation,
  description: annotation,
  default: annotation,
  examples: annotation,
  deprecated: annotation,
  contentEncoding: annotation,
  contentMediaType: annotation,
  type: (of, value) => any(Array.isArray(of) ? of : [of], (name) => isOf(name, value)),
  const: (of, value) => same(of, value),
  enum: (of, value) => (Array.isArray(of) ? any(of, (one) => same(one, value)) : undefined),
  minimum: (of, value) => bound(of, value, (a, b) => a <= b),
  maximum: (of, value) => bound(of, value, (a, b) => a >= b),
  minLength: (of, value) => atLeast(of, lengthOf(value)),
  maxLength: (of, value) => atMost(of, lengthOf(value)),
  minItems: (of, value) => atLeast(of, itemsOf(value)?.length),
  maxItems: (of, value) => atMost(of, itemsOf(value)?.length),
  minProperties: (of, value) => atLeast(of, keysOf(value)?.length),
  maxProperties: (of, value) => atMost(of, keysOf(value)?.length),
  pattern: (of, value) => (typeof value === 'string' ? matches(of, value) : true),
  items: (of, value) => all(itemsOf(value) ?? [], (item) => judge(of, item)),
  uniqueItems: (of, value) => of === false || distinct(itemsOf(value) ?? []),
  required: (of, value) => (isTable(value) ? holds(of, value) : true),
  dependentRequired: (of, value) => {
    if (!isTable(of)) return undefined
    if (!isTable(value)) return true
    return all(
      Object.keys(of).filter((key) => Object.hasOwn(value, key)),
      (key) => holds(of[key], value),
    )
  },
  dependentSchemas: (of, value) => judgeEach(of, value, () => value),
  propertyNames: (of, value) => all(keysOf(value) ?? [], (key) => judge(of, key)),
  properties: (of, value) => judgeEach(of, value, (table, key) => table[key]),
  patternProperties: (of, value) => {
    if (!isTable(of)) return undefined
    if (!isTable(value)) return true
    return all(Object.keys(of), (pattern) =>
      all(Object.keys(value), (key) => {
        const matching = matches(pattern, key)
        return matching === true ? judge(of[pattern], value[key]) : matching === undefined ? undefined : true
      }),
    )
  },
  additionalProperties: (of, value, { properties, patternProperties }) => {
    if (!isTable(value)) return true
    const known = isTable(properties) ? properties : {}
    const patterns = isTable(patternProperties) ? Object.keys(patternProperties) : []
    return all(Object.keys(value), (key) => {
      if (Object.hasOwn(known, key)) return true
      const named = any(patterns, (pattern) => matches(pattern, key))
      return named === false ? judge(of, value[key]) : named
    })
  },
  allOf: (of, value) => (Array.isArray(of) ? all(of, (one) => judge(one, value)) : undefined),
  anyOf: (of, value) => (Array.isArray(of) ? any(of, (one) => judge(one, value)) : undefined),
  oneOf: (of, value) => {
    if (!Array.isArray(of)) return undefined
    const verdicts = of.map((one) => judge(one, value))
    if (verdicts.includes(undefined)) return undefined
    return verdicts.filter((one) => one === true).length === 1
  },
}

/** Of keys that a value has, each by its own schema. */
function judgeEach(of: Json, value: Json, what: (table: Table, key: string) => Json | undefined): Verdict {
  if (!isTable(of)) return undefined
  if (!isTable(value)) return true
  const keys = Object.keys(of).filter((key) => Object.hasOwn(value, key))
  return all(keys, (key) => judge(of[key], what(value, key)))
}

function all<T>(things: readonly T[], of: (thing: T) => Verdict): Verdict {
  let verdict: Verdict = true
  for (const thing of things) {
    const one = of(thing)
    if (one === false) return false
    if (one === undefined) verdict = undefined
  }
  return verdict
}

function any<T>(things: readonly T[], of: (thing: T) => Verdict): Verdict {
  let verdict: Verdict = false
  for (const thing of things) {
    const one = of(thing)
    if (one === true) return true
    if (one === undefined) verdict = undefined
  }
  return verdict
}

function isTable(value: Json | undefined): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function itemsOf(value: Json): readonly Json[] | undefined {
  return Array.isArray(value) ? (value as readonly Json[]) : undefined
}

function keysOf(value: Json): readonly string[] | undefined {
  return isTable(value) ? Object.keys(value) : undefined
}

/** In code points. */
function lengthOf(value: Json): number | undefined {
  return typeof value === 'string' ? Array.from(value).length : undefined
}

function isOf(name: Json, value: Json): Verdict {
  return typeof name === 'string' && Object.hasOwn(types, name) ? types[name]?.(value) : undefined
}

const types: Readonly<Record<string, (value: Json) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  array: (value) => Array.isArray(value),
  object: isTable,
}

/** Of arrays and objects it is not known. */
function same(a: Json, b: Json): Verdict {
  const deep = typeof a === 'object' && a !== null && typeof b === 'object' && b !== null
  return deep ? undefined : a === b
}

function distinct(items: readonly Json[]): Verdict {
  if (items.some((item) => typeof item === 'object' && item !== null)) return undefined
  return new Set(items).size === items.length
}

function bound(of: Json, value: Json, holding: (of: number, value: number) => boolean): Verdict {
  if (typeof of !== 'number') return undefined
  return typeof value === 'number' ? holding(of, value) : true
}

function atLeast(of: Json, size: number | undefined): Verdict {
  if (typeof of !== 'number') return undefined
  return size === undefined || size >= of
}

function atMost(of: Json, size: number | undefined): Verdict {
  if (typeof of !== 'number') return undefined
  return size === undefined || size <= of
}

function holds(of: Json | undefined, value: Table): Verdict {
  if (!Array.isArray(of)) return undefined
  return all(of as readonly Json[], (key) =>
    typeof key === 'string' ? Object.hasOwn(value, key) : undefined,
  )
}

function matches(of: Json, value: string): Verdict {
  if (typeof of !== 'string') return undefined
  try {
    return new RegExp(of, 'u').test(value)
  } catch {
    return undefined
  }
}
