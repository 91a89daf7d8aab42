/** Components that were changed: refused with a code, or they run, and whatever they do is theirs. */
import {
  type Component,
  ComponentError,
  type HostFunction,
  hostCause,
  type Instance,
  loadComponent,
  type Prepared,
  type Resources,
  trapCode,
  workerTranspiler,
} from '@theater/component/node'
import { cGuest, guest, watGuests } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import type { FunctionModel, ValType } from '@theater/values'
import { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'
import { anyValue } from '../typed.ts'
import { mutate } from '../wasm/mutate.ts'
import { modulesOf } from '../wasm/sections.ts'

/** Small ones more often: what takes time is making JavaScript of them. */
const corpus: readonly Uint8Array[] = [
  ...watGuests().map(guest),
  ...watGuests().map(guest),
  relayGuest('log'),
  relayGuest('box'),
  relayGuest('store'),
  relayGuest('messaging'),
  cGuest('courier'),
]

const transpiler = workerTranspiler()
/** What a mutated component may take is bounded, so that many can be tried. */
const limits = { transpileMs: 20_000 }

/** Whether it has core modules, and the engine takes all of them. */
function validates(bytes: Uint8Array): boolean {
  try {
    const modules = modulesOf(bytes)
    return (
      modules.length > 0 && modules.every((module) => WebAssembly.validate(module as Uint8Array<ArrayBuffer>))
    )
  } catch {
    return false
  }
}

/** Answers an import with some value of its type, in the way that the glue wants it. */
function answers(fn: FunctionModel, random: Random, resources: () => Resources): HostFunction {
  let n = 0
  const handle = (type: ValType): unknown => {
    if (type.kind !== 'own' && type.kind !== 'borrow') throw new TypeError('no resource')
    // What the guest gave is gone; there is nothing else to give back.
    if (type.resource.side === 'export') throw new TypeError('a resource of the guest')
    return resources().wrapHost(type.resource, ++n)
  }
  return () => {
    if (fn.kind === 'constructor') return ++n
    if (fn.result === null) return undefined
    const value = anyValue(fn.result, random, handle)
    if (fn.result.kind !== 'result') return value
    const { tag, val } = value as { readonly tag: string; readonly val: unknown }
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- the convention of the glue
    if (tag === 'err') throw { payload: val }
    return val
  }
}

function instantiate({ model }: Component, prepared: Prepared, random: Random): Instance {
  const resources = prepared.newResources()
  const functions = Object.fromEntries(
    model.imports.flatMap((one) => one.functions.map((fn) => [fn.id, answers(fn, random, () => resources)])),
  )
  return prepared.instantiateSync({ resources, functions, drop() {} })
}

/** What a failure is called; `undefined` where it is none of those that there are. */
function failure(error: unknown): string | undefined {
  if (ComponentError.is(error)) return error.code
  if (!(error instanceof Error)) return undefined
  return hostCause(error) ?? trapCode(error)
}

async function run(bytes: Uint8Array): Promise<Tried> {
  const marks = validates(bytes) ? ['its modules validate'] : []
  let component: Component
  let prepared: Prepared
  try {
    component = await loadComponent(bytes, { transpiler, limits })
    marks.push('loaded')
    prepared = await component.prepare({ mode: 'sync' })
  } catch (error) {
    if (!ComponentError.is(error)) throw error
    return { accepted: false, marks: [...marks, `refused: ${error.code}`] }
  }
  marks.push('instantiation reached')
  const random = new Random(
    bytes.length,
    bytes.reduce((sum, byte) => (sum * 31 + byte) | 0, 7),
  )
  try {
    instantiate(component, prepared, random)
    marks.push('instantiated')
  } catch (error) {
    const code = failure(error)
    if (code === undefined) throw error
    marks.push(`ended: ${code}`)
  }
  return { accepted: true, marks }
}

/** Its inputs are components. */
export const target: Target = { input: (random) => mutate(random.of(corpus), random), run }
