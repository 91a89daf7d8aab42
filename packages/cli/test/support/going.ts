import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A run that goes on until it is told to end. */
export class Going {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<number | null>
  readonly #url = Promise.withResolvers<string>()

  constructor(child: ChildProcess) {
    this.child = child
    child.stdin?.end()
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      const [, url] = /listening on (http:\S+);/.exec(this.stderr) ?? []
      if (url !== undefined) this.#url.resolve(url)
    })
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    this.#closed
      .then(() => this.#url.reject(new Error(`it does not listen:\n${this.stderr}`)))
      .catch(() => undefined)
  }

  /** Where it listens. */
  get url(): Promise<string> {
    return this.#url.promise
  }

  /** Resolves when it has said something on stderr. */
  async heard(text: string): Promise<void> {
    while (!this.stderr.includes(text) && this.child.stderr !== null) await once(this.child.stderr, 'data')
  }

  end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return this.#closed
  }
}
