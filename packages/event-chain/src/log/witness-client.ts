import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { ChainError, messageOf } from '../errors.ts'
import { sameBytes } from '../cbor-bytes.ts'
import { formatAddition } from './add-checkpoint.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { verifyCosignatures } from './cosignature.ts'
import type { Cosignature } from './cosignature.ts'
import type { VerifierKey } from './key.ts'
import { formatNote, MAX_NOTE, parseNote } from './note.ts'
import type { Note } from './note.ts'
import { consistencyPath } from './prover.ts'
import type { LogStore, WitnessFault, WitnessFaultCode, WitnessRecord } from './store.ts'
import { logSubtrees } from './subtrees.ts'

/** How far a witness's clock may be from this one's, in seconds. */
const MAX_SKEW = 3600

/** What a witness is asked with: what of `fetch` is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What a {@link WitnessClient} is made of. */
export interface WitnessClientOptions {
  /** The store whose log is cosigned. */
  readonly store: { readonly hostLog: LogStore }
  /** The witness's public key, of the type `cosignature`. */
  readonly key: VerifierKey
  /** What `add-checkpoint` stands behind: `https://witness.example/`. */
  readonly url: string
  /** Milliseconds that one question may take. @default 10000 */
  readonly timeoutMs?: number | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
  /** @default the platform's */
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch. @default the machine's clock */
  readonly now?: (() => number) | undefined
}

/** How far a witness is behind a log, and why. */
export interface WitnessState {
  /** How many entries the last checkpoint has that it cosigned; 0 before the first. */
  readonly size: number
  /** When it did, in seconds since the epoch; undefined before the first. */
  readonly time: number | undefined
  /** How many entries the log's last checkpoint has. */
  readonly of: number
  /** Why it did not cosign what it was asked to; null where it did. */
  readonly fault: WitnessFault | null
}

/**
 * Asks one witness to cosign the last checkpoint of a log, and keeps what it answers with that. Nobody has to wait for it: a
 * checkpoint is one without a witness.
 *
 * @see https://c2sp.org/tlog-witness
 *
 * @example
 * ```ts
 * const witness = new WitnessClient({ store, key, url: 'https://witness.example/' })
 * const { size, fault } = await witness.ask()
 * ```
 */
export class WitnessClient {
  readonly key: VerifierKey
  readonly url: string
  readonly #log: LogStore
  readonly #hash: Hash
  readonly #timeoutMs: number
  readonly #fetch: Fetch
  readonly #now: () => number
  #asked = 0

  /** @throws ChainError `bad-key` for a key that is not of a witness; `invalid` for what is no address */
  constructor({
    store,
    key,
    url,
    timeoutMs = 10_000,
    hash = sha256,
    fetch = (to, init) => globalThis.fetch(to, init),
    now = Date.now,
  }: WitnessClientOptions) {
    if (key.type !== 'cosignature')
      throw new ChainError('bad-key', `${key.name} (${key.id}) is the key of a log, and not of a witness`)
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new ChainError('invalid', `${JSON.stringify(url)} is no address of a witness: http or https`)
    this.key = key
    this.url = url
    this.#log = store.hostLog
    this.#hash = hash
    this.#timeoutMs = timeoutMs
    this.#fetch = fetch
    this.#now = now
  }

  /** How many requests it has sent. */
  get asked(): number {
    return this.#asked
  }

  /**
   * Asks, where the last checkpoint is not cosigned yet. What is wrong with the witness is no error but in the answer.
   *
   * @param signal ends it; what was asked may be answered all the same
   * @throws ChainError what the store throws
   */
  async ask(signal?: AbortSignal): Promise<WitnessState> {
    const record = await this.#record()
    const { note } = await this.#log.log()
    if (note === null) return { size: 0, time: undefined, of: 0, fault: record.fault }
    const last = await this.#cosigned(record)
    const checkpoint = parseCheckpoint(parseNote(note).text)
    const isDone =
      last !== undefined && last.size === checkpoint.size && sameBytes(last.root, checkpoint.root)
    const state = { size: last?.size ?? 0, time: last?.time, of: checkpoint.size }
    if (isDone) return { ...state, fault: null }
    const answer = await this.#ask(note, checkpoint, last, signal)
    if ('code' in answer) {
      const { fault } = record
      // One that is down for days is written down once.
      if (fault?.code !== answer.code || fault.message !== answer.message)
        await this.#keep({ note: record.note, fault: answer })
      return { ...state, fault: answer }
    }
    await this.#keep({ note: answer.note, fault: null })
    return { size: checkpoint.size, time: answer.time, of: checkpoint.size, fault: null }
  }

  /** What the store knows. @throws ChainError */
  async #record(): Promise<WitnessRecord> {
    const key = this.key.toString()
    const found = (await this.#log.witnesses()).find((one) => one.key === key)
    return found ?? { key, url: this.url, note: null, fault: null }
  }

