import { loadComponent, workerTranspiler } from '@theater/component/node'
import type { Component, Plan, Prepared, Stacks } from '@theater/component'
import { encodeContent } from '@theater/event-chain'
import type { AnyHandler, Binding } from '@theater/handler'
import type { Json } from '@theater/values'
import { Boundary, decodeSnapshot, resolveImports, segments, trackName } from '../../src/index.ts'
import type {
  Departure,
  Link,
  Live,
  Segment,
  SnapshotParts,
  TheaterEvent,
  TurnEnd,
  TurnRequest,
} from '../../src/index.ts'
import { BORN, Log, SEED } from './log.ts'

const transpiler = workerTranspiler()

/** Loads a component. */
export function load(bytes: Uint8Array): Promise<Component> {
  return loadComponent(bytes, { transpiler })
}

/** The host of a test: one handler for every interface that is not built in. */
export interface TestHost extends Partial<Omit<Binding, 'imports'>> {
  readonly functions?: AnyHandler['functions']
  readonly imports?: object
  readonly authorize?: AnyHandler['authorize']
}

/** How an actor of a test is made. */
export interface ActorOptions {
  /** JSPI even where nothing waits. */
  readonly jspi?: boolean
  /** A plan that is not what the handlers ask for. */
  readonly plan?: Plan
  readonly live?: Partial<Live>
  readonly stacks?: Stacks
  readonly maxHandles?: number
  readonly seed?: Uint8Array
  readonly parent?: string
  readonly grants?: Readonly<Record<string, Json>>
}

/** A runtime in miniature: one actor whose record is in memory. */
export class TestActor {
  readonly component: Component
  readonly log: Log
  readonly boundary: Boundary
  /** What its snapshots are read for. */
  readonly parts: SnapshotParts
  /** Messages that left. */
  readonly left: Departure[] = []
  /** How the instantiation ended. */
  instantiated: TurnEnd | undefined
  readonly #link: Link
  readonly #options: ActorOptions

