/** Types in nestings: recorded live, then run again, and every crossing compared with what was meant. */
import type { TheaterEvent } from '@theater/boundary'
import type { Component, Plan } from '@theater/component'
import { compileType, equal, Reader } from '@theater/values'
import type { ValType } from '@theater/values'
import { carried } from './guest.ts'
import type { Carried } from './guest.ts'
import { rerun, startRecording } from './record.ts'
import type { Recording } from './record.ts'
import { mapTokens, Token, tokensOf } from './values.ts'

/** Where a value crosses. */
const DIRECTIONS = ['export-param', 'import-param', 'import-result', 'export-result'] as const
/** Where a value crosses. */
export type Direction = (typeof DIRECTIONS)[number]

/** What was seen of one direction. */
export interface Seen {
  /** The event holds the value. */
  recorded: boolean
  /** It ran again, event for event. */
  rerun: boolean
  /** What came out on the other side is the value, live and again. */
  equal: boolean
  /** The first thing that was not so. */
  detail?: string
}

/** The directions in which values of a type can cross. */
export function directionsOf(has: Carried): readonly Direction[] {
  if (has.item) return has.borrow ? ['export-param'] : ['export-param', 'export-result']
  return has.borrow ? ['export-param', 'import-param'] : DIRECTIONS
}

const HOST = 'test:matrix/host'
const THINGS = 'test:matrix/things'
const GUEST = 'test:matrix/guest'

interface Crossed {
  readonly given: unknown
  readonly answered: unknown
  readonly seenByHost: unknown
  readonly returned: unknown
  /** What the items that came back say of themselves. */
  readonly items: readonly unknown[]
}

/** One type in one nesting, and the values that are taken through it. */
export interface Trial {
  readonly nesting: string
  readonly type: ValType
  readonly values: readonly unknown[]
}

/** What was seen, by nesting and direction. */
export type Sightings = ReadonlyMap<string, ReadonlyMap<Direction, Seen>>

/**
 * Records and re-runs nestings of one type under one plan, in one actor. Where that fails, one by one: what ends an
 * actor says nothing about the others.
 */
export async function runTrials(
  component: Component,
  plan: Plan,
  trials: readonly Trial[],
): Promise<Sightings> {
  const all = await new Actor(component, trials).run(plan)
  if (trials.length === 1 || !all.failed) return all.sightings
  const alone = new Map<string, ReadonlyMap<Direction, Seen>>()
  for (const trial of trials) {
    const { sightings } = await new Actor(component, [trial]).run(plan)
    for (const [nesting, seen] of sightings) alone.set(nesting, seen)
  }
  return alone
}

/** One actor that is recorded and re-run. */
class Actor {
  readonly #component: Component
  readonly #cells: readonly Cell[]
  /** The next answer of the host, and what it was asked with. */
  #answer: () => unknown = () => undefined
  #asked: unknown

  constructor(component: Component, trials: readonly Trial[]) {
    this.#component = component
    this.#cells = trials.map((trial) => new Cell(trial))
  }

