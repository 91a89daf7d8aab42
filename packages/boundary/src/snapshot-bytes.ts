/** Snapshots as bytes: what is written, and what is made of bytes from a store that may be damaged. */
import type {
  CapturedImage,
  CheckedComponent,
  GlueImage,
  InstanceImage,
  MemoryImage,
  Prepared,
  TableImage,
} from '@theater/component'
import { IMAGE_PAGE } from '@theater/component'
import { decodeData, encodeData, sha256 } from '@theater/values'
import type { Data, Hash, Json, ResourceType } from '@theater/values'
import type { GuestImage, HandleImage } from './handles.ts'
import { keyOf, noSnapshot, sameKey } from './snapshot.ts'
import type { NoSnapshot, Snapshot, SnapshotKey } from './snapshot.ts'

const magic = new TextEncoder().encode('theater snapshot 3\n')
const digestLength = 32
const start = magic.length + digestLength + 4

/** What a snapshot may have beside the memories of the guest. */
const BESIDE = 64 * 1024 * 1024

/** The most bytes that a snapshot has of a guest that may have so much memory. */
export function largestSnapshot(memory: number): number {
  return memory + BESIDE
}

/** What a snapshot is read for. */
export interface SnapshotParts {
  readonly component: CheckedComponent
  readonly prepared: Prepared
  /** sha-256. @default `sha256` of `@theater/values` */
  readonly hash?: Hash
}

/** A snapshot as bytes that are not in one place, for whoever writes a large one bit by bit. */
export interface SnapshotPieces {
  /** One after the other they are the bytes. Those behind the first are the pages of the snapshot, where they are. */
  readonly pieces: readonly Uint8Array[]
  /** Of what the digest is to be: one after the other. */
  readonly digested: readonly Uint8Array[]
  /** The 32 bytes of the first piece where the sha-256 of that belongs: they are still zero. */
  readonly digest: Uint8Array
}

/** Writes a snapshot, all but its digest, without copying what it has of memories. */
export function snapshotPieces(snapshot: Snapshot): SnapshotPieces {
  const head = encodeData(headOf(snapshot))
  const first = new Uint8Array(start + head.length)
  first.set(magic)
  new DataView(first.buffer).setUint32(start - 4, head.length)
  first.set(head, start)
  const pages: Uint8Array[] = []
  for (const { runs } of snapshot.instance.memories)
    for (const { bytes } of runs) {
      const last = pages.at(-1)
      // Room is given piece by piece, so what is behind one run is mostly the next.
      const follows = last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset
      if (!follows) pages.push(bytes)
      else pages[pages.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length)
    }
  const from = magic.length
  return {
    pieces: [first, ...pages],
    digested: [first.subarray(from + digestLength), ...pages],
    digest: first.subarray(from, from + digestLength),
  }
}

/**
 * Writes a snapshot. Equal states give equal bytes. They are not compressed: whoever keeps them does that, and bounds what
 * comes of it.
 */
export function encodeSnapshot(snapshot: Snapshot, hash: Hash = sha256): Uint8Array<ArrayBuffer> {
  const { pieces } = snapshotPieces(snapshot)
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  out.set(hash(out.subarray(magic.length + digestLength)), magic.length)
  return out
}

/**
 * Reads a snapshot for a component that is prepared, or says why it is not used: it is for something else, or one bit of it is
 * not as it was written. Never throws. The pages of what it answers are views of `bytes`.
 */
export function decodeSnapshot(
  bytes: Uint8Array,
  { component, prepared, hash = sha256 }: SnapshotParts,
): Snapshot | NoSnapshot {
  if (bytes.length < start) return damaged('it is too short')
  if (!same(bytes.subarray(0, magic.length), magic)) {
    // Of any format there ever is.
    const known = same(bytes.subarray(0, magic.length - 2), magic.subarray(0, -2))
    return known
      ? noSnapshot('other-format', 'the snapshot is of another format')
      : damaged('it begins as none does')
  }
  const content = bytes.subarray(magic.length + digestLength)
  if (!same(hash(content), bytes.subarray(magic.length, magic.length + digestLength)))
    return damaged('its digest is another')
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const end = start + view.getUint32(start - 4)
    const head = decodeData(bytes.subarray(start, end))
    return read(head, bytes.subarray(end), component, keyOf({ component, prepared }))
  } catch (error) {
    return damaged(error instanceof Error ? error.message : String(error))
  }
}

function damaged(why: string): NoSnapshot {
  return noSnapshot('damaged', `the snapshot is damaged: ${why}`)
}

function headOf({ key, clock, handles, instance }: Snapshot): Data {
  const { onFirst, memories, globals, glue, kept } = instance
  return [
    [key.component, key.meter, key.nan, key.jco],
    [clock.turnMs, clock.addedNs],
    [
      handles.nextHost,
      handles.nextGuest,
      handles.host.map(({ n, type, origin, description, deadline, permit }) => [
        n,
        nameOf(type),
        origin,
        description,
        deadline,
        permit,
      ]),
      handles.guest.map(({ n, type, table, handle }) => [n, nameOf(type), table, handle]),
    ],
    [
      onFirst,
      memories.map(({ pages, runs }) => [
        pages,
        runs.map(({ at, bytes }) => [at, bytes.length / IMAGE_PAGE]),
      ]),
      globals,
      [glue.counters, glue.tables.map((table) => table && tableData(table))],
      [kept.depth, kept.pages, kept.elements],
    ],
  ]
}

