import { Boundary, DERIVE_VERSION } from '@theater/boundary'
import type { Link, TurnEnd } from '@theater/boundary'
import type { Component } from '@theater/component'
import { jcoVersion } from '@theater/component'
import { loadComponent } from '@theater/component/node'
import { ChainWriter, encodeContent, FORMAT, memoryStore } from '@theater/event-chain'
import type { Genesis, Store } from '@theater/event-chain'
import { cidOf, encodeModel, sha256 } from '@theater/values'

/** One turn to record: an export and its arguments; or the host ends the actor's turn at its first wait. */
export interface Step {
  readonly fn: string
  readonly args?: readonly unknown[]
}

/** A handler as a test writes it: imports by track, how each function is answered. */
export interface TestHandler {
  readonly interfaces: readonly string[]
  readonly functions: Link['handler']['functions']
  readonly imports: object
  readonly describe?: (type: string, object: object) => { readonly [key: string]: number }
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
  readonly steps: readonly Step[]
  readonly genesis?: Partial<Genesis>
  readonly asyncImports?: readonly string[]
}

const components = new Map<string, Promise<Component>>()

/** Loads a component once per test file. */
export function load(bytes: Uint8Array): Promise<Component> {
  const key = sha256(bytes).toHex()
  const known = components.get(key) ?? loadComponent(bytes)
  components.set(key, known)
  return known
}

/** A runtime in miniature: records turns over a live boundary, rebuilding nothing: an undone turn ends the recording. */
export async function record(options: RecordOptions): Promise<Recording> {
  const { handler, steps, asyncImports = [] } = options
  const describe = handler?.describe
  const component = await load(options.component)
  const prepared = await component.prepare(
    asyncImports.length === 0 ? { mode: 'sync' } : { mode: 'jspi', asyncImports },
  )
  const store = memoryStore()
  const wit = encodeModel(component.model)
  const genesis: Genesis = {
    actor: 'test',
    cause: null,
    component: cidOf('raw', component.digest),
    derive: DERIVE_VERSION,
    format: FORMAT,
    grants: {},
    jco: jcoVersion,
    limits: { handles: 1000 },
    meter: component.transform,
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
  const links = new Map<string, Link>()
  if (handler !== undefined) {
    const link: Link = {
      handler: {
        name: 'test',
        interfaces: handler.interfaces,
        grant: {},
        functions: handler.functions,
        within: () => true,
        authorize: () => true,
        bind: () => ({ imports: handler.imports }),
      },
      binding: { imports: handler.imports, ...(describe !== undefined && { describe }) },
      grant: {},
    }
    for (const { name } of component.model.imports) links.set(name, link)
  }
  let now = genesis.time
  const boundary = new Boundary({
    component,
    prepared,
    actor: { id: genesis.actor, parent: genesis.parent },
    time: genesis.time,
    seed,
    maxHandles: 1000,
    live: {
      recorder: writer,
      links,
      now: () => (now += 5),
      leave: () => undefined,
      callTimeoutMs: 1000,
      signal: new AbortController().signal,
    },
  })
  const ends = [await boundary.instantiate([])]
  for (const { fn, args = [] } of steps) {
    if (boundary.ended !== undefined) break
    ends.push(await boundary.turn({ fn, args, sender: null, cause: null }))
  }
  await writer.flush()
  return { store, chain: writer.chain, component, ends }
}