  #keep(record: Pick<WitnessRecord, 'note' | 'fault'>): Promise<void> {
    return this.#log.keepWitness({ key: this.key.toString(), url: this.url, ...record })
  }

  async #cosigned({ note }: WitnessRecord): Promise<(Checkpoint & { readonly time: number }) | undefined> {
    if (note === null) return undefined
    const parsed = parseNote(note)
    const [by] = await verifyCosignatures(parsed, [this.key])
    return by && { ...parseCheckpoint(parsed.text), time: by.time }
  }

  async #ask(
    note: string,
    checkpoint: Checkpoint,
    last: (Checkpoint & { readonly time: number }) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<WitnessFault | { readonly note: string; readonly time: number }> {
    const { origin, size } = checkpoint
    let before = last?.size ?? 0
    for (let told = false; ; told = true) {
      if (before > size) {
        return fault(
          'other-log',
          `it cosigned ${before} entries of ${origin}, and this log has ${size}: it was cut back, or is a copy that stood still`,
        )
      }
      const path = await consistencyPath(logSubtrees(this.#log, this.#hash), before, size, this.#hash)
      let answer
      try {
        answer = await this.#post(formatAddition({ before, path, note }), signal)
      } catch (error) {
        return fault('unreachable', reasonOf(error))
      }
      if (answer.status === 200) return this.#read(note, answer.body, last?.time ?? 0)
      const theirs = answer.status === 409 ? sizeOf(answer.body) : undefined
      if (theirs === undefined || theirs === before || told) return refusal(answer, checkpoint)
      before = theirs
    }
  }

  async #post(body: string, signal: AbortSignal | undefined): Promise<Answer> {
    const signals = [AbortSignal.timeout(this.#timeoutMs), ...(signal === undefined ? [] : [signal])]
    this.#asked++
    const response = await this.#fetch(`${this.url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      redirect: 'error',
      signal: AbortSignal.any(signals),
    })
    return { status: response.status, body: await textOf(response) }
  }

  /** The checkpoint with the cosignature that was answered, of this key and no other. */
  async #read(
    note: string,
    body: string,
    since: number,
  ): Promise<WitnessFault | { readonly note: string; readonly time: number }> {
    try {
      const said = parseNote(note + body)
      const [by] = await verifyCosignatures(said, [this.key])
      if (by === undefined)
        return fault('bad-answer', `it answered no cosignature of ${this.key.name} (${this.key.id})`)
      const now = Math.floor(this.#now() / 1000)
      if (by.time < since || Math.abs(by.time - now) > MAX_SKEW) {
        const when = by.time < since ? 'before the one that it made last' : `and it is ${now} here`
        return fault('bad-answer', `it answered a cosignature of the second ${by.time}, ${when}`)
      }
      return { note: formatNote(withOnly(said, parseNote(note), by)), time: by.time }
    } catch (error) {
      if (!ChainError.is(error)) throw error
      return fault('bad-answer', error.message)
    }
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** What the host signed, and one cosignature. */
function withOnly(said: Note, { text, signatures }: Note, { by }: Cosignature): Note {
  const mine = said.signatures.find(({ name, id }) => name === by.name && id === by.id)
  return { text, signatures: [...signatures, ...(mine === undefined ? [] : [mine])] }
}

function refusal({ status, body }: Answer, { origin, size }: Checkpoint): WitnessFault {
  const why = body.trim().slice(0, 200)
  const says = why === '' ? `it answered ${status}` : `it answered ${status}: ${JSON.stringify(why)}`
  switch (status) {
    case 400:
    case 403:
      return fault('refused', `${says}. It has to know the key that ${origin} signs with now.`)
    case 404:
      return fault(
        'refused',
        `${says}. It does not know the log of ${origin}: whoever runs it has to add its key.`,
      )
    case 422:
      return fault(
        'other-log',
        `${says}. What it cosigned of ${origin} before is not what these ${size} entries begin with: the log was cut back or written anew.`,
      )
    case 409:
      return fault('bad-answer', `${says}, which is not what it said before`)
    default:
      return fault('unreachable', says)
  }
}

function sizeOf(body: string): number | undefined {
  const text = /^(0|[1-9][0-9]{0,15})\n$/.exec(body)?.[1]
  const size = Number(text)
  return text !== undefined && Number.isSafeInteger(size) ? size : undefined
}

/** The text of an answer, which is as short as signatures are. */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_NOTE) throw new Error('it answered more than signatures are')
  }
  return text + decoder.decode()
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error)
  const { cause, message } = error
  return cause === undefined ? message : `${message}: ${messageOf(cause)}`
}

function fault(code: WitnessFaultCode, message: string): WitnessFault {
  return { code, message }
}
