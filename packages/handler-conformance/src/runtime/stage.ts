import assert from 'node:assert/strict'
import { deserialize, serialize } from 'node:v8'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { AnyHandler } from '@theater/handler'
import { componentLoader, verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import type { ActorInfo, LogLine, TheaterOptions } from '@theater/runtime'
import { decodeModel } from '@theater/values'
import type { Json } from '@theater/values'
import type { Guest, GuestCall, Law, Subject, World } from '../subject.ts'
import { GuestActor } from './guest-actor.ts'

type Cache = NonNullable<TheaterOptions['cache']>

/** A store with a theater over it, which can be closed and opened again. */
export class Stage implements AsyncDisposable {
  readonly store: Store = memoryStore()
  readonly world: World
  readonly guest: Guest
  /** What actors logged. */
  readonly lines: LogLine[] = []
  readonly #subject: Subject
  readonly #kept: Kept
  #theater: Theater | undefined

  private constructor(subject: Subject, guest: Guest, world: World) {
    this.#subject = subject
    this.guest = guest
    this.world = world
    this.#kept = keptOf(guest)
  }

  /** Opens a theater in a world, with the other actors of the guest. */
  static async open(subject: Subject, guest: Guest, world: World): Promise<Stage> {
    const stage = new Stage(subject, guest, world)
    await stage.restart()
    for (const other of guest.others ?? []) await stage.theater.spawn(other)
    return stage
  }

  get theater(): Theater {
    assert.ok(this.#theater, 'the stage is closed')
    return this.#theater
  }

  /** Makes an actor of the guest. */
  async spawn(id = 'actor', grant: Json = this.#subject.grants[0]): Promise<GuestActor> {
    const grants = { [this.world.handler.name]: grant }
    const component = await this.#kept.load(this.guest.component)
    await this.theater.spawn({ id, component, grants })
    return new GuestActor(this, id)
  }

  /** Closes the theater and opens it again over the same store, maybe with another handler in place of the world's. */
  async restart(handler: AnyHandler = this.world.handler): Promise<void> {
    await this.#theater?.close()
    this.#theater = await Theater.open({
      store: this.store,
      handlers: [handler, ...(this.guest.handlers ?? [])],
      cache: this.#kept.cache,
      log: (line) => void this.lines.push(line),
    })
  }

  /** Has an actor come into memory, as for a turn, and take none: what it is called with fits no export. */
  async wake(id: string): Promise<void> {
    const { chain } = this.info(id)
    const [genesis] = await Array.fromAsync(readEvents(this.store, chain, 0, 1))
    assert.ok(genesis?.kind === 'genesis' && genesis.content !== null)
    const wit = await this.store.get(genesis.content.wit)
    const [fn] = decodeModel(wit ?? new Uint8Array()).exports.flatMap(({ functions }) => functions)
    assert.ok(fn, 'the guest exports nothing')
    const call = this.theater.call(id, fn.id, Array(fn.params.length + 1).fill(0))
    await assert.rejects(call, ({ code }: { readonly code?: string }) => code === 'bad-arguments')
  }

  /** An actor as it is now. */
  info(id: string): ActorInfo {
    const info = this.theater.actors().find((actor) => actor.id === id)
    assert.ok(info, `there is no actor ${id}`)
    return info
  }

  /** The events of an actor, from one on. */
  events(id: string, from = 0): Promise<Event[]> {
    return Array.fromAsync(readEvents(this.store, this.info(id).chain, from))
  }

  /** What the world outside looks like; what other actors were called for is part of it. */
  async state(): Promise<unknown> {
    const turns: [string, number][] = []
    for (const { id } of this.guest.others ?? []) {
      const events = await this.events(id)
      turns.push([id, events.filter(({ kind }) => kind === 'turn').length])
    }
    return { world: await this.world.state(), turns }
  }

  /** Re-runs an actor's record with no handler anywhere, and holds it to be verified, to the head that it has. */
  async verify(id: string): Promise<void> {
    const { chain, head } = this.info(id)
    const { load } = this.#kept
    const verdict = await verify({ store: this.store, chain }, { load, head })
    assert.equal(verdict.verdict, 'verified', `${id} is ${JSON.stringify(verdict, readable)}`)
    assert.deepEqual(verdict.head, head, 'the re-run came to another head')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theater?.close()
    this.#theater = undefined
  }
}

/** A law that needs a runtime. Of a subject without a guest it says nothing. */
export function lawOfGuests(
  name: string,
  run: (subject: Subject, guest: Guest, calls: readonly GuestCall[]) => Promise<void>,
): Law {
  return {
    name,
    async run(subject) {
      const { guest } = subject
      if (guest !== undefined) await run(subject, guest, guest.calls ?? subject.calls)
    },
  }
}

/** What came of a guest's component. Transpiling it takes longer than all its laws. */
interface Kept {
  readonly cache: Cache
  readonly load: ReturnType<typeof componentLoader>
}

const kept = new WeakMap<Guest, Kept>()

function keptOf(guest: Guest): Kept {
  let found = kept.get(guest)
  if (found === undefined) {
    const entries = new Map<string, Uint8Array>()
    const cache: Cache = {
      // Nobody but this process can write there: a digest is seal enough for each law not to check the component anew.
      seal: sha256,
      data: { encode: serialize, decode: deserialize },
      get: async (key) => entries.get(key),
      put: async (key, bytes) => void entries.set(key, bytes),
    }
    found = { cache, load: componentLoader({ cache }) }
    kept.set(guest, found)
  }
  return found
}

function readable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return typeof value === 'bigint' ? String(value) : value
}
