import { surelyValid } from '@theater/values'
import type { Json } from '@theater/values'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { assert, constantFrom, dictionary, integer, letrec, oneof, property, record, tuple } from 'fast-check'
import { array, boolean, constant, pre, string } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'

const ajv = new Ajv2020({ strict: false })

const key = constantFrom('a', 'b', 'ab', 'c1')
const scalar: Arbitrary<Json> = oneof(
  constantFrom(null, true, 0, 1, 2.5, -3, '', 'a', 'ab', '\u{1f600}'),
  string({ maxLength: 3 }),
)
const { value } = letrec<{ value: Json }>((tie) => ({
  value: oneof(
    { depthSize: 'small' },
    scalar,
    array(tie('value'), { maxLength: 3 }),
    dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
const size = integer({ min: 0, max: 3 })
const pattern = constantFrom('^a', 'b$', '^[a-z]+$', '^.$', '(')

/** One keyword each, those of one schema together. */
const { schema } = letrec<{ schema: Json }>((tie) => {
  const one = tie('schema')
  const some = array(one, { minLength: 1, maxLength: 3 })
  const keywords: Readonly<Record<string, Arbitrary<Json>>> = {
    type: oneof(
      constantFrom('null', 'boolean', 'string', 'number', 'integer', 'array', 'object'),
      tuple(constantFrom('string', 'object'), constantFrom('array', 'number')),
    ),
    const: value,
    enum: array(value, { minLength: 1, maxLength: 3 }),
    minimum: integer({ min: -2, max: 2 }),
    maximum: integer({ min: -2, max: 2 }),
    minLength: size,
    maxLength: size,
    minItems: size,
    maxItems: size,
    minProperties: size,
    maxProperties: size,
    pattern: pattern.filter((text) => text !== '('),
    items: one,
    uniqueItems: boolean(),
    required: array(key, { maxLength: 2 }).map((keys) => [...new Set(keys)]),
    dependentRequired: dictionary(key, tuple(key), { maxKeys: 2, noNullPrototype: true }),
    dependentSchemas: dictionary(key, one, { maxKeys: 2, noNullPrototype: true }),
    propertyNames: one,
    properties: dictionary(key, one, { maxKeys: 3, noNullPrototype: true }),
    patternProperties: dictionary(
      pattern.filter((text) => text !== '('),
      one,
      { maxKeys: 2, noNullPrototype: true },
    ),
    additionalProperties: one,
    allOf: some,
    anyOf: some,
    oneOf: some,
    // Known to the compiler alone.
    not: one,
    title: constant('a title'),
  }
  const pairs = Object.entries(keywords).map(([name, of]) => record({ [name]: of }) as Arbitrary<Json>)
  return {
    schema: oneof(
      { depthSize: 'small' },
      boolean(),
      array(oneof(...pairs), { maxLength: 3 }).map((all) => Object.assign({}, ...(all as object[])) as Json),
    ),
  }
})

/** What the compiler says; where a defect of its own keeps it from saying anything, the next is taken. */
function says(rules: Json, candidate: Json): boolean {
  const validate = ajv.compile(rules as object | boolean)
  try {
    return validate(candidate)
  } catch (error) {
    // Of 8.20, where patternProperties comes after some kinds of oneOf.
    pre(!(error instanceof TypeError && error.message.startsWith('Cannot set properties of undefined')))
    throw error
  }
}

test('what is surely valid is valid', () => {
  assert(
    property(schema, value, (rules, candidate) => {
      const valid = says(rules, candidate)
      expect(valid || !surelyValid(rules, candidate)).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test('what is said of keywords that are all known is what the compiler says', () => {
  const isKnown = (rules: Json): boolean =>
    !/"not"|"const":[[{]|"enum":\[.*[[{]|"uniqueItems":true/.test(JSON.stringify(rules))
  assert(
    property(schema.filter(isKnown), value, (rules, candidate) => {
      expect(surelyValid(rules, candidate)).toBe(says(rules, candidate))
    }),
    { numRuns: 1000 },
  )
})

test('a keyword that is not known makes nothing sure, nor a schema that is none', () => {
  expect(surelyValid({ $ref: '#' }, 1)).toBe(false)
  expect(surelyValid({ anyOf: [{ contains: true }, false] }, [])).toBe(false)
  expect(surelyValid({ anyOf: [{ contains: true }, true] }, [])).toBe(true)
  expect(surelyValid({ oneOf: [{ contains: true }, true] }, [])).toBe(false)
  expect(surelyValid({ pattern: '(' }, 'a')).toBe(false)
  expect(surelyValid({ properties: [] }, {})).toBe(false)
  expect(surelyValid({ constructor: true }, {})).toBe(false)
})
