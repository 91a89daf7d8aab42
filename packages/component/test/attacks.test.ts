import {
  deep,
  doubling,
  instanceTypes,
  largeFunctions,
  nestedShims,
  resourceNamed,
  shadow,
  withCoreName,
} from '@theater/guests/hostile'
import { assemble } from '@theater/guests/wat'
import { afterAll, describe, expect, test } from 'vitest'
import { ComponentError, type ComponentErrorCode, loadComponent, workerTranspiler } from '../src/node.ts'
import { emptyHost, spineStillRuns } from './support.ts'

const transpiler = workerTranspiler()
afterAll(() => transpiler[Symbol.asyncDispose]())

const injected = `x'];globalThis.pwned=1;//`

interface Attack {
  readonly name: string
  readonly wat: string
  readonly code: ComponentErrorCode
  readonly says?: RegExp
}

const attacks: Attack[] = [
  { name: 'code in the name of a core export', wat: withCoreName(injected), code: 'bad-name' },
  { name: 'a backslash in the name of a core export', wat: withCoreName('a\\\\'), code: 'bad-name' },
  { name: 'a line end in the name of a core export', wat: withCoreName('a\\n'), code: 'bad-name' },
  { name: 'U+2028 in the name of a core export', wat: withCoreName('a\\u{2028}'), code: 'bad-name' },
  {
    name: 'code in the name of a core import',
    wat: `(component (core module (import "${injected}" "f" (func))))`,
    code: 'bad-name',
  },
  {
    name: 'code in the field of a core import',
    wat: `(component (core module (import "m" "${injected}" (func))))`,
    code: 'bad-name',
  },
  {
    name: 'code in a core export that nobody uses, in a nested component',
    wat: `(component (component (core module (global (export "${injected}") i32 (i32.const 0)))))`,
    code: 'bad-name',
  },
  {
    name: 'code in the name of a core instance argument',
    wat: `(component (core module $m) (core instance $i) (core instance (instantiate $m (with "${injected}" (instance $i)))))`,
    code: 'bad-name',
  },
  {
    name: 'code in an export of a bundle of core definitions',
    wat: `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (core instance (export "${injected}" (func $i "f"))))`,
    code: 'bad-name',
  },
  {
    name: 'code in a core alias',
    wat: `(component (core module $m) (core instance $i (instantiate $m)) (alias core export $i "${injected}" (core func)))`,
    code: 'bad-name',
  },
  {
    name: 'code in the name of an import',
    wat: `(component (import "${injected}" (func)))`,
    code: 'bad-name',
  },
  {
    name: 'code in the name of a record field',
    wat: `(component (type (record (field "${injected}" u8))))`,
    code: 'bad-name',
  },
  {
    name: 'code in the name of a parameter',
    wat: `(component (import "f" (func (param "${injected}" u8))))`,
    code: 'bad-name',
  },
  {
    name: 'an import by URL, which panics jco',
    wat: '(component (import "url=<https://a.b>" (func)))',
    code: 'bad-name',
  },
  {
    name: 'an import by digest',
    wat: '(component (import "integrity=<sha256-AAAA>" (func)))',
    code: 'bad-name',
  },
  {
    name: 'a locked dependency',
    wat: '(component (import "locked-dep=<a:b@1.0.0>" (func)))',
    code: 'bad-name',
  },
  {
    name: 'an unlocked dependency',
    wat: '(component (import "unlocked-dep=<a:b>" (func)))',
    code: 'bad-name',
  },
  { name: 'a relative URL', wat: '(component (import "relative-url=<./a>" (func)))', code: 'bad-name' },
  { name: 'the prototype of objects', wat: '(component (import "__proto__" (func)))', code: 'bad-name' },
  {
    name: 'an interface with a path',
    wat: '(component (import "a:b/../../c" (instance)))',
    code: 'bad-name',
  },
  { name: 'an interface with a wildcard', wat: '(component (import "a:b/*" (instance)))', code: 'bad-name' },
  { name: 'a version that is none', wat: `(component (import "a:b/c@1.0.0'" (instance)))`, code: 'bad-name' },
  {
    name: 'WebIDL, which jco binds to the globals of the host',
    wat: '(component (import "webidl:pkg/global-console@1.0.0" (instance (export "log" (func (param "x" string))))))',
    code: 'bad-name',
    says: /globals of the host/,
  },
  {
    name: 'two names that are one in JavaScript',
    wat: '(component (import "a:b/c" (instance (export "a-1" (func)) (export "a1" (func)))))',
    code: 'bad-name',
  },
  {
    name: 'two fields that are one in JavaScript',
    wat: '(component (type (record (field "a-1" u8) (field "a1" u8))))',
    code: 'bad-name',
  },
  {
    name: 'tuples that double, 30 times',
    wat: `(component (type $t0 (tuple u8)) ${doubling((t) => `(tuple ${t} ${t})`, 30)})`,
    code: 'too-large',
  },
  {
    name: 'variants that double, 30 times',
    wat: `(component (type $t0 (tuple u8)) ${doubling((t) => `(variant (case "a" ${t}) (case "b" ${t}))`, 30)})`,
    code: 'too-large',
  },
  {
    name: 'a type nested in itself 100 times',
    wat: `(component (type $t0 (tuple u8)) ${doubling((t) => `(option ${t})`, 100)})`,
    code: 'too-deep',
  },
  {
    name: 'many functions, each of a large type',
    wat: largeFunctions(10, 20),
    code: 'too-large',
  },
  {
    name: 'instance types that double, 30 times',
    wat: `(component (type $i0 (instance)) ${instanceTypes(30)} (import "a:b/c" (instance (type $i30))))`,
    code: 'too-large',
  },
  { name: 'shims that double, 20 times', wat: nestedShims(20), code: 'too-large' },
  { name: 'components nested 100 deep', wat: deep('(component ', 100), code: 'too-deep' },
  {
    name: 'instance types nested 40 deep',
    wat: `(component ${deep('(type (instance ', 40)}${')'.repeat(40)})`,
    code: 'too-deep',
  },
  {
    name: 'a hundred core modules',
    wat: `(component ${'(core module)'.repeat(100)})`,
    code: 'too-large',
  },
  {
    name: 'shared memory',
    wat: '(component (core module (memory 1 1 shared)))',
    code: 'unsupported',
    says: /threads/,
  },
  {
    name: 'imported shared memory',
    wat: '(component (core module (import "a" "b" (memory 1 1 shared))))',
    code: 'unsupported',
    says: /threads/,
  },
  {
    name: 'a core module that is not valid',
    wat: '(component (core module (func (result i32) i64.const 0)))',
    code: 'invalid-core',
  },
  {
    name: 'a core module that is not valid, in a nested component',
    wat: '(component (component (core module (func (result i32) i64.const 0))))',
    code: 'invalid-core',
  },
  {
    name: 'a method that makes objects look like promises',
    wat: `(component (import "a:b/c" (instance (export "r" (type $r (sub resource)))
            (export "[method]r.then" (func (param "self" (borrow $r)))))))`,
    code: 'unsupported',
  },
  {
    name: 'a static function that classes have already',
    wat: `(component (import "a:b/c" (instance (export "r" (type (sub resource))) (export "[static]r.prototype" (func)))))`,
    code: 'unsupported',
  },
]

