import type { ComponentCache } from '@theater/component'
import { hex, memoryStore, readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { AnyHandler } from '@theater/handler'
import { Theater, TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { answer } from '../answer.ts'
import type { Lifetime } from '../manifest.ts'
import type { Target } from '../target.ts'
import { fixedEntropy } from './entropy.ts'

/** What is run, and compared with others. */
export interface Play {
  readonly component: Uint8Array
  readonly calls: readonly Target[]
  readonly handlers: readonly AnyHandler[]
  readonly grants: Readonly<Record<string, Json>>
  /** How long an instance lives. @default 'actor' */
  readonly instance?: Lifetime
  readonly cache?: ComponentCache
}

/** What came of it. */
export interface Played {
  /** The record, with the component in it. */
  readonly store: Store
  readonly chain: Uint8Array
  readonly head: string
  readonly events: number
  /** What each call came to, as `theater call` says it. */
  readonly answers: readonly Json[]
  /** The fuel of the turn that each of them took; null where it took none. */
  readonly fuel: readonly (number | null)[]
}

const ACTOR = 'certified'

/** No clock of the machine may decide how a run ends. */
const NO_LIMIT_MS = 2 ** 31 - 1

/**
 * Runs a component through some calls, from its instantiation on, in a host of its own where seed, time, id and salts are
 * always the same. A guest that does the same makes the same record, to the last bit of its head.
 */
export async function play({
  component,
  calls,
  handlers,
  grants,
  instance = 'actor',
  cache,
}: Play): Promise<Played> {
  const store = memoryStore()
  const answers: Json[] = []
  const theater = await Theater.open({
    store,
    handlers,
    entropy: fixedEntropy(),
    jspi: 'always',
    requestMs: NO_LIMIT_MS,
    ...(cache !== undefined && { cache }),
  })
  try {
    const limits = { callMs: NO_LIMIT_MS, turnMs: NO_LIMIT_MS }
    const failure = await theater
      .spawn({ id: ACTOR, component, grants, limits, instance })
      .then(() => undefined, ended)
    for (const call of failure === undefined ? calls : []) answers.push(await answered(theater, call))
    if (failure !== undefined) answers.push(failure)
    await theater.idle()
  } finally {
    await theater.close()
  }
  const [info] = await store.list()
  if (info === undefined) throw new TypeError('an actor left no record')
  const used = await fuelOf(store, info.chain)
  const fuel = answers.map((_, i) => used[i] ?? null)
  return { store, chain: info.chain, head: hex(info.head), events: info.size, answers, fuel }
}

/** What the turns used that the host's calls took, `init` aside. */
async function fuelOf(store: Store, chain: Uint8Array): Promise<(number | null)[]> {
  const used: (number | null)[] = []
  let counts = false
  for await (const { kind, content } of readEvents(store, chain, 0, undefined, { hash: sha256 })) {
    if (content === null) continue
    if (kind === 'turn')
      counts = content.sender === null && !content.fn.startsWith('theater:actor/lifecycle@')
    else if (!counts) continue
    else if (kind === 'return' || kind === 'trap') used.push(content.fuel)
    else if (kind === 'abort') used.push(null)
  }
  return used
}

async function answered(theater: Theater, call: Target): Promise<Json> {
  try {
    return { ...(await answer(theater, ACTOR, call, NO_LIMIT_MS)).json }
  } catch (error) {
    return ended(error)
  }
}

/** How a guest ended itself, or never came to be; what was wrong before it ran is no answer of it. */
function ended(error: unknown): Json {
  if (!TheaterError.is(error)) throw error
  const { code } = error
  if (code === 'failed-to-start' || code === 'stopped' || code === 'refused') return { err: { [code]: null } }
  throw error
}
