import type { ActorContext } from '@theater/handler'
import type { Backend, Handle } from './backend.ts'
import { fail } from './errors.ts'
import type { Rights } from './grant.ts'
import type { Meter } from './quota.ts'

/** A backend's handle with its users: the descriptor, its streams, and operations under way. The last one closes it. */
export class Held {
  readonly handle: Handle
  readonly backend: Backend
  #users = 1

  constructor(backend: Backend, handle: Handle) {
    this.backend = backend
    this.handle = handle
  }

  /** One more user. */
  retain(): this {
    if (this.#users === 0) throw new TypeError('a handle that was closed')
    this.#users++
    return this
  }

  /** One user less. */
  release(): void {
    if (--this.#users === 0) this.backend.close(this.handle)
  }
}

/** A mount of one actor, opened. */
export interface Mount {
  readonly name: string
  readonly rights: Rights
  readonly root: Held
  readonly meter: Meter
}

/** Limits of one actor; see the options of `fs`. */
export interface Limits {
  readonly handles: number
  readonly readBytes: number
  readonly listEntries: number
}

/** Something of a mount that is open for an actor. */
export interface Resource extends Disposable {
  readonly mount: Mount
}

/** What the resources of one actor have in common. */
export class Session {
  readonly limits: Limits
  readonly mounts: ReadonlyMap<string, Mount>
  readonly #signal: AbortSignal
  readonly #release: () => void
  readonly #live = new Set<Resource>()
  readonly #running = new Set<Promise<unknown>>()
  #ended = false

  /** @param release lets go of what the mounts stand on; called once, at the end */
  constructor(
    actor: ActorContext,
    mounts: ReadonlyMap<string, Mount>,
    limits: Limits,
    release: () => void = () => {},
  ) {
    this.limits = limits
    this.mounts = mounts
    this.#signal = actor.signal
    this.#release = release
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Makes sure that one more resource may be open. Guests that free resources late would else use up the host's handles. */
  room(mount: Mount): void {
    if (this.#ended) throw fail('bad-descriptor', 'the actor has ended')
    if (this.#live.size >= this.limits.handles) {
      throw fail('insufficient-memory', `more than ${this.limits.handles} open resources`)
    }
    mount.meter.room()
  }

  add(resource: Resource): void {
    this.#live.add(resource)
    resource.mount.meter.opened()
  }

  remove(resource: Resource): void {
    if (this.#live.delete(resource)) resource.mount.meter.closed()
  }

  /**
   * Runs a change of the outside with the handle kept open, whatever is dropped meanwhile. Rejects at once when the actor
   * ends; the handle is closed only when the operation is done with it, so that its number cannot be another file's.
   */
  async run(held: Held, operation: () => Promise<void> | void): Promise<void> {
    this.#signal.throwIfAborted()
    held.retain()
    const done = (async () => {
      try {
        await operation()
      } finally {
        held.release()
      }
    })()
    this.#running.add(done)
    const settled = (): boolean => this.#running.delete(done)
    void done.then(settled, settled)
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(this.#signal.reason)
    this.#signal.addEventListener('abort', onAbort)
    try {
      await Promise.race([done, aborted])
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  /** Refuses to go on for an actor that has ended. */
  check(): void {
    this.#signal.throwIfAborted()
  }

  /** Closes everything. Resolves when no operation uses a handle any more. */
  async end(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true
      for (const resource of this.#live) resource[Symbol.dispose]()
      for (const mount of this.mounts.values()) mount.root.release()
      this.#release()
    }
    await Promise.allSettled(this.#running)
  }
}
