import { printable } from '@theater/handler-log'
import { defaultLimits } from '@theater/runtime'
import type { Limits } from '@theater/runtime'
import { loadNamed } from './component-file.ts'
import type { Contributed } from './contributed.ts'
import { exits } from './exits.ts'
import { makeHandlers } from './handlers.ts'
import { importJson, importsOf } from './import-states.ts'
import type { Import, ImportState } from './import-states.ts'
import { readComponent, readGiven } from './manifest-files.ts'
import type { ManifestActor } from './manifest.ts'
import { limitNames } from './manifest-schema.ts'
import { codeLine, meterJson, meterView, takenAtStart } from './meter-view.ts'
import type { MeterView } from './meter-view.ts'
import { jsonLine } from './output.ts'
import type { Output } from './output.ts'
import { componentName } from './records.ts'
import { count, table } from './table.ts'

/**
 * `theater inspect theater.toml`: what each actor is granted, what is inert for it, and the limits that it has, set or not, with
 * what its component takes of them. Nothing is run.
 */
export async function inspectManifest(
  path: string,
  { handlers: contributed }: Contributed,
  output: Output,
): Promise<number> {
  const manifest = await readGiven(path, { handlers: contributed })
  const handlers = await makeHandlers({ store: ':memory:', contributed })
  for (const [i, actor] of manifest.actors.entries()) {
    const bytes = await readComponent(actor, manifest)
    const { digest, model } = await loadNamed(actor.component, bytes)
    const imports = importsOf(model, handlers, actor.grants)
    const limits: Limits = { ...defaultLimits, ...actor.limits }
    const view = meterView(actor.component, bytes, limits)
    const component = componentName(digest)
    const set = limitNames.filter((name) => actor.limits[name] !== undefined)
    const json = {
      actor: actor.id,
      component,
      grants: actor.grants,
      imports: imports.map(importJson),
      limits: { ...limits },
      set,
      ...meterJson(view),
    }
    await output.result(json, () =>
      [...(i > 0 ? [''] : []), describe(actor, component, imports, limits, view, output)].join('\n'),
    )
  }
  return exits.done
}

const columns = [
  { title: 'LIMIT' },
  { title: 'VALUE', align: 'right' },
  { title: 'FROM' },
  { title: 'ITS COMPONENT TAKES' },
] as const

function describe(
  { id, grants, limits: given }: ManifestActor,
  component: string,
  imports: readonly Import[],
  limits: Limits,
  view: MeterView,
  output: Output,
): string {
  const rows = limitNames.map((name) => {
    const taken = takenAtStart(name, limits[name], view)
    return [
      name,
      count(limits[name]),
      given[name] === undefined ? output.style('dim', 'default') : 'manifest',
      view.fits ? taken : output.style('yellow', taken),
    ]
  })
  return [
    `${output.style('bold', printable(id))}  ${component}`,
    table(authority, authorityRows(grants, imports, output), (text) => output.style('dim', text)),
    '',
    printable(codeLine(view)),
    table(columns, rows, (text) => output.style('dim', text)),
  ].join('\n')
}

const authority = [{ title: 'HANDLER' }, { title: 'STATE' }, { title: 'WHAT' }] as const

/** What is granted, with each grant as it stands; what it imports without a grant; what it gets by rule. */
function authorityRows(
  grants: ManifestActor['grants'],
  imports: readonly Import[],
  output: Output,
): string[][] {
  const names = (state: ImportState, handler: string | null): string =>
    imports
      .filter((one) => one.state === state && one.handler === handler)
      .map((one) => printable(one.name === '' ? '(root)' : one.name))
      .join(', ')
  const handlersOf = (state: ImportState): (string | null)[] => [
    ...new Set(imports.filter((one) => one.state === state).map(({ handler }) => handler)),
  ]
  return [
    ...Object.entries(grants).map(([name, grant]) => [
      printable(name),
      output.style('green', 'granted'),
      printable(jsonLine(grant)),
    ]),
    ...handlersOf('inert').map((name) => [
      name ?? '–',
      output.style('dim', 'inert'),
      `empty and closed: ${names('inert', name)}`,
    ]),
    ...handlersOf('unmet').map((name) => [
      name ?? '–',
      output.style('yellow', 'unmet'),
      `it does not run without: ${names('unmet', name)}`,
    ]),
    ...(names('granted', null) === '' ? [] : [['none', 'by rule', names('granted', null)]]),
  ]
}
