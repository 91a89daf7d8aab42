/** Components that were changed: refused with a code, or they run, and whatever they do is theirs. */
import { type ComponentCache, ComponentError, loadComponent, workerTranspiler } from '@theater/component/node'
import { memoryStore } from '@theater/event-chain'
import { cGuest, guest, watGuests } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { componentLoader, verify } from '@theater/replay/node'
import { Theater, TheaterError } from '@theater/runtime'
import { type ComponentModel, hasHandle } from '@theater/values'
import { anyHost } from '../any-host.ts'
import { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'
import { anyValue } from '../typed.ts'
import { mutate } from '../wasm/mutate.ts'
import { modulesOf } from '../wasm/sections.ts'

/** Small ones more often: what takes time is making JavaScript of them. */
const corpus: readonly Uint8Array[] = [
  ...watGuests().map(guest),
  ...watGuests().map(guest),
  relayGuest('log'),
  relayGuest('box'),
  relayGuest('store'),
  relayGuest('messaging'),
  cGuest('courier'),
]

const transpiler = workerTranspiler()
/** What a mutated component may take is bounded, so that many can be tried. */
const limits = { transpileMs: 20_000 }

/** Whether it has core modules, and the engine takes all of them. */
function validates(bytes: Uint8Array): boolean {
  try {
    const modules = modulesOf(bytes)
    return (
      modules.length > 0 && modules.every((module) => WebAssembly.validate(module as Uint8Array<ArrayBuffer>))
    )
  } catch {
    return false
  }
}

/** Enough for what guests of tests do, and soon over for one that goes on for ever. */
const allowed = { fuel: 2_000_000, startFuel: 2_000_000, memory: 64 * 1024 * 1024 }
/** How many exports are called. */
const CALLS = 3

/** Where an actor is, and what of its component is kept meanwhile: making JavaScript of it is most of the work. */
interface Place {
  readonly store: ReturnType<typeof memoryStore>
  readonly cache: ComponentCache
}

function keeping(): ComponentCache {
  const kept = new Map<string, Uint8Array>()
  return { get: async (key) => kept.get(key), put: async (key, bytes) => void kept.set(key, bytes) }
}

/** Makes an actor of it and calls some exports; what it was stopped with. */
async function acts(
  bytes: Uint8Array,
  model: ComponentModel,
  { store, cache }: Place,
  random: Random,
): Promise<string[]> {
  const host = anyHost(model, random)
  const theater = await Theater.open({ store, handlers: [host], cache })
  const marks: string[] = []
  try {
    await theater.spawn({ id: 'guest', component: bytes, grants: { any: {} }, limits: allowed })
    marks.push('became an actor')
    const callable = model.exports
      .flatMap(({ functions }) => functions)
      .filter(({ params }) => params.every(({ type }) => !hasHandle(type)))
    for (const fn of callable.slice(0, CALLS)) {
      const args = fn.params.map(({ type }) => anyValue(type, random, () => undefined))
      try {
        await theater.call('guest', fn.id, args, { timeoutMs: 20_000 })
        marks.push('a call answered')
      } catch (error) {
        if (!TheaterError.is(error)) throw error
        marks.push(`a call ended: ${error.code}`)
      }
    }
  } catch (error) {
    if (!TheaterError.is(error)) throw error
    marks.push(`no actor: ${error.code}`)
  } finally {
    await theater.close()
  }
  return marks
}

async function run(bytes: Uint8Array): Promise<Tried> {
  const marks = validates(bytes) ? ['its modules validate'] : []
  const cache = keeping()
  let model: ComponentModel
  try {
    const component = await loadComponent(bytes, { transpiler, limits, cache })
    marks.push('loaded')
    await component.prepare({ mode: 'sync' })
    ;({ model } = component)
  } catch (error) {
    if (!ComponentError.is(error)) throw error
    return { accepted: false, marks: [...marks, `refused: ${error.code}`] }
  }
  marks.push('instantiation reached')
  const sum = bytes.reduce((total, byte) => (total * 31 + byte) | 0, 7)
  const store = memoryStore()
  marks.push(...(await acts(bytes, model, { store, cache }, new Random(bytes.length, sum))))
  const load = componentLoader({ transpiler, cache })
  for (const { chain } of await store.list()) {
    const verdict = await verify({ store, chain }, { load })
    marks.push(verdict.verdict)
    if (verdict.verdict === 'diverged' || verdict.verdict === 'broken') {
      const { index, message } = verdict
      return { accepted: true, marks, find: `its record is ${verdict.verdict} at ${index}: ${message}` }
    }
  }
  return { accepted: true, marks: [...new Set(marks)] }
}

/** Its inputs are components. */
export const target: Target = { input: (random) => mutate(random.of(corpus), random), run }