function tableData({ handles, remembered, captured }: TableImage): Data {
  const objects = captured && captured.objects.map(({ rep, resource, n }): Data => [rep, nameOf(resource), n])
  return [handles, remembered, captured === undefined ? null : [captured.count, objects ?? []]]
}

/** A name for a resource that a component imports, and for no other that it imports; of those that it exports likewise. */
function nameOf({ interface: iface, name }: ResourceType): string {
  return `${iface}#${name}`
}

/** @throws Error where it is not what is written */
function read(
  head: Data,
  pages: Uint8Array,
  component: CheckedComponent,
  own: SnapshotKey,
): Snapshot | NoSnapshot {
  const typeOf = finder(component.model.imports)
  const guestType = finder(component.model.exports)
  const [ofKey, ofClock, ofHandles, ofInstance] = list(head, 4)
  const [digest, meter, nan, jco] = list(ofKey, 4)
  if (!(digest instanceof Uint8Array)) throw new Error('no digest')
  const key: SnapshotKey = { component: digest, meter: text(meter), nan: text(nan), jco: text(jco) }
  const other = sameKey(key, own)
  if (other !== undefined) return other
  const [turnMs, addedNs] = list(ofClock, 2)
  const [nextHost, nextGuest, host, guest] = list(ofHandles, 4)
  const handle = (of: Data): HandleImage => {
    const [n, type, origin, description, deadline, permit] = list(of, 6)
    return {
      n: count(n),
      type: typeOf(type as Data),
      origin: text(origin),
      description: description as Json,
      deadline: deadline === null ? null : big(deadline),
      permit: count(permit),
    }
  }
  const held = (of: Data): GuestImage => {
    const [n, type, table, place] = list(of, 4)
    return { n: count(n), type: guestType(type as Data), table: count(table), handle: count(place) }
  }
  return {
    key,
    clock: { turnMs: count(turnMs), addedNs: big(addedNs) },
    handles: {
      nextHost: count(nextHost),
      nextGuest: count(nextGuest),
      host: list(host).map(handle),
      guest: list(guest).map(held),
    },
    instance: readInstance(ofInstance, pages, typeOf),
  }
}

/** Finds a resource by its name. */
function finder(interfaces: CheckedComponent['model']['imports']): (name: Data) => ResourceType {
  const types = new Map(
    interfaces.flatMap(({ resources }) =>
      resources.map((type): [string, ResourceType] => [nameOf(type), type]),
    ),
  )
  return (name) => {
    const type = types.get(text(name))
    if (type === undefined) throw new Error(`the component has no ${text(name)}`)
    return type
  }
}

function readInstance(
  of: Data | undefined,
  pages: Uint8Array,
  typeOf: (name: Data) => ResourceType,
): InstanceImage {
  const [onFirst, memories, globals, ofGlue, kept] = list(of, 5)
  const [depth, pagesLeft, elements] = list(kept, 3)
  let at = 0
  const memory = (one: Data): MemoryImage => {
    const [size, runs] = list(one, 2)
    return {
      pages: count(size),
      runs: list(runs).map((run) => {
        const [first, length] = list(run, 2)
        const from = at
        at += count(length) * IMAGE_PAGE
        if (at > pages.length) throw new Error('pages are missing')
        return { at: count(first), bytes: pages.subarray(from, at) }
      }),
    }
  }
  const read = list(memories).map(memory)
  if (at !== pages.length) throw new Error('pages are left over')
  return {
    onFirst: onFirst === true,
    memories: read,
    globals: list(globals).map(big),
    glue: readGlue(ofGlue, typeOf),
    kept: { depth: count(depth), pages: big(pagesLeft), elements: big(elements) },
  }
}

function readGlue(of: Data | undefined, typeOf: (name: Data) => ResourceType): GlueImage {
  const [counters, tables] = list(of, 2)
  const [scopes, tasks, subtasks, lent] = list(counters, 4)
  const captured = (one: Data): CapturedImage => {
    const [rep, resource, n] = list(one, 3)
    return { rep: count(rep), resource: typeOf(resource as Data), n: count(n) }
  }
  const table = (one: Data): TableImage | null => {
    if (one === null) return null
    const [handles, remembered, capture] = list(one, 3)
    const [reps, objects] = capture === null ? [] : list(capture, 2)
    return {
      handles: list(handles).map(count),
      remembered: list(remembered).map(count),
      captured: capture === null ? undefined : { count: count(reps), objects: list(objects).map(captured) },
    }
  }
  return {
    counters: [count(scopes), count(tasks), count(subtasks), count(lent)],
    tables: list(tables).map(table),
  }
}

function list(data: Data | undefined, length?: number): readonly Data[] {
  if (!Array.isArray(data) || (length !== undefined && data.length !== length))
    throw new Error('a list is missing')
  return data as readonly Data[]
}

function text(data: Data | undefined): string {
  if (typeof data !== 'string') throw new Error('a text is missing')
  return data
}

function count(data: Data | undefined): number {
  if (typeof data !== 'number' || !Number.isSafeInteger(data) || data < 0)
    throw new Error('a number is missing')
  return data
}

function big(data: Data | undefined): bigint {
  if (typeof data === 'bigint') return data
  return BigInt(count(data))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
