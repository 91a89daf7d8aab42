import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { trackName, trackOf } from '@theater/boundary'
import type { Component } from '@theater/component'
import { printable } from '@theater/handler-log'
import type { AnyHandler } from '@theater/handler'
import { defaultLimits } from '@theater/runtime'
import type { FunctionModel } from '@theater/values'
import { idOf } from '../actor-id.ts'
import { loadNamed, readComponentFile } from '../component-file.ts'
import { contributedBy } from '../contributed.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { grantSchema } from '../grant-schemas.ts'
import { makeHandlers } from '../handlers.ts'
import { importJson, importsOf } from '../import-states.ts'
import { answersRequests, likelyLifetime } from '../lifetime.ts'
import type { Import, ImportState } from '../import-states.ts'
import { exampleWith, manifestText } from '../manifest-text.ts'
import type { Need } from '../manifest-text.ts'
import type { Output, Style } from '../output.ts'
import { componentName } from '../records.ts'
import { schemaReference } from '../schema-file.ts'
import { codeLine, meterJson, meterView, takenAtStart } from '../meter-view.ts'
import type { MeterView } from '../meter-view.ts'
import { signature } from '../signature.ts'
import { count, table } from '../table.ts'

/** Options of `theater inspect`. */
export interface InspectOptions {
  /** Only the manifest. */
  readonly toml: boolean
  /** `MODULE` or `MODULE={…}` of handlers of others. */
  readonly handler: readonly string[]
  /** Where an actor is looked for. */
  readonly data: string
}

/** `theater inspect`: what a component imports and exports, and a manifest for it; what a manifest allows; or how an actor stands. Nothing is run. */
export async function inspect(
  file: string,
  { toml, handler, data }: InspectOptions,
  output: Output,
): Promise<number> {
  if (isActor(file)) {
    if (toml)
      throw new CliError(
        'usage',
        `--toml makes a manifest of a component, and ${file} is no file: it names an actor`,
      )
    const { inspectActor } = await import('../inspect-actor.ts')
    return inspectActor(file, { data }, output)
  }
  const others = await contributedBy(handler)
  if (file.endsWith('.toml')) {
    if (toml) throw new CliError('usage', `--toml makes a manifest of a component, and ${file} is one`)
    const { inspectManifest } = await import('../inspect-manifest.ts')
    return inspectManifest(file, others, output)
  }
  const component = await loadNamed(file, await readComponentFile(file))
  const handlers = await makeHandlers({ store: ':memory:', contributed: others.handlers })
  const imports = importsOf(component.model, handlers, {})
  const manifest = manifestText({
    actor: idOf(file),
    component: relativeTo(process.cwd(), file),
    schema: schemaReference(process.cwd()),
    perTurn: answersRequests(component.model) && likelyLifetime(component.model) === 'turn',
    needs: needsOf(component.model, imports, handlers),
    unserved: imports
      .filter(({ state, handler }) => state === 'unmet' && handler === null)
      .map(({ name }) => name),
  })
  if (toml) {
    await output.text(manifest.split('\n').map(printable).join('\n'))
    return exits.done
  }
  const meter = meterView(file, component.bytes, defaultLimits)
  const json = {
    component: componentName(component.digest),
    imports: imports.map(importJson),
    exports: component.model.exports.map(({ name, functions }) => ({
      name,
      functions: functions.map((fn) => fn.name),
    })),
    ...meterJson(meter),
    manifest: `${manifest}\n`,
  }
  await output.result(json, () => describe(component, imports, handlers, meter, manifest, output))
  return exits.done
}

/** Whether it names an actor: what is there is a file, and so is what can be no id, or is called as one. */
function isActor(name: string): boolean {
  return /^[a-z0-9._~-]+$/.test(name) && !/\.(?:wasm|toml)$/.test(name) && !existsSync(name)
}

/** What of each handler a component imports, and exports for it to call. */
function needsOf(
  model: Component['model'],
  imports: readonly Import[],
  handlers: readonly AnyHandler[],
): Need[] {
  return handlers.flatMap(({ name, grant, exports = [] }): Need[] => {
    const ones = imports.filter(({ handler }) => handler === name)
    const called = model.exports.filter((one) => exports.includes(trackOf(one.name)))
    if (ones.length + called.length === 0) return []
    const schema = grantSchema(name) ?? grant
    const functions = [
      ...ones.flatMap((one) => one.functions),
      ...called.flatMap((one) => one.functions.map((fn) => fn.name)),
    ]
    return [
      {
        handler: name,
        schema,
        example: exampleWith(schema, name === 'http' ? httpKeys(model) : []),
        // What is called by nobody is of no use.
        optional: called.length === 0 && ones.every(({ state }) => state === 'inert'),
        interfaces: [...ones, ...called].map((one) => one.name),
        functions: functions.map((fn) => fn.replace(/^\[[a-z]+\]/, '')),
      },
    ]
  })
}

