/** One life: hosts over one database, each killed but the last, which does what is left to do. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { diskCache } from '@theater/component/node'
import { ChainError } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import { wrongInTheEnd, wrongWithRest } from './check.ts'
import type { Known } from './check.ts'
import type { HostPlan, Load, Told } from './plan.ts'
import type { Counts, Point } from './points.ts'
import type { Finding } from './records.ts'
import type { World } from './server.ts'
import { Stage } from './stage.ts'
import type { Durabilities } from './stage.ts'
import { losePower } from './wal.ts'
import type { Mark } from './wal.ts'
import { work } from './work.ts'

const host = fileURLToPath(new URL('./host.ts', import.meta.url))

/** What a life is lived with. */
export interface LifeOptions extends Load {
  readonly name: string
  /** Where its database is. */
  readonly folder: string
  readonly world: World
  readonly durabilities: Durabilities
  /** Whether a machine loses its power whenever a host is killed. */
  readonly power: boolean
  /** Whether the system syncs when it says that it has. @default true */
  readonly honest?: boolean
  readonly pick: (below: number) => number
}

/** What became of a host: it was killed, or had nothing left to do before its point came. */
export type Ended = 'killed' | Counts

/** Hosts that take over from each other. */
export class Life {
  readonly #options: LifeOptions
  readonly #file: string
  /** Frames of the log that a machine had and did not have on its disk, over all its hosts. */
  unsynced = 0

  constructor(options: LifeOptions) {
    this.#options = options
    this.#file = join(options.folder, `${options.name}.db`)
  }

  get #world(): string {
    return `${this.#options.world.origin()}/${this.#options.name}`
  }

  /** Runs a host until it is killed, or nothing is left to do. @throws Error where it ends in any other way */
  async run(point: Point | null): Promise<Ended> {
    const { jobs, payments, timers, durabilities, power, honest = true, pick } = this.#options
    const plan: HostPlan = {
      jobs,
      payments,
      timers,
      durabilities,
      point,
      honest,
      file: this.#file,
      world: this.#world,
    }
    const child = spawn(process.execPath, ['--conditions=theater-source', host, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === '' && point?.at === 'time') setTimeout(() => child.kill('SIGKILL'), point.ms)
      said += text
    })
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (code === 0) return JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as Counts
    if (signal !== 'SIGKILL') throw new Error(`a host ended by itself, with ${code ?? signal}`)
    if (power) this.unsynced += losePower(this.#file, lines<Mark>(`${this.#file}.synced`).at(-1), pick)
    return 'killed'
  }

  get #known(): Known {
    const { name, world } = this.#options
    return { ...this.#options, told: lines<Told>(`${this.#file}.told`), deeds: world.deeds(name) }
  }

  /** What is wrong with what the last host left. */
  async rest(): Promise<Finding[]> {
    // Killed before it had begun, it has left nothing.
    if (!existsSync(this.#file)) return []
    return this.#over(
      () => sqliteStore(this.#file, { readOnly: true }),
      (store) => wrongWithRest(store, this.#known),
    )
  }

  /** Does what is left to do in this process, and says what is wrong with the whole. Every chain is run again. */
  async end(): Promise<Finding[]> {
    return this.#over(
      () => sqliteStore(this.#file),
      async (store) => {
        {
          await using stage = await Stage.open({ store, world: this.#world })
          await work(stage, store, this.#options, () => undefined)
        }
        return [...(await wrongInTheEnd(store, this.#known)), ...(await unverified(store))]
      },
    )
  }

  async #over(open: () => Store, check: (store: Store) => Promise<Finding[]>): Promise<Finding[]> {
    try {
      await using store = open()
      return await check(store)
    } catch (error) {
      // Killed while it made its database, a host leaves an empty one.
      if (ChainError.is(error) && error.code === 'not-found') return []
      return [
        { kind: 'unverified', what: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      ]
    }
  }
}

/** What verification says of all chains of a store together, where it is not `verified`. */
async function unverified(store: Store): Promise<Finding[]> {
  const infos = await store.list()
  const load = componentLoader({ cache: await diskCache(join(tmpdir(), 'theater-e2e-cache')) })
  const report = await verifyGraph(
    infos.map(({ chain }) => ({ store, chain })),
    { load },
  )
  return [
    ...report.verdicts.flatMap((verdict, i): Finding[] =>
      verdict.verdict === 'verified'
        ? []
        : [{ kind: 'unverified', what: `${infos[i]?.label}: ${JSON.stringify(verdict)}` }],
    ),
    ...report.unchecked.map((one): Finding => ({
      kind: 'unverified',
      what: `unchecked: ${JSON.stringify(one)}`,
    })),
  ]
}

/** The lines of a file that a host may have been killed over writing. */
function lines<T>(file: string): T[] {
  if (!existsSync(file)) return []
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as T)
}
