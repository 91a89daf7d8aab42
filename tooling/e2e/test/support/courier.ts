/**
 * Couriers: actors that do what their messages say. A test writes what a turn does as a list of steps, and gets back what
 * each of them answered.
 */
import { setImmediate } from 'node:timers/promises'
import { diskCache, loadComponent } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { courierHandler, decode, encode } from '@theater/guests/courier'
import type { Steps } from '@theater/guests/courier'
import { defineHandler } from '@theater/handler'
import type { AnyHandler, Reconciled } from '@theater/handler'
import { messaging } from '@theater/handler-messaging'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import type { VerifyLimits } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import type { DeadLetter, LogLine, Message, SpawnOptions, TheaterOptions } from '@theater/runtime'

export {
  add,
  ask,
  decode,
  drop,
  fail,
  finish,
  get,
  mark,
  once,
  peek,
  quit,
  request,
  send,
  sleep,
  trap,
} from '@theater/guests/courier'
export type { Step, Steps } from '@theater/guests/courier'

/** Transpiled components outlive a test run, as they do for a user. */
export const cache = await diskCache(transpiled)
const load = componentLoader({ cache })
export const courier = await loadComponent(cGuest('courier'), { cache })

export function message(steps: Steps): Message {
  return { format: 'application/octet-stream', body: encode(steps) }
}

/** A place in the world where an actor waits until a test lets it go on. */
export interface Gate {
  readonly reached: Promise<void>
  open(): void
}

/** What couriers did to the world, and what the world does to them. */
export class World {
  /** `a marks 1`, in order. */
  readonly did: string[] = []
  readonly #gates = new Map<number, Gate & { readonly come: () => void; readonly opened: Promise<void> }>()
  /** Called with what is about to be done. */
  before: (what: string) => void = () => undefined
  /** Called with what was done. */
  after: (what: string) => void = () => undefined
  /** What a host that lost a result finds out about it. */
  reconcile: ((n: number) => Promise<Reconciled>) | undefined
  /** What `mark` and `peek` answer instead of a number, or throw. */
  answer: ((n: number) => unknown) | undefined

  /** Whoever comes to a number waits there. */
  gate(n: number): Gate {
    const reached = Promise.withResolvers<void>()
    const open = Promise.withResolvers<void>()
    const gate = {
      reached: reached.promise,
      open: open.resolve,
      come: reached.resolve,
      opened: open.promise,
    }
    this.#gates.set(n, gate)
    return gate
  }

  openAll(): void {
    for (const gate of this.#gates.values()) gate.open()
  }

  async pass(n: number): Promise<void> {
    const gate = this.#gates.get(n)
    gate?.come()
    await gate?.opened
  }

  say(n: number): unknown {
    return this.answer === undefined ? n : this.answer(n)
  }

  do(what: string): void {
    this.before(what)
    this.did.push(what)
    this.after(what)
  }
}

/** The handler of `test:courier/host`. */
export function courierHost(world: World): AnyHandler {
  const [track] = courierHandler.interfaces
  return defineHandler({
    ...courierHandler,
    bind: (actor) => ({
      imports: {
        [track]: {
          async mark(n: number) {
            await world.pass(n)
            world.do(`${actor.id} marks ${n}`)
            return world.say(n)
          },
          async once(n: number) {
            await world.pass(n)
            world.do(`${actor.id} once ${n}`)
            return n
          },
          async peek(n: number) {
            await world.pass(n)
            return world.say(n)
          },
          quit: (status: number) => actor.exit(status),
        },
      },
      reconcile: async ({ args }) => (await world.reconcile?.(args[0] as number)) ?? 'unknown',
    }),
  })
}

/** What a courier is granted: everything. */
export const grants = { messaging: { to: ['*'] }, courier: {} }

/** A theater of couriers. */
export class Stage implements AsyncDisposable {
  readonly theater: Theater
  readonly store: Store
  readonly world: World
  readonly letters: readonly DeadLetter[]
  readonly lines: readonly LogLine[]

