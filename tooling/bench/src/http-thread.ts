import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What the thread is told to do. */
export type Asked =
  | { readonly tag: 'listen' }
  | { readonly tag: 'ask'; readonly urls: readonly string[]; readonly n: number; readonly clients: number }

/** What a number of requests came to. */
export interface Run {
  readonly ms: number
  /** Of each request, in milliseconds. */
  readonly latencies: readonly number[]
}

/** The other side of HTTP, in a thread of its own. */
export class HttpThread implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./http-client.ts', import.meta.url))

  /** Makes requests, so many at once, of one address after the other. */
  ask(urls: readonly string[], n: number, clients: number): Promise<Run> {
    return this.#send<Run>({ tag: 'ask', urls, n, clients })
  }

  /** Answers requests. Resolves with the port. */
  listen(): Promise<number> {
    return this.#send<number>({ tag: 'listen' })
  }

  async #send<T>(asked: Asked): Promise<T> {
    this.#worker.postMessage(asked)
    const [answer] = (await once(this.#worker, 'message')) as [T]
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
