/**
 * Generates the guest of a type: an echo, that exports for each nesting a function of the type and answers it with
 * what an import of the same type answers. Values pass through it as the canonical ABI hands them over, so that no code
 * here knows what they mean. A borrow cannot be answered: its guest uses and drops each one, and answers a sum.
 */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import type { ValType } from '@theater/values'
import { casesOf, fieldsOf, flatten, layout, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, offsets } from './abi.ts'
import { discriminantSize, payloadOffset } from './abi.ts'
import type { Core } from './abi.ts'
import { Declarations } from './wit.ts'

/** What resources a type carries. */
export interface Carried {
  readonly thing: boolean
  readonly item: boolean
  readonly borrow: boolean
}

/** The resources inside a type. */
export function carried(type: ValType): Carried {
  if (type.kind === 'own' || type.kind === 'borrow') {
    const thing = type.resource.side === 'import'
    return { thing, item: !thing, borrow: type.kind === 'borrow' }
  }
  const none = { thing: false, item: false, borrow: false }
  const parts = type.kind === 'list' ? [type.element] : (fieldsOf(type) ?? casesOf(type) ?? [])
  return parts.reduce<Carried>((sum, part) => {
    const one = part === null ? none : carried(part)
    return { thing: sum.thing || one.thing, item: sum.item || one.item, borrow: sum.borrow || one.borrow }
  }, none)
}

/** The bytes of the guest for a type, in every nesting. */
export async function guestOf(nested: Readonly<Record<string, ValType>>): Promise<Uint8Array> {
  const core = await parse(coreOf(nested))
  const embedded = await componentEmbed({ binary: core, witSource: witOf(nested), world: 'matrix' })
  return componentNew(embedded, [])
}

/** The world of a guest. */
function witOf(nested: Readonly<Record<string, ValType>>): string {
  const declarations = new Declarations()
  const has = carriedBy(nested)
  const functions = Object.entries(nested).map(([nesting, type]) => {
    const x = declarations.of(type)
    return `  f-${nesting}: func(x: ${x}) -> ${has.borrow ? 'u32' : x};`
  })
  const uses = [
    ...(has.thing ? ['  use things.{thing};'] : []),
    ...(declarations.names.length > 0 && !has.item
      ? [`  use types.{${declarations.names.join(', ')}};`]
      : []),
  ]
  const resource = (name: string): string => `  resource ${name} { constructor(id: u32); id: func() -> u32; }`
  const body = (...lines: string[]): string => [...uses, ...lines, ...functions].join('\n')
  return [
    'package test:matrix;',
    `interface things {\n${resource('thing')}\n}`,
    has.item
      ? ''
      : `interface types {\n${has.thing ? '  use things.{thing};\n' : ''}${declarations.text}\n}\ninterface host {\n${body()}\n}`,
    `interface guest {\n${has.item ? body(resource('item'), declarations.text) : body()}\n}`,
    `world matrix {${has.item ? '' : ' import host;'}${has.thing ? ' import things;' : ''} export guest; }`,
  ].join('\n')
}

function carriedBy(nested: Readonly<Record<string, ValType>>): Carried {
  return carried({ kind: 'tuple', elements: Object.values(nested) })
}

const HOST = 'test:matrix/host'
const THINGS = 'test:matrix/things'
const GUEST = 'test:matrix/guest'

/** The core module of a guest, as text. */
function coreOf(nested: Readonly<Record<string, ValType>>): string {
  const has = carriedBy(nested)
  const imports: string[] = []
  const bodies: string[] = []
  if (has.thing && has.borrow) {
    imports.push(
      `(import "${THINGS}" "[method]thing.id" (func $thing-id (param i32) (result i32)))`,
      `(import "${THINGS}" "[resource-drop]thing" (func $thing-drop (param i32)))`,
    )
  }
  if (has.item) {
    imports.push(`(import "[export]${GUEST}" "[resource-new]item" (func $item-new (param i32) (result i32)))`)
    bodies.push(
      `(func (export "${GUEST}#[constructor]item") (param i32) (result i32) (call $item-new (local.get 0)))`,
      `(func (export "${GUEST}#[method]item.id") (param i32) (result i32) (local.get 0))`,
      `(func (export "${GUEST}#[dtor]item") (param i32))`,
    )
  }
  for (const [nesting, type] of Object.entries(nested)) {
    const f = new ForwardingFunction(nesting, type)
    if (!has.item) imports.push(f.import)
    bodies.push(f.body, f.post)
  }
  return `(module\n${imports.join('\n')}\n${ALLOCATOR}\n${bodies.join('\n')}\n)`
}

