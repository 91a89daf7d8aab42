import { queueRule, trackOf } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, Event, EventOf, Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { decodeData, decodeModel } from '@theater/values'
import type { ComponentModel } from '@theater/values'
import { causeKey } from './received.ts'
import type { Received } from './received.ts'
import { decodeSummary } from './summary-bytes.ts'

/** How a turn that a message became has ended. */
type Outcome = 'well' | 'open' | 'failed' | 'trapped' | 'aborted'

/** A turn that a message became. */
export interface Arrival {
  /** Who took it. */
  readonly actor: string
  /** Where it begins. */
  readonly turn: number
  readonly outcome: Outcome
}

/** A message that left. */
export interface Sent {
  /** The sequence number of its `send` event. */
  readonly seq: number
  readonly hash: Uint8Array
  /** That of the call that said it. */
  readonly call: number
  /** When the turn began that said it. */
  readonly time: number
  /** Whether it is for as many as were there. */
  readonly many: boolean
}

/** What one record says of messages. */
export interface Mail {
  readonly label: string
  readonly chain: Uint8Array
  /** Where it was read. */
  readonly store: ChainReader & BlobReader
  readonly genesis: Genesis
  readonly model: ComponentModel
  /** In the order in which they left. */
  readonly sent: readonly Sent[]
  /** By their causes, in the order in which they came. */
  readonly arrivals: readonly (readonly [cause: string, arrival: Arrival])[]
  /** Whether the record goes on. */
  readonly open: boolean
  /** The causes of turns that were archived; undefined where nothing was. */
  readonly before: Received | undefined
  /** Where hosts took it over, and where it ends. */
  readonly ends: readonly number[]
}

/** Reads what is here of what a record says of messages; `undefined` where its beginning, or its types, are not there. */
export async function readMail(
  store: ChainReader & BlobReader & Pick<Store, 'archives'>,
  { label, chain, archived }: ChainInfo,
): Promise<Mail | undefined> {
  const reader = new MailReader()
  const read = async (from: number, to?: number): Promise<void> => {
    for await (const event of readEvents(store, chain, from, to, { hash: sha256 })) reader.take(event)
  }
  if (archived !== undefined) await read(0, archived.lead)
  await read(archived?.base ?? 0)
  const { genesis, sent, open, ends } = reader
  const wit = genesis && (await store.get(genesis.wit))
  if (genesis === undefined || wit === undefined) return undefined
  const notes = archived === undefined ? undefined : await store.archives?.notes(chain)
  const before = notes && decodeSummary(notes, chain).received
  const model = decodeModel(wit)
  return {
    label,
    chain,
    store,
    genesis,
    model,
    sent,
    arrivals: reader.finish(),
    open,
    before,
    ends: [...ends, reader.size],
  }
}

class MailReader {
  genesis: Genesis | undefined
  readonly sent: Sent[] = []
  open = true
  size = 0
  readonly ends: number[] = []
  readonly #arrivals: (readonly [string, Arrival])[] = []
  /** Calls of the turn that send, and whether to many. */
  readonly #calls = new Map<number, boolean>()
  #turn: EventOf<'turn'> | undefined

  take(event: Event): void {
    this.size = event.seq + 1
    if (event.kind === 'resume') this.ends.push(event.seq)
    if (event.content === null) return this.#missed(event.kind)
    switch (event.kind) {
      case 'genesis':
        this.genesis = event.content
        break
      case 'turn':
        this.#turn = event
        break
      case 'call': {
        const rule = queueRule(nameInTrack(event.content.fn))
        if (rule?.kind === 'message') this.#calls.set(event.seq, rule.topic !== undefined)
        break
      }
      case 'send': {
        const { call } = event.content
        const many = this.#calls.get(call)
        if (many !== undefined)
          this.sent.push({
            seq: event.seq,
            hash: event.hash,
            call,
            time: this.#turn?.content.time ?? 0,
            many,
          })
        break
      }
      case 'return':
        this.#end(isRefusal(event.content.result) ? 'failed' : 'well')
        break
      case 'trap':
        this.#end('trapped')
        break
      case 'abort':
        this.#end('aborted')
        break
      case 'stop':
        this.open = false
        break
      case 'seed':
      case 'result':
      case 'drop':
      case 'grant':
      case 'resume':
        break
    }
  }

  /** How a turn ended stands in its last event, also where what that says is not here. */
  #missed(kind: Event['kind']): void {
    if (kind === 'return') this.#end('well')
    else if (kind === 'trap') this.#end('trapped')
    else if (kind === 'abort') this.#end('aborted')
    else if (kind === 'stop') this.open = false
  }

  /** A turn that the record breaks off is still under way. */
  finish(): readonly (readonly [string, Arrival])[] {
    this.#end('open')
    return this.#arrivals
  }

  #end(outcome: Outcome): void {
    const turn = this.#turn
    this.#turn = undefined
    this.#calls.clear()
    const cause = turn?.content.cause
    if (turn === undefined || cause === null || cause === undefined) return
    this.#arrivals.push([causeKey(cause), { actor: this.genesis?.actor ?? '', turn: turn.seq, outcome }])
  }
}

/** Whether a turn was answered with an error. */
function isRefusal(result: Uint8Array): boolean {
  const values = decodeData(result)
  const [answer]: readonly unknown[] = Array.isArray(values) ? values : []
  return Array.isArray(answer) && answer[0] === 1
}

function nameInTrack(fn: string): string {
  const hash = fn.indexOf('#')
  return hash === -1 ? fn : `${trackOf(fn.slice(0, hash))}${fn.slice(hash)}`
}
