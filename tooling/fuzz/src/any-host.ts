import { trackName, trackOf } from '@theater/boundary'
import { type AnyHandler, defineHandler, type HandlerFunction, WitError } from '@theater/handler'
import {
  camelCase,
  type ComponentModel,
  type FunctionModel,
  type ResourceType,
  type ValType,
} from '@theater/values'
import type { Random } from './random.ts'
import { anyValue } from './typed.ts'

/** What the boundary answers by itself. */
const BUILT_IN = /^(?:wasi:(?:io|clocks|random)\/|theater:actor\/self@)/

/** A handler, `any`, that serves whatever a component imports with some value of its type. */
export function anyHost({ imports }: ComponentModel, random: Random): AnyHandler {
  const served = imports.filter(({ name }) => name !== '' && !BUILT_IN.test(name))
  const all = served.flatMap(({ functions }) => functions)
  const answer = (fn: FunctionModel): unknown => {
    if (fn.kind === 'constructor') return object(fn.resource)
    if (fn.result === null) return undefined
    const value = anyValue(fn.result, random, resource)
    if (fn.result.kind !== 'result') return value
    const { tag, val } = value as { readonly tag: string; readonly val: unknown }
    if (tag === 'err') throw new WitError(val as never)
    return val
  }
  const resource = (type: ValType): unknown =>
    object(type.kind === 'own' || type.kind === 'borrow' ? type.resource : null)
  /** An object with every method that a resource has. */
  const object = (of: ResourceType | null): object =>
    Object.fromEntries(
      all
        .filter(({ kind, resource: its }) => kind === 'method' && its === of)
        .map((fn) => [camelCase(fn.name.slice(fn.name.indexOf('.') + 1)), () => answer(fn)]),
    )
  const bound = served.map(({ name, functions }) => {
    const own = functions.filter(({ kind }) => kind !== 'method')
    return [trackOf(name), Object.fromEntries(own.map((fn) => [keyOf(fn), () => answer(fn)]))] as const
  })
  const declared = all.map((fn): [string, HandlerFunction] => [
    trackName(fn),
    { mode: 'sync', effect: 'none' },
  ])
  return defineHandler<{ readonly [key: string]: never }, object>({
    name: 'any',
    interfaces: bound.map(([track]) => track),
    grant: { type: 'object', additionalProperties: false },
    functions: Object.fromEntries(declared),
    within: () => true,
    authorize: () => true,
    bind: () => ({ imports: Object.fromEntries(bound) }),
  })
}

function keyOf({ kind, name }: FunctionModel): string {
  return kind === 'freestanding' ? camelCase(name) : name
}
