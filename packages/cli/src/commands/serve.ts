import type { Component } from '@theater/component'
import type { Store } from '@theater/event-chain'
import type { ActorInfo, SpawnOptions } from '@theater/runtime'
import { splitCid } from '@theater/values'
import type { Json } from '@theater/values'
import { idOf } from '../actor-id.ts'
import { castingOf } from '../casting.ts'
import { whileAnswering } from '../answering.ts'
import type { CastingFlags } from '../casting.ts'
import { grantsOf } from '../command-grant.ts'
import { loadNamed, readComponentFile } from '../component-file.ts'
import { contributedBy } from '../contributed.ts'
import { keepDurability } from '../durability.ts'
import { CliError } from '../errors.ts'
import { exits, interrupted } from '../exits.ts'
import { checkMet } from '../grant-advice.ts'
import { Host } from '../host.ts'
import { Interrupt } from '../interrupt.ts'
import { answersRequests, lifetimes, likelyLifetime } from '../lifetime.ts'
import { DEFAULT_LISTEN, listenAt } from '../listen.ts'
import { DeadLetters, logTo } from '../logs.ts'
import type { Output } from '../output.ts'
import { residingOf } from '../manifest.ts'
import type { Lifetime } from '../manifest.ts'
import { componentName, readGenesis, stopReason } from '../records.ts'
import { noteRecovery, settle } from '../run-manifest.ts'
import { sameData } from '../same-data.ts'
import { noteUnanswered } from '../unanswered.ts'

/** Options of `theater serve`. */
export interface ServeOptions extends CastingFlags {
  readonly data: string
  readonly fresh: boolean
  /** How many actors answer. */
  readonly instances: number
  /** How long an instance of the component lives; undefined: as it was recorded, or as the component is likely to want it. */
  readonly instance?: Lifetime
  /** Where requests come in, `HOST:PORT`. */
  readonly listen?: string
  /** Milliseconds within which the thread of the actors has to answer; undefined: they have none of their own. */
  readonly answerMs?: number | undefined
  /** Actors that stay in memory while they have nothing to do. */
  readonly resident?: number | undefined
  /** Milliseconds without anything to do after which an actor leaves memory all the same. */
  readonly idleMs?: number | undefined
  /** `NAME=VALUE`, or `NAME`. */
  readonly env: readonly string[]
}

/** `theater serve`: a component that answers HTTP requests, as one actor or several that share them. */
export async function serve(file: string, options: ServeOptions, output: Output): Promise<number> {
  const at = listenAt(options.listen ?? DEFAULT_LISTEN)
  const bytes = await readComponentFile(file)
  const others = await contributedBy(options.handler)
  const casting = await castingOf(idOf(file), options, others)
  const letters = new DeadLetters(output)
  const bound: { url?: string; lifetime?: Lifetime } = {}
  await using host = await Host.open({
    data: options.data,
    fresh: options.fresh,
    secrets: casting.secrets,
    residing: residingOf(options),
    others,
    listen: {
      at,
      onListen: ({ url }) => {
        bound.url = url
      },
      onUnanswered: noteUnanswered(output, () =>
        bound.lifetime === 'actor' ? '--instance turn, with --fresh or another --actor,' : undefined,
      ),
    },
    log: logTo(output),
    deadLetter: letters.take,
  })
  using interrupt = new Interrupt(output)
  const component = await loadNamed(file, bytes, { cache: await host.cache() })
  if (!answersRequests(component.model)) {
    throw new CliError(
      'not-runnable',
      `${file} exports neither theater:http/request-handler nor wasi:http/incoming-handler, so it answers no requests. \`theater run\` runs it.`,
    )
  }
  const streams = { stdin: false, stdout: false, stderr: false }
  const held = grantsOf(component, file, casting, { ...streams, env: options.env }, undefined)
  const grants = { ...held, http: shared(held['http']) }
  const ids = instancesOf(casting.id, options.instances)
  const instance = await lifetimeOf(component, options.instance ?? casting.instance, host.store, casting.id)
  bound.lifetime = instance
  for (const id of ids) {
    await checkRecorded(host.store, id, { component, grants, instance })
    await keepDurability(host.store, id, casting.durability)
  }
  const name = componentName(component.digest)
  host.maps.adopt(file, name)
  const theater = await host.startApart(options.answerMs, output)
  for (const info of await theater.actors()) noteRecovery(info, output)
  checkMet(file, component, host.handlers, grants)
  for (const child of casting.components) await theater.addComponent(child)
  for (const id of ids) {
    if ((await host.store.find(id)) !== undefined) continue
    output.status(`making ${id}`)
    host.maps.know(id, name)
    const { limits, params, durability } = casting
    await theater.spawn({
      id,
      component,
      grants,
      limits,
      instance,
      durability,
      ...(params !== undefined && { params }),
    })
    output.endStatus()
  }
  await settle(theater, interrupt, output)
  const failed = (await theater.actors()).find(({ failure }) => failure !== undefined)
  if (failed?.failure !== undefined) throw failed.failure
  if (interrupt.seen) return interrupted
  const url = bound.url ?? ''
  const answering = ids.length === 1 ? casting.id : `${ids.length} instances of ${casting.id}`
  output.note(
    `${output.styleNote('bold', 'listening')} on ${url}; ${answering} answer${ids.length === 1 ? 's' : ''}; Ctrl-C ends it`,
  )
  if (instance === 'turn')
    output.note('each request gets an instance of its own; --instance actor keeps one for all requests')
  noteOthers(await theater.actors(), casting.id, ids, output)
  if (output.json) await output.result({ listening: url, actors: ids }, () => '')
  await whileAnswering(host, theater, interrupt, output)
  return letters.failed > 0 ? exits.guest : exits.done
}

