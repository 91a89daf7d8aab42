/** What must hold of what a killed host left, and of what comes of it in the end. */
import { verifyStructure } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import { keyOf } from './effects.ts'
import { cast, jobs } from './jobs.ts'
import type { Load, Told } from './plan.ts'
import { lostOrDoubled, missing, recordedOutcome, records, turnWith, unknown } from './records.ts'
import type { Finding, Records } from './records.ts'
import type { Deed } from './server.ts'
import { payer, payment, ringing, waker } from './stage.ts'
import type { Durabilities } from './stage.ts'
import { unpaid, unset } from './work.ts'

/** What is known of a life beside its records. */
export interface Known extends Load {
  /** What its hosts told their callers. */
  readonly told: readonly Told[]
  /** What they did to the world. */
  readonly deeds: readonly Deed[]
  readonly durabilities: Durabilities
  /** Whether machines lost their power: then nothing is promised of what is not `disk`, but that all of it fits together. */
  readonly power: boolean
}

/** What is wrong with what a killed host left: some of it is still under way. */
export async function wrongWithRest(store: Store, known: Known): Promise<Finding[]> {
  const broken = await structure(store)
  if (broken.length > 0) return broken
  const record = await records(store)
  // What left and has not arrived is delivered by the next host.
  return [
    ...told(record, known),
    ...effects(record, known),
    ...messages(record).filter(notLost),
    ...timers(record).filter(notLost),
  ]
}

/** What is wrong with the whole, when all is done. */
export async function wrongInTheEnd(store: Store, known: Known): Promise<Finding[]> {
  const broken = await structure(store)
  if (broken.length > 0) return broken
  const record = await records(store)
  const undone = [
    ...missing(record, jobs(known.jobs)).map(({ n }) => `job ${n}`),
    ...unpaid(record, known).map((n) => `payment ${n}`),
    ...unset(record, known).map((n) => `timer ${n}`),
  ]
  return [
    ...told(record, known),
    ...effects(record, known),
    ...messages(record),
    ...timers(record),
    ...unknown(record).map((what): Finding => ({ kind: 'lost', what })),
    ...undone.map((what): Finding => ({ kind: 'lost', what: `${what} was not done` })),
  ]
}

const notLost = ({ kind }: Finding): boolean => kind !== 'lost'

async function structure(store: Store): Promise<Finding[]> {
  const wrong: Finding[] = []
  for (const { chain, label } of await store.list()) {
    const report = await verifyStructure(store.read(chain), { blobs: store, unfinished: 'allow' })
    if (!report.ok)
      wrong.push({ kind: 'unverified', what: `${label} is broken at ${report.index}: ${report.reason}` })
  }
  return wrong
}

/** Whether what an actor said has to be there. */
function promised({ power, durabilities }: Known, actor: string): boolean {
  return !power || durabilities[actor] === 'disk'
}

/** What the hosts told their callers is in the record. */
function told(record: Records, known: Known): Finding[] {
  const all = jobs(known.jobs)
  return known.told.flatMap((one): Finding[] => {
    const { of, n } = one
    if (of === 'job') {
      const job = all[n]
      if (job === undefined || !promised(known, job.to)) return []
      const outcome = recordedOutcome(record, job)
      if (outcome === one.outcome) return []
      return [
        {
          kind: 'lost',
          what: `job ${n} was answered ${one.outcome}, and the record of ${job.to} has ${outcome}`,
        },
      ]
    }
    const [actor, turn] = of === 'payment' ? [payer, payment(n)] : [waker, ringing(n)]
    const kept = turnWith(record[actor] ?? [], turn)?.at(-1)?.kind === 'return'
    if (kept || !promised(known, actor)) return []
    return [{ kind: 'lost', what: `${of} ${n} was answered, and is not in the record` }]
  })
}

/** One outside effect of a record. */
interface Intent {
  readonly actor: string
  readonly what: Deed['what']
  readonly n: number
  readonly key: string
  readonly answered: boolean
}

