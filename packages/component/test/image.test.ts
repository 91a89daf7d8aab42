import { assemble } from '@theater/guests/wat'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ImageRoom, type Instance, type InstanceImage, InstanceMeter, type NoImage } from '../src/index.ts'
import { exposed } from '../src/image/glue-state.ts'
import { tellGuests } from '../src/image/guest-handles.ts'
import { meterModule } from '../src/meter/meter.ts'
import { loadComponent, workerTranspiler } from '../src/node.ts'

await using transpiler = workerTranspiler()
afterAll(() => transpiler[Symbol.asyncDispose]())

const budget = { fuel: 1e9, depth: 5000, memory: 64 * 1024 * 1024, elements: 100_000 }

/** A component of one core module that exports `set` and `get`, both of one number. */
const one = (fields: string, set = '', get = '(i32.const 0)'): string => `(component
  (core module $m ${fields}
    (func (export "set") (param $n i32) ${set})
    (func (export "get") (param $n i32) (result i32) ${get}))
  (core instance $i (instantiate $m))
  (func (export "set") (param "n" u32) (canon lift (core func $i "set")))
  (func (export "get") (param "n" u32) (result u32) (canon lift (core func $i "get"))))`

/** Makes instances of one component. */
async function maker(wat: string, metering: 'canonical' | 'none' = 'canonical'): Promise<() => Instance> {
  const component = await loadComponent(await assemble(wat), { transpiler })
  const prepared = await component.prepare({ mode: 'sync', metering })
  return () =>
    prepared.instantiateSync({
      resources: prepared.newResources(),
      functions: {},
      drop() {},
      meter: new InstanceMeter(budget),
    })
}

/** Compares pages as bytes: there are too many to print. */
function same(image: InstanceImage, other: InstanceImage): boolean {
  const rest = ({ memories }: InstanceImage): unknown =>
    memories.map(({ pages, runs }) => [pages, runs.map(({ at, bytes }) => [at, bytes.length])])
  expect(rest(image)).toEqual(rest(other))
  const all = ({ memories }: InstanceImage): Buffer =>
    Buffer.concat(memories.flatMap(({ runs }) => runs.map(({ bytes }) => bytes)))
  return all(image).equals(all(other))
}

function call(instance: Instance, fn: 'set' | 'get', n: number): unknown {
  return instance.functions[fn]?.(n)
}

function taken(image: InstanceImage | NoImage): InstanceImage {
  if ('none' in image) throw new Error(image.message)
  return image
}

/** A component that makes resources, inside one that holds them and lends them back. */
const lending = `(component
  (component $store
    (type $r' (resource (rep i32)))
    (core func $new (canon resource.new $r'))
    (core func $rep (canon resource.rep $r'))
    (core func $drop (canon resource.drop $r'))
    (core module $m (import "h" "new" (func $new (param i32) (result i32)))
      (global $n (mut i32) (i32.const 10))
      (func (export "make") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $new (global.get $n)))
      (func (export "look") (param i32) (result i32) (i32.add (local.get 0) (global.get $n))))
    (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new))))))
    (export $r "thing" (type $r'))
    (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
    (func (export "look") (param "t" (borrow $r)) (result u32) (canon lift (core func $i "look"))))
  (component $user
    (import "thing" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (import "look" (func $look (param "t" (borrow $r)) (result u32)))
    (core func $make (canon lower (func $make)))
    (core func $look (canon lower (func $look)))
    (core func $drop (canon resource.drop $r))
    (core module $m (import "h" "make" (func $make (result i32))) (import "h" "look" (func $look (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
      (global $held (mut i32) (i32.const 0))
      (func (export "take") (result i32) (global.set $held (call $make)) (global.get $held))
      (func (export "use") (param $h i32) (result i32) (call $look (local.get $h)))
      (func (export "drop") (param $h i32) (call $drop (local.get $h))))
    (core instance $i (instantiate $m (with "h" (instance (export "make" (func $make)) (export "look" (func $look)) (export "drop" (func $drop))))))
    (func (export "take") (result u32) (canon lift (core func $i "take")))
    (func (export "use") (param "h" u32) (result u32) (canon lift (core func $i "use")))
    (func (export "drop") (param "h" u32) (canon lift (core func $i "drop"))))
  (instance $s (instantiate $store))
  (alias export $s "thing" (type $thing))
  (instance $u (instantiate $user (with "thing" (type $thing)) (with "make" (func $s "make")) (with "look" (func $s "look"))))
  (export "take" (func $u "take"))
  (export "use" (func $u "use"))
  (export "drop" (func $u "drop")))`

