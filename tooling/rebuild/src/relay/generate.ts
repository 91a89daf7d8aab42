/**
 * Makes relays: components that export every function of what they import, and pass the call on.
 *
 * A handle arrives and leaves as the number that it has in the guest, so whoever calls a relay from outside can make
 * any call of a handler with any arguments, with true and with forged handles: the honest guest and the hostile one.
 * Values pass through as the canonical ABI hands them over.
 */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import { flatten, layout, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from '@theater/types-matrix/abi'
import { Declarations } from '@theater/types-matrix/wit'
import type { FunctionModel, InterfaceModel, ValType } from '@theater/values'
import { allPackages } from '../../../../wit/scripts/wit-text.ts'
import { modelOf } from '../model.ts'
import { CONTROL, dropName, functionName, interfaceName, PACKAGE } from '@theater/guests/relay'
import { numbered } from './numbered.ts'

/**
 * The bytes of a relay.
 *
 * @param imports what it imports, beside what that uses: `theater:store/blobs@0.1.0`
 * @param options `more`: a WIT package beside those of `wit/`; `exports`: interfaces that it exports besides, whose functions
 * take what they are given and answer with zeros: `ok`, and nothing in it
 */
export async function relay(
  imports: readonly string[],
  { more = '', exports = [] }: { readonly more?: string; readonly exports?: readonly string[] } = {},
): Promise<Uint8Array> {
  const nested = more.replace(/^(package [^;]+);/m, '$1 {')
  const packages = (text: string): string => allPackages(`${more === '' ? '' : `${nested}}`}\n${text}`)
  const world = [
    ...imports.map((name) => `import ${name};`),
    ...exports.map((name) => `export ${name};`),
  ].join(' ')
  const model = await modelOf(await dummy(packages(`world relay { ${world} }`)))
  const found = model.imports
  const interfaces = found.filter(({ functions, resources }) => functions.length + resources.length > 0)
  const names = interfaces.map(({ name }) => interfaceName(name))
  if (new Set(names).size < names.length) throw new Error(`two interfaces of one name: ${names.join(', ')}`)
  const exported = [...names, CONTROL].map((name) => `export ${name};`).join(' ')
  const wit = [
    ...interfaces.map(interfaceText),
    `interface ${CONTROL} { trap: func(); }`,
    `world relay { ${world} ${exported} }`,
  ].join('\n')
  const core = await parse(moduleText(interfaces, model.exports))
  const source = packages(wit).replace('package root:component;', `package ${PACKAGE};`)
  return componentNew(await componentEmbed({ binary: core, witSource: source, world: 'relay' }), [])
}

/** A component that imports the world and does nothing. */
async function dummy(witSource: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ dummy: true, witSource, world: 'relay' }), [])
}

function interfaceText({ name, functions, resources }: InterfaceModel): string {
  const declarations = new Declarations()
  const text = (type: ValType): string => declarations.of(numbered(type))
  const lines = functions.map((fn) => {
    const params = fn.params.map((param) => `%${param.name}: ${text(param.type)}`).join(', ')
    const result = fn.result === null ? '' : ` -> ${text(fn.result)}`
    return `  %${functionName(fn.name)}: func(${params})${result};`
  })
  // A resource stands in each interface that uses it; it is dropped in its own.
  const drops = resources
    .filter((resource) => resource.interface === name)
    .map((resource) => `  ${dropName(resource.name)}: func(handle: u32);`)
  return `interface ${interfaceName(name)} {\n${declarations.text}\n${[...lines, ...drops].join('\n')}\n}`
}

function moduleText(interfaces: readonly InterfaceModel[], exported: readonly InterfaceModel[]): string {
  const imports: string[] = []
  const bodies: string[] = []
  for (const { name, functions, resources } of interfaces) {
    for (const fn of functions) {
      const one = new Relayed(fn, imports.length)
      imports.push(one.import)
      bodies.push(one.export, one.post)
    }
    for (const resource of resources.filter((one) => one.interface === name)) {
      const callee = `$f${imports.length}`
      imports.push(`(import "${name}" "[resource-drop]${resource.name}" (func ${callee} (param i32)))`)
      bodies.push(
        `(func (export "${PACKAGE}/${interfaceName(name)}#${dropName(resource.name)}") (param i32) (call ${callee} (local.get 0)))`,
      )
    }
  }
  for (const fn of exported.flatMap(({ functions }) => functions)) {
    bodies.push(...idle(fn))
  }
  return `(module\n${imports.join('\n')}\n${MEMORY}\n${bodies.join('\n')}\n)`
}

