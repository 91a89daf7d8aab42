import { existsSync } from 'node:fs'
import { diskCache, loadComponent, workerTranspiler } from '@theater/component/node'
import type { Component, ComponentCache } from '@theater/component'
import { decodeEvent, hex } from '@theater/event-chain'
import type { BlobReader, ChainReader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { verify } from '@theater/replay'
import type { Verdict, VerifyLimits } from '@theater/replay'
import { cidOf } from '@theater/values'
import { dataPaths } from './data-folder.ts'
import type { Subject } from './subjects.ts'
import { count } from './table.ts'

/** How chains are judged. */
export interface VerifierOptions {
  /** The data folder, whose cache of components is used where there is one. */
  readonly data: string
  /** A component for chains that come without theirs. */
  readonly component: Uint8Array | undefined
  readonly limits: Partial<VerifyLimits>
  readonly progress: (text: string) => void
}

/** Judges chains one after the other; a component that several of them have is made ready once. */
export class Verifier {
  readonly #options: VerifierOptions
  readonly #components = new Map<string, Promise<Component>>()
  readonly #transpiler = workerTranspiler()
  #cache: ComponentCache | undefined

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** What is to be said of a chain. @throws ChainError other than `broken`, where reading fails */
  async judge(subject: Subject): Promise<Verdict> {
    const { source, verdict, unfinished } = subject
    if (verdict !== undefined || source === undefined) return verdict as Verdict
    const { limits } = this.#options
    const component = await this.#componentFor(source)
    return verify(
      { store: this.#watched(source.store, subject), chain: source.chain },
      {
        load: (bytes) => this.#load(bytes),
        hash: sha256,
        unfinished,
        limits,
        ...(component && { component }),
      },
    )
  }

  /** The given component, for a chain that is of it, or has no other. */
  async #componentFor({ store, chain }: NonNullable<Subject['source']>): Promise<Uint8Array | undefined> {
    const { component } = this.#options
    if (component === undefined) return undefined
    for await (const stored of store.read(chain, 0, 1)) {
      const event = await decodeEvent(stored, 0, { blobs: store, hash: sha256 }).catch(() => undefined)
      if (event === undefined || event.kind !== 'genesis' || event.content === null) break
      const named = event.content.component
      if (hex(named) !== hex(cidOf('raw', sha256(component))) && (await store.has(named))) return undefined
    }
    return component
  }

  #load(bytes: Uint8Array): Promise<Component> {
    const key = hex(sha256(bytes))
    const known = this.#components.get(key)
    if (known !== undefined) return known
    const loading = this.#loadNew(bytes)
    this.#components.set(key, loading)
    return loading
  }

  async #loadNew(bytes: Uint8Array): Promise<Component> {
    const { cache } = dataPaths(this.#options.data)
    if (this.#cache === undefined && existsSync(cache)) this.#cache = await diskCache(cache)
    return loadComponent(bytes, {
      transpiler: this.#transpiler,
      ...(this.#cache !== undefined && { cache: this.#cache }),
    })
  }

  /** The same chains, read under the eyes of whoever waits. */
  #watched(store: ChainReader & BlobReader, { name, size }: Subject): ChainReader & BlobReader {
    const { progress } = this.#options
    let pass = 0
    return {
      info: (chain) => store.info(chain),
      find: (label) => store.find(label),
      list: () => store.list(),
      get: (cid) => store.get(cid),
      has: (cid) => store.has(cid),
      read: (chain, from, to) => {
        if (from !== undefined && from > 0) return store.read(chain, from, to)
        const what = pass++ === 0 ? 'checking' : 're-running'
        return tally(store.read(chain, from, to), (n) =>
          progress(`${what} ${name} · ${count(n)} of ${count(size)} events`),
        )
      },
    }
  }
}

async function* tally<T>(items: AsyncIterable<T>, tell: (n: number) => void): AsyncGenerator<T> {
  let n = 0
  for await (const item of items) {
    if (++n % 64 === 0) tell(n)
    yield item
  }
}
