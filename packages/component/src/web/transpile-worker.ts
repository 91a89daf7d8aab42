/**
 * What runs in a Web Worker: jco, without any authority, for one request after the other. It is one script with jco
 * inside, so a page that allows itself no network can start it from a `blob:` URL. What it is sent first is the number
 * of MiB that jco's memory may have.
 */
import { answer, limitCompiled } from '../jco/answer.ts'
import type { WorkerRequest } from '../jco/answer.ts'
import type { Generate } from '../transpile.ts'

/** What a worker's global scope has; the types of the DOM would hide mistakes elsewhere in this package. */
declare const self: {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage: (message: unknown) => void
}

let ready: Promise<Generate> | undefined

async function start(memoryMb: number): Promise<Generate> {
  limitCompiled(memoryMb)
  const jco = await import('@bytecodealliance/jco-transpile/component')
  await jco.$init
  return jco.generate
}

self.onmessage = ({ data }) => {
  if (ready === undefined) {
    ready = start(data as number)
    return
  }
  void ready.then(
    (generate) => self.postMessage(answer(generate, data as WorkerRequest)),
    (error: unknown) =>
      self.postMessage({
        ok: false,
        code: 'transpile-failed',
        message: `jco did not start: ${String(error)}`,
      }),
  )
}
