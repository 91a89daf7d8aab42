import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { readManifest } from '@theater/cli'
import type { ManifestActor } from '@theater/cli'
import type { ActorInfo } from '@theater/runtime'
import { splitCid } from '@theater/values'
import type { Finding } from '../actors/finding.ts'
import type { Built } from './components.ts'
import type { Options } from './options.ts'
import { home, shown } from './paths.ts'
import { clock, counted, line, style, working } from './screen.ts'
import type { Stage } from './stage.ts'

/** What the auditor answers to `status`. */
export interface Status {
  readonly audited: number
  readonly left: number
  readonly flagged: readonly Finding[]
  readonly report: { readonly json: string; readonly html: string } | null
}

/** The actors of theater.toml, with another directory to audit where one was asked for. */
export async function cast({ packages }: Options): Promise<readonly ManifestActor[]> {
  const { actors } = await readManifest(home('theater.toml'))
  if (packages === undefined) return actors
  // A mount must not go through a symbolic link.
  const mounts = { '/packages': { host: realpathSync(packages), rights: 'r' } }
  return actors.map((actor) =>
    actor.grants['fs'] === undefined ? actor : { ...actor, grants: { ...actor.grants, fs: { mounts } } },
  )
}

/** Goes on with the audit that was interrupted in this data folder, or begins one. */
export async function begin(
  stage: Stage,
  actors: readonly ManifestActor[],
  components: ReadonlyMap<string, Built>,
  options: Options,
): Promise<Status> {
  const before = await found(stage, actors, components)
  if (before === 'interrupted' && !options.fresh) {
    const status = await goOn(stage)
    if (status !== undefined) return status
    line('The audit in the data folder ended before it began; this is a new one.')
  } else if (before === 'interrupted') line('The audit that was interrupted is forgotten, as asked.')
  else if (before === 'finished') line('The last audit was finished; this is a new one.')
  else if (before === 'another') line('The audit that was interrupted was another one; this is a new one.')
  if (before !== undefined) await stage.forget()
  return start(stage, actors, components)
}

async function start(
  stage: Stage,
  actors: readonly ManifestActor[],
  components: ReadonlyMap<string, Built>,
): Promise<Status> {
  const theater = await stage.open()
  for (const { id, grants, params, limits } of actors) {
    working(`making ${id}`)
    const component = components.get(id)?.bytes ?? new Uint8Array()
    await theater.spawn({ id, component, grants, limits, ...(params !== undefined && { params }) })
  }
  return (await stage.ask('auditor', 'status')) as Status
}

/** What is in the data folder from before: `another` is one of other actors, or with other grants. */
async function found(
  stage: Stage,
  actors: readonly ManifestActor[],
  components: ReadonlyMap<string, Built>,
): Promise<'finished' | 'interrupted' | 'another' | undefined> {
  if (existsSync(stage.files.finished)) return 'finished'
  let any = false
  for (const { id, grants } of actors) {
    const genesis = await stage.genesis(id)
    if (genesis === undefined) continue
    any = true
    const digest = createHash('sha256')
      .update(components.get(id)?.bytes ?? '')
      .digest()
    if (!digest.equals(splitCid(genesis.component).digest)) return 'another'
    if (!isDeepStrictEqual(genesis.grants, grants)) return 'another'
  }
  return any ? 'interrupted' : undefined
}

/** Undefined where there is nothing to go on with: its host ended before the auditor had looked around. */
async function goOn(stage: Stage): Promise<Status | undefined> {
  const time = clock()
  working('an audit was interrupted here: running again what it had done')
  const theater = await stage.open()
  const infos = theater.actors()
  const failed = infos.find(({ state }) => state === 'failed')
  // What it failed with is what any call of it answers; no turn is taken for that.
  if (failed !== undefined) await theater.call(failed.id, '', [])
  const auditor = infos.find(({ id }) => id === 'auditor')
  if (infos.length < 2 || auditor === undefined || auditor.state === 'stopped') return undefined
  line(`An audit was interrupted here, and goes on; ${shown(stage.files.chains)} knows how far it came.`)
  for (const info of infos) line(recovered(info))
  const status = (await stage.ask('auditor', 'status')) as Status
  if (status.audited + status.left === 0) return undefined
  line(style('dim', `ready again after ${time()}; ${counted(status.left, 'package')} left`))
  return status
}

function recovered({ id, recovery }: ActorInfo): string {
  const { turns = 0, events = 0, unfinished = false } = recovery ?? {}
  const rest = unfinished ? ', and the turn that was under way went on where its record ends' : ''
  return `${style('bold', id.padEnd(9))}  ${counted(turns, 'turn')} re-run over ${counted(events, 'event')}${rest}`
}
