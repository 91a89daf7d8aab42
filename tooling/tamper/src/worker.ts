import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { Told } from './report.ts'
import { tamper } from './tamper.ts'

const { path, seconds } = workerData as { readonly path: string; readonly seconds: number }

function tell(told: Told): void {
  parentPort?.postMessage(told)
}

const running = tamper(new Uint8Array(readFileSync(path)), seconds)
for (;;) {
  const next = await running.next()
  if (next.done === true) {
    tell({ tag: 'done', summary: next.value })
    break
  }
  tell({ tag: 'finding', line: next.value })
}
