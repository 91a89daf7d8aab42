import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkModel, decodeData, decodeModel, encodeModel, functionId, ValueError } from '../src/index.ts'
import type {
  ComponentModel,
  FunctionModel,
  InterfaceModel,
  ResourceType,
  ValType,
  ValueErrorCode,
} from '../src/index.ts'
import { anyType, RESOURCE } from './arbitraries.ts'
import { fromHex, refusal, toHex } from './support.ts'

const u8: ValType = { kind: 'u8' }

function fn(interfaceName: string, name: string, parts: Partial<FunctionModel> = {}): FunctionModel {
  return {
    id: functionId(interfaceName, name),
    interface: interfaceName,
    name,
    kind: 'freestanding',
    resource: null,
    params: [],
    result: null,
    ...parts,
  }
}

function face(name: string, functions: FunctionModel[], resources: ResourceType[] = []): InterfaceModel {
  return { name, functions, resources }
}

/** A model of one imported function with this type. */
function modelOf(type: ValType): ComponentModel {
  return { imports: [face('a:b/c', [fn('a:b/c', 'f', { result: type })])], exports: [] }
}

const self = { name: 'self', type: { kind: 'borrow', resource: RESOURCE } } as const
const read = fn('a:b/c@0.1.0', '[method]thing.read', {
  kind: 'method',
  resource: RESOURCE,
  params: [self, { name: 'len', type: { kind: 'u64' } }],
  result: { kind: 'result', ok: { kind: 'list', element: u8 }, err: null },
})
const sample: ComponentModel = {
  imports: [
    face(
      'a:b/c@0.1.0',
      [
        fn('a:b/c@0.1.0', '[constructor]thing', {
          kind: 'constructor',
          resource: RESOURCE,
          result: { kind: 'own', resource: RESOURCE },
        }),
        read,
        fn('a:b/c@0.1.0', '[static]thing.read', { kind: 'static', resource: RESOURCE }),
      ],
      [RESOURCE],
    ),
    face('d:e/f', [], [RESOURCE]),
    face('', [fn('', 'log', { params: [{ name: 'message', type: { kind: 'string' } }] })]),
  ],
  exports: [face('', [fn('', 'run', { result: { kind: 'list', element: { kind: 'u8' } } })])],
}

