import { assemble, fromWit } from '@theater/guests/wat'
import type { ComponentModel, InterfaceModel, ScalarKind, ValType } from '@theater/values'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadComponent } from '../src/node.ts'
import { emptyHost } from './support.ts'

const scalars: readonly ScalarKind[] = [
  ...([
    'bool',
    'u8',
    's8',
    'u16',
    's16',
    'u32',
    's32',
    'u64',
    's64',
    'f32',
    'f64',
    'char',
    'string',
  ] as const),
]

/** A type as the model has it, with how WIT says it; named types are defined before they are used. */
interface Said {
  readonly type: ValType
  /** Defines what has to have a name, and answers how the type is written. */
  say(define: (text: (name: string) => string) => string): string
}

const kebab = (i: number): string => ['a', 'b-c', 'd2', 'e-f-g', 'http-2x', 'i'][i] ?? `x${i}`

const { type: anyType } = fc.letrec<{ type: Said }>((tie) => {
  const inner = tie('type')
  const some = fc.array(inner, { minLength: 1, maxLength: 4 })
  const maybe = fc.option(inner, { nil: null })
  const names = fc.integer({ min: 1, max: 6 }).map((n) => Array.from({ length: n }, (_, i) => kebab(i)))
  return {
    type: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...scalars).map((kind): Said => ({ type: { kind }, say: () => kind })),
      inner.map((e): Said => ({ type: { kind: 'list', element: e.type }, say: (d) => `list<${e.say(d)}>` })),
      inner.map((p): Said => ({
        type: { kind: 'option', payload: p.type },
        say: (d) => `option<${p.say(d)}>`,
      })),
      fc.tuple(maybe, maybe).map(([ok, err]): Said => ({
        type: { kind: 'result', ok: ok?.type ?? null, err: err?.type ?? null },
        say: (d) =>
          err === null
            ? ok === null
              ? 'result'
              : `result<${ok.say(d)}>`
            : `result<${ok?.say(d) ?? '_'}, ${err.say(d)}>`,
      })),
      some.map((all): Said => ({
        type: { kind: 'tuple', elements: all.map((e) => e.type) },
        say: (d) => `tuple<${all.map((e) => e.say(d)).join(', ')}>`,
      })),
      some.map((all): Said => ({
        type: { kind: 'record', fields: all.map((e, i) => ({ name: kebab(i), type: e.type })) },
        say: (d) => {
          const fields = all.map((e, i) => `${kebab(i)}: ${e.say(d)}`).join(', ')
          return d((name) => `record ${name} { ${fields} }`)
        },
      })),
      fc.array(maybe, { minLength: 1, maxLength: 4 }).map((all): Said => ({
        type: { kind: 'variant', cases: all.map((e, i) => ({ name: kebab(i), type: e?.type ?? null })) },
        say: (d) => {
          const cases = all.map((e, i) => (e === null ? kebab(i) : `${kebab(i)}(${e.say(d)})`)).join(', ')
          return d((name) => `variant ${name} { ${cases} }`)
        },
      })),
      names.map((cases): Said => ({
        type: { kind: 'enum', cases },
        say: (d) => d((name) => `enum ${name} { ${cases.join(', ')} }`),
      })),
      names.map((all): Said => ({
        type: { kind: 'flags', names: all },
        say: (d) => d((name) => `flags ${name} { ${all.join(', ')} }`),
      })),
    ),
  }
})

const only = (interfaces: readonly InterfaceModel[]): InterfaceModel => {
  const [first, ...rest] = interfaces
  if (first === undefined || rest.length > 0) throw new Error('one interface expected')
  return first
}

test('any type, as parameter and result, imported and exported, comes back as it was said', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyType, { maxLength: 3 }),
      fc.option(anyType, { nil: null }),
      async (params, result) => {
        const definitions: string[] = []
        const define = (text: (name: string) => string): string => {
          const name = `t${definitions.length}`
          definitions.push(text(name))
          return name
        }
        const said = params.map((p, i) => `p${i}: ${p.say(define)}`).join(', ')
        const answer = result === null ? '' : ` -> ${result.say(define)}`
        const wit = `package a:b@1.0.0; interface c { ${definitions.join('\n')} f: func(${said})${answer}; }
        world w { import c; export c; }`
        const { model } = await loadComponent(await fromWit(wit, 'w'))
        const expected = {
          id: 'a:b/c@1.0.0#f',
          interface: 'a:b/c@1.0.0',
          name: 'f',
          kind: 'freestanding',
          resource: null,
          params: params.map(({ type }, i) => ({ name: `p${i}`, type })),
          result: result?.type ?? null,
        }
        expect(only(model.imports).functions).toEqual([expected])
        expect(only(model.exports).functions).toEqual([expected])
      },
    ),
    { numRuns: 80 },
  )
})

