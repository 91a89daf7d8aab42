import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Delivery, Order } from './build-process.ts'

/** Builds one after the other in a process of its own, which keeps what it has loaded. */
export class Builder implements Disposable {
  #process: ChildProcess | undefined

  /** @throws what ended the process, or a fault of the build */
  async build(order: Order): Promise<Exclude<Delivery, { readonly failed: string }>> {
    const builder = (this.#process ??= start())
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>()
    const take = (message: unknown): void => resolve(message as Delivery)
    const ended = (): void => {
      this.#process = undefined
      reject(new Error('the process that builds has ended'))
    }
    builder.once('message', take).once('error', reject).once('exit', ended)
    builder.send(order)
    try {
      const delivery = await promise
      if ('failed' in delivery) throw new Error(delivery.failed)
      return delivery
    } finally {
      builder.off('message', take).off('error', reject).off('exit', ended)
    }
  }

  [Symbol.dispose](): void {
    this.#process?.kill('SIGKILL')
  }
}

function start(): ChildProcess {
  // Beside this file: TypeScript in a checkout, JavaScript where it is published.
  const source = fileURLToPath(new URL('build-process.ts', import.meta.url))
  const file = existsSync(source) ? source : fileURLToPath(new URL('build-process.js', import.meta.url))
  return fork(file, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}
