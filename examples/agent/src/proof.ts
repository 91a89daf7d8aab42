import { createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { exportCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { counted, clock, megabytes, number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import { shown } from '@theater/example-kit/shown'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import { printable } from '@theater/handler-log'
import type { Stage } from './stage.ts'

/** The chains of some actors. */
async function chains(stage: Stage, actors: readonly string[]): Promise<readonly Uint8Array[]> {
  const infos = await Promise.all(actors.map((actor) => stage.chain(actor)))
  return infos.flatMap((info) => (info === undefined ? [] : [info.chain]))
}

/** Runs actors again over their records and compares everything they did. No model is asked for it. */
export async function verifyAll(stage: Stage, actors: readonly string[], screen: Screen): Promise<void> {
  const time = clock()
  screen.working('running them again')
  const sources = (await chains(stage, actors)).map((chain) => ({ store: stage.store, chain }))
  const report = await verifyGraph(sources, { load: componentLoader({ cache: stage.cache }), hash: sha256 })
  screen.table(
    ['ACTOR', 'EVENTS>', 'TURNS>', 'VERDICT'],
    report.verdicts.map((verdict) => {
      const good = verdict.verdict === 'verified'
      const look = screen.style(['bold', good ? 'green' : 'red'], verdict.verdict)
      const turns = good ? number(verdict.turns) : '–'
      return [
        verdict.actor ?? '?',
        number(verdict.size),
        turns,
        good ? look : `${look}  ${printable(verdict.message)}`,
      ]
    }),
  )
  screen.line(
    screen.style(
      'dim',
      `${time()}; no model was asked for it: what it said is in the record, and so is every refusal`,
    ),
  )
  if (report.unchecked.length > 0)
    throw new Error(`${counted(report.unchecked.length, 'cause')} could not be followed`)
  const wrong = report.verdicts.find(({ verdict }) => verdict !== 'verified')
  if (wrong !== undefined) throw new Error(`${wrong.actor ?? 'a chain'} is not verified: ${wrong.verdict}`)
}

/** Writes the chains into one file, with all that is needed to run them again. */
export async function exportAll(stage: Stage, actors: readonly string[], screen: Screen): Promise<void> {
  const { car } = stage.files
  await pipeline(
    exportCar(stage.store, await chains(stage, actors), { hash: sha256 }),
    createWriteStream(`${car}.new`),
  )
  await rename(`${car}.new`, car)
  const { size } = await stat(car)
  screen.line(
    `${screen.style('bold', shown(car))}  ${megabytes(size)}: the records, what was read, the component`,
  )
}
