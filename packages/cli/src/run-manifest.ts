import { trackName } from '@theater/boundary'
import type { Durability } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import type { ActorInfo } from '@theater/runtime'
import { splitCid } from '@theater/values'
import { whileAnswering } from './answering.ts'
import { contributedBy } from './contributed.ts'
import { CliError } from './errors.ts'
import { exits, interrupted } from './exits.ts'
import { Host } from './host.ts'
import type { Running } from './host.ts'
import { Interrupt } from './interrupt.ts'
import { DeadLetters, logTo } from './logs.ts'
import { ManifestError } from './manifest-error.ts'
import { readComponent, readGiven } from './manifest-files.ts'
import { residingOf } from './manifest.ts'
import type { Manifest, ManifestActor, PlacedManifest } from './manifest.ts'
import { lifetimes } from './lifetime.ts'
import { keepDurability } from './durability.ts'
import { DEFAULT_LISTEN, listenAt } from './listen.ts'
import { nearest } from './nearest.ts'
import { componentFiles, offerOf, withoutDigests } from './offer.ts'
import type { Offer } from './offer.ts'
import { placed } from './grant-place.ts'
import type { Output } from './output.ts'
import { printActors } from './actor-table.ts'
import { componentName, readGenesis, readModel, stopReason } from './records.ts'
import { sameData } from './same-data.ts'
import { noteUnanswered } from './unanswered.ts'
import { counted } from './table.ts'
import { noteTimers, stamp } from './timers.ts'
import type { RunOptions } from './commands/run.ts'

const RUN = 'wasi:cli/run@0.2#run'

/** Makes the actors of a manifest that are not in the data folder yet, brings back those that are, and waits until all are idle. */
export async function runManifest(path: string, options: RunOptions, output: Output): Promise<number> {
  const others = await contributedBy(options.handler)
  const manifest = await readGiven(path, others)
  const actors = chosen(manifest, options.actor)
  const durabilityOf = (actor: ManifestActor): Durability | undefined =>
    actor.durability ?? options.durability ?? manifest.durability
  const components = new Map<string, Uint8Array>()
  const offers = new Map<string, Offer>()
  for (const actor of actors) {
    components.set(actor.id, await readComponent(actor, manifest))
    offers.set(actor.id, await readOffer(actor, manifest))
  }
  const at = listenAt(options.listen ?? manifest.listen ?? DEFAULT_LISTEN)
  const letters = new DeadLetters(output)
  const bound: { url?: string } = {}
  await using host = await Host.open({
    data: options.data,
    fresh: options.fresh,
    secrets: manifest.secrets,
    maxActors: manifest.maxActors,
    residing: { ...manifest.residing, ...residingOf(options) },
    witnesses: manifest.witnesses,
    others,
    listen: {
      at,
      onListen: (address) => {
        bound.url = address.url
      },
      onUnanswered: noteUnanswered(output, (id) =>
        actors.some((one) => one.id === id && one.instance !== 'turn')
          ? `instance = "turn" under [actor.${id}], with --fresh,`
          : undefined,
      ),
    },
    log: logTo(output),
    deadLetter: letters.take,
  })
  for (const actor of actors) {
    const bytes = components.get(actor.id) ?? new Uint8Array()
    host.maps.adopt(actor.component, componentName(sha256(bytes)))
    await checkAgainstRecord(host, { ...actor, ...offers.get(actor.id) }, bytes, output)
    await keepDurability(host.store, actor.id, durabilityOf(actor))
  }
  using interrupt = new Interrupt(output)
  const theater = await host.startApart(options.answerMs ?? manifest.answerMs, output)
  for (const info of await theater.actors()) noteRecovery(info, output)
  for (const actor of actors) {
    if ((await host.store.find(actor.id)) !== undefined) continue
    output.status(`making ${actor.id}`)
    const { id, params, instance = 'actor', limits } = actor
    const { grants, components: listed } = offers.get(id) ?? { grants: actor.grants, components: [] }
    for (const bytes of listed) await theater.addComponent(bytes)
    const component = components.get(id) ?? new Uint8Array()
    host.maps.know(id, componentName(sha256(component)))
    try {
      await theater.spawn({
        id,
        component,
        grants,
        limits,
        instance,
        durability: durabilityOf(actor),
        ...(params !== undefined && { params }),
      })
    } catch (error) {
      throw await placed(error, manifest, id)
    }
    output.endStatus()
    output.note(`${output.styleNote('bold', id)} made`)
    if (await isCommand(host, id))
      output.note(
        `${id} is a command, and was not called: \`theater run ${actor.component} --manifest ${path} --actor ${id}\` runs one, with another data folder or --fresh`,
      )
  }
  await settle(theater, interrupt, output, { timers: options.wait })
  const failed = (await theater.actors()).find(({ failure }) => failure !== undefined)
  if (failed?.failure !== undefined) throw failed.failure
  // What is still under way then is over before this process is.
  if (interrupt.seen) return interrupted
  await printActors(host.store, output, true)
  await noteTimers(theater, output)
  if (bound.url !== undefined) {
    output.note(`${output.styleNote('bold', 'listening')} on ${bound.url}; Ctrl-C ends it`)
    await whileAnswering(host, theater, interrupt, output)
  }
  if (letters.failed > 0) {
    throw new CliError(
      'guest-failed',
      `${counted(letters.failed, 'message')} failed; \`theater chain ACTOR\` shows at what`,
    )
  }
  return exits.done
}

