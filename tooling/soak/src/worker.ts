// One scenario in a process of its own: `worker.ts SLUG CALLS SAMPLES COMPONENT FOLDER ORIGIN`. A JSON line per sample on stdout.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'
import { scenarios, slugOf } from './scenarios.ts'

/** What the process held after so many calls. Megabytes of 2^20 bytes. */
export interface Sample {
  readonly calls: number
  /** The resident set: what the machine gives the process. */
  readonly rss: number
  /** JavaScript's heap after a collection. */
  readonly heap: number
  /** Array buffers and other memory that JavaScript's heap points to. */
  readonly external: number
  /** The linear memories of the guest. */
  readonly guest: number
  /** Microseconds a call since the sample before, recording included. */
  readonly us: number
}

/** Every linear memory that a core instance of this process exports: the guest's. */
const memories = new Set<WebAssembly.Memory>()
const Native = WebAssembly.Instance
WebAssembly.Instance = new Proxy(Native, {
  construct(target, args: ConstructorParameters<typeof Native>) {
    const instance = new target(...args)
    for (const value of Object.values(instance.exports))
      if (value instanceof WebAssembly.Memory) memories.add(value)
    return instance
  },
})

const [slug = '', calls = '', samples = '', component = '', folder = '', origin = ''] = process.argv.slice(2)
const scenario = scenarios.find((one) => slugOf(one) === slug)
if (scenario === undefined) throw new Error(`no scenario ${slug}`)
const place = { folder, origin }
const { fn } = scenario
const args = scenario.args(place)
const mega = (bytes: number): number => Math.round((bytes / 2 ** 20) * 100) / 100

{
  await using store = sqliteStore(join(folder, 'soak.db'))
  await using theater = await Theater.open({ store, handlers: scenario.handlers })
  await theater.spawn({ id: 'soaked', component: readFileSync(component), grants: scenario.grants(place) })
  const every = Math.max(1, Math.floor(Number(calls) / Number(samples)))
  let began = performance.now()
  for (let done = 0; done <= Number(calls); done++) {
    if (done % every === 0) {
      const us = done === 0 ? 0 : ((performance.now() - began) * 1000) / every
      globalThis.gc?.()
      const { rss, heapUsed, external } = process.memoryUsage()
      const guest = [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
      const sample: Sample = {
        calls: done,
        rss: mega(rss),
        heap: mega(heapUsed),
        external: mega(external),
        guest: mega(guest),
        us: Math.round(us),
      }
      process.stdout.write(`${JSON.stringify(sample)}\n`)
      began = performance.now()
    }
    if (done === Number(calls)) break
    const answer: unknown = await theater.call('soaked', fn, args)
    if (typeof answer === 'object' && answer !== null && 'tag' in answer && answer.tag !== 'ok')
      throw new Error(`call ${done} was refused: ${JSON.stringify(answer)}`)
  }
}