  async run(plan: Plan): Promise<{ readonly sightings: Sightings; readonly failed: boolean }> {
    const failed = await this.#run(plan)
    return { sightings: new Map(this.#cells.map((cell) => [cell.nesting, cell.seen])), failed }
  }

  async #run(plan: Plan): Promise<boolean> {
    let events: readonly TheaterEvent[] = []
    let recording: Recording
    try {
      recording = await this.#start(plan)
      for (const cell of this.#cells) await this.#takeThrough(recording, cell)
      events = await recording.events()
    } catch (error) {
      this.#failAll(['recorded', 'rerun', 'equal'], `live: ${messageOf(error)}`)
      return true
    }
    const read = new RecordReader()
    for (const [cell, part] of split(events, this.#cells)) cell.compareRecord(part, read)
    for (const cell of this.#cells) cell.compareLive()
    try {
      const again = await rerun(this.#component, events, recording.states)
      const turns = events.filter((event) => event.kind === 'turn')
      for (const cell of this.#cells) {
        cell.compareRerun(again.filter((_, i) => turns[i]?.content.fn === cell.fn))
      }
    } catch (error) {
      this.#failAll(['rerun', 'equal'], `re-run: ${messageOf(error)}`)
      return true
    }
    return false
  }

  #failAll(what: readonly What[], detail: string): void {
    for (const cell of this.#cells) cell.failAll(what, detail)
  }

  #start(plan: Plan): Promise<Recording> {
    const waits = plan.mode === 'jspi'
    const answer = (x: unknown): unknown => {
      this.#asked = unmade(x)
      return this.#answer()
    }
    const imports = this.#cells.map(({ key }) => [key, waits ? async (x: unknown) => answer(x) : answer])
    const declared = waits
      ? ({ mode: 'async', effect: 'idempotent' } as const)
      : ({ mode: 'sync', effect: 'read' } as const)
    const functions = this.#cells.map(({ nesting }) => [`${HOST}#f-${nesting}`, declared])
    return startRecording(
      this.#component,
      plan,
      {
        ...(Object.fromEntries(functions) as Record<string, typeof declared>),
        [`${THINGS}#[method]thing.id`]: { mode: 'sync', effect: 'read' },
      },
      {
        imports: { [HOST]: Object.fromEntries(imports) as object },
        describe: (_type, object) => ({ id: (object as Thing).id() }),
      },
    )
  }

  /** Takes values through; each is given as the argument, and the one after it is what the host answers. */
  async #takeThrough(recording: Recording, cell: Cell): Promise<void> {
    const { values } = cell
    for (const [i, value] of values.entries()) {
      cell.crossed.push(await this.#cross(recording, cell, value, values[(i + 1) % values.length]))
    }
  }

  async #cross(recording: Recording, cell: Cell, given: unknown, next: unknown): Promise<Crossed> {
    const { item, borrow } = cell.has
    const answered = borrow ? 1000 : next
    this.#asked = undefined
    this.#answer = () => cell.respond(answered)
    const made: unknown[] = []
    if (item) {
      for (const { id } of tokensOf(given)) {
        made.push(await recording.turn(`${GUEST}#[constructor]item`, [id]))
      }
    }
    const argument = mapTokens(given, (token) => (item ? made.shift() : new Thing(token.id)))
    const returned = await recording.turn(cell.fn, [argument])
    const items: unknown[] = []
    if (item && !borrow) {
      for (const handle of handlesIn(returned)) {
        items.push(await recording.turn(`${GUEST}#[method]item.id`, [handle]))
      }
    }
    return { given, answered, seenByHost: this.#asked, returned, items }
  }
}

/** The events of each cell's turns. */
function split(events: readonly TheaterEvent[], cells: readonly Cell[]): Map<Cell, TheaterEvent[]> {
  const parts = new Map(cells.map((cell) => [cell, [] as TheaterEvent[]]))
  let part: TheaterEvent[] | undefined
  for (const event of events) {
    if (event.kind === 'turn') {
      const cell = cells.find(({ fn }) => fn === event.content.fn)
      part = cell && parts.get(cell)
    }
    part?.push(event)
  }
  return parts
}

type What = 'recorded' | 'rerun' | 'equal'

/** One nesting: what crossed, and what was seen of it. */
class Cell {
  readonly nesting: string
  readonly values: readonly unknown[]
  readonly has: Carried
  readonly crossed: Crossed[] = []
  readonly seen = new Map<Direction, Seen>()
  readonly #type: ValType

  constructor({ nesting, type, values }: Trial) {
    this.nesting = nesting
    this.values = values
    this.#type = type
    this.has = carried(type)
    for (const direction of directionsOf(this.has)) {
      this.seen.set(direction, { recorded: true, rerun: true, equal: true })
    }
  }

  /** The export. */
  get fn(): string {
    return `${GUEST}#f-${this.nesting}`
  }

  /** What the import is called on the host's side. */
  get key(): string {
    return `f${this.nesting.replace(/(?:^|-)(.)/g, (_all, letter: string) => letter.toUpperCase())}`
  }

  /** What the host answers; for `result<…>` that is an answer or a throw. */
  respond(value: unknown): unknown {
    const answer = mapTokens(value, (token) => new Thing(token.id))
    if (this.has.borrow || this.#type.kind !== 'result') return answer
    const { tag, val } = answer as { tag: 'ok' | 'err'; val: unknown }
    if (tag === 'ok') return val
    throw Object.assign(new Error('err'), { brand: 'theater.WitError', payload: val })
  }

  /** What the chain says, decoded by nothing but the types. */
  compareRecord(events: readonly TheaterEvent[], read: RecordReader): void {
    const answer: ValType = this.has.borrow ? { kind: 'u32' } : this.#type
    let i = -1
    for (const event of events) {
      if (event.kind === 'turn') i++
      const want = this.crossed[i]
      if (want === undefined) break
      if (event.kind === 'turn') {
        const args = read.value(event.content.args, this.#type, event.content.made)
        this.#check('export-param', 'recorded', args, want.given)
      } else if (event.kind === 'call' && event.content.fn.startsWith(HOST)) {
        this.#check('import-param', 'recorded', read.value(event.content.args, this.#type, []), want.given)
        const { outcome } = event.content
        if (outcome !== null) {
          const value = read.value(outcome.result, answer, outcome.made)
          this.#check('import-result', 'recorded', value, want.answered)
        }
      } else if (event.kind === 'result') {
        const { result, made } = event.content.outcome
        this.#check('import-result', 'recorded', read.value(result, answer, made), want.answered)
      } else if (event.kind === 'return') {
        const value = read.value(event.content.result, answer, [])
        this.#check('export-result', 'recorded', value, want.answered)
      }
    }
    if (i + 1 !== this.crossed.length)
      this.failAll(['recorded'], `${i + 1} turns of ${this.crossed.length} are recorded`)
  }

  /** What came out on the other side. */
  compareLive(): void {
    for (const { given, answered, seenByHost, returned, items } of this.crossed) {
      const ids = tokensOf(given).map((token) => token.id)
      const sum = ids.reduce((a, b) => a + b, 0)
      if (this.has.item) {
        this.#check('export-param', 'equal', this.has.borrow ? returned : items, this.has.borrow ? sum : ids)
        this.#check('export-result', 'equal', items, ids)
        continue
      }
      this.#check('export-param', 'equal', seenByHost, given)
      this.#check('import-param', 'equal', seenByHost, given)
      const expected = this.has.borrow ? (answered as number) + sum : answered
      this.#check('import-result', 'equal', unmade(returned), expected)
      this.#check('export-result', 'equal', unmade(returned), expected)
    }
  }

  /** What came out again. */
  compareRerun(again: readonly unknown[]): void {
    if (again.length !== this.crossed.length)
      this.failAll(['rerun', 'equal'], `${again.length} turns came back`)
    for (const [i, value] of again.entries()) {
      for (const direction of this.seen.keys()) {
        this.#check(direction, 'equal', unmade(value), unmade(this.crossed[i]?.returned))
      }
    }
  }

  #check(direction: Direction, what: 'recorded' | 'equal', actual: unknown, expected: unknown): void {
    const seen = this.seen.get(direction)
    // The numbers of the guest's resources are the boundary's to choose; that they are the same again is what counts.
    if (seen === undefined || (this.has.item && what === 'recorded')) return
    if (equal(plain(actual), plain(expected))) return
    seen[what] = false
    seen.detail ??= `${what}: ${show(actual)} is not ${show(expected)}`
  }

  /** Says of every direction that something does not hold. */
  failAll(what: readonly What[], detail: string): void {
    for (const seen of this.seen.values()) {
      for (const one of what) seen[one] = false
      seen.detail ??= detail
    }
  }
}

/** A resource of the host. */
class Thing {
  readonly #id: number
  constructor(id: number) {
    this.#id = id
  }
  id(): number {
    return this.#id
  }
}

/** Reads values out of events; host resources become tokens with the ids that their descriptions name. */
class RecordReader {
  readonly #ids = new Map<number, number>()

  value(bytes: Uint8Array, type: ValType, made: readonly unknown[]): unknown {
    const left = [...made] as { id: number }[]
    const input = new Reader(bytes)
    input.array()
    return compileType(type).read(input, {
      write: () => undefined,
      read: (n, of) => {
        if (of.resource.side === 'export') return new Token(0)
        const fresh = left.shift()
        if (fresh !== undefined) this.#ids.set(n, fresh.id)
        return new Token(this.#ids.get(n) ?? -1)
      },
    })
  }
}

function handlesIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return 'guest' in value ? [value] : Object.values(value).flatMap(handlesIn)
}

/** A value with resources as tokens: the host's own objects, and handles as an embedder sees them. */
function unmade(value: unknown): unknown {
  if (value instanceof Thing) return new Token(value.id())
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if ('guest' in value) return new Token(value.guest as number)
  if ('description' in value) return new Token((value.description as { id: number }).id)
  if (Array.isArray(value)) return value.map(unmade)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unmade(one)]))
}

function plain(value: unknown): unknown {
  return mapTokens(value, (token) => ({ token: token.id }))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function show(value: unknown): string {
  const text = JSON.stringify(plain(value), (_key, one: unknown) => {
    if (typeof one === 'bigint') return `${one}n`
    if (typeof one === 'number' && !(Number.isFinite(one) && !Object.is(one, -0)))
      return Object.is(one, -0) ? '-0' : String(one)
    return ArrayBuffer.isView(one) ? Array.from(one as unknown as ArrayLike<unknown>) : one
  })
  return text === undefined ? 'undefined' : text.slice(0, 200)
}
