import { decodeHeader, hex, readEvents } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, EventOf, Genesis, Kind, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { Describer } from '@theater/replay'
import { decodeModel, splitCid } from '@theater/values'
import type { ComponentModel, Json } from '@theater/values'

/**
 * Where an actor stands, as its record says.
 *
 * - `idle`: between two turns.
 * - `running`: within a turn of the process that runs it now.
 * - `unfinished`: within a turn, and nobody runs it: the next `run` or `call` goes on with that turn.
 * - `stopped`: for good.
 * - `failed`: it never came to be, because instantiating it or its `init` failed.
 * - `imported`: its record came from a file, and nobody here goes on with it.
 */
export type RecordedState = 'idle' | 'running' | 'unfinished' | 'stopped' | 'failed' | 'imported'

/** One actor of a data folder: the object that `theater ps --json` prints. */
export type ActorRow = {
  readonly actor: string
  /** The actor that made it; null where the host did, or where genesis is withheld. */
  readonly parent: string | null
  /** `sha256:` and the digest of the component; null where genesis is withheld. */
  readonly component: string | null
  readonly state: RecordedState
  readonly events: number
  /** The hash of the last event. */
  readonly head: string
  /** What it failed at; null unless it is `failed`. */
  readonly failure: string | null
}

/** The genesis event of a chain; `undefined` where its content is withheld. */
export async function readGenesis(
  store: ChainReader & BlobReader,
  chain: Uint8Array,
): Promise<EventOf<'genesis'> | undefined> {
  for await (const event of readEvents(store, chain, 0, 1, { hash: sha256 })) {
    return event.kind === 'genesis' && event.content !== null ? event : undefined
  }
  return undefined
}

/** The types of the component that made a chain; `undefined` where they are not in the store. */
export async function readModel(store: BlobReader, genesis: Genesis): Promise<ComponentModel | undefined> {
  const bytes = await store.get(genesis.wit)
  return bytes === undefined ? undefined : decodeModel(bytes)
}

/** What says the values of a chain's events by the types of its component; of an unknown one as bytes. */
export async function describerOf(store: ChainReader & BlobReader, chain: Uint8Array): Promise<Describer> {
  const genesis = await readGenesis(store, chain)
  return new Describer(genesis === undefined ? undefined : await readModel(store, genesis.content))
}

/** The name of a component for people and JSON: `sha256:` and its digest. */
export function componentName(digest: Uint8Array): string {
  return `sha256:${hex(digest)}`
}

/** What the record says of one actor. @param hosted whether a process runs the actors of this store now */
export async function actorRow(store: Store, info: ChainInfo, hosted: boolean): Promise<ActorRow> {
  const genesis = await readGenesis(store, info.chain)
  const failure = await startFailure(store, info)
  return {
    actor: info.label,
    parent: genesis?.content.parent ?? null,
    component: genesis === undefined ? null : componentName(splitCid(genesis.content.component).digest),
    state: await stateOf(store, info, hosted, failure),
    events: info.size,
    head: hex(info.head),
    failure: failure ?? null,
  }
}

async function stateOf(
  store: Store,
  info: ChainInfo,
  hosted: boolean,
  failure: string | undefined,
): Promise<RecordedState> {
  if (info.origin !== undefined) return 'imported'
  return failure === undefined ? stateAfter(await lastStep(store, info), hosted) : 'failed'
}

/** Why an actor was stopped; `undefined` for one that was not. */
export async function stopReason(store: Store, { chain, size }: ChainInfo): Promise<string | undefined> {
  for await (const event of readEvents(store, chain, size - 1, size, { hash: sha256 })) {
    return event.kind === 'stop' ? (event.content?.reason ?? 'withheld') : undefined
  }
  return undefined
}

/** What an actor that never came to be failed at, as its record says; `undefined` for every other. */
async function startFailure(store: Store, { chain, size, archived }: ChainInfo): Promise<string | undefined> {
  // What was archived has turns in it, so it came to be.
  if (archived !== undefined) return undefined
  let stopped = false
  let what = 'failed to start'
  for await (const event of readEvents(store, chain, Math.max(0, size - PAGE), size, { hash: sha256 })) {
    const { kind, content } = event
    if (kind === 'trap') what = `trapped (${content?.code ?? 'withheld'})`
    if (kind === 'abort') what = `aborted (${content?.code ?? 'withheld'})`
    if (kind === 'return') what = 'init refused'
    if (kind === 'stop') stopped = content?.reason === 'failed to start'
  }
  return stopped ? what : undefined
}

function stateAfter(kind: Kind, hosted: boolean): RecordedState {
  switch (kind) {
    case 'stop':
      return 'stopped'
    case 'turn':
      return hosted ? 'running' : 'unfinished'
    case 'genesis':
    case 'return':
    case 'trap':
    case 'abort':
    case 'seed':
    case 'call':
    case 'result':
    case 'drop':
    case 'send':
    case 'grant':
    case 'resume':
      return 'idle'
  }
}

/** The last event that decides where an actor stands: the begin or end of a turn, or the record's. */
export async function lastStep(store: Store, { chain, size, archived }: ChainInfo): Promise<Kind> {
  const first = archived?.base ?? 0
  for (let to = size; to > first; to -= PAGE) {
    const kinds: Kind[] = []
    for await (const { header } of store.read(chain, Math.max(first, to - PAGE), to)) {
      kinds.push(decodeHeader(header).kind)
    }
    const found = kinds.findLast((kind) => STEPS.has(kind))
    if (found !== undefined) return found
  }
  // What was archived ends between two turns.
  return archived === undefined ? 'genesis' : 'return'
}

const PAGE = 64
const STEPS: ReadonlySet<Kind> = new Set<Kind>(['genesis', 'turn', 'return', 'trap', 'abort', 'stop'])

/** A row as JSON. */
export function rowJson(row: ActorRow): Json {
  return { ...row }
}
