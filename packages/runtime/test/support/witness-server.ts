import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import {
  cosign,
  extendsTree,
  formatSignature,
  parseAddition,
  parseCheckpoint,
  parseNote,
} from '@theater/event-chain/log'
import type { SigningKey, TreeHead } from '@theater/event-chain/log'

/** A witness of one log, over loopback. */
export class WitnessServer implements AsyncDisposable {
  /** What it cosigned last. */
  seen: TreeHead = { size: 0, root: new Uint8Array(0) }
  /** How often it was asked. */
  asked = 0
  /** Takes a request in place of the witness; `false`: the witness answers. */
  instead: (response: ServerResponse) => boolean = () => false
  readonly #key: SigningKey
  readonly #server = createServer((request, response) => {
    this.asked++
    void text(request).then(async (body) => {
      if (this.instead(response)) return
      const [status, said] = await this.#answer(body)
      response.writeHead(status).end(said)
    })
  })

  constructor(key: SigningKey) {
    this.#key = key
  }

  /** Listens, and says where. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
  }

  async #answer(body: string): Promise<[number, string]> {
    const { before, path, note } = parseAddition(body)
    const { text } = parseNote(note)
    const checkpoint = parseCheckpoint(text)
    if (before !== this.seen.size) return [409, `${this.seen.size}\n`]
    if (before > 0 && !extendsTree(this.seen, checkpoint, path)) return [422, 'another log\n']
    this.seen = checkpoint
    return [200, formatSignature(await cosign(text, this.#key, Math.floor(Date.now() / 1000)))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}