describe('resources', () => {
  const wit = `package a:b@0.1.0;
    interface types {
      resource r { constructor(x: u8); m: func(other: borrow<r>) -> r; s: static func() -> list<r>; }
    }
    interface user { use types.{r as q}; resource own-one; f: func(a: q, b: borrow<own-one>); }
    interface open { resource r { constructor() -> result<r, string>; } }
    world w {
      import user;
      import open;
      import plain: interface { use types.{r}; g: func(x: r); }
      resource at-root { constructor(); m: func(); s: static func(); }
      import root: func(x: at-root);
      export types;
      export user;
      export open;
      export plain-too: interface { h: func(); }
      export at-end: func() -> at-root;
    }`

  const named = (side: ComponentModel['imports'], name: string): InterfaceModel => {
    const found = side.find((i) => i.name === name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }
  const ids = (model: InterfaceModel): string[] => model.functions.map(({ id }) => id)

  test('are one object wherever they are used, and another one on the other side', async () => {
    const component = await loadComponent(await fromWit(wit, 'w'))
    const { imports, exports } = component.model
    const types = named(imports, 'a:b/types@0.1.0')
    const user = named(imports, 'a:b/user@0.1.0')
    const [r] = types.resources
    expect(r).toEqual({ side: 'import', interface: 'a:b/types@0.1.0', name: 'r' })
    expect(user.resources[0]).toBe(r)
    expect(user.resources[1]).toEqual({ side: 'import', interface: 'a:b/user@0.1.0', name: 'own-one' })
    expect(user.functions[0]?.params[0]?.type).toEqual({ kind: 'own', resource: r })
    expect(named(imports, 'plain').resources[0]).toBe(r)
    expect(named(imports, '').resources).toEqual([{ side: 'import', interface: '', name: 'at-root' }])

    const exported = named(exports, 'a:b/types@0.1.0')
    expect(exported.resources).toEqual([{ side: 'export', interface: 'a:b/types@0.1.0', name: 'r' }])
    expect(exported.resources[0]).not.toBe(r)
    expect(named(exports, 'a:b/user@0.1.0').resources[0]).toBe(exported.resources[0])
    // An interface that is exported uses the exported resource; what only the import side has stays imported.
    const root = named(imports, '').resources[0]
    expect(named(exports, '').functions[0]?.result).toEqual({ kind: 'own', resource: root })
  })

  test('have constructors, methods and statics, told apart', async () => {
    const { model } = await loadComponent(await fromWit(wit, 'w'))
    const types = named(model.imports, 'a:b/types@0.1.0')
    expect(ids(types)).toEqual([
      'a:b/types@0.1.0#[constructor]r',
      'a:b/types@0.1.0#[method]r.m',
      'a:b/types@0.1.0#[static]r.s',
    ])
    expect(types.functions.map(({ kind }) => kind)).toEqual(['constructor', 'method', 'static'])
    expect(types.functions[1]?.params.map(({ name, type }) => [name, type.kind])).toEqual([
      ['self', 'borrow'],
      ['other', 'borrow'],
    ])
    expect(ids(named(model.imports, ''))).toEqual([
      'root',
      '[constructor]at-root',
      '[method]at-root.m',
      '[static]at-root.s',
    ])
    expect(named(model.exports, 'a:b/open@0.1.0').functions[0]?.result?.kind).toBe('result')
    expect(ids(named(model.exports, 'plain-too'))).toEqual(['plain-too#h'])
  })

  test.for(['sync', 'jspi'] as const)(
    'instantiate: every export that the model has is there (%s)',
    async (mode) => {
      const component = await loadComponent(await fromWit(wit, 'w'))
      const asyncImports = component.model.imports
        .flatMap(({ functions }) => functions)
        .filter(({ kind }) => kind !== 'constructor')
        .map(({ id }) => id)
      const prepared = await component.prepare(mode === 'sync' ? { mode } : { mode, asyncImports })
      const instance = await prepared.instantiate(emptyHost(prepared))
      const all = component.model.exports.flatMap(({ functions }) => functions.map(({ id }) => id))
      expect(Object.keys(instance.functions).sort()).toEqual(all.sort())
    },
  )
})

test('an interface of types alone, exported, is in the model and has nothing to call', async () => {
  const wit = 'package a:b; interface only-types { record r { x: u8 } } world w { export only-types; }'
  const component = await loadComponent(await fromWit(wit, 'w'))
  expect(component.model.exports).toEqual([{ name: 'a:b/only-types', functions: [], resources: [] }])
  const prepared = await component.prepare({ mode: 'sync' })
  expect(prepared.instantiateSync(emptyHost(prepared)).functions).toEqual({})
})

test('a component of more than ten core modules gets each where it belongs', async () => {
  const count = 12
  const parts = Array.from({ length: count }, (_, i) => {
    const module = `(core module $m${i} (func (export "f") (result i32) (i32.const ${i})))`
    return `${module} (core instance $i${i} (instantiate $m${i}))
      (func (export "f${i}") (result u32) (canon lift (core func $i${i} "f")))`
  })
  const component = await loadComponent(await assemble(`(component ${parts.join(' ')})`))
  const prepared = await component.prepare({ mode: 'sync' })
  const { functions } = prepared.instantiateSync(emptyHost(prepared))
  expect(parts.map((_, i) => functions[`f${i}`]?.())).toEqual(parts.map((_, i) => i))
})