const ALLOCATOR = `
(memory (export "memory") 1)
(global $next (mut i32) (i32.const 1024))
(func $alloc (param $size i32) (param $align i32) (result i32)
  (local $at i32) (local $end i32)
  (local.set $at (i32.and
    (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get $align))))
  (local.set $end (i32.add (local.get $at) (local.get $size)))
  (global.set $next (local.get $end))
  (block $fits
    (br_if $fits (i32.le_u (local.get $end) (i32.shl (memory.size) (i32.const 16))))
    (br_if $fits (i32.ge_s (memory.grow (i32.sub
      (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16)) (memory.size))) (i32.const 0)))
    unreachable)
  (local.get $at))
(func (export "cabi_realloc") (param $old i32) (param $used i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (call $alloc (local.get $size) (local.get $align)))
  (memory.copy (local.get $at) (local.get $old) (local.get $used))
  (local.get $at))`

/** One function that passes its argument on. */
class ForwardingFunction {
  readonly #nesting: string
  readonly #type: ValType
  readonly #has: Carried
  readonly #flat: readonly Core[]
  readonly #spilled: boolean
  readonly #result: ValType
  readonly #locals: string[] = []

  constructor(nesting: string, type: ValType) {
    this.#nesting = nesting
    this.#type = type
    this.#has = carried(type)
    const flat = flatten(type)
    this.#spilled = flat.length > MAX_FLAT_PARAMS
    this.#flat = this.#spilled ? ['i32'] : flat
    this.#result = this.#has.borrow ? { kind: 'u32' } : type
  }

  get #resultFlat(): readonly Core[] {
    return flatten(this.#result)
  }

