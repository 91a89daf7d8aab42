import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { readManifest } from '@theater/cli'
import type { ManifestActor } from '@theater/cli'
import type { ActorInfo } from '@theater/runtime'
import { splitCid } from '@theater/values'
import type { Built } from '@theater/example-kit/components'
import type { Options } from './options.ts'
import { home } from './paths.ts'
import { clock, counted } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'
import type { Status, Watch } from './watch.ts'

/** The actors of theater.toml, with another directory to audit where one was asked for. */
export async function cast({ packages }: Options): Promise<readonly ManifestActor[]> {
  const { actors } = await readManifest(home('theater.toml'))
  if (packages === undefined) return actors
  if (!existsSync(packages)) throw new Error(`there is no directory ${packages}`)
  // A mount must not go through a symbolic link.
  const mounts = { '/packages': { host: realpathSync(packages), rights: 'r' } }
  return actors.map((actor) =>
    actor.grants['fs'] === undefined ? actor : { ...actor, grants: { ...actor.grants, fs: { mounts } } },
  )
}

/** What is to be performed. */
export interface Play {
  readonly actors: readonly ManifestActor[]
  readonly components: ReadonlyMap<string, Built>
}

/** Goes on with the audit that was interrupted in this data folder, or begins one. The auditor is at work then. */
export async function begin(
  stage: Stage,
  play: Play,
  before: Before | undefined,
  watch: Watch,
  screen: Screen,
): Promise<void> {
  if (before?.finished === true) screen.line('The last audit was finished; this is a new one.')
  else if (before?.same === false)
    screen.line('The audit that was interrupted was another one; this is a new one.')
  else if (before !== undefined) {
    if (await goOn(stage, watch, screen)) return
    screen.line('The audit in the data folder ended before it began; this is a new one.')
  }
  if (before !== undefined) await stage.forget()
  await start(stage, play, screen)
}

async function start(stage: Stage, { actors, components }: Play, screen: Screen): Promise<void> {
  const theater = await stage.open()
  for (const { id, grants, params, limits } of actors) {
    screen.working(`making ${id}`)
    const component = components.get(id)?.bytes ?? new Uint8Array()
    await theater.spawn({ id, component, grants, limits, ...(params !== undefined && { params }) })
  }
}

/** What is in a data folder from before. */
export interface Before {
  /** Whether everything was shown. */
  readonly finished: boolean
  /** Whether it is of these actors, with these grants. */
  readonly same: boolean
}

/** What is in the data folder from before; `undefined` where there is nothing. */
export async function found(stage: Stage, { actors, components }: Play): Promise<Before | undefined> {
  let any = false
  let same = true
  for (const { id, grants } of actors) {
    const genesis = await stage.genesis(id)
    if (genesis === undefined) continue
    any = true
    const digest = createHash('sha256')
      .update(components.get(id)?.bytes ?? '')
      .digest()
    same &&= digest.equals(splitCid(genesis.component).digest) && isDeepStrictEqual(genesis.grants, grants)
  }
  const finished = existsSync(stage.files.finished)
  return any || finished ? { finished, same: any && same } : undefined
}

/** False where there is nothing to go on with: its host ended before the auditor had looked around. */
async function goOn(stage: Stage, watch: Watch, screen: Screen): Promise<boolean> {
  const time = clock()
  screen.working('an audit was interrupted here: running again what it had done')
  const theater = await stage.open()
  const infos = theater.actors()
  const failed = infos.find(({ state }) => state === 'failed')
  // What it failed with is what any call of it answers; no turn is taken for that.
  if (failed !== undefined) await theater.call(failed.id, '', [])
  const auditor = infos.find(({ id }) => id === 'auditor')
  if (infos.length < 2 || auditor === undefined || auditor.state === 'stopped') return false
  const ready = time()
  const { audited, left } = (await stage.ask('auditor', 'status')) as Status
  const total = audited + left
  if (total === 0) return false
  // The auditor is at work again: what it has read since is not what it had read.
  const done = watch.before ?? audited
  screen.line(
    `An audit was interrupted here, and goes on where it was: ${done} of ${total} packages were read.`,
  )
  for (const info of theater.actors()) screen.line(recovered(info, screen))
  screen.line(screen.style('dim', `ready again in ${ready}`))
  return true
}

function recovered({ id, events: recorded, recovery }: ActorInfo, screen: Screen): string {
  // Whoever had nothing to go on with is run again for its next turn.
  if (recovery === undefined) return `${id.padEnd(9)}  is there, after ${counted(recorded, 'event')}`
  const { turns, events, unfinished } = recovery
  const rest = unfinished ? '; the one that was under way went on where its record ended' : ''
  return `${id.padEnd(9)}  ${screen.style('bold', `${counted(turns, 'turn')} re-run`)} over ${counted(events, 'event')}${rest}`
}
