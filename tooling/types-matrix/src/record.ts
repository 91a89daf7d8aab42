/** A host in miniature: records turns into a chain in memory, and runs them again with nobody there. */
import { Boundary, encodeSnapshot, segments } from '@theater/boundary'
import type { Link, TheaterEvent, TurnEnd } from '@theater/boundary'
import type { Component, Plan } from '@theater/component'
import { ChainWriter, encodeContent, memoryStore, readEvents } from '@theater/event-chain'
import type { Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { AnyHandler, Binding } from '@theater/handler'
import { cidOf } from '@theater/values'

const SEED = new Uint8Array(32).fill(7)
const BORN = 1_000_000
const ACTOR = { id: 'matrix', parent: null }

/** A live actor whose every event goes to a chain in memory. */
export interface Recording {
  readonly boundary: Boundary
  /** Runs a turn; throws where it does not return. */
  turn(fn: string, args: readonly unknown[]): Promise<unknown>
  /** The state after each turn. */
  readonly states: readonly string[]
  /** Everything recorded so far, as it is read back. */
  events(): Promise<readonly TheaterEvent[]>
}

/** Starts an actor under a plan. */
export async function startRecording(
  component: Component,
  plan: Plan,
  functions: AnyHandler['functions'],
  binding: Binding,
): Promise<Recording> {
  const store = memoryStore()
  let salt = 0
  const writer = ChainWriter.create({
    store,
    hash: sha256,
    salts: () => new Uint8Array(16).fill(salt++),
    label: ACTOR.id,
    genesis: encodeContent('genesis', genesis()),
  })
  writer.append('seed', encodeContent('seed', { seed: SEED }))
  const link: Link = { handler: handlerOf(functions, binding), binding, grant: undefined }
  let now = BORN
  const boundary = new Boundary({
    component,
    prepared: await component.prepare(plan),
    actor: ACTOR,
    time: BORN,
    seed: SEED,
    hash: sha256,
    live: {
      recorder: writer,
      links: new Map(component.model.imports.map(({ name }) => [name, link])),
      now: () => now++,
      leave: () => undefined,
      callTimeoutMs: 10_000,
      signal: new AbortController().signal,
    },
  })
  returned(await boundary.instantiate([]))
  const states: string[] = []
  return {
    boundary,
    states,
    async turn(fn, args) {
      const value = returned(await boundary.turn({ fn, args, sender: null, cause: null, link }))
      states.push(stateOf(boundary))
      return value
    },
    async events() {
      await writer.flush()
      return read(store, writer.chain)
    },
  }
}

/** What an actor's state comes to: there is a snapshot of it, whatever the host holds of the guest. */
function stateOf(boundary: Boundary): string {
  const snapshot = boundary.snapshot()
  if (!('none' in snapshot)) return sha256(encodeSnapshot(snapshot, sha256)).toHex()
  throw new Error(`no snapshot: ${snapshot.message}`)
}

/**
 * Runs recorded events again, on the sync plan, with no host. Answers what each turn answered; throws at the first difference, in
 * what happens or, where they are given, in the states that are left.
 */
export async function rerun(
  component: Component,
  events: readonly TheaterEvent[],
  states?: readonly string[],
): Promise<unknown[]> {
  const boundary = new Boundary({
    component,
    prepared: await component.prepare({ mode: 'sync' }),
    actor: ACTOR,
    time: BORN,
    seed: SEED,
    hash: sha256,
  })
  const values: unknown[] = []
  for await (const segment of segments(events)) {
    if (segment.kind === 'start') returned(boundary.instantiateSync(segment.events))
    if (segment.kind !== 'turn') continue
    values.push(returned(boundary.rerunSync(segment.turn, segment.events)))
    if (states !== undefined && stateOf(boundary) !== states[values.length - 1])
      throw new Error(`turn ${segment.turn.seq}: another state is left than when it was recorded`)
  }
  boundary.dispose()
  return values
}

function returned(end: TurnEnd): unknown {
  if (end.tag === 'return') return end.value
  const why = end.tag === 'diverged' ? describe(end.divergence) : 'code' in end ? end.code : ''
  const cause = 'error' in end ? end.error : undefined
  const message = cause instanceof Error ? `: ${cause.message}` : ''
  throw new Error(`${end.tag} ${why}${message}`, { cause })
}

function describe({ seq, expected, actual }: { seq: number; expected: unknown; actual: unknown }): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_key, one: unknown) =>
      typeof one === 'bigint' ? String(one) : ArrayBuffer.isView(one) ? `0x${hex(one)}` : one,
    )
  return `at ${seq}: ${show(expected)} is recorded, ${show(actual)} happened`
}

function hex(view: ArrayBufferView): string {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).toHex()
}

async function read(store: Store, chain: Uint8Array): Promise<readonly TheaterEvent[]> {
  const events: TheaterEvent[] = []
  for await (const event of readEvents(store, chain, 0, undefined, { hash: sha256 })) {
    if (event.content === null) throw new Error(`event ${event.seq} has no content`)
    events.push(event)
  }
  return events
}

function handlerOf(functions: AnyHandler['functions'], binding: Binding): AnyHandler {
  return {
    name: 'matrix',
    interfaces: [],
    grant: {},
    functions,
    within: () => true,
    authorize: () => true,
    bind: () => binding,
  }
}

function genesis(): Genesis {
  const nothing = sha256(new Uint8Array())
  return {
    actor: ACTOR.id,
    cause: null,
    component: cidOf('raw', nothing),
    derive: 1,
    format: 1,
    grants: {},
    jco: '0',
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0',
    time: BORN,
    wit: cidOf('dag-cbor', nothing),
  }
}
