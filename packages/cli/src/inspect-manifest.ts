import { printable } from '@theater/handler-log'
import { defaultLimits } from '@theater/runtime'
import type { Limits } from '@theater/runtime'
import { loadNamed } from './component-file.ts'
import { exits } from './exits.ts'
import { readComponent, readGiven } from './manifest-files.ts'
import type { ManifestActor } from './manifest.ts'
import { limitNames } from './manifest-schema.ts'
import { codeLine, meterJson, meterView, takenAtStart } from './meter-view.ts'
import type { MeterView } from './meter-view.ts'
import type { Output } from './output.ts'
import { componentName } from './records.ts'
import { count, table } from './table.ts'

/** `theater inspect theater.toml`: the limits that each actor has, set or not, and what its component takes of them. Nothing is run. */
export async function inspectManifest(path: string, output: Output): Promise<number> {
  const manifest = await readGiven(path)
  for (const [i, actor] of manifest.actors.entries()) {
    const bytes = await readComponent(actor, manifest)
    const { digest } = await loadNamed(actor.component, bytes)
    const limits: Limits = { ...defaultLimits, ...actor.limits }
    const view = meterView(actor.component, bytes, limits)
    const component = componentName(digest)
    const set = limitNames.filter((name) => actor.limits[name] !== undefined)
    const json = { actor: actor.id, component, limits: { ...limits }, set, ...meterJson(view) }
    await output.result(json, () =>
      [...(i > 0 ? [''] : []), describe(actor, component, limits, view, output)].join('\n'),
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
  { id, limits: given }: ManifestActor,
  component: string,
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
    printable(codeLine(view)),
    table(columns, rows, (text) => output.style('dim', text)),
  ].join('\n')
}
