import { readEvents } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { Describer } from '@theater/replay'
import type { ChainInfo, Store } from '@theater/event-chain'
import { EventReader } from '../event-reader.ts'
import { eventLine } from '../event-line.ts'
import type { Output } from '../output.ts'
import { readGenesis, readModel } from '../records.ts'

/** How often it is looked whether there are events, in milliseconds: of this process, and in memory mostly. */
const EVERY = 100

/** Shows the events of one chain as they come. */
export class Feed implements Disposable {
  readonly #store: Store
  readonly #actor: string
  readonly #output: Output
  readonly #timer: NodeJS.Timeout
  #chain: { readonly id: Uint8Array; readonly reader: EventReader; next: number } | undefined
  #showing: Promise<void> = Promise.resolve()

  constructor(store: Store, actor: string, output: Output) {
    this.#store = store
    this.#actor = actor
    this.#output = output
    this.#timer = setInterval(() => void this.show(), EVERY)
  }

  /** Shows this chain from now on. @param next the first event that is shown */
  async follow({ chain }: ChainInfo, next: number): Promise<void> {
    await this.show()
    const genesis = await readGenesis(this.#store, chain)
    const model = genesis === undefined ? undefined : await readModel(this.#store, genesis.content)
    const reader = new EventReader(this.#store, chain, new Describer(model))
    await reader.startAt(next)
    this.#chain = { id: chain, reader, next }
    await this.show()
  }

  /** Shows what is there. */
  show(): Promise<void> {
    this.#showing = this.#showing.then(() => this.#show())
    return this.#showing
  }

  async #show(): Promise<void> {
    const chain = this.#chain
    if (chain === undefined) return
    const info = await this.#store.info(chain.id)
    if (info === undefined || info.size <= chain.next) return
    for await (const read of readEvents(this.#store, chain.id, chain.next, info.size, { hash: sha256 })) {
      chain.next = read.seq + 1
      const event = await chain.reader.say(read)
      await this.#output.result({ kind: 'event', actor: this.#actor, event }, () =>
        eventLine(event, 4, this.#output),
      )
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
