/** One type in one nesting: recorded live, then run again, and every crossing compared with what was meant. */
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
export const DIRECTIONS = ['export-param', 'import-param', 'import-result', 'export-result'] as const
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

/** Records and re-runs one nesting of one type under one plan. */
export class Cell {
  readonly #component: Component
  readonly #nesting: string
  readonly #type: ValType
  readonly #has: Carried
  readonly #seen = new Map<Direction, Seen>()
  /** The next answer of the host, and what it was asked with. */
  #answer: unknown
  #asked: unknown

  constructor(component: Component, nesting: string, type: ValType) {
    this.#component = component
    this.#nesting = nesting
    this.#type = type
    this.#has = carried(type)
  }

  /** Takes values through; each is given as the argument, and the one after it is what the host answers. */
  async run(plan: Plan, values: readonly unknown[]): Promise<ReadonlyMap<Direction, Seen>> {
    this.#seen.clear()
    for (const direction of directionsOf(this.#has)) {
      this.#seen.set(direction, { recorded: true, rerun: true, equal: true })
    }
    let events: readonly TheaterEvent[] = []
    const crossed: Crossed[] = []
    try {
      const recording = await this.#start(plan)
      for (const [i, value] of values.entries()) {
        crossed.push(await this.#cross(recording, value, values[(i + 1) % values.length]))
      }
      events = await recording.events()
    } catch (error) {
      this.#failAll(['recorded', 'rerun', 'equal'], `live: ${messageOf(error)}`)
      return this.#seen
    }
    this.#compareRecord(events, crossed)
    this.#compareLive(crossed)
    try {
      this.#compareRerun(events, await rerun(this.#component, events), crossed)
    } catch (error) {
      this.#failAll(['rerun', 'equal'], `re-run: ${messageOf(error)}`)
    }
    return this.#seen
  }

  #start(plan: Plan): Promise<Recording> {
    const waits = plan.mode === 'jspi'
    const name = `f${this.#nesting.replace(/(?:^|-)(.)/g, (_all, letter: string) => letter.toUpperCase())}`
    const answer = (x: unknown): unknown => {
      this.#asked = unmade(x)
      return this.#respond()
    }
    return startRecording(
      this.#component,
      plan,
      {
        [`${HOST}#f-${this.#nesting}`]: waits
          ? { mode: 'async', effect: 'idempotent' }
          : { mode: 'sync', effect: 'read' },
        [`${THINGS}#[method]thing.id`]: { mode: 'sync', effect: 'read' },
      },
      {
        imports: { [HOST]: { [name]: waits ? async (x: unknown) => answer(x) : answer } },
        describe: (_type, object) => ({ id: (object as Thing).id() }),
      },
    )
  }

  /** What the host answers; for `result<…>` that is an answer or a throw. */
  #respond(): unknown {
    const answer = this.#answer
    if (this.#has.borrow || this.#type.kind !== 'result') return answer
    const { tag, val } = answer as { tag: 'ok' | 'err'; val: unknown }
    if (tag === 'ok') return val
    throw Object.assign(new Error('err'), { brand: 'theater.WitError', payload: val })
  }

  async #cross(recording: Recording, given: unknown, answered: unknown): Promise<Crossed> {
    this.#asked = undefined
    const { item, borrow } = this.#has
    const answer = borrow ? 1000 : answered
    this.#answer = borrow ? answer : mapTokens(answered, (token) => new Thing(token.id))
    const made: unknown[] = []
    if (item) {
      for (const { id } of tokensOf(given)) {
        made.push(await recording.turn(`${GUEST}#[constructor]item`, [id]))
      }
    }
    const argument = mapTokens(given, (token) => (item ? made.shift() : new Thing(token.id)))
    const returned = await recording.turn(`${GUEST}#f-${this.#nesting}`, [argument])
    const items: unknown[] = []
    if (item && !borrow) {
      for (const handle of handlesIn(returned)) {
        items.push(await recording.turn(`${GUEST}#[method]item.id`, [handle]))
      }
    }
    return { given, answered: answer, seenByHost: this.#asked, returned, items }
  }

  /** What the chain says, decoded by nothing but the types. */
  #compareRecord(events: readonly TheaterEvent[], crossed: readonly Crossed[]): void {
    const read = new RecordReader()
    const answer: ValType = this.#has.borrow ? { kind: 'u32' } : this.#type
    let i = -1
    let inside = false
    for (const event of events) {
      const want = (): Crossed => crossed[i] as Crossed
      if (event.kind === 'turn') {
        inside = event.content.fn === `${GUEST}#f-${this.#nesting}`
        if (!inside) continue
        i++
        const args = read.value(event.content.args, this.#type, event.content.made)
        this.#check('export-param', 'recorded', args, this.#has.item ? undefined : want().given)
      } else if (inside && event.kind === 'call' && event.content.fn.startsWith(HOST)) {
        this.#check('import-param', 'recorded', read.value(event.content.args, this.#type, []), want().given)
        const { outcome } = event.content
        if (outcome !== null) {
          const value = read.value(outcome.result, answer, outcome.made)
          this.#check('import-result', 'recorded', value, want().answered)
        }
      } else if (inside && event.kind === 'result') {
        const { result, made } = event.content.outcome
        this.#check('import-result', 'recorded', read.value(result, answer, made), want().answered)
      } else if (inside && event.kind === 'return') {
        const value = read.value(event.content.result, answer, [])
        this.#check('export-result', 'recorded', value, this.#has.item ? undefined : want().answered)
      }
    }
    if (i + 1 !== crossed.length)
      this.#failAll(['recorded'], `${i + 1} turns of ${crossed.length} are recorded`)
  }

  #compareLive(crossed: readonly Crossed[]): void {
    for (const { given, answered, seenByHost, returned, items } of crossed) {
      const ids = tokensOf(given).map((token) => token.id)
      const sum = ids.reduce((a, b) => a + b, 0)
      if (this.#has.item) {
        this.#check(
          'export-param',
          'equal',
          this.#has.borrow ? returned : items,
          this.#has.borrow ? sum : ids,
        )
        this.#check('export-result', 'equal', items, ids)
        continue
      }
      this.#check('export-param', 'equal', seenByHost, given)
      this.#check('import-param', 'equal', seenByHost, given)
      const expected = this.#has.borrow ? (answered as number) + sum : answered
      this.#check('import-result', 'equal', unmade(returned), expected)
      this.#check('export-result', 'equal', unmade(returned), expected)
    }
  }

  #compareRerun(
    events: readonly TheaterEvent[],
    again: readonly unknown[],
    crossed: readonly Crossed[],
  ): void {
    const turns = events.filter((event) => event.kind === 'turn')
    const mine = again.filter((_, i) => turns[i]?.content.fn === `${GUEST}#f-${this.#nesting}`)
    if (mine.length !== crossed.length) this.#failAll(['rerun', 'equal'], `${mine.length} turns came back`)
    for (const [i, value] of mine.entries()) {
      for (const direction of this.#seen.keys()) {
        this.#check(direction, 'equal', unmade(value), unmade(crossed[i]?.returned))
      }
    }
  }

  #check(direction: Direction, what: 'recorded' | 'equal', actual: unknown, expected: unknown): void {
    const seen = this.#seen.get(direction)
    // The numbers of the guest's resources are the boundary's to choose; that they are the same again is what counts.
    if (seen === undefined || (this.#has.item && what === 'recorded')) return
    if (equal(plain(actual), plain(expected))) return
    seen[what] = false
    seen.detail ??= `${what}: ${show(actual)} is not ${show(expected)}`
  }

  #failAll(what: readonly ('recorded' | 'rerun' | 'equal')[], detail: string): void {
    for (const seen of this.#seen.values()) {
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
