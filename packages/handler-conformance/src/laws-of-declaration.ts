import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { bound, Caller, inWorld, isObject, parse } from './caller.ts'
import type { Law, Subject } from './subject.ts'

// A pre-release is a track of its own, whole.
const TRACK =
  /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*(@(0\.(0|[1-9][0-9]*)|[1-9][0-9]*|[0-9]+\.[0-9]+\.[0-9]+-[0-9A-Za-z.-]+))?$/

/** The boundary implements them over the shapes of `@theater/handler`; a handler MAY say more of its own streams. */
const isStream = (fn: string): boolean => fn.startsWith('wasi:io/streams@')

/** Laws of what a handler says of itself: names, functions, grant schema. */
export const lawsOfDeclaration: readonly Law[] = [
  {
    name: 'it names itself, its tracks and its functions',
    async run(subject) {
      const { name, interfaces, exports = [], functions } = subject.bare()
      assert.match(name, /^[a-z][a-z0-9-]*$/)
      for (const tracks of [interfaces, exports]) {
        assert.equal(new Set(tracks).size, tracks.length, 'a track is listed twice')
        for (const track of tracks) assert.match(track, TRACK)
      }
      for (const fn of Object.keys(functions)) {
        assert.ok(isStream(fn) || interfaces.includes(parse(fn).track), `${fn} is of no track that it serves`)
      }
    },
  },
  {
    name: 'it binds what it declares, and nothing else',
    async run(subject) {
      for (const grant of [...subject.grants, subject.least]) {
        await inWorld(subject.make, async (world) => {
          checkBinding(subject, await Caller.bind(world, grant), `under ${JSON.stringify(grant)}`)
        })
      }
      await inWorld(subject.make, async (world) => {
        const inert = Caller.inert(world)
        if (inert !== undefined) checkBinding(subject, inert, 'inert')
      })
    },
  },
  {
    name: 'what reaches outside waits, so that its intent can be made durable first',
    async run(subject) {
      for (const [fn, { mode, effect }] of Object.entries(subject.bare().functions)) {
        if (effect === 'idempotent' || effect === 'once') {
          assert.equal(mode, 'async', `${fn} is ${effect} and sync`)
        }
      }
    },
  },
  {
    name: 'what asks can be refused, and what can be refused asks',
    async run(subject) {
      const { functions } = subject.bare()
      for (const [fn, declared] of Object.entries(functions)) {
        const both = (declared.ask === undefined) === (declared.deny === undefined)
        assert.ok(both, `${fn} has one of ask and deny`)
      }
      for (const fn of subject.refusable ?? []) {
        assert.ok(functions[fn], `the subject names ${fn}, which the handler does not declare`)
        assert.ok(functions[fn].deny !== undefined, `${fn} has an error for a refusal and no deny`)
      }
    },
  },
  {
    name: 'the schema takes its grants and no unknown key, at any depth',
    async run(subject) {
      const { grant: schema } = subject.bare()
      assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema')
      assert.equal(schema['type'], 'object', 'a grant is an object')
      closed(schema, '#')
      const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
      const validate = ajv.compile(schema)
      for (const grant of [...subject.grants, subject.least]) {
        assert.ok(validate(grant), `${JSON.stringify(grant)}: ${ajv.errorsText(validate.errors)}`)
        const unknown = { ...(isObject(grant) ? grant : {}), 'not a key': true }
        assert.ok(!validate(unknown), `${JSON.stringify(unknown)} is taken`)
      }
      for (const value of [null, true, 1, 'rw', [], [subject.grants[0]]]) {
        assert.ok(!validate(value), `${JSON.stringify(value)} is taken as a grant`)
      }
    },
  },
  {
    name: 'the samples cover every function and end without a fault',
    async run(subject) {
      const missing = Object.keys(subject.bare().functions).filter(
        (fn) => !isStream(fn) && !subject.calls.some((call) => call.fn === fn),
      )
      assert.deepEqual(missing, [], 'functions that no sample calls')
      await inWorld(subject.make, async (world) => {
        const caller = await Caller.bind(world, subject.grants[0])
        for (const sample of subject.calls) {
          const outcome = await caller.call(sample)
          if (outcome.tag === 'fault') throw outcome.error
          if (outcome.tag === 'skipped') assert.fail(`${sample.fn} has no object to be called on`)
          const denied = outcome.tag === 'err' && outcome.denied
          assert.ok(!denied, `${sample.fn} is refused under the widest grant`)
        }
      })
    },
  },
]

function checkBinding(subject: Subject, caller: Caller, when: string): void {
  const { functions, interfaces } = subject.bare()
  const listed = Object.keys(functions).filter((fn) => !isStream(fn) && parse(fn).kind !== 'method')
  for (const fn of listed) assert.ok(bound(caller.binding, fn), `${fn} is declared and not bound, ${when}`)
  for (const [track, bindings] of Object.entries(caller.binding.imports)) {
    assert.ok(interfaces.includes(track), `${track} is bound and not declared, ${when}`)
    const names = listed.filter((fn) => parse(fn).track === track).length
    assert.equal(
      Object.keys(isObject(bindings) ? bindings : {}).length,
      names,
      `${track} binds more than it declares`,
    )
  }
}

/** Every schema of an object says what else may be in it: nothing, or values of a schema (a map). */
function closed(schema: unknown, at: string): void {
  if (Array.isArray(schema)) {
    schema.forEach((part, index) => closed(part, `${at}/${index}`))
    return
  }
  if (!isObject(schema)) return
  if (schema['type'] === 'object' || 'properties' in schema) {
    const rest = schema['additionalProperties'] ?? schema['unevaluatedProperties']
    assert.ok(rest === false || isObject(rest), `${at} is an open object`)
  }
  for (const keyword of ['items', 'additionalProperties', 'oneOf', 'anyOf', 'allOf', 'prefixItems']) {
    closed(schema[keyword], `${at}/${keyword}`)
  }
  for (const keyword of ['properties', 'patternProperties', '$defs']) {
    const parts = schema[keyword]
    if (isObject(parts))
      for (const [key, part] of Object.entries(parts)) closed(part, `${at}/${keyword}/${key}`)
  }
}
