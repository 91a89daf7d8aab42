/** A run of three actors that send, ask, wait, act on the world, fail and trap; and what must hold of its record. */
import { readEvents } from '@theater/event-chain'
import type { Event, EventOf, Store } from '@theater/event-chain'
import { decodeData, encodeData } from '@theater/values'
import { add, decode, encode, fail, finish, get, mark, once, peek, request, send, trap } from './courier.ts'
import type { Stage, Steps } from './courier.ts'

/** The actors of the run. */
export const cast = ['a', 'b', 'c']

/** One thing that the host asks of an actor. */
export interface Job {
  readonly n: number
  readonly to: string
  readonly steps: Steps
}

const TOKEN = 1_000_000
/** Its place among the cases of `request-error`. */
const OUTCOME_UNKNOWN = 9

/** Deterministic and different for each number. */
function job(n: number): Job {
  const [to, other, third] = [0, 1, 2].map((i) => cast[(n + i) % 3] as string) as [string, string, string]
  const kinds: readonly Steps[] = [
    // Sends and requests to everybody, an effect between them.
    [
      send(other, [add(1), send(third, [add(1), mark(100 + n)])]),
      mark(200 + n),
      send(third, [add(10)]),
      request(other, [add(100), mark(300 + n), get]),
      request(third, [get, send(to, [add(2)])]),
      finish(1),
      finish(0),
      get,
    ],
    // What left before the effect stays, the rest does not.
    [add(1), send(other, [add(7)]), mark(400 + n), send(third, [add(1000)]), trap],
    // Itself, and an effect that happens once.
    [send(to, [add(3), send(to, [add(3)])]), once(500 + n), send(other, [fail])],
    // Chains of requests: some of them meet.
    [request(other, [request(third, [add(5), get]), finish(0)]), finish(0), send(other, [trap])],
    [send(other, [add(1)]), fail],
    [trap],
  ]
  return { n, to, steps: [peek(TOKEN + n), ...(kinds[n % kinds.length] ?? [])] }
}

/** The jobs of a run. */
export function jobs(length: number): Job[] {
  return Array.from({ length }, (_, n) => job(n))
}

/** What came of a job: what its steps answered, or the code of its failure. */
export type Outcome = string

/** Has jobs done, a few at a time, and waits until nothing is left to do. */
export async function drive(
  stage: Stage,
  todo: readonly Job[],
  acknowledged: (n: number, outcome: Outcome) => void = () => undefined,
): Promise<void> {
  const left = [...todo]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { n, to, steps } = next
      const outcome = await stage.run(to, steps).catch((error: { code: string }) => error.code)
      acknowledged(n, JSON.stringify(outcome))
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  await stage.idle()
}

/** The record of a run, by actor. */
export interface Records {
  readonly [actor: string]: readonly Event[]
}

export async function records(store: Store): Promise<Records> {
  const all: Record<string, Event[]> = {}
  for (const { chain, label } of await store.list())
    all[label] = await Array.fromAsync(readEvents(store, chain))
  return all
}

/** The jobs that are not in a record: nobody has begun them. */
export function missing(record: Records, all: readonly Job[]): Job[] {
  return all.filter(({ n, to }) => jobTurn(record, to, n) === undefined)
}

function jobTurn(record: Records, to: string, n: number): readonly Event[] | undefined {
  const token = Buffer.from(encode([peek(TOKEN + n)]))
  const events = record[to] ?? []
  const at = events.findIndex(
    ({ kind, content }) =>
      kind === 'turn' &&
      content !== null &&
      Buffer.from((content as EventOf<'turn'>['content']).args).includes(token),
  )
  if (at === -1) return undefined
  const end = events.findIndex(({ kind }, i) => i > at && ['return', 'trap', 'abort'].includes(kind))
  return events.slice(at, end === -1 ? undefined : end + 1)
}

/** What the record says came of a job. */
export function recordedOutcome(record: Records, { n, to, steps }: Job): Outcome | undefined {
  const last = jobTurn(record, to, n)?.at(-1)
  if (last?.kind === 'trap') return JSON.stringify('trapped')
  if (last?.kind === 'abort') return JSON.stringify('aborted')
  if (last?.kind !== 'return' || last.content === null) return undefined
  const [[which, value]] = decodeData(last.content.result) as [[number, [string, Uint8Array]]]
  return JSON.stringify(which === 0 ? decode(steps, value[1]) : value[0])
}

/** What is wrong with the messages of a record, in words: nothing, when all that left arrived once and nothing else did. */
export function lostOrDoubled(record: Records): string[] {
  const wrong: string[] = []
  const arrived = new Map<string, string[]>()
  for (const [actor, events] of Object.entries(record)) {
    for (const event of events) {
      if (event.kind !== 'turn' || event.content?.cause === null || event.content === null) continue
      const { seq, hash } = event.content.cause
      const key = Buffer.from(hash).toString('hex')
      arrived.set(key, [...(arrived.get(key) ?? []), `${actor} ${event.seq} (cause ${seq})`])
    }
  }
  for (const [actor, events] of Object.entries(record)) {
    for (const event of events) {
      const key = Buffer.from(event.hash).toString('hex')
      const turns = arrived.get(key) ?? []
      arrived.delete(key)
      const sent = event.kind === 'send'
      const asked = event.kind === 'call' && event.content !== null && event.content.outcome === null
      if (turns.length > 1) wrong.push(`event ${event.seq} of ${actor} arrived as ${turns.join(' and ')}`)
      if (sent && turns.length === 0) wrong.push(`event ${event.seq} of ${actor} never arrived`)
      if (turns.length > 0 && !sent && !asked) wrong.push(`event ${event.seq} of ${actor} sends nothing`)
    }
  }
  for (const turns of arrived.values()) wrong.push(`nobody sent what arrived as ${turns.join(' and ')}`)
  return wrong
}

/** Requests of which nobody could tell what came: none, while all records live. */
export function unknown(record: Records): string[] {
  return Object.entries(record).flatMap(([actor, events]) =>
    events.flatMap((event) => {
      if (event.kind !== 'call' || !event.content?.fn.endsWith('pending.finish')) return []
      const [outcome] = decodeData(event.content.outcome?.result ?? encodeData([[0]])) as [[number, [number]]]
      const failed = outcome[0] === 1 && outcome[1][0] === OUTCOME_UNKNOWN
      return failed ? [`event ${event.seq} of ${actor} says outcome-unknown`] : []
    }),
  )
}

/** A step that is done and that a record has the answer of is done in the world. */
export function undone(record: Records, did: readonly string[]): string[] {
  const done = new Set(did)
  const wrong: string[] = []
  for (const [actor, events] of Object.entries(record)) {
    for (const event of events) {
      if (event.kind !== 'call' || event.content === null || event.content.outcome !== null) continue
      if (!event.content.fn.endsWith('host#mark')) continue
      const [n] = decodeData(event.content.args) as [number]
      const answered = events.some((one) => one.kind === 'result' && one.content?.call === event.seq)
      if (answered && !done.has(`${actor} marks ${n}`)) wrong.push(`${actor} never marked ${n}`)
    }
  }
  return wrong
}