describe('before jco sees a byte', () => {
  test.for(attacks)('$name', async ({ wat, code, says }) => {
    const bytes = await assemble(wat)
    const error = await loadComponent(bytes, { transpiler }).catch((e: unknown) => e)
    expect(ComponentError.is(error) && [error.code, error.message]).toEqual([
      code,
      expect.stringMatching(says ?? /./),
    ])
    expect(await spineStillRuns({ transpiler })).toBe(true)
    expect(Object.hasOwn(globalThis, 'pwned')).toBe(false)
  })
})

describe('after jco', () => {
  test.for([
    'rsc-table-get',
    'rsc-table-remove',
    'get-current-task',
    'to-uint32',
    'memory0',
    'instantiate-core',
  ])('a guest cannot stand in for the helper that jco calls %s', async (name) => {
    const component = await loadComponent(await assemble(shadow(name)), { transpiler })
    const error = await component.prepare({ mode: 'sync' }).then(
      (prepared) => prepared.instantiateSync(emptyHost(prepared)).functions[name]?.(5),
      (e: unknown) => e,
    )
    // Where the glue has no such helper there is nothing to stand in for.
    expect(ComponentError.is(error) ? error.code : error).toSatisfy((x) => x === 'glue-rejected' || x === 5)
    expect(await spineStillRuns({ transpiler })).toBe(true)
  })

  test.for([
    'promise',
    'resolve',
    'reject',
    'run-next',
    'task',
    'ret',
    'handle',
    'then',
    'gen',
    'arg0',
    'class',
  ])('a function named %s, like something inside the glue, works', async (name) => {
    const component = await loadComponent(await assemble(shadow(name)), { transpiler })
    const prepared = await component.prepare({ mode: 'sync' })
    expect(prepared.instantiateSync(emptyHost(prepared)).functions[name]?.(5)).toBe(5)
    const jspi = await component.prepare({ mode: 'jspi', asyncImports: [] })
    expect(await (await jspi.instantiate(emptyHost(jspi))).functions[name]?.(5)).toBe(5)
  })

  // With a class of its own under the name, jco's `new Map()` would be a call of the guest's import.
  test.for([
    'promise',
    'map',
    'set',
    'symbol',
    'array',
    'number',
    'math',
    'weak-map',
    'error',
    'object',
    'type-error',
    'uint8-array',
    'data-view',
    'web-assembly',
    'component-error',
    'constructor',
    'function',
    'date',
    'request',
  ])('a resource named %s never stands in for what the glue calls so', async (name) => {
    const component = await loadComponent(await assemble(resourceNamed(name)), { transpiler })
    const resource = component.model.imports[0]?.resources[0]
    for (const plan of [
      { mode: 'sync' },
      { mode: 'jspi', asyncImports: [`a:b/c#[method]${name}.get`] },
    ] as const) {
      const made: unknown[] = []
      const answer = await component.prepare(plan).then(
        async (prepared) => {
          const resources = prepared.newResources()
          const functions = {
            [`a:b/c#[constructor]${name}`]: (...args: unknown[]) => made.push(args),
            [`a:b/c#[method]${name}.get`]: (self: unknown) =>
              resource === undefined ? 0 : resources.hostNumber(self, resource),
          }
          return (await prepared.instantiate({ resources, functions, drop() {} })).functions['f']?.(7)
        },
        (error: unknown) => error,
      )
      const outcome = ComponentError.is(answer) ? answer.code : JSON.stringify([answer, made])
      expect(['glue-rejected', '[1,[[7]]]']).toContain(outcome)
    }
    expect(await spineStillRuns({ transpiler })).toBe(true)
  })

  test('two versions of one interface stay two', async () => {
    const wat = `(component
      (import "a:b/c@0.1.0" (instance $one (export "x" (func (result u32)))))
      (import "a:b/c@0.2.0" (instance $two (export "x" (func (result u32)))))
      (import "a:b/c" (instance $none (export "x" (func (result u32)))))
      (core func $x (canon lower (func $one "x")))
      (core func $y (canon lower (func $two "x")))
      (core func $z (canon lower (func $none "x")))
      (core module $m
        (import "i" "x" (func $x (result i32)))
        (import "i" "y" (func $y (result i32)))
        (import "i" "z" (func $z (result i32)))
        (func (export "f") (result i32)
          (i32.add (i32.mul (call $x) (i32.const 100)) (i32.add (i32.mul (call $y) (i32.const 10)) (call $z)))))
      (core instance $i (instantiate $m (with "i" (instance
        (export "x" (func $x)) (export "y" (func $y)) (export "z" (func $z))))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`
    const component = await loadComponent(await assemble(wat), { transpiler })
    const functions = { 'a:b/c@0.1.0#x': () => 1, 'a:b/c@0.2.0#x': () => 2, 'a:b/c#x': () => 3 }
    const ids = Object.keys(functions)
    for (const asyncImports of [ids, ids.slice(0, 1), ids.slice(1, 2), []]) {
      const prepared = await component.prepare({ mode: 'jspi', asyncImports })
      const instance = await prepared.instantiate({
        resources: prepared.newResources(),
        functions,
        drop() {},
      })
      expect(await instance.functions['f']?.()).toBe(123)
    }
    const error = await component
      .prepare({ mode: 'jspi', asyncImports: ['a:b/c#x'] })
      .catch((e: unknown) => e)
    expect(ComponentError.is(error) && error.code).toBe('bad-plan')
  })
})
