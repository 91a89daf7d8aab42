import { Boundary, DERIVE_VERSION, segments, trackOf } from '@theater/boundary'
import type { Link, TheaterEvent, TurnEnd } from '@theater/boundary'
import type { Component, Metering } from '@theater/component'
import { jcoVersion } from '@theater/component'
import { ChainWriter, encodeContent, FORMAT, memoryStore, readEvents } from '@theater/event-chain'
import type { Genesis, Store } from '@theater/event-chain'
import { componentLoader } from '@theater/replay/node'
import { cidOf, encodeModel, sha256 } from '@theater/values'

/** One turn to record: an export and its arguments. */
export interface Turn {
  readonly fn: string
  readonly args?: readonly unknown[]
}

/** A handler as a test writes it: imports by track, how each function is answered. */
export interface TestHandler {
  readonly interfaces: readonly string[]
  readonly functions: Link['handler']['functions']
  readonly imports: object
  readonly describe?: (type: string, object: object) => { readonly [key: string]: number }
  readonly resume?: () => object
}

/** What is recorded. */
export interface Recording {
  readonly store: Store
  readonly chain: Uint8Array
  readonly component: Component
  readonly ends: readonly TurnEnd[]
}

/** Options of {@link record}. */
export interface RecordOptions {
  readonly component: Uint8Array
  readonly handler?: TestHandler
  readonly steps: readonly Turn[]
  readonly genesis?: Partial<Genesis>
  readonly limits?: Partial<typeof defaultLimits>
  /** @default 'canonical' */
  readonly metering?: Metering
  readonly asyncImports?: readonly string[]
  /** Milliseconds since the epoch that the host's clock shows, one a look. @default 5 more each time */
  readonly now?: () => number
}

/** What the component may use, as genesis has it. */
const defaultLimits = {
  handles: 1000,
  fuel: 10_000_000,
  startFuel: 100_000_000,
  depth: 5000,
  memory: 16 * 1024 * 1024,
  tables: 10_000,
}

/** Loads each component once per test file. */
export const load = componentLoader()

/** A runtime in miniature: records turns over a live boundary, and rebuilds it after one that was undone. */
export async function record(options: RecordOptions): Promise<Recording> {
  const { handler, steps, metering = 'canonical', asyncImports = [] } = options
  const component = await load(options.component)
  const prepared = await component.prepare(
    asyncImports.length === 0 ? { mode: 'sync', metering } : { mode: 'jspi', asyncImports, metering },
  )
  const store = memoryStore()
  const wit = encodeModel(component.model)
  const limits = { ...defaultLimits, ...options.limits }
  const genesis: Genesis = {
    actor: 'test',
    cause: null,
    component: cidOf('raw', component.digest),
    derive: DERIVE_VERSION,
    format: FORMAT,
    grants: {},
    jco: jcoVersion,
    limits,
    meter: prepared.meter,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0.0.0',
    time: 1_000_000,
    wit: cidOf('dag-cbor', sha256(wit)),
    ...options.genesis,
  }
  await store.put(genesis.component, component.bytes)
  await store.put(genesis.wit, wit)
  let salt = 0
  const writer = ChainWriter.create({
    store,
    salts: () => new Uint8Array(16).fill(salt++),
    label: genesis.actor,
    genesis: encodeContent('genesis', genesis),
  })
  const seed = new Uint8Array(32).fill(7)
  writer.append('seed', encodeContent('seed', { seed }))
  const links = handler === undefined ? new Map<string, Link>() : linksOf(component, handler)
  let clock = genesis.time
  const now = options.now ?? (() => (clock += 5))
  const perTurn = genesis.instance === 'turn'
  let notBefore: number | undefined
  const newBoundary = (): Boundary =>
    new Boundary({
      component,
      instance: genesis.instance,
      notBefore,
      prepared,
      actor: { id: genesis.actor, parent: genesis.parent },
      time: genesis.time,
      seed,
      maxHandles: 1000,
      allowance: { ...limits, start: limits.startFuel, elements: limits.tables },
      live: {
        recorder: writer,
        links,
        now,
        leave: () => undefined,
        callTimeoutMs: 1000,
        signal: new AbortController().signal,
      },
    })
  let boundary = newBoundary()
  const ends = [await boundary.instantiate([])]
  for (const { fn, args = [] } of steps) {
    if (perTurn) {
      if (ends.at(-1)?.tag === 'return') ({ notBefore } = boundary)
      boundary.release()
      boundary = newBoundary()
    } else if (boundary.ended !== undefined) {
      await writer.flush()
      boundary = await rebuild(newBoundary(), store, writer.chain)
    }
    ends.push(await boundary.turn({ fn, args, sender: null, cause: null }))
  }
  await writer.flush()
  return { store, chain: writer.chain, component, ends }
}

function linksOf(component: Component, handler: TestHandler): Map<string, Link> {
  const { describe, resume, interfaces, functions, imports } = handler
  const link: Link = {
    handler: {
      name: 'test',
      interfaces,
      grant: {},
      functions,
      within: () => true,
      authorize: () => true,
      bind: () => ({ imports }),
    },
    binding: {
      imports,
      ...(describe !== undefined && { describe }),
      ...(resume !== undefined && { resume }),
    },
    grant: {},
  }
  const served = component.model.imports.filter(({ name }) => interfaces.includes(trackOf(name)))
  return new Map(served.map(({ name }) => [name, link]))
}

async function rebuild(boundary: Boundary, store: Store, chain: Uint8Array): Promise<Boundary> {
  for await (const segment of segments(withContent(store, chain))) {
    if (segment.kind === 'start') await boundary.instantiate(segment.events)
    else if (segment.kind === 'turn' && segment.end === 'return')
      await boundary.rerun(segment.turn, segment.events)
  }
  return boundary
}

async function* withContent(store: Store, chain: Uint8Array): AsyncGenerator<TheaterEvent> {
  for await (const event of readEvents(store, chain)) if (event.content !== null) yield event
}