function* intents(record: Records): Generator<Intent> {
  for (const [actor, events] of Object.entries(record)) {
    const answers = new Map(
      events.flatMap((event) =>
        event.kind === 'result' && event.content !== null
          ? [[event.content.call, event.content.outcome]]
          : [],
      ),
    )
    for (const event of events) {
      if (event.kind !== 'call' || event.content === null || event.content.outcome !== null) continue
      const { fn, args } = event.content
      const answer = answers.get(event.seq)
      const answered = answer !== undefined
      const key = keyOf({ chain: event.chain, seq: event.seq, hash: event.hash })
      const [first] = decodeData(args) as [unknown]
      if (/host#(mark|once)$/.test(fn))
        yield { actor, what: fn.endsWith('mark') ? 'mark' : 'once', n: first as number, key, answered }
      else if (actor === payer && fn.endsWith('client@0.1.0#start')) {
        const [, url] = first as readonly [string, string]
        // An error says that nothing was sent.
        const sent = answer !== undefined && 'result' in answer && isOk(answer.result)
        yield { actor, what: 'pay', n: Number(new URL(url).searchParams.get('n')), key: '', answered: sent }
      }
    }
  }
}

/** Whether what a function answered is the case `ok` of its only result. */
function isOk(results: Uint8Array): boolean {
  const [result] = decodeData(results) as [readonly [number, unknown]]
  return result[0] === 0
}

/** Every effect has its intent, each intent whose answer is on record its effect, and what happens once happened once. */
function effects(record: Records, known: Known): Finding[] {
  const wrong: Finding[] = []
  const all = [...intents(record)]
  const byName = Map.groupBy(all, ({ what, n }) => `${what} ${n}`)
  const owners = new Map(all.map(({ what, n, actor }) => [`${what} ${n}`, actor]))
  const done = Map.groupBy(known.deeds, ({ what, n }) => `${what} ${n}`)
  for (const [name, deeds] of done) {
    // Of one whose intent is nowhere nobody knows whose it was; couriers that are `disk` are those that count.
    const owner = owners.get(name)
    const keys = new Set(deeds.map(({ key }) => key))
    const mine = byName.get(name) ?? []
    const intended =
      mine.length > 0 && [...keys].every((key) => mine.some((one) => one.key === '' || one.key === key))
    const counts = owner === undefined ? !known.power : promised(known, owner)
    if (!counts) continue
    if (!intended) wrong.push({ kind: 'unintended', what: `${name} was done without an intent on record` })
    if (keys.size > 1) wrong.push({ kind: 'twice', what: `${name} was done for ${keys.size} intents` })
    if (name.startsWith('once') && deeds.length > 1)
      wrong.push({ kind: 'twice', what: `${name} was done ${deeds.length} times` })
  }
  for (const { actor, what, n, key, answered } of all) {
    const deeds = done.get(`${what} ${n}`) ?? []
    if (answered && !deeds.some((deed) => key === '' || deed.key === key))
      wrong.push({ kind: 'lost', what: `${actor} has an answer of ${what} ${n}, which was never done` })
  }
  return wrong
}

/** What couriers said to each other. */
function messages(record: Records): Finding[] {
  return lostOrDoubled(
    Object.fromEntries(cast.flatMap((id) => (record[id] === undefined ? [] : [[id, record[id]]]))),
  )
}

/** Each timer that left fires once. */
function timers(record: Records): Finding[] {
  const events = record[waker] ?? []
  const set = events.flatMap((event) =>
    event.kind === 'send' && event.content !== null ? [event.content.call] : [],
  )
  const fired = Map.groupBy(events.flatMap(firedId), (id) => id)
  const wrong: Finding[] = []
  for (const seq of set) {
    const times = fired.get(seq)?.length ?? 0
    fired.delete(seq)
    if (times === 0) wrong.push({ kind: 'lost', what: `the timer of event ${seq} never fired` })
    if (times > 1) wrong.push({ kind: 'twice', what: `the timer of event ${seq} fired ${times} times` })
  }
  for (const id of fired.keys())
    wrong.push({ kind: 'unintended', what: `timer ${id} fired, and was not set` })
  return wrong
}

function firedId(event: Event): number[] {
  if (event.kind !== 'turn' || event.content === null || !event.content.fn.endsWith('#fired')) return []
  const [[id]] = decodeData(event.content.args) as [[number]]
  return [id]
}