/** A function that takes what it is given and answers with zeros. */
function idle(fn: FunctionModel): readonly string[] {
  const name = `${fn.interface}#${fn.name}`
  const flat = fn.params.flatMap((param) => flatten(param.type))
  const params = flat.length > MAX_FLAT_PARAMS ? ['i32'] : flat
  const results = fn.result === null ? [] : flatten(fn.result)
  if (fn.result === null || results.length <= MAX_FLAT_RESULTS) {
    const zeros = results.map((type) => `(${type}.const 0)`).join(' ')
    return [
      `(func (export "${name}") ${signature(params, results)} (global.set $next (i32.const 1024)) ${zeros})`,
    ]
  }
  const { size, align } = layout(fn.result)
  return [
    `(func (export "${name}") ${signature(params, ['i32'])} (local $at i32)
      (local.set $at (call $alloc (i32.const ${size}) (i32.const ${align})))
      (memory.fill (local.get $at) (i32.const 0) (i32.const ${size}))
      (local.get $at))`,
    `(func (export "cabi_post_${name}") (param i32) (global.set $next (i32.const 1024)))`,
  ]
}

/** What a call needs is forgotten when the host has read the answer. */
const MEMORY = `
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
  (local.get $at))
(func (export "${PACKAGE}/${CONTROL}#trap") unreachable)`

/** One function that passes its call on. */
class Relayed {
  readonly #fn: FunctionModel
  readonly #callee: string
  readonly #params: readonly string[]
  readonly #results: readonly string[]
  /** The result lies in memory, at a place that the caller of the import names. */
  readonly #viaMemory: boolean

  constructor(fn: FunctionModel, index: number) {
    this.#fn = fn
    this.#callee = `$f${index}`
    const flat = fn.params.flatMap((param) => flatten(param.type))
    this.#params = flat.length > MAX_FLAT_PARAMS ? ['i32'] : flat
    const results = fn.result === null ? [] : flatten(fn.result)
    this.#viaMemory = results.length > MAX_FLAT_RESULTS
    this.#results = this.#viaMemory ? ['i32'] : results
  }

  get #name(): string {
    return `${PACKAGE}/${interfaceName(this.#fn.interface)}#${functionName(this.#fn.name)}`
  }

  get import(): string {
    const { interface: from, name } = this.#fn
    const params = this.#viaMemory ? [...this.#params, 'i32'] : this.#params
    const type = signature(params, this.#viaMemory ? [] : this.#results)
    return `(import "${from}" "${name}" (func ${this.#callee} ${type}))`
  }

  get export(): string {
    const args = this.#params.map((_, i) => `(local.get ${i})`).join(' ')
    const head = `(func (export "${this.#name}") ${signature(this.#params, this.#results)}`
    if (!this.#viaMemory || this.#fn.result === null) return `${head} (call ${this.#callee} ${args}))`
    const { size, align } = layout(this.#fn.result)
    const room = `(local.set $at (call $alloc (i32.const ${size}) (i32.const ${align})))`
    return `${head} (local $at i32) ${room} (call ${this.#callee} ${args} (local.get $at)) (local.get $at))`
  }

  get post(): string {
    return `(func (export "cabi_post_${this.#name}") ${signature(this.#results, [])} (global.set $next (i32.const 1024)))`
  }
}

function signature(params: readonly string[], results: readonly string[]): string {
  const list = (keyword: string, types: readonly string[]): string =>
    types.length === 0 ? '' : `(${keyword} ${types.join(' ')})`
  return `${list('param', params)} ${list('result', results)}`
}
