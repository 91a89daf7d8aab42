import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Boundary, segments } from '@theater/boundary'
import type { Link, Live, Segment } from '@theater/boundary'
import { loadComponent } from '@theater/component/node'
import type { Component, Instance, Prepared } from '@theater/component'
import { ChainWriter, encodeContent, memoryStore, readEvents } from '@theater/event-chain'
import type { Genesis, Store } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { defineHandler } from '@theater/handler'
import type { AnyHandler, Binding } from '@theater/handler'
import { cidOf } from '@theater/values'
import type { Subject } from './measure.ts'

/** A component, its one call, and the host it is called with. */
export interface Workload {
  readonly name: string
  readonly bytes: Uint8Array
  readonly handler: AnyHandler
  /** The interfaces that the handler serves. */
  readonly interfaces: readonly string[]
  readonly fn: string
  readonly args: readonly unknown[]
  /** Imports that one call crosses to. The turn's own two events, its begin and its return, are counted to them. */
  readonly crossings: number
}

const SEED = new Uint8Array(32)
const TIME = Date.now()

/** A handler with functions that do next to nothing, all of them sync. */
export function stub(
  name: string,
  track: string,
  functions: Record<string, (...args: never[]) => unknown>,
): AnyHandler {
  const wit = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return defineHandler({
    name,
    interfaces: [track],
    grant: { type: 'object' },
    functions: Object.fromEntries(
      Object.keys(functions).map((fn) => [
        `${track}#${wit(fn)}`,
        { mode: 'sync' as const, effect: 'read' as const },
      ]),
    ),
    within: () => true as const,
    authorize: () => true as const,
    bind: () => ({ imports: { [track]: functions } }),
  })
}

/** The same component through the same glue, with the handler's functions called directly and nothing recorded. */
async function direct(component: Component, prepared: Prepared, workload: Workload): Promise<Subject> {
  const binding = await bind(workload.handler)
  const imports = binding.imports as Record<string, Record<string, (...args: unknown[]) => unknown>>
  const functions: Record<string, (...args: unknown[]) => unknown> = {}
  for (const imported of component.model.imports) {
    for (const fn of imported.functions) {
      const camel = fn.name.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase())
      const found = Object.values(imports)[0]?.[camel]
      if (found !== undefined) functions[fn.id] = found
    }
  }
  const instance: Instance = await prepared.instantiate({
    resources: prepared.newResources(),
    functions,
    drop: () => undefined,
  })
  const call = instance.functions[workload.fn]
  if (call === undefined) throw new Error(`no export ${workload.fn}`)
  return {
    name: 'direct',
    run: (n) => {
      for (let i = 0; i < n; i++) call(...workload.args)
    },
  }
}

async function bind(handler: AnyHandler): Promise<Binding> {
  return handler.bind({} as never, {} as never)
}

async function recorded(
  component: Component,
  prepared: Prepared,
  workload: Workload,
  store: Store,
  name: string,
): Promise<Subject> {
  const { writer, boundary } = await start(component, prepared, workload, store)
  return {
    name,
    async run(n) {
      for (let i = 0; i < n; i++) {
        const end = await boundary.turn({ fn: workload.fn, args: workload.args, sender: null, cause: null })
        if (end.tag !== 'return') throw new Error(`${workload.name}: the turn ended with ${end.tag}`)
        await writer.flush()
      }
    },
    close: () => store.close(),
  }
}

