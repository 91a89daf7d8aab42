import { ChainError } from '@theater/event-chain'
import {
  cosign,
  extendsTree,
  formatNote,
  formatSignature,
  parseAddition,
  parseCheckpoint,
  parseNote,
  verifyCosignatures,
  verifyNote,
} from '@theater/event-chain/log'
import type { Addition, Checkpoint, Note, SigningKey, VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import type { Ledger } from './ledger.ts'

/** What a witness is made of. */
export interface WitnessOptions {
  /** What cosigns: a key of the type `cosignature`. */
  readonly key: SigningKey
  /** The logs that it looks at. One that changes its key has two here for a while. */
  readonly logs: readonly VerifierKey[]
  readonly ledger: Ledger
  /** Milliseconds since the epoch. @default the machine's clock */
  readonly now?: () => number
}

/** What is answered to a request. */
export interface Answer {
  readonly status: number
  /** The media type of the body. */
  readonly type: string
  readonly body: string
  /** For whoever runs the witness: what was done. */
  readonly said: string
}

/** What was asked, as far as it can be read. */
interface Asked {
  readonly addition: Addition
  readonly note: Note
  readonly checkpoint: Checkpoint
}

/**
 * Cosigns checkpoints that go on from the last one that it cosigned of the same log, and no others. It faces anybody: what it
 * believes is signatures and hashes.
 *
 * @see https://c2sp.org/tlog-witness
 */
export class Witness {
  readonly #options: WitnessOptions
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: WitnessOptions) {
    this.#options = options
  }

  /** Answers `add-checkpoint`. One after the other: between looking at the last checkpoint and keeping the next none may come. */
  add(body: string): Promise<Answer> {
    const answer = this.#running.then(() => this.#add(body))
    this.#running = answer.catch(() => undefined)
    return answer
  }

  /** The last checkpoint of a log, by the hash of its name. */
  checkpoint(hash: string): Promise<string | undefined> {
    return this.#options.ledger.byHash(hash)
  }

  async #add(body: string): Promise<Answer> {
    const asked = readAsked(body)
    if (asked === undefined)
      return refusal(400, 'this is not what add-checkpoint takes', 'something that is no checkpoint')
    const { addition, note, checkpoint } = asked
    const { origin, size } = checkpoint
    const { logs, ledger } = this.#options
    const trusted = logs.filter(({ name }) => name === origin)
    const what = `${size} entries of ${JSON.stringify(origin)}`
    if (trusted.length === 0) return refusal(404, 'this log is not known here', what)
    if (!(await isSigned(note, trusted)))
      return refusal(403, 'this is not signed by a key that is known of this log', what)
    if (addition.before > size) return refusal(400, 'the old size is above that of the checkpoint', what)
    const last = await this.#last(origin)
    if (addition.before !== last.size) {
      const said = `${what}, to go on from ${addition.before}: not cosigned, for ${last.size} were cosigned last`
      return { status: 409, type: 'text/x.tlog.size', body: `${last.size}\n`, said }
    }
    if (!goesOn(last, asked)) {
      await ledger.keepRefused(origin, body)
      return refusal(422, `this does not go on from the ${last.size} entries that were cosigned`, what)
    }
    return this.#cosign(asked, last.time)
  }

  async #cosign({ note, checkpoint, addition }: Asked, last: number): Promise<Answer> {
    const { key, ledger, now = Date.now } = this.#options
    // Where the clock was put back, it stands still: no cosignature is older than one that was made before it.
    const time = Math.max(Math.floor(now() / 1000), last)
    const signature = await cosign(note.text, key, time)
    const { origin, size } = checkpoint
    await ledger.keep(origin, formatNote({ text: note.text, signatures: [...note.signatures, signature] }))
    return {
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: formatSignature(signature),
      said: `cosigned ${size} entries of ${JSON.stringify(origin)}, which go on from ${addition.before}`,
    }
  }

  /** What it cosigned last of a log. */
  async #last(origin: string): Promise<Checkpoint & { readonly time: number }> {
    const { ledger, key } = this.#options
    const kept = await ledger.latest(origin)
    if (kept === undefined) return { origin, size: 0, root: sha256(new Uint8Array(0)), time: 0 }
    const note = parseNote(kept)
    const [by] = await verifyCosignatures(note, [key.verifier])
    if (by === undefined) throw new Error('the ledger has a checkpoint that this witness did not cosign')
    return { ...parseCheckpoint(note.text), time: by.time }
  }
}

function readAsked(body: string): Asked | undefined {
  try {
    const addition = parseAddition(body)
    const note = parseNote(addition.note)
    return { addition, note, checkpoint: parseCheckpoint(note.text) }
  } catch (error) {
    if (ChainError.is(error)) return undefined
    throw error
  }
}

async function isSigned(note: Note, trusted: readonly VerifierKey[]): Promise<boolean> {
  try {
    return (await verifyNote(note, trusted)).length > 0
  } catch (error) {
    // A signature that claims to be of a key and is not.
    if (ChainError.is(error)) return false
    throw error
  }
}

/** Whether a checkpoint begins with the entries of the one before. */
function goesOn(last: Checkpoint, { addition: { path }, checkpoint }: Asked): boolean {
  if (checkpoint.size === 0)
    return path.length === 0 && extendsTree({ size: 0, root: last.root }, checkpoint, [], sha256)
  return last.size === 0 ? path.length === 0 : extendsTree(last, checkpoint, path, sha256)
}

function refusal(status: number, why: string, what: string): Answer {
  return {
    status,
    type: 'text/plain; charset=utf-8',
    body: `${why}\n`,
    said: `${what}: not cosigned, ${why}`,
  }
}
