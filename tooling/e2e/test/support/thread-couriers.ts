/** What a thread of couriers is made of: the module that `openThread` starts it with. */
import { appendFileSync } from 'node:fs'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { store } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { supervisor } from '@theater/handler-supervisor'
import type { ThreadSetup } from '@theater/runtime/thread'
import { cache, courierHost, World } from './courier.ts'

/** What a test starts such a thread with. */
export interface Couriers {
  /** A folder for what outlives a thread. */
  readonly folder: string
  /** A number for each gate: 0 is closed. The first says how often something still hangs. */
  readonly gates: Int32Array<SharedArrayBuffer>
}

/** Whoever passes a number that has a gate, 1 to 9, says so, and waits for it. */
export const GATES = 10

/** What else a number can mean, to whoever passes it: all of it as often as the first gate says. */
export const HANGS = 90
/** The handler hangs later, when nobody waits for it. */
export const HANGS_LATER = 91
/** The thread ends of an exception that nobody catches. */
export const DIES = 92

/** `(module (import "" "" (func (param i64))) (export "burn" (func 0)))`: what it exports can be suspended. */
const BURN = new WebAssembly.Module(
  Buffer.from('0061736d01000000' + '01050160017e00' + '02050100000000' + '0708010462' + '75726e0000', 'hex'),
)

/**
 * Has the engine of this thread call `burn` before it runs what a guest exports under that name. The guest's own time is
 * nothing to hold a thread up with: engines get on at their own speed, and faster with what they ran before.
 */
function engine(burn: () => void): void {
  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports)
      const { burn: own } = this.exports
      if (typeof own !== 'function' || module === BURN) return
      const before = (rounds: bigint): void => {
        burn()
        own(rounds)
      }
      const { exports } = new WebAssembly.Instance(BURN, { '': { '': before } })
      Object.defineProperty(this, 'exports', { value: { ...this.exports, ...exports } })
    }
  }
}

/** Answers when its gate is open. */
function naps(world: World): AnyHandler {
  const track = 'test:loop/host'
  return defineHandler({
    name: 'naps',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: { [`${track}#nap`]: { mode: 'async', effect: 'read' } },
    within: () => true,
    authorize: () => true,
    bind: () => ({ imports: { [track]: { nap: (n: number) => world.pass(n) } } }),
  })
}

export default function couriers({ folder, gates }: Couriers): ThreadSetup {
  const strikes = (): boolean => Atomics.load(gates, 0) > 0 && Atomics.sub(gates, 0, 1) > 0
  // Gives the thread no more back than an endless loop would, and leaves the processor to the others.
  const hang = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  engine(() => strikes() && hang())
  const opened = new Map<number, Promise<void>>()
  const open = async (n: number): Promise<void> => {
    while (Atomics.load(gates, n) === 0) await Atomics.waitAsync(gates, n, 0).value
  }
  const world = new (class extends World {
    override pass(n: number): Promise<void> {
      if (n === HANGS && strikes()) hang()
      if (n === HANGS_LATER && strikes()) setImmediate(hang)
      if (n === DIES && strikes())
        setImmediate(() => {
          throw new Error('nobody catches this')
        })
      if (n < 1 || n >= GATES) return Promise.resolve()
      appendFileSync(`${folder}/reached`, `${n}\n`)
      // One for all who wait there: they go on together.
      const gate = opened.get(n) ?? open(n)
      opened.set(n, gate)
      return gate
    }
  })()
  world.after = (what) => appendFileSync(`${folder}/did`, `${what}\n`)
  return {
    store: sqliteStore(`${folder}/chains.db`),
    handlers: [
      messaging(),
      courierHost(world),
      naps(world),
      supervisor(),
      store({ backend: sqlite(`${folder}/store.db`) }),
      fs(),
      cli(),
      log(),
    ],
    cache,
  }
}
