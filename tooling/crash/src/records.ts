/** What must hold of the record of a run. */
import { readEvents } from '@theater/event-chain'
import type { Event, EventOf, Store } from '@theater/event-chain'
import { decode, encode } from '@theater/guests/courier'
import { decodeData, encodeData } from '@theater/values'
import { token } from './jobs.ts'
import type { Job, Outcome } from './jobs.ts'

/** Its place among the cases of `request-error`. */
const OUTCOME_UNKNOWN = 9

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
  return turnWith(record[to] ?? [], encode(token(n)))
}

/** The events of the turn whose arguments hold some bytes, as far as they are there; `undefined`: nobody has begun it. */
export function turnWith(events: readonly Event[], bytes: Uint8Array): readonly Event[] | undefined {
  const at = events.findIndex(
    ({ kind, content }) =>
      kind === 'turn' &&
      content !== null &&
      Buffer.from((content as EventOf<'turn'>['content']).args).includes(bytes),
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

/** Something that must not be, and what of it: words for people. */
export interface Finding {
  /**
   * - `lost`: what was acknowledged or sent is not there, or the run does not come to its end.
   * - `twice`: a message arrived, or an effect was done, more than once.
   * - `unintended`: a message that no committed turn sent, or an effect without an intent.
   * - `unverified`: a chain that does not open, is broken, or is not what its component does.
   */
  readonly kind: 'lost' | 'twice' | 'unintended' | 'unverified'
  readonly what: string
}

/** What is wrong with the messages of a record: nothing, when all that left arrived once and nothing else did. */
export function lostOrDoubled(record: Records): Finding[] {
  const wrong: Finding[] = []
  const arrived = new Map<string, string[]>()
  for (const [actor, events] of Object.entries(record)) {
    for (const event of events) {
      if (event.kind !== 'turn' || event.content === null || event.content.cause === null) continue
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
      const name = `event ${event.seq} of ${actor}`
      if (turns.length > 1) wrong.push({ kind: 'twice', what: `${name} arrived as ${turns.join(' and ')}` })
      if (sent && turns.length === 0) wrong.push({ kind: 'lost', what: `${name} never arrived` })
      if (turns.length > 0 && !sent && !asked)
        wrong.push({ kind: 'unintended', what: `${name} sends nothing` })
    }
  }
  for (const turns of arrived.values())
    wrong.push({ kind: 'unintended', what: `nobody sent what arrived as ${turns.join(' and ')}` })
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
