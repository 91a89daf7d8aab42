import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { ManifestActor } from '@theater/cli'
import type { Genesis } from '@theater/event-chain'
import { clock, counted } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Secrets } from '@theater/handler-http'
import type { Theater } from '@theater/runtime'
import { splitCid } from '@theater/values'
import { paramsOf } from './cast.ts'
import type { Stage } from './stage.ts'
import type { Watch } from './watch.ts'

/** What an interrupted run was made with; `undefined` where there is none to go on with. */
export async function interrupted(stage: Stage): Promise<Genesis | undefined> {
  return existsSync(stage.files.finished) ? undefined : await stage.genesis('agent')
}

/** The base that an agent was made to ask. */
export function baseOf({ params }: Genesis): string {
  return String(paramsOf({ params: params ?? undefined })['base'])
}

/** What is to be performed. */
export interface Play {
  readonly actor: ManifestActor
  readonly component: Uint8Array
  readonly secrets: Secrets
}

/** Opens the theater: with the run that was interrupted, if it is the one of this play, or with nobody in it. */
export async function begin(
  stage: Stage,
  { actor, component, secrets }: Play,
  before: Genesis | undefined,
  watch: Watch,
  screen: Screen,
): Promise<Theater> {
  const same = before !== undefined && isOf(before, actor, component)
  if (!same) {
    if (existsSync(stage.files.finished)) screen.line('The last run was finished; this is a new one.')
    else if (before !== undefined)
      screen.line('The run that was interrupted was another one; this is a new one.')
    await stage.forget()
    return await stage.open(secrets, watch)
  }
  const time = clock()
  screen.working('a run was interrupted here: running again what it had done')
  const theater = await stage.open(secrets, watch)
  for (const { id, failure, recovery } of theater.actors()) {
    if (failure !== undefined)
      throw new Error(`${id} cannot go on: ${failure.message}. --fresh begins a new run.`)
    const { turns = 0, events = 0, unfinished = false } = recovery ?? {}
    const rest = unfinished ? '; the turn under way goes on where its record ends' : ''
    screen.line(
      `A run was interrupted here. ${id}: ${counted(turns, 'turn')} re-run over ${counted(events, 'event')}${rest}`,
    )
  }
  screen.line(screen.style('dim', `ready again in ${time()}`))
  return theater
}

function isOf(
  { component: recorded, grants, params }: Genesis,
  actor: ManifestActor,
  component: Uint8Array,
): boolean {
  const digest = createHash('sha256').update(component).digest()
  return (
    digest.equals(splitCid(recorded).digest) &&
    isDeepStrictEqual(grants, actor.grants) &&
    isDeepStrictEqual(paramsOf({ params: params ?? undefined }), paramsOf(actor))
  )
}