async function start(
  component: Component,
  prepared: Prepared,
  workload: Workload,
  store: Store,
): Promise<{ writer: ChainWriter; boundary: Boundary }> {
  const genesis: Genesis = {
    actor: 'bench',
    cause: null,
    component: cidOf('raw', component.digest),
    derive: 1,
    format: 1,
    grants: {},
    jco: component.jco,
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0.0.0',
    time: TIME,
    wit: cidOf('dag-cbor', SEED),
  }
  const writer = ChainWriter.create({
    store,
    salts: saltPool(),
    hash: sha256,
    label: 'bench',
    genesis: encodeContent('genesis', genesis),
  })
  writer.append('seed', encodeContent('seed', { seed: SEED }))
  const link: Link = { handler: workload.handler, binding: await bind(workload.handler), grant: {} }
  const live: Live = {
    recorder: writer,
    links: new Map(workload.interfaces.map((name) => [name, link])),
    now: () => Date.now(),
    leave: () => undefined,
    callTimeoutMs: 1000,
    signal: new AbortController().signal,
  }
  const boundary = newBoundary(component, prepared, live)
  const end = await boundary.instantiate([])
  if (end.tag !== 'return') throw new Error(`${workload.name}: instantiation ended with ${end.tag}`)
  await writer.flush()
  return { writer, boundary }
}

function newBoundary(component: Component, prepared: Prepared, live?: Live): Boundary {
  return new Boundary({
    component,
    prepared,
    actor: { id: 'bench', parent: null },
    time: TIME,
    seed: SEED,
    hash: sha256,
    ...(live !== undefined && { live }),
  })
}

/** Re-runs a record of as many calls as are asked for, instantiation left out. */
async function rerun(component: Component, prepared: Prepared, workload: Workload): Promise<Subject> {
  const store = memoryStore()
  const { writer, boundary } = await start(component, prepared, workload, store)
  const turns: (Segment & { kind: 'turn' })[] = []
  const count = 2000
  for (let i = 0; i < count; i++)
    await boundary.turn({ fn: workload.fn, args: workload.args, sender: null, cause: null })
  await writer.flush()
  let begin: Segment | undefined
  for await (const segment of segments(withContent(readEvents(store, writer.chain)))) {
    if (segment.kind === 'turn') turns.push(segment)
    else if (segment.kind === 'start') begin = segment
  }
  return {
    name: 're-run',
    run(n) {
      for (let done = 0; done < n;) {
        const again = newBoundary(component, prepared)
        again.instantiateSync(begin?.kind === 'start' ? begin.events : [])
        for (const { turn, events } of turns) {
          if (done++ >= n) break
          const end = again.rerunSync(turn, events)
          if (end.tag !== 'return') throw new Error(`${workload.name}: the re-run ended with ${end.tag}`)
        }
      }
    },
  }
}

async function* withContent(events: ReturnType<typeof readEvents>) {
  for await (const event of events) {
    if (event.content === null) throw new Error('a record without contents')
    yield event
  }
}

/** One that has had so many calls, to take snapshots of, and how another one is made that a snapshot can be laid over. */
export async function resumable(workload: Workload, turns: number) {
  const component = await loadComponent(workload.bytes)
  const prepared = await component.prepare({ mode: 'sync' })
  const store = memoryStore()
  const { writer, boundary } = await start(component, prepared, workload, store)
  const first = boundary.firstMemory()
  for (let i = 0; i < turns; i++)
    await boundary.turn({ fn: workload.fn, args: workload.args, sender: null, cause: null })
  await writer.flush()
  let begin: Segment | undefined
  for await (const segment of segments(withContent(readEvents(store, writer.chain)))) {
    begin = segment
    break
  }
  const events = begin?.kind === 'start' ? begin.events : []
  const again = (): Boundary => {
    const made = newBoundary(component, prepared)
    made.instantiateSync(events)
    return made
  }
  return { component, prepared, boundary, first, again }
}

/** Everything that is compared for one workload. The first is the baseline. */
export async function boundarySubjects(workload: Workload): Promise<Subject[]> {
  const component = await loadComponent(workload.bytes)
  const prepared = await component.prepare({ mode: 'sync' })
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  const inMemory = await recorded(component, prepared, workload, memoryStore(), 'recorded in memory')
  const inSqlite = await recorded(
    component,
    prepared,
    workload,
    sqliteStore(join(folder, 'bench.db')),
    'recorded to SQLite',
  )
  return [
    await direct(component, prepared, workload),
    inMemory,
    {
      ...inSqlite,
      async close() {
        await inSqlite.close?.()
        rmSync(folder, { recursive: true })
      },
    },
    await rerun(component, prepared, workload),
  ]
}