  get #viaMemory(): boolean {
    return this.#resultFlat.length > MAX_FLAT_RESULTS
  }

  get import(): string {
    const params = [...this.#flat, ...(this.#viaMemory ? ['i32'] : [])].join(' ')
    const results = this.#viaMemory ? '' : this.#resultFlat.map((core) => `(result ${core})`).join(' ')
    return `(import "${HOST}" "f-${this.#nesting}" (func $host-${this.#nesting} (param ${params}) ${results}))`
  }

  get post(): string {
    const params = (this.#viaMemory ? ['i32'] : this.#resultFlat).join(' ')
    return `(func (export "cabi_post_${GUEST}#f-${this.#nesting}") (param ${params}) (global.set $next (i32.const 1024)))`
  }

  get body(): string {
    const code = this.#code()
    const result = this.#viaMemory
      ? '(result i32)'
      : this.#resultFlat.map((core) => `(result ${core})`).join(' ')
    const params = this.#flat.map((core, i) => `(param $p${i} ${core})`).join(' ')
    const locals = ['(local $ret i32)', '(local $sum i32)', ...this.#locals].join(' ')
    return `(func (export "${GUEST}#f-${this.#nesting}") ${params} ${result} ${locals}\n${code})`
  }

  #code(): string {
    const { item, borrow } = this.#has
    const flat = this.#flat.map((_, i) => `(local.get $p${i})`)
    if (borrow) {
      const call = item ? '' : `(local.set $sum (call $host-${this.#nesting} ${flat.join(' ')}))`
      const visit = this.#spilled
        ? this.#visitMemory(this.#type, flat[0] as string)
        : this.#visitFlat(this.#type, [...flat])
      return `${call}\n${visit}\n(local.get $sum)`
    }
    const { size, align } = layout(this.#result)
    const ret = `(local.set $ret (call $alloc (i32.const ${size}) (i32.const ${align})))`
    if (item) {
      if (!this.#viaMemory) return flat.join(' ')
      if (this.#spilled) return flat.join(' ')
      return `${ret}\n${this.#store(this.#type, [...flat], 0)}\n(local.get $ret)`
    }
    if (!this.#viaMemory) return `(call $host-${this.#nesting} ${flat.join(' ')})`
    return `${ret}\n(call $host-${this.#nesting} ${flat.join(' ')} (local.get $ret))\n(local.get $ret)`
  }

  #local(): string {
    const name = `$l${this.#locals.length}`
    this.#locals.push(`(local ${name} i32)`)
    return name
  }

  /** Counts a handle, and gives a borrow of the host's back. */
  #use(handle: string): string {
    if (this.#has.item) return `(local.set $sum (i32.add (local.get $sum) ${handle}))`
    return `(local.set $sum (i32.add (local.get $sum) (call $thing-id ${handle}))) (call $thing-drop ${handle})`
  }

  /** Visits every handle of a value in core values, and takes those from the list. */
  #visitFlat(type: ValType, flat: string[]): string {
    if (type.kind === 'own' || type.kind === 'borrow') return this.#use(flat.shift() as string)
    if (type.kind === 'list')
      return this.#visitList(type.element, flat.shift() as string, flat.shift() as string)
    const fields = fieldsOf(type)
    if (fields !== undefined) return fields.map((field) => this.#visitFlat(field, flat)).join('\n')
    const cases = casesOf(type)
    const mine = flat.splice(0, flatten(type).length)
    if (cases === undefined) return ''
    return this.#switch(cases, mine.shift() as string, (payload) => this.#visitFlat(payload, [...mine]))
  }

  #visitMemory(type: ValType, at: string): string {
    const offset = (n: number): string => `(i32.add ${at} (i32.const ${n}))`
    if (type.kind === 'own' || type.kind === 'borrow') return this.#use(`(i32.load ${at})`)
    if (type.kind === 'list')
      return this.#visitList(type.element, `(i32.load ${at})`, `(i32.load ${offset(4)})`)
    const fields = fieldsOf(type)
    if (fields !== undefined) {
      const starts = offsets(fields)
      return fields.map((field, i) => this.#visitMemory(field, offset(starts[i] as number))).join('\n')
    }
    const cases = casesOf(type)
    if (cases === undefined) return ''
    const tag = `(${['', 'i32.load8_u', 'i32.load16_u', '', 'i32.load'][discriminantSize(cases.length)]} ${at})`
    return this.#switch(cases, tag, (payload) => this.#visitMemory(payload, offset(payloadOffset(cases))))
  }

  #visitList(element: ValType, pointer: string, length: string): string {
    const at = this.#local()
    const left = this.#local()
    return `(local.set ${at} ${pointer}) (local.set ${left} ${length})
(block (loop (br_if 1 (i32.eqz (local.get ${left})))
  ${this.#visitMemory(element, `(local.get ${at})`)}
  (local.set ${at} (i32.add (local.get ${at}) (i32.const ${layout(element).size})))
  (local.set ${left} (i32.sub (local.get ${left}) (i32.const 1)))
  (br 0)))`
  }

  #switch(cases: readonly (ValType | null)[], tag: string, visit: (payload: ValType) => string): string {
    const arms = cases.map((payload, i) =>
      payload === null ? '' : `(if (i32.eq ${tag} (i32.const ${i})) (then ${visit(payload)}))`,
    )
    return arms.join('\n')
  }

  /** Stores core values as the type lies in memory, from `$ret` on. */
  #store(type: ValType, flat: string[], at: number): string {
    const put = (instruction: string, value: string, offset = 0): string =>
      `(${instruction} offset=${at + offset} (local.get $ret) ${value})`
    const fields = fieldsOf(type)
    if (fields !== undefined) {
      const starts = offsets(fields)
      return fields.map((field, i) => this.#store(field, flat, at + (starts[i] as number))).join('\n')
    }
    const cases = casesOf(type)
    const mine = flat.splice(0, flatten(type).length)
    if (cases !== undefined) {
      const tag = mine.shift() as string
      const arms = this.#switch(cases, tag, (payload) =>
        this.#store(payload, [...mine], at + payloadOffset(cases)),
      )
      return `${put('i32.store8', tag)}\n${arms}`
    }
    if (type.kind === 'list')
      return `${put('i32.store', mine[0] as string)}\n${put('i32.store', mine[1] as string, 4)}`
    const { size } = layout(type)
    if (flatten(type)[0] !== 'i32') throw new Error(`nobody stores a ${type.kind} yet`)
    return put(['', 'i32.store8', 'i32.store16', '', 'i32.store'][size] as string, mine[0] as string)
  }
}
