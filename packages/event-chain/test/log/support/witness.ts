import {
  cosign,
  extendsTree,
  formatSignature,
  parseAddition,
  parseCheckpoint,
  parseNote,
} from '../../../src/log.ts'
import type { Addition, Fetch, SigningKey, TreeHead } from '../../../src/log.ts'

/** What a witness answers. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** A witness of one log, in memory: it does what C2SP tlog-witness says of sizes and trees. */
export class TestWitness {
  seen: TreeHead = { size: 0, root: new Uint8Array(0) }
  /** Seconds since the epoch. */
  time = 1_800_000_000
  readonly asked: Addition[] = []
  readonly #key: SigningKey

  constructor(key: SigningKey) {
    this.#key = key
  }

  async answer(body: string): Promise<Answer> {
    const addition = parseAddition(body)
    this.asked.push(addition)
    const { text } = parseNote(addition.note)
    const checkpoint = parseCheckpoint(text)
    if (addition.before !== this.seen.size) return { status: 409, body: `${this.seen.size}\n` }
    if (this.seen.size > 0 && !extendsTree(this.seen, checkpoint, addition.path))
      return { status: 422, body: 'it does not go on\n' }
    this.seen = checkpoint
    return { status: 200, body: formatSignature(await cosign(text, this.#key, this.time)) }
  }

  /** The witness, as it is reached; `change` makes of its answer what the test wants. */
  fetch(change: (answer: Answer) => Answer = (answer) => answer): Fetch {
    return async (url, { body = null }) => {
      if (url !== 'https://witness.example/w/add-checkpoint') throw new Error(`nothing is at ${url}`)
      const { status, body: said } = change(await this.answer(await new Response(body).text()))
      return new Response(said, { status })
    }
  }
}
