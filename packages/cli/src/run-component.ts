import { trackName } from '@theater/boundary'
import type { Component } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import type { ChainInfo, Kind, Store } from '@theater/event-chain'
import type { Connection } from '@theater/handler-cli'
import type { Limits, Theater } from '@theater/runtime'
import { TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { splitCid } from '@theater/values'
import { printActors } from './actor-table.ts'
import { idOf } from './actor-id.ts'
import { castingOf } from './casting.ts'
import { grantsOf } from './command-grant.ts'
import { loadNamed, readComponentFile } from './component-file.ts'
import { contributedBy } from './contributed.ts'
import { keepDurability } from './durability.ts'
import { CliError } from './errors.ts'
import { exits, interrupted } from './exits.ts'
import { checkMet } from './grant-advice.ts'
import { Host } from './host.ts'
import { Interrupt } from './interrupt.ts'
import { DeadLetters, logTo } from './logs.ts'
import type { Output } from './output.ts'
import { componentName, lastStep, readGenesis } from './records.ts'
import { noteRecovery, settle } from './run-manifest.ts'
import { noteTimers } from './timers.ts'
import { sameData } from './same-data.ts'
import type { RunOptions } from './commands/run.ts'

const RUN = 'wasi:cli/run@0.2#run'

/** The longest time there is for a timer: a command may wait for its standard input as long as it likes. */
const NO_LIMIT_MS = 0x7fff_ffff

/** All that a command does is one turn. Its fuel, about a minute's, is the most that a verifier allows who is told nothing. */
const commandLimits: Partial<Limits> = { callMs: NO_LIMIT_MS, turnMs: NO_LIMIT_MS, fuel: 100_000_000_000 }

/**
 * Runs one component. A `wasi:cli` command gets the arguments, and those of this process's standard streams that were asked
 * for, and its exit code becomes ours; another component becomes an actor that `theater call` finds.
 */
export async function runComponent(
  file: string,
  args: readonly string[],
  options: RunOptions,
  output: Output,
): Promise<number> {
  const bytes = await readComponentFile(file)
  const others = await contributedBy(options.handler)
  const casting = await castingOf(idOf(file), options, others)
  const connect = await standardStreams(output)
  const letters = new DeadLetters(output)
  // The id is chosen once it is known which are taken; nothing is connected before.
  const own: { id?: string } = {}
  await using host = await Host.open({
    data: options.data,
    fresh: options.fresh,
    secrets: casting.secrets,
    others,
    log: logTo(output),
    deadLetter: letters.take,
    connect: (actor) => (actor === own.id ? connect : undefined),
  })
  using interrupt = new Interrupt(output)
  const component = await loadNamed(file, bytes, { cache: await host.cache() })
  const command = component.model.exports.some(({ functions }) =>
    functions.some((fn) => trackName(fn) === RUN),
  )
  if (!command && args.length > 0) {
    throw new CliError(
      'not-runnable',
      `${file} takes no arguments: it does not export ${RUN}, so it is not a command`,
    )
  }
  const grants = grantsOf(component, file, casting, options, command ? args : undefined)
  const given = options.actor !== undefined || options.manifest !== undefined
  const { id, begin } = await chooseId(host.store, component, grants, casting.id, { given, command })
  own.id = id
  const name = componentName(component.digest)
  host.maps.adopt(file, name)
  if (begin === 'new') host.maps.know(id, name)
  await keepDurability(host.store, id, casting.durability)
  const theater = await host.start(output)
  for (const info of theater.actors())
    if (!command || info.recovery?.unfinished === true) noteRecovery(info, output)
  if (begin === 'new') {
    checkMet(file, component, host.handlers, grants)
    for (const child of casting.components) await theater.addComponent(child)
    await theater.spawn({
      id,
      component,
      grants,
      limits: { ...(command && commandLimits), ...casting.limits },
      instance: casting.instance ?? 'actor',
      durability: casting.durability,
      ...(casting.params !== undefined && { params: casting.params }),
    })
    if (!command) output.note(`${output.styleNote('bold', id)} made; \`theater call ${id} EXPORT\` calls it`)
  }
  const ran = command && begin !== 'resumed' ? callRun(theater, id) : Promise.resolve()
  await Promise.race([ran, interrupt.happened])
  if (interrupt.seen && command) {
    await theater.stop(id, 'interrupted')
    await ran.catch(() => undefined)
    return interrupted
  }
  await settle(theater, interrupt, output, { timers: options.wait })
  const end = command && !interrupt.seen ? await endOf(theater, host.store, id) : exits.done
  // A command runs once: what has ended is not brought back.
  if (command && theater.actors().some((info) => info.id === id && info.state === 'idle'))
    await theater.stop(id, 'ended')
  if (interrupt.seen) return interrupted
  if (output.json || !command) await printActors(host.store, output, true)
  await noteTimers(theater, output)
  if (typeof end !== 'number') throw end
  return end
}

/** The guest's own outcome is read from the record: it is the same for a turn that a restart went on with. */
async function callRun(theater: Theater, id: string): Promise<void> {
  try {
    await theater.call(id, RUN, [], { timeoutMs: NO_LIMIT_MS })
  } catch (error) {
    const settled = TheaterError.is(error) && (error.code === 'trapped' || error.code === 'aborted')
    if (!settled || (error.code === 'aborted' && error.detail !== 'exited')) throw error
  }
}

/** The exit code that the guest gave, or why it gave none. */
async function endOf(theater: Theater, store: Store, id: string): Promise<number | CliError> {
  const status = theater.actors().find((info) => info.id === id)?.exitStatus
  if (status !== undefined) return status
  const info = await store.find(id)
  if (info === undefined) return exits.fault
  for await (const event of readEvents(store, info.chain, info.size - 1, info.size)) {
    if (event.content === null) break
    // A `result` without payloads is one byte of an index: ok is 0, err is 1, in an array in an array.
    if (event.kind === 'return') return event.content.result.at(-1) === 0 ? exits.done : 1
    if (event.kind === 'trap') return new CliError('guest-failed', `${id} trapped (${event.content.code})`)
    if (event.kind === 'abort')
      return new CliError('guest-failed', `${id} was aborted (${event.content.code})`)
  }
  return new CliError(
    'guest-failed',
    `${id} did not come to an end; \`theater chain ${id}\` shows how far it got`,
  )
}

/** How a run of a component begins: with a new actor, with one that was cut off before its turn, or within that turn. */
type Begin = 'new' | 'made' | 'resumed'

/**
 * The id of this run. A command runs once: where its name is taken by one that has run, or that does something else, the next
 * free number is put after it; one that was cut off goes on.
 *
 * @param how whether somebody chose the id, and whether it is a command
 */
async function chooseId(
  store: Store,
  component: Component,
  grants: Readonly<Record<string, Json>>,
  id: string,
  { given, command }: { readonly given: boolean; readonly command: boolean },
): Promise<{ readonly id: string; readonly begin: Begin }> {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`
    const info = await store.find(candidate)
    if (info === undefined) return { id: candidate, begin: 'new' }
    const begin = command ? beginAfter(await lastStep(store, info)) : 'made'
    if (begin !== undefined && (await isOf(store, info, component, grants))) return { id: candidate, begin }
    if (given || !command) {
      throw new CliError(
        'usage',
        `there is an actor ${candidate} already, that has run, is of another component, or was made with other grants. Choose another id with --actor, or forget all records of the data folder with --fresh.`,
      )
    }
  }
}

/** How a command goes on that is in the record; undefined where it is over. */
function beginAfter(step: Kind): Begin | undefined {
  if (step === 'genesis') return 'made'
  return step === 'turn' ? 'resumed' : undefined
}

async function isOf(
  store: Store,
  info: ChainInfo,
  component: Component,
  grants: Readonly<Record<string, Json>>,
): Promise<boolean> {
  const genesis = (await readGenesis(store, info.chain))?.content
  return (
    genesis !== undefined &&
    Buffer.from(splitCid(genesis.component).digest).equals(component.digest) &&
    sameData(genesis.grants, grants)
  )
}

/** With --json stdout is ours alone, and the guest's goes to stderr. */
async function standardStreams(output: Output): Promise<Connection> {
  const { readableInput, writableOutput } = await import('@theater/handler-cli')
  return {
    stdin: readableInput(process.stdin),
    stdout: writableOutput(output.json ? process.stderr : process.stdout),
    stderr: writableOutput(process.stderr),
  }
}