/** What of a grant of http means something to a component: one that answers requests needs somewhere where they come in. */
function httpKeys(model: Component['model']): string[] {
  const asks = model.imports.some(({ name }) => name.startsWith('wasi:http/outgoing-handler@'))
  return [...(answersRequests(model) ? ['serve'] : []), ...(asks ? ['out'] : [])]
}

/** The file as a manifest in a folder names it: TOML's own readers want slashes. */
function relativeTo(folder: string, file: string): string {
  return relative(folder, resolve(file)).replaceAll('\\', '/')
}

const looks: Readonly<Record<ImportState, Style>> = { granted: 'green', inert: 'dim', unmet: 'yellow' }

function describe(
  { digest, bytes, model }: Component,
  imports: readonly Import[],
  handlers: readonly AnyHandler[],
  meter: MeterView,
  manifest: string,
  output: Output,
): string {
  const bold = (text: string): string => output.style('bold', text)
  const lines = [`${componentName(digest)}  ${count(bytes.length)} bytes`, '']
  if (imports.length === 0) lines.push(bold('IMPORTS'), 'none: it can reach nothing')
  else {
    const rows = imports.map((one) => [
      title(one.name),
      one.handler ?? one.live ?? (one.state === 'granted' ? 'none' : '–'),
      output.style(looks[one.state], explain(one)),
    ])
    const [head = '', ...body] = table(
      [{ title: 'IMPORT' }, { title: 'GRANT' }, { title: 'WITHOUT IT' }],
      rows,
      bold,
    ).split('\n')
    lines.push(head)
    for (const [i, one] of imports.entries()) {
      lines.push(body[i] ?? '')
      // What the boundary answers by rule is the same for every component.
      if (one.state === 'granted') continue
      for (const fn of model.imports[i]?.functions ?? [])
        lines.push(functionLine(fn, output, bound(fn, one, handlers)))
    }
  }
  lines.push('', bold('EXPORT'))
  if (model.exports.length === 0) lines.push('none: nothing of it can be called')
  for (const { name, functions } of model.exports) {
    lines.push(title(name))
    for (const fn of functions) lines.push(functionLine(fn, output, false))
  }
  lines.push('', ...metered(meter, output))
  const shown = manifest
    .split('\n')
    .map((line) => (line.startsWith('#') ? output.style('dim', printable(line)) : printable(line)))
  lines.push('', `${bold('theater.toml')}, to paste; --toml prints it alone`, '', ...shown)
  return lines.join('\n')
}

/** What the meter sees, and what of an actor's limits is taken before anything runs. */
function metered(view: MeterView, output: Output): string[] {
  const names = view.code === null ? [] : (['memory', 'tables'] as const)
  const rows = names.map((name) => {
    const taken = takenAtStart(name, defaultLimits[name], view)
    return [name, count(defaultLimits[name]), view.fits ? taken : output.style('yellow', taken)]
  })
  const columns = [{ title: 'LIMIT' }, { title: 'DEFAULT', align: 'right' }, { title: 'IT TAKES' }] as const
  const bold = (text: string): string => output.style('bold', text)
  return [
    bold('CODE'),
    printable(codeLine(view)),
    ...(rows.length > 0 ? ['', table(columns, rows, bold)] : []),
  ]
}

function title(name: string): string {
  return name === '' ? '(root)' : printable(name)
}

function explain({ state, handler, live }: Import): string {
  switch (state) {
    case 'granted':
      return live === null ? 'needs no grant' : 'derived'
    case 'inert':
      return 'empty and closed'
    case 'unmet':
      return handler === null ? 'no handler of theater serves it: it cannot run' : 'it does not run'
  }
}

function functionLine(fn: FunctionModel, output: Output, whole: boolean): string {
  const mark = whole ? output.style('dim', '  granted or not as a whole') : ''
  return `  ${printable(fn.name)}${output.style('dim', printable(signature(fn)))}${mark}`
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