  private constructor(
    theater: Theater,
    store: Store,
    world: World,
    heard: { readonly letters: readonly DeadLetter[]; readonly lines: readonly LogLine[] },
  ) {
    this.theater = theater
    this.store = store
    this.world = world
    this.letters = heard.letters
    this.lines = heard.lines
  }

  static async open(
    options: Partial<TheaterOptions> & { readonly world?: World } = {},
    actors: Readonly<Record<string, Partial<SpawnOptions>>> = {},
  ): Promise<Stage> {
    const { store = memoryStore(), world = new World(), ...more } = options
    const letters: DeadLetter[] = []
    const lines: LogLine[] = []
    const theater = await Theater.open({
      handlers: [messaging(), courierHost(world)],
      cache,
      deadLetter: (letter) => letters.push(letter),
      log: (line) => lines.push(line),
      ...more,
      store,
    })
    const stage = new Stage(theater, store, world, { letters, lines })
    for (const [id, actor] of Object.entries(actors)) await stage.spawn(id, actor)
    return stage
  }

  async spawn(id: string, more: Partial<SpawnOptions> = {}): Promise<void> {
    await this.theater.spawn({ id, component: courier, grants, ...more })
  }

  /** Has an actor do something; answers what its steps answered, or `as-told` where one was to fail. */
  async run(id: string, steps: Steps): Promise<unknown> {
    const answer = await this.theater.request(id, message(steps), { timeoutMs: 60_000 })
    return 'ok' in answer ? decode(steps, answer.ok.body) : answer.err.code
  }

  /** Sends from the host. */
  send(id: string, steps: Steps): Promise<void> {
    return this.theater.send(id, message(steps))
  }

  idle(): Promise<void> {
    return this.theater.idle()
  }

  /** How many events an actor has, durable or not. */
  events(id: string): number {
    return this.theater.actors().find((actor) => actor.id === id)?.events ?? 0
  }

  chain(id: string): Promise<Event[]> {
    return chainOf(this.store, id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.theater.close()
  }
}

/** The events of an actor's record. */
export async function chainOf(store: Store, id: string): Promise<Event[]> {
  const info = await store.find(id)
  return info === undefined ? [] : Array.fromAsync(readEvents(store, info.chain))
}

/** The kinds of an actor's events, without the turn of `init` and what comes before. */
export function kinds(events: readonly Event[]): string {
  return events
    .slice(4)
    .map(({ kind }) => kind)
    .join(' ')
}

/** What an actor was told by others, in the order in which it heard it: the number that each program ends with. */
export async function heard(stage: Pick<Stage, 'chain'>, id: string): Promise<number[]> {
  return (await stage.chain(id)).flatMap((event) => {
    if (event.kind !== 'turn' || event.content === null || event.content.sender === null) return []
    const { args } = event.content
    return args.at(-5) === 0x2b ? [Buffer.from(args).readUInt32LE(args.length - 4)] : []
  })
}

/** How often a kind is among an actor's events, `init` aside. */
export function count(events: readonly Event[], kind: Event['kind']): number {
  return events.slice(4).filter((event) => event.kind === kind).length
}

/** Lets the event loop turn until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setImmediate()
}

/** What verification says of all chains of a store together. */
export async function verdicts(
  store: Store,
  limits: Partial<VerifyLimits> = {},
): Promise<Record<string, unknown>> {
  const infos = await store.list()
  const report = await verifyGraph(
    infos.map(({ chain }) => ({ store, chain })),
    { load, limits },
  )
  const known = report.verdicts.map((verdict, i) => [
    infos[i]?.label,
    verdict.verdict === 'verified' ? 'verified' : verdict,
  ])
  return Object.fromEntries([...known, ...report.unchecked.map((one) => ['unchecked', one])])
}
