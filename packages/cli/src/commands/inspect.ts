import { resolveImports, trackName } from '@theater/boundary'
import type { Resolution } from '@theater/boundary'
import { loadComponent } from '@theater/component/node'
import type { Component } from '@theater/component'
import { printable } from '@theater/handler-log'
import type { AnyHandler } from '@theater/handler'
import type { FunctionModel, InterfaceModel } from '@theater/values'
import { readComponentFile } from '../component-file.ts'
import { exits } from '../exits.ts'
import { makeHandlers } from '../handlers.ts'
import type { Output, Style } from '../output.ts'
import { signature } from '../signature.ts'
import { componentName } from '../records.ts'

/**
 * What a component gets for an import when it is granted nothing.
 *
 * - `granted`: answered by the boundary itself by rule (derived clocks and randomness, streams, types): no grant is needed.
 * - `inert`: empty and closed, no authority, until the handler is granted.
 * - `unmet`: the actor is not made, until the handler is granted; with no handler, never.
 */
type ImportState = 'granted' | 'inert' | 'unmet'

interface Import {
  readonly name: string
  readonly handler: string | null
  readonly state: ImportState
  readonly functions: readonly string[]
}

/** `theater inspect`: what a component imports and exports. Nothing of it is run. */
export async function inspect(file: string, output: Output): Promise<number> {
  const component = await loadComponent(await readComponentFile(file))
  const handlers = await makeHandlers({ store: ':memory:' })
  const resolution = resolveImports(component.model, handlers, {})
  const imports = component.model.imports.map((one) => importOf(one, resolution))
  const json = {
    component: componentName(component.digest),
    imports: imports.map((one) => ({ ...one, functions: [...one.functions] })),
    exports: component.model.exports.map(({ name, functions }) => ({
      name,
      functions: functions.map((fn) => fn.name),
    })),
  }
  await output.result(json, () => describe(component, imports, handlers, output))
  return exits.done
}

function importOf({ name, functions }: InterfaceModel, { served, unmet }: Resolution): Import {
  const by = served.get(name)
  const names = functions.map((fn) => fn.name)
  if (by === undefined) {
    const handler = unmet.find((one) => one.interface === name)?.handler ?? null
    return { name, handler, state: 'unmet', functions: names }
  }
  if (by.state === 'built-in') return { name, handler: null, state: 'granted', functions: names }
  return { name, handler: by.handler.name, state: by.state, functions: names }
}

const looks: Readonly<Record<ImportState, Style>> = { granted: 'green', inert: 'dim', unmet: 'yellow' }

function describe(
  { digest, bytes, model }: Component,
  imports: readonly Import[],
  handlers: readonly AnyHandler[],
  output: Output,
): string {
  const lines = [
    `${componentName(digest)}  ${bytes.length.toLocaleString('en')} bytes`,
    '',
    output.style('bold', 'imports'),
  ]
  if (imports.length === 0) lines.push('  none')
  for (const [i, one] of imports.entries()) {
    const functions = model.imports[i]?.functions ?? []
    lines.push(`  ${title(one.name)}  ${output.style(looks[one.state], explain(one))}`)
    for (const fn of functions) lines.push(functionLine(fn, output, bound(fn, one, handlers)))
  }
  lines.push('', output.style('bold', 'exports'))
  if (model.exports.length === 0) lines.push('  none')
  for (const { name, functions } of model.exports) {
    lines.push(`  ${title(name)}`)
    for (const fn of functions) lines.push(functionLine(fn, output, false))
  }
  return lines.join('\n')
}

function title(name: string): string {
  return name === '' ? '(root)' : printable(name)
}

function explain({ state, handler }: Import): string {
  switch (state) {
    case 'granted':
      return 'needs no grant'
    case 'inert':
      return `inert without [grants.${handler}]`
    case 'unmet':
      return handler === null ? 'unmet: no handler of theater serves it' : `unmet without [grants.${handler}]`
  }
}

function functionLine(fn: FunctionModel, output: Output, whole: boolean): string {
  const mark = whole ? output.style('dim', '  granted or not as a whole') : ''
  return `    ${printable(fn.name)}${output.style('dim', printable(signature(fn)))}${mark}`
}

/** Whether the handler cannot refuse this function call by call: it is bound by the grant, or not at all. */
function bound(fn: FunctionModel, { handler }: Import, handlers: readonly AnyHandler[]): boolean {
  const declared = handlers.find(({ name }) => name === handler)?.functions[trackName(fn)]
  return (
    declared !== undefined &&
    declared.effect !== 'none' &&
    declared.deny === undefined &&
    declared.ask === undefined
  )
}
