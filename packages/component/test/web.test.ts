import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { guest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workerTranspiler as nodeTranspiler } from '../src/node.ts'
import type { TranspileRequest } from '../src/types.ts'
import { ComponentError, workerTranspiler, type WebWorker } from '../src/web.ts'
import { spineStillRuns } from './support.ts'

let folder: string
let script: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-web-worker-'))
  const bundler = new URL('../bundle-workers.mjs', import.meta.url).href
  const { webWorker } = (await import(bundler)) as { webWorker: (outfile: string) => Promise<void> }
  await webWorker(join(folder, 'web-worker.js'))
  script = await readFile(join(folder, 'web-worker.js'), 'utf8')
})

afterAll(() => rm(folder, { recursive: true }))

/** What a browser's worker has around its script; Node's own streams need its Buffer. */
const scope = `
  const { parentPort } = require('node:worker_threads')
  globalThis.self = globalThis
  globalThis.postMessage = (message) => parentPort.postMessage(message)
  parentPort.on('message', (data) => globalThis.onmessage({ data }))
  delete globalThis.process
  globalThis.fetch = undefined
`

let started = 0
let ended = 0

function start(code = script): WebWorker {
  started++
  const thread = new Worker(`${scope};(0, eval)(${JSON.stringify(code)})`, { eval: true })
  const worker: WebWorker = {
    onmessage: null,
    onerror: null,
    postMessage: (message) => thread.postMessage(message),
    terminate() {
      ended++
      void thread.terminate()
    },
  }
  thread.on('message', (data) => (worker.onmessage as ((event: unknown) => void) | null)?.({ data }))
  thread.on('error', ({ message }) => (worker.onerror as ((event: unknown) => void) | null)?.({ message }))
  return worker
}

const request = (bytes: Uint8Array, more: Partial<TranspileRequest> = {}): TranspileRequest => ({
  bytes,
  plan: { mode: 'sync' },
  imports: ['test:spine/host'],
  asyncImports: [],
  asyncExports: [],
  timeoutMs: 30_000,
  memoryMb: 512,
  ...more,
})

const code = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await promise.catch((e: unknown) => e)
  return ComponentError.is(error) ? error.code : error
}

test('the script asks for no module, no file and no network', () => {
  expect(script).not.toMatch(/\bimport\(|\brequire\(|import\.meta|node:|\bfetch\(/)
})

test('makes what Node’s makes, byte for byte', async () => {
  await using web = workerTranspiler(() => start())
  await using node = nodeTranspiler()
  const [here, there] = await Promise.all([web, node].map((t) => t.transpile(request(guest('spine')))))
  expect(here).toEqual(there)
  const module = here?.modules[0] ?? new Uint8Array()
  const asked = { module, nan: 'canonical', timeoutMs: 30_000, memoryMb: 512 } as const
  expect(await web.meter(asked)).toEqual(await node.meter(asked))
  await using fresh = workerTranspiler(() => start())
  await expect(fresh.meter({ ...asked, timeoutMs: 0 })).rejects.toMatchObject({ code: 'transpile-timeout' })
})

test('a worker is ended when its time is over, when jco panics, and when it is not needed any more', async () => {
  started = ended = 0
  {
    await using transpiler = workerTranspiler(() => start())
    const slow = transpiler.transpile(request(guest('spine'), { timeoutMs: 0 }))
    const after = spineStillRuns({ transpiler })
    expect(await code(slow)).toBe('transpile-timeout')
    expect(await after).toBe(true)
    const panics = await assemble('(component (import "url=<https://a.b>" (func)))')
    expect(await code(transpiler.transpile(request(panics, { imports: [] })))).toBe('transpile-failed')
    expect(await spineStillRuns({ transpiler })).toBe(true)
    // jco itself fits; what it makes of this does not.
    const little = transpiler.transpile(request(guest('spine'), { memoryMb: 1 }))
    expect(await code(little)).toBe('transpile-failed')
    expect(await spineStillRuns({ transpiler })).toBe(true)
  }
  expect(ended).toBe(started)
})

test('a script that cannot be run is an error that says so', async () => {
  await using transpiler = workerTranspiler(() => start('throw new Error("no such script")'))
  const failure = transpiler.transpile(request(guest('spine')))
  await expect(failure).rejects.toThrow('The transpiler failed: no such script')
  await expect(failure).rejects.toMatchObject({ code: 'transpile-failed' })
})