/** The ids of the instances: the first has the plain one, so that one instance is an actor as any other. */
function instancesOf(id: string, instances: number): string[] {
  return Array.from({ length: instances }, (_, i) => (i === 0 ? id : `${id}-${i + 1}`))
}

/** A grant of http whose routes are shared with the other instances; without routes, all requests. */
function shared(grant: Json | undefined): Json {
  // What is no grant is for the handler's own schema to refuse.
  if (grant === undefined) return { serve: [{ path: '/', shared: true }] }
  if (!isTable(grant)) return grant
  const routes = grant['serve'] ?? [{ path: '/' }]
  if (!Array.isArray(routes)) return grant
  return {
    ...grant,
    serve: routes.map((route: Json) => (isTable(route) ? { ...route, shared: true } : route)),
  }
}

function isTable(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How long an instance of the component is to live: as somebody says, as the actor of that id has it, or as it is likely meant. */
async function lifetimeOf(
  { model }: Component,
  given: Lifetime | undefined,
  store: Store,
  id: string,
): Promise<Lifetime> {
  if (given !== undefined) return given
  const info = await store.find(id)
  const genesis = info === undefined ? undefined : await readGenesis(store, info.chain)
  return genesis === undefined ? likelyLifetime(model) : (genesis.content.instance ?? 'actor')
}

/** An instance that is recorded goes on as it was made: so it must have been made as this one would be. */
async function checkRecorded(
  store: Store,
  id: string,
  {
    component,
    grants,
    instance,
  }: Pick<SpawnOptions, 'grants' | 'instance'> & { readonly component: Component },
): Promise<void> {
  const info = await store.find(id)
  if (info === undefined) return
  const genesis = (await readGenesis(store, info.chain))?.content
  const same =
    genesis !== undefined &&
    Buffer.from(splitCid(genesis.component).digest).equals(component.digest) &&
    sameData(genesis.grants, grants ?? {})
  const stopped = await stopReason(store, info)
  if (same && stopped === undefined) {
    if ((genesis.instance ?? 'actor') === instance) return
    throw new CliError(
      'usage',
      `there is an actor ${id} already, whose instances live ${lifetimes[genesis.instance ?? 'actor']}. Leave --instance out, choose another id with --actor, or forget all records of the data folder with --fresh.`,
    )
  }
  const why = stopped === undefined ? 'is of another component, or was made with other grants' : 'was stopped'
  throw new CliError(
    'usage',
    `there is an actor ${id} already, that ${why}. Choose another id with --actor, or forget all records of the data folder with --fresh.`,
  )
}

/** Actors of an earlier run that were more instances than now answer too: their records go on. */
function noteOthers(actors: readonly ActorInfo[], id: string, ids: readonly string[], output: Output): void {
  const others = actors
    .filter((one) => one.id.startsWith(`${id}-`) && /^\d+$/.test(one.id.slice(id.length + 1)))
    .filter((one) => one.state !== 'stopped' && !ids.includes(one.id))
    .map((one) => one.id)
  if (others.length === 0) return
  const note = `${others.join(', ')}, of an earlier run, still answer${others.length === 1 ? 's' : ''}, too. --fresh starts over.`
  output.note(output.styleNote('yellow', note))
}