  private constructor(
    component: Component,
    prepared: Prepared,
    log: Log,
    host: TestHost,
    options: ActorOptions,
  ) {
    this.component = component
    this.parts = { component, prepared }
    this.log = log
    this.#options = options
    this.#link = linkOf(component, host)
    let now = BORN
    this.boundary = new Boundary({
      component,
      prepared,
      ...identity(options),
      stacks: options.stacks,
      live: {
        recorder: log,
        links: new Map(component.model.imports.map(({ name }) => [name, this.#link])),
        now: () => (now += 1),
        leave: (departures) => void this.left.push(...departures),
        callTimeoutMs: 10_000,
        signal: new AbortController().signal,
        ...options.live,
      },
    })
  }

  static async #make(
    component: Component,
    log: Log,
    host: TestHost,
    options: ActorOptions,
  ): Promise<TestActor> {
    const { handler } = linkOf(component, host)
    const { asyncImports } = resolveImports(component.model, [handler], { test: {} })
    const waits = options.jspi === true || asyncImports.length > 0
    const plan: Plan = waits ? { mode: 'jspi', asyncImports } : { mode: 'sync' }
    return new TestActor(component, await component.prepare(options.plan ?? plan), log, host, options)
  }

  /** A new actor, instantiated. */
  static async start(
    component: Component,
    host: TestHost = {},
    options: ActorOptions = {},
  ): Promise<TestActor> {
    const actor = await TestActor.#make(component, new Log(undefined, options.seed), host, options)
    actor.instantiated = await actor.boundary.instantiate([])
    return actor
  }

  /**
   * The same actor in another process: re-run over its record, or the first events of it, then live.
   *
   * @param from a snapshot from before the event of that number: what comes before is not re-run
   */
  async revive(
    host: TestHost,
    size = this.log.events.length,
    from?: { readonly bytes: Uint8Array; readonly seq: number },
  ): Promise<{ readonly actor: TestActor; readonly end: TurnEnd | undefined }> {
    const log = new Log(this.log.events.slice(0, size))
    log.append('resume', encodeContent('resume', { epoch: 1 }))
    const actor = await TestActor.#make(this.component, log, host, this.#options)
    let end: TurnEnd | undefined
    for await (const segment of segments([...log.events])) {
      if (segment.kind === 'start') {
        end = await actor.boundary.instantiate(segment.events, segment)
        if (from !== undefined) restore(actor.boundary, from.bytes, actor.parts)
      } else if (segment.kind === 'turn' && segment.turn.seq < (from?.seq ?? 0)) continue
      else if (segment.kind === 'turn' && (segment.end === 'return' || segment.end === undefined)) {
        end = await actor.boundary.rerun(segment.turn, segment.events)
      }
      if (end?.tag !== 'return') break
    }
    return { actor, end }
  }

  /** Takes a turn. */
  turn(fn: string, ...args: unknown[]): Promise<TurnEnd> {
    return this.request({ fn, args })
  }

  /** Takes a turn, with all that belongs to it. */
  request(request: Partial<TurnRequest> & { readonly fn: string }): Promise<TurnEnd> {
    return this.boundary.turn({ args: [], sender: null, cause: null, link: this.#link, ...request })
  }

  /** Takes a turn that has to return. */
  async value(fn: string, ...args: unknown[]): Promise<unknown> {
    const end = await this.turn(fn, ...args)
    if (end.tag !== 'return') throw new Error(`the turn ended with ${String(show(end))}`)
    return end.value
  }

  /** Runs the record again with nobody there, on the sync plan: how the instantiation and each turn ended. */
  rerun(events: readonly TheaterEvent[] = this.log.events): Promise<TurnEnd[]> {
    return rerun(this.component, events, this.#options)
  }

  /** Runs the record again and answers the first end that is not what the record says; `undefined`: all are. */
  async differs(events: readonly TheaterEvent[] = this.log.events): Promise<TurnEnd | undefined> {
    const ends = await this.rerun(events)
    const recorded = await Array.fromAsync(segments([...events]))
    const expected = recorded
      .filter((one) => one.kind !== 'between')
      .map(({ kind, end }) => (kind === 'start' ? (end ?? 'return') : (end ?? 'incomplete')))
    return ends.find((end, i) => end.tag !== expected[i])
  }
}

/** What of the options decides what an actor is. */
export function identity({ maxHandles, seed = SEED, parent, grants }: ActorOptions) {
  return {
    actor: { id: 'test', parent: parent ?? null },
    time: BORN,
    seed,
    grants,
    ...(maxHandles !== undefined && { maxHandles }),
  }
}

/** Runs a record again with nobody there, on the sync plan. An undone turn takes its instance with it. */
async function rerun(
  component: Component,
  events: readonly TheaterEvent[],
  options: ActorOptions = {},
): Promise<TurnEnd[]> {
  const prepared = await component.prepare({ mode: 'sync' })
  const all = await Array.fromAsync(segments([...events]))
  const ends: TurnEnd[] = []
  let boundary: Boundary | undefined
  const run = (segment: Segment): TurnEnd | undefined => {
    if (segment.kind === 'start') {
      boundary = new Boundary({ component, prepared, ...identity(options) })
      return boundary.instantiateSync(segment.events)
    }
    return segment.kind === 'turn' ? boundary?.rerunSync(segment.turn, segment.events) : undefined
  }
  for (const [i, segment] of all.entries()) {
    if (boundary?.ended !== undefined) {
      for (const earlier of all.slice(0, i))
        if (earlier.kind === 'start' || (earlier.kind === 'turn' && earlier.end === 'return')) run(earlier)
    }
    const end = run(segment)
    if (end !== undefined) ends.push(end)
    if (segment.kind === 'start' && end?.tag !== 'return') break
  }
  return ends
}

/** Lays a snapshot over a boundary that is just made. */
export function restore(boundary: Boundary, bytes: Uint8Array, parts: SnapshotParts): void {
  const snapshot = decodeSnapshot(bytes, parts)
  const refused = 'none' in snapshot ? snapshot : boundary.restore(snapshot)
  if (refused !== undefined) throw new Error(`${refused.none}: ${refused.message}`)
}

/** What a turn's end says, without what cannot be compared. */
export function show(end: TurnEnd | undefined): unknown {
  if (end === undefined) return undefined
  if (end.tag === 'trap') return `trap ${end.code}`
  if (end.tag === 'abort') return `abort ${end.code}`
  if (end.tag === 'diverged') return `diverged at ${end.divergence.seq}: ${end.divergence.actual.kind}`
  if (end.tag === 'lost') return 'lost'
  if (end.tag === 'incomplete') return `incomplete: ${end.actual.kind}`
  return end.value
}

function linkOf(component: Component, host: TestHost): Link {
  const { functions = {}, imports = {}, authorize = () => true, ...rest } = host
  const binding: Binding = { imports, ...rest }
  const handler: AnyHandler = {
    name: 'test',
    interfaces: component.model.imports.map(({ name }) => name.replace(/(@0\.\d+)\.\d+$/, '$1')),
    grant: {},
    functions: { ...unlisted(component), ...functions },
    within: () => true,
    authorize,
    bind: () => binding,
  }
  return { handler, binding, grant: {} as Json }
}

/** What a test does not list is declared, so that nothing is unmet; most of it is never called. */
function unlisted(component: Component): AnyHandler['functions'] {
  const names = component.model.imports.flatMap(({ functions }) => functions.map(trackName))
  return Object.fromEntries(
    names.filter((name) => !isBuiltIn(name)).map((name) => [name, { mode: 'sync', effect: 'none' }]),
  )
}

function isBuiltIn(name: string): boolean {
  return name.startsWith('wasi:io/')
}