describe('a model as bytes', () => {
  it('comes back as it was, each type and resource one object', () => {
    const bytes = encodeModel(sample)
    const back = decodeModel(bytes)
    expect(back).toEqual(sample)
    expect(encodeModel(back)).toEqual(bytes)
    const resources = back.imports.slice(0, 2).map((it) => it.resources[0])
    expect(resources[0]).toBe(resources[1])
    const [constructor, method] = back.imports[0]!.functions
    expect(method!.resource).toBe(resources[0])
    expect((constructor!.result as { resource: ResourceType }).resource).toBe(resources[0])
    const imported = (method!.result as { ok: ValType }).ok
    expect(back.exports[0]!.functions[0]!.result).toBe(imported)
  })

  it('is plain DAG-CBOR, and these bytes', () => {
    const model = modelOf({ kind: 'option', payload: u8 })
    expect(toHex(encodeModel(model))).toBe(
      '85018082810182' + '0e0081' + '8365613a622f63' + '80' + '81856166' + '00f680' + '01' + '80',
    )
    expect(decodeData(encodeModel(sample))).toEqual([
      1,
      [[0, 'a:b/c@0.1.0', 'thing']],
      [[21, 0], [22, 0], [7], [1], [13, 3], [15, 4, null], [12]],
      [
        [
          'a:b/c@0.1.0',
          [0],
          [
            ['[constructor]thing', 1, 0, [], 0],
            [
              '[method]thing.read',
              2,
              0,
              [
                ['self', 1],
                ['len', 2],
              ],
              5,
            ],
            ['[static]thing.read', 3, 0, [], null],
          ],
        ],
        ['d:e/f', [0], []],
        ['', [], [['log', 0, null, [['message', 6]], null]]],
      ],
      [['', [], [['run', 0, null, [], 4]]]],
    ])
  })

  it('comes back for any type', () => {
    fc.assert(
      fc.property(anyType, (type) => {
        const bytes = encodeModel(modelOf(type))
        const back = decodeModel(bytes)
        expect(back).toEqual(modelOf(type))
        expect(encodeModel(back)).toEqual(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('does not depend on which types share an object', () => {
    const shared: ValType = { kind: 'tuple', elements: [u8, u8] }
    const apart: ValType = { kind: 'tuple', elements: [{ kind: 'u8' }, { kind: 'u8' }] }
    expect(encodeModel(modelOf({ kind: 'tuple', elements: [shared, shared] }))).toEqual(
      encodeModel(modelOf({ kind: 'tuple', elements: [shared, apart] })),
    )
  })

  it('of exponential size written out is small', () => {
    let type: ValType = u8
    for (let i = 0; i < 100; i++) type = { kind: 'tuple', elements: [type, type] }
    const bytes = encodeModel(modelOf(type))
    expect(bytes.length).toBeLessThan(1000)
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes)
  })
})

describe('hostile bytes of a model', () => {
  it('changed in one place are refusal, or they are the bytes of what is read', () => {
    const good = encodeModel(sample)
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (at, byte, cut) => {
        const bytes = good.slice()
        bytes[at % bytes.length] = byte
        let model: ComponentModel
        try {
          model = decodeModel(cut ? bytes.subarray(0, at % bytes.length) : bytes)
        } catch (error) {
          if (!ValueError.is(error)) throw error
          return
        }
        expect(encodeModel(model)).toEqual(bytes)
      }),
      { numRuns: 5000 },
    )
  })

  it.each<[string, string, ValueErrorCode]>([
    ['another format', '850280808080', 'bad-model'],
    ['four parts', '8401808080', 'wrong-type'],
    ['bytes after it', '85018080808000', 'trailing'],
    ['a type of itself', '85018081820d008080', 'unknown-case'],
    ['a type of a later one', '85018082820e018101' + '8080', 'unknown-case'],
    ['a resource that is not there', '85018081821500' + '8080', 'unknown-case'],
    ['an unknown kind of type', '85018081821700' + '8080', 'unknown-case'],
    ['a type that nothing uses', '85018081810180' + '80', 'not-canonical'],
    ['a resource that nothing uses', '8501' + '8183006161' + '6172' + '808080', 'not-canonical'],
    ['a resource of no side', '8501' + '8183026161' + '6172' + '808080', 'unknown-case'],
    ['an empty type', '850180818080' + '80', 'wrong-type'],
    ['a scalar made of something', '85018081820100' + '8080', 'wrong-type'],
  ])('%s', (_name, hex, code) => {
    expect(refusal(() => decodeModel(fromHex(hex))).code).toBe(code)
  })

  it('with one long name and many functions do not grow to their square', () => {
    const long = 'a'.repeat(5000)
    const model: ComponentModel = { imports: [face(long, [fn(long, 'f')])], exports: [] }
    expect(refusal(() => encodeModel(model)).code).toBe('bad-model')
  })
})

describe('checkModel', () => {
  const at = (type: ValType) => () => checkModel(modelOf(type))
  const nested = (levels: number): ValType => {
    let type: ValType = u8
    for (let i = 1; i < levels; i++) type = { kind: 'list', element: type }
    return type
  }
  const withFunctions =
    (...functions: FunctionModel[]) =>
    () =>
      checkModel({ imports: [face('a:b/c@0.1.0', functions, [RESOURCE])], exports: [] })
  const i = 'a:b/c@0.1.0'

  it('takes the good one', () => {
    expect(() => checkModel(sample)).not.toThrow()
    expect(() => checkModel(modelOf(nested(128)))).not.toThrow()
    expect(() => checkModel({ imports: [], exports: [] })).not.toThrow()
    // Methods, statics, constructors and free functions are apart from each other.
    withFunctions(read, fn(i, '[static]thing.read', { kind: 'static', resource: RESOURCE }), fn(i, 'read'))()
  })

  it.each<[string, () => void]>([
    [
      'two fields with one key',
      at({
        kind: 'record',
        fields: [
          { name: 'a-1', type: u8 },
          { name: 'a1', type: u8 },
        ],
      }),
    ],
    ['two flags with one key', at({ kind: 'flags', names: ['a-b', 'A-b'] })],
    ['65 flags', at({ kind: 'flags', names: Array.from({ length: 65 }, (_, n) => `f${n}`) })],
    ['a case twice', at({ kind: 'enum', cases: ['a', 'a'] })],
    [
      'a variant case twice',
      at({
        kind: 'variant',
        cases: [
          { name: 'a', type: null },
          { name: 'a', type: u8 },
        ],
      }),
    ],
    ['an empty name', at({ kind: 'enum', cases: [''] })],
    ['a name with an unpaired surrogate', at({ kind: 'enum', cases: ['\ud800'] })],
    ['a field without a key', at({ kind: 'record', fields: [{ name: '-', type: u8 }] })],
    ['129 levels', at(nested(129))],
    ['two functions with one key', withFunctions(fn(i, 'a-1'), fn(i, 'a1'))],
    ['a function twice', withFunctions(fn(i, 'a'), fn(i, 'a'))],
    [
      'two parameters of one name',
      withFunctions(
        fn(i, 'a', {
          params: [
            { name: 'x', type: u8 },
            { name: 'x', type: u8 },
          ],
        }),
      ),
    ],
    ['another id', withFunctions(fn(i, 'a', { id: 'b' }))],
    ['another interface', withFunctions(fn('x', 'a'))],
    ['a kind that the name does not say', withFunctions(fn(i, 'a', { kind: 'static', resource: RESOURCE }))],
    ['a name that the kind does not say', withFunctions(fn(i, '[static]thing.a'))],
    ['a method of nothing', withFunctions(fn(i, '[method]thing.a', { kind: 'method' }))],
    ['a free function of a resource', withFunctions(fn(i, 'a', { resource: RESOURCE }))],
    [
      'a method without self',
      withFunctions(fn(i, '[method]thing.a', { kind: 'method', resource: RESOURCE })),
    ],
    [
      'a method without a dot',
      withFunctions(fn(i, '[method]thing', { kind: 'method', resource: RESOURCE, params: [self] })),
    ],
    [
      'a static named prototype',
      withFunctions(fn(i, '[static]thing.prototype', { kind: 'static', resource: RESOURCE })),
    ],
    ['an interface twice', () => checkModel({ imports: [face('a', []), face('a', [])], exports: [] })],
    [
      'two resources of one name',
      () =>
        checkModel({ imports: [face('a', [], [RESOURCE]), face('b', [], [{ ...RESOURCE }])], exports: [] }),
    ],
    [
      'two resources with one key',
      () =>
        checkModel({
          imports: [
            face(
              'a',
              [],
              [
                { ...RESOURCE, name: 'r-1' },
                { ...RESOURCE, name: 'r1' },
              ],
            ),
          ],
          exports: [],
        }),
    ],
  ])('refuses %s', (_name, run) => {
    expect(refusal(run).code).toBe('bad-model')
  })

  it('says where', () => {
    const type: ValType = { kind: 'option', payload: { kind: 'enum', cases: ['a', 'a'] } }
    expect(refusal(at(type))).toMatchObject({
      code: 'bad-model',
      message: 'imports["a:b/c"].functions["f"].result.payload: the case "a" twice',
    })
  })
})