/** Whether an actor is of a component that is run, not called: nobody else would do so. */
async function isCommand({ store }: Host, id: string): Promise<boolean> {
  const info = await store.find(id)
  const genesis = info === undefined ? undefined : await readGenesis(store, info.chain)
  const model = genesis === undefined ? undefined : await readModel(store, genesis.content)
  return model?.exports.some(({ functions }) => functions.some((fn) => trackName(fn) === RUN)) === true
}

/** Waits until no actor has anything to do, and shows meanwhile what they do. */
export async function settle(
  theater: Running,
  interrupt: Interrupt,
  output: Output,
  { timers = false }: { readonly timers?: boolean } = {},
): Promise<void> {
  const show = async (): Promise<void> => {
    const infos = await theater.actors()
    const busy = infos.filter(({ state }) => state === 'running').map(({ id }) => id)
    const events = infos.reduce((sum, info) => sum + info.events, 0)
    const [next] = timers ? await theater.timers() : []
    const then = next === undefined ? '' : ` · a timer of ${printable(next.actor)} at ${stamp(next.due)}`
    output.status(`${busy.join(', ') || 'nobody'} at work · ${counted(events, 'event')}${then}`)
  }
  // Where they cannot be asked, whoever waits for them is told.
  const timer = setInterval(() => void show().catch(() => undefined), 200)
  try {
    await Promise.race([theater.idle({ timers }), interrupt.happened])
  } finally {
    clearInterval(timer)
    output.endStatus()
  }
}

/** Says that an actor is back, and what was done for it. */
export function noteRecovery({ id, state, events: recorded, recovery }: ActorInfo, output: Output): void {
  const name = output.styleNote('bold', printable(id))
  if (recovery === undefined) {
    // It comes into memory with its next turn.
    if (state === 'idle') output.note(`${name} is back, after ${counted(recorded, 'event')}`)
    return
  }
  const { turns, events, unfinished } = recovery
  const rest = unfinished ? '; it goes on with the turn that was under way' : ''
  output.note(`${name} is back: ${counted(turns, 'turn')} re-run over ${counted(events, 'event')}${rest}`)
}

function chosen(manifest: Manifest, id: string | undefined): readonly ManifestActor[] {
  if (id === undefined) return manifest.actors
  const actor = manifest.actors.find((one) => one.id === id)
  if (actor !== undefined) return [actor]
  const ids = manifest.actors.map((one) => one.id)
  const near = nearest(id, ids)
  throw new CliError(
    'usage',
    `${manifest.path} has no actor ${JSON.stringify(id)}. ${near === undefined ? `Actors: ${ids.join(', ')}.` : `Did you mean ${near}?`}`,
  )
}

/** What an actor is granted, with the components that it may make children of. */
async function readOffer({ id, grants }: ManifestActor, { path, source }: PlacedManifest): Promise<Offer> {
  try {
    return await offerOf(grants)
  } catch (cause) {
    if (!CliError.is(cause)) throw cause
    const files = componentFiles(grants) ?? []
    const at = files.findIndex((file) => cause.message.includes(file))
    const problem = source.problem({
      code: 'no-component',
      message: `a component that ${id} may make children of: ${cause.message}`,
      path: ['actor', id, 'grants', 'supervisor', 'components', ...(at === -1 ? [] : [String(at)])],
      part: 'value',
    })
    throw new ManifestError(path, [problem], { cause })
  }
}

/** An actor goes on as it was made. Where the manifest says something else now, a person must know. */
async function checkAgainstRecord(
  host: Host,
  actor: ManifestActor,
  component: Uint8Array | undefined,
  output: Output,
): Promise<void> {
  const info = await host.store.find(actor.id)
  if (info === undefined) return
  noteStopped(await stopReason(host.store, info), actor.id, output)
  const genesis = (await readGenesis(host.store, info.chain))?.content
  if (genesis === undefined) return
  // To go on under wider grants than the manifest now says would be a surprise of the worst kind.
  if (!sameData(withoutDigests(genesis.grants), withoutDigests(actor.grants))) {
    throw new CliError(
      'grants-changed',
      `${actor.id} was made with other grants than the manifest gives it now, and grants of a recorded actor cannot be changed yet.\n` +
        `Recorded: ${JSON.stringify(genesis.grants)}\nManifest: ${JSON.stringify(actor.grants)}\n` +
        'Write the recorded ones back, give the actor another id, or forget all records of the data folder with --fresh.',
    )
  }
  if (!sameData(genesis.grants, actor.grants)) {
    const note = `${actor.id} goes on with the components that it was granted, not with those that its grant of supervisor lists now. --fresh starts over.`
    output.note(output.styleNote('yellow', note))
  }
  if ((genesis.instance ?? 'actor') !== (actor.instance ?? 'actor')) {
    const note = `${actor.id} goes on as it was made: its instances live ${lifetimes[genesis.instance ?? 'actor']}. --fresh starts over.`
    output.note(output.styleNote('yellow', note))
  }
  const recorded = componentName(splitCid(genesis.component).digest)
  if (component !== undefined && componentName(sha256(component)) !== recorded) {
    output.note(
      output.styleNote(
        'yellow',
        `${actor.id} goes on with the component that it was made with (${recorded.slice(0, 19)}…), not with ${actor.component}. --fresh starts over.`,
      ),
    )
  }
}

/** What has ended stays ended. */
function noteStopped(reason: string | undefined, id: string, output: Output): void {
  if (reason === undefined) return
  const note = `${id} was stopped (${printable(reason)}) and stays so. --fresh starts over.`
  output.note(output.styleNote('yellow', note))
}