describe('the image of an instance', () => {
  const states: readonly (readonly [name: string, wat: string])[] = [
    [
      'memory',
      one(
        '(memory 1) (data (i32.const 5000) "\\07")',
        '(i32.store8 (local.get $n) (i32.const 9)) (i32.store8 (i32.const 5000) (i32.const 0))',
        '(i32.load8_u (local.get $n))',
      ),
    ],
    [
      'memory that grows',
      one(
        '(memory 1 9)',
        '(drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 90000) (local.get $n))',
        '(i32.add (i32.mul (memory.size) (i32.const 100)) (i32.load8_u (i32.const 65000)))',
      ),
    ],
    [
      'memory of 64 bits that grows',
      one(
        '(memory i64 1 9)',
        '(drop (memory.grow (i64.const 1))) (i32.store8 (i64.const 90000) (local.get $n))',
        '(i32.wrap_i64 (i64.mul (memory.size) (i64.const 100)))',
      ),
    ],
    [
      'numbers of all types',
      one(
        '(global $i (mut i32) (i32.const -1)) (global $l (mut i64) (i64.const -1)) (global $f (mut f32) (f32.const -0)) (global $d (mut f64) (f64.const inf))',
        `(global.set $i (local.get $n)) (global.set $l (i64.shl (i64.extend_i32_u (local.get $n)) (i64.const 40)))
         (global.set $f (f32.neg (f32.convert_i32_u (local.get $n)))) (global.set $d (f64.div (f64.const 1) (f64.convert_i32_u (local.get $n))))`,
        `(i32.xor (i32.xor (global.get $i) (i32.wrap_i64 (i64.shr_u (global.get $l) (i64.const 40))))
           (i32.xor (i32.reinterpret_f32 (global.get $f)) (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (global.get $d)) (i64.const 20)))))`,
      ),
    ],
    [
      'what its start function did, and what came after',
      one(
        '(memory 1) (global $g (mut i32) (i32.const 1)) (func $s (global.set $g (i32.const 40)) (i32.store (i32.const 8) (i32.const 5))) (start $s)',
        '(global.set $g (i32.add (global.get $g) (local.get $n)))',
        '(i32.add (global.get $g) (i32.load (i32.const 8)))',
      ),
    ],
    [
      'a table that its code can change, and did not',
      one(
        '(table $t 4 funcref) (elem (i32.const 0) $f $f) (func $f) (func (export "never") (table.set $t (i32.const 1) (ref.null func)))',
      ),
    ],
    ['a reference that did not change', one('(global $r (mut funcref) (ref.null func))')],
  ]

  it.each(states)('has %s, and so does an instance that it is laid over', async (_name, wat) => {
    const make = await maker(wat)
    const first = make().imaging.first()
    const instance = make()
    for (const turn of [0, 1, 2]) {
      for (const against of [first, undefined]) {
        const image = taken(instance.imaging.take(against))
        const other = make()
        expect(other.imaging.lay(image)).toBeUndefined()
        expect(taken(other.imaging.take(against))).toEqual(image)
        // What comes after is the same, too: one goes on, the other begins from the image of before that.
        const seen = (of: Instance): unknown[] => [0, 5000, 3].map((n) => call(of, 'get', n))
        const before = taken(instance.imaging.take())
        const values = seen(instance)
        const again = make()
        again.imaging.lay(before)
        expect(seen(again)).toEqual(values)
        call(instance, 'set', turn)
        call(again, 'set', turn)
        expect(taken(again.imaging.take(against))).toEqual(taken(instance.imaging.take(against)))
      }
    }
  })

  it('has of a page only the bits that changed', async () => {
    const data = `\\${Array.from({ length: 60 }, () => 'ff').join('\\')}`
    const wat = one(
      `(memory 1) (data (i32.const 4096) "${data}")`,
      '(i32.store8 (local.get $n) (i32.const 0xfb))',
    )
    const make = await maker(wat)
    const instance = make()
    const first = instance.imaging.first()
    call(instance, 'set', 4100)
    call(instance, 'set', 9000)
    const [memory] = taken(instance.imaging.take(first)).memories
    const set = memory?.runs.flatMap(({ at, bytes }) =>
      Array.from(bytes.entries())
        .filter(([, byte]) => byte !== 0)
        .map(([i, byte]) => [at * 4096 + i, byte]),
    )
    expect(set).toEqual([
      [4100, 0x04],
      [9000, 0xfb],
    ])
    // What a store gives may begin at any byte of a buffer.
    const image = taken(instance.imaging.take(first))
    const odd = image.memories.map(({ pages, runs }) => ({
      pages,
      runs: runs.map(({ at, bytes }) => ({ at, bytes: Buffer.from([0, ...bytes]).subarray(1) })),
    }))
    const other = make()
    expect(other.imaging.lay({ ...image, memories: odd })).toBeUndefined()
    expect(taken(other.imaging.take(first))).toEqual(image)
  })

  it('has its pages in room that is used again and again, and is what it is in room of its own', async () => {
    // `set` fills pages: how many is in the high bits, and where they begin in the low ones.
    const wat = one(
      '(memory 80) (data (i32.const 4096) "abc")',
      '(memory.fill (i32.and (local.get $n) (i32.const 0x3fffff)) (i32.const 7) (i32.shl (i32.shr_u (local.get $n) (i32.const 22)) (i32.const 12)))',
    )
    const make = await maker(wat)
    const first = make().imaging.first()
    const room = new ImageRoom()
    const writes = fc.array(fc.tuple(fc.nat(900), fc.integer({ min: 1, max: 300 })), { maxLength: 3 })
    fc.assert(
      fc.property(fc.array(fc.tuple(writes, fc.boolean()), { maxLength: 4 }), (all) => {
        for (const [spans, based] of all) {
          room.clear()
          const instances = [make(), make()]
          // Two at once, as of a component with two memories.
          const images = instances.map((instance, i) => {
            for (const [page, pages] of spans) call(instance, 'set', (pages << 22) | ((page + i) * 4096))
            return taken(instance.imaging.take(based ? first : undefined, room))
          })
          for (const [i, image] of images.entries()) {
            const own = taken((instances[i] as Instance).imaging.take(based ? first : undefined))
            expect(same(image, own)).toBe(true)
            const other = make()
            expect(other.imaging.lay(image)).toBeUndefined()
            expect(same(taken(other.imaging.take(based ? first : undefined)), own)).toBe(true)
          }
        }
      }),
      { numRuns: 4 },
    )
  })

  const refused: readonly (readonly [code: string, name: string, wat: string])[] = [
    ['segments', 'data segments that are dropped', one('(memory 1) (data $d "abc")', '(data.drop $d)')],
    ['segments', 'element segments that are dropped', one('(func $f) (elem $e func $f)', '(elem.drop $e)')],
    [
      'heap',
      "objects on the engine's heap",
      one(
        '(type $s (struct (field (mut i32)))) (global $r (mut (ref null $s)) (ref.null $s))',
        '(global.set $r (struct.new $s (local.get $n)))',
      ),
    ],
    [
      'table',
      'a table that was changed',
      one(
        '(table $t 2 funcref) (func $f) (elem declare func $f)',
        '(table.set $t (i32.const 0) (ref.func $f))',
      ),
    ],
    [
      'table',
      'a table that grew',
      one('(table $t 2 funcref)', '(drop (table.grow $t (ref.null func) (i32.const 1)))'),
    ],
    [
      'table',
      'a table that was filled from a segment',
      one(
        '(table $t 2 funcref) (func $f) (elem $e func $f)',
        '(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))',
      ),
    ],
    [
      'table',
      'a table of more elements than are compared',
      one('(table $t 20000 funcref)', '(table.set $t (i32.const 0) (ref.null func))'),
    ],
    [
      'reference',
      'a reference that was changed',
      one(
        '(func $f) (elem declare func $f) (global $r (mut funcref) (ref.null func))',
        '(global.set $r (ref.func $f))',
      ),
    ],
    ['vector', 'a number of 128 bits', one('(global $v (mut v128) (v128.const i64x2 1 2))')],
    ['nan', 'a NaN', one('(global $d (mut f64) (f64.const 0))', '(global.set $d (f64.const nan:0x4))')],
  ]

  it.each(refused)('is refused (%s) for %s', async (code, _name, wat) => {
    const instance = (await maker(wat))()
    call(instance, 'set', 1)
    expect(instance.imaging.take()).toMatchObject({ none: code })
  })

  it('has the handles that components inside one have of each other', async () => {
    const make = await maker(lending)
    const instance = make()
    const { take, use, drop } = instance.functions
    const handles = [take?.(), take?.(), take?.()]
    expect(use?.(handles[0])).toBe(use?.(handles[0]))
    drop?.(handles[1])
    const image = taken(instance.imaging.take())
    expect(image.glue.tables.some((table) => (table?.handles.length ?? 0) > 2)).toBe(true)
    const other = make()
    expect(other.imaging.lay(image)).toBeUndefined()
    expect(taken(other.imaging.take())).toEqual(image)
    const goOn = ({ functions }: Instance): unknown => [
      functions['use']?.(handles[2]),
      functions['take']?.(),
      functions['take']?.(),
      functions['use']?.(handles[1]),
      functions['drop']?.(handles[0]),
    ]
    expect(goOn(other)).toEqual(goOn(instance))
    expect(taken(other.imaging.take())).toEqual(taken(instance.imaging.take()))
  })

  it('is refused (glue) where the guest dropped a handle that it never had', async () => {
    const instance = (await maker(lending))()
    instance.functions['take']?.()
    instance.functions['drop']?.(9)
    expect(instance.imaging.take()).toMatchObject({ none: 'glue' })
  })

  it('is refused where nothing is metered, whatever the component says of itself', async () => {
    const make = await maker(one('(memory 1)'), 'none')
    expect(make().imaging.take()).toMatchObject({ none: 'not-metered' })
    const forged = await maker(one('(@custom "theater:state" "\\01\\00\\00\\00\\00") (memory 1)'), 'none')
    expect(forged().imaging.take()).toMatchObject({ none: 'not-metered' })
  })

  it('tells of the objects of a guest only where all of them are made in the form that is known', () => {
    const made = (n: number, name: string): string =>
      `var rsc${n} = new.target === ${name} ? this : Object.create(${name}.prototype);
       Object.defineProperty(rsc${n}, symbolRscHandle, { writable: true, value: handle${n}});
       finalizationRegistry0.register(rsc${n}, handle${n}, rsc${n});`
    const text = `const finalizationRegistry0 = finalizationRegistryCreate((handle) => {\n});\n${made(0, 'Account')}`
    const told = tellGuests(`${text}${made(1, 'Account')}`, 'state')
    expect(told.startsWith('state.guest(0, () => finalizationRegistry0, () => Account.prototype);\n')).toBe(
      true,
    )
    for (const more of [made(1, 'Other'), 'finalizationRegistry0.register(rsc1, 1, rsc1);'])
      expect(tellGuests(`${text}${more}`, 'state')).toBe(`${text}${more}`)
  })

  it('is refused for glue of another form', async () => {
    const parts = { helpers: 'let fresh = 1;', start: '', guest: '', end: '' }
    expect(exposed(parts)).toHaveProperty('unknown')
  })

  it('is not laid over an instance of another component, nor one that does not fit', async () => {
    const small = await maker(one('(memory 1) (global (mut i32) (i32.const 0))'))
    const image = taken(small().imaging.take())
    const other = await maker(one('(memory 1)'))
    expect(other().imaging.lay(image)).toMatchObject({ none: 'misfit' })
    const memory = image.memories[0] as InstanceImage['memories'][number]
    const wrong: readonly Partial<InstanceImage>[] = [
      { memories: [] },
      { memories: [{ ...memory, pages: 0 }] },
      // Above the budget.
      { memories: [{ ...memory, pages: 1025 }] },
      { memories: [{ ...memory, runs: [{ at: 16, bytes: new Uint8Array(4096) }] }] },
      { memories: [{ ...memory, runs: [{ at: 0, bytes: new Uint8Array(5) }] }] },
      { globals: [] },
      { globals: [1n << 32n] },
      { glue: { ...image.glue, tables: [{ handles: [0, 0], remembered: [], captured: undefined }] } },
      { kept: { ...image.kept, pages: image.kept.pages + 1n } },
      { kept: { ...image.kept, pages: -1n } },
      { kept: { ...image.kept, elements: 0n } },
    ]
    for (const change of wrong) {
      const made = small().imaging.lay({ ...image, ...change })
      expect([Object.keys(change), made]).toMatchObject([Object.keys(change), { none: 'misfit' }])
    }
    // One page of memory is taken by the module; the host cannot give more than its maximum.
    const bounded = await maker(one('(memory 1 2)'))
    const of = taken(bounded().imaging.take())
    const grown = {
      ...of,
      memories: [{ pages: 3, runs: [] }],
      kept: { ...of.kept, pages: of.kept.pages - 2n },
    }
    expect(bounded().imaging.lay(grown)).toMatchObject({ none: 'host-memory' })
  })

  it('is of names that no component can export', async () => {
    const wat = one('(memory (export "!memory 0") 1)')
    await expect(loadComponent(await assemble(wat), { transpiler })).rejects.toMatchObject({
      code: 'bad-name',
    })
    const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    expect(WebAssembly.validate(meterModule(bytes, { nan: 'canonical' }) as Uint8Array<ArrayBuffer>)).toBe(
      true,
    )
  })
})
