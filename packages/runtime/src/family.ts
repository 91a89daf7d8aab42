import type { Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { ChildRequest, Children, Spawned } from '@theater/handler'
import { cidOf } from '@theater/values'
import type { Actor } from './actor.ts'
import { CHILD_ENDED, childId, isId } from './birth.ts'
import type { Birth, Ended } from './birth.ts'
import type { Cast } from './cast.ts'
import { TheaterError } from './errors.ts'
import { reasonOf } from './failures.ts'
import type { GrantChecker } from './grants.ts'
import type { LogLine } from './host.ts'
import type { Limits } from './limits.ts'
import type { SpawnOptions } from './options.ts'
import { causeKey, chainKey } from './received.ts'
import { howItNeverStarted } from './recovery.ts'
import type { Scan } from './recovery.ts'
import type { Wait, WaitGraph } from './waits.ts'

/** What a family needs of its theater. */
export interface FamilyParts {
  readonly store: Store
  readonly cast: Cast
  readonly grants: GrantChecker
  readonly waits: WaitGraph
  /** Makes an actor. It comes to be only where {@link Family.check} lets it. */
  make(options: SpawnOptions, birth: Birth): Promise<unknown>
  /** Frees the name of an actor that has ended. */
  release(id: string): Promise<void>
  /** An actor has ended that was stopped. */
  ended(actor: Actor): void
  log(line: LogLine): void
}

/** A child that is being made. */
interface Making {
  readonly id: string
  /** How many it counts for: itself, and its own descendants. */
  readonly count: number
}

/** Which actor made which: it sees to it that authority and limits narrow on the way down, and that nobody outlives its parent. */
export class Family {
  readonly #parts: FamilyParts
  readonly #making = new Map<string, Set<Making>>()
  /** Of the intents that the last host left, those that may have made a child, and the child. */
  readonly #left = new Map<string, Scan | undefined>()
  readonly #stopping = new Set<Promise<unknown>>()

  constructor(parts: FamilyParts) {
    this.#parts = parts
  }

  /** The children of an actor, as its handlers reach them. */
  children(parent: Actor): Children {
    const { cast } = this.#parts
    return {
      spawn: (request) => this.#spawn(parent, request),
      spawned: () => this.#spawned(parent),
      stop: async (id) => {
        const child = cast.find(id)
        if (child === undefined) return isChild(cast.birth(id), parent)
        if (!isChild(child.birth, parent)) return false
        await this.stop(child, `stopped by ${parent.id}`)
        return true
      },
      list: () => cast.children(parent).map(({ id }) => id),
    }
  }

  /** @throws TheaterError `stopped` where the parent has no children any more */
  check({ parent, cause }: Birth): void {
    const found = this.#parts.cast.find(parent)
    if (found?.accepting === true && chainKey(found.chain) === chainKey(cause.chain)) return
    throw new TheaterError('stopped', `${parent} was stopped`, { actor: parent })
  }

  #spawn(parent: Actor, request: ChildRequest): Promise<Spawned> {
    const { intent, chain } = parent
    if (intent === undefined)
      throw new TypeError('a child can only be made within a call whose effect is once')
    const cause = { chain, seq: intent.seq, hash: intent.hash }
    const id = childId(parent.id, cause.seq)
    const limits = this.#limits(parent, id, request)
    if ('tag' in limits) return Promise.resolve(limits)
    const making: Making = { id, count: 1 + limits.descendants }
    return this.#waiting(parent, id, async () => {
      const others = this.#makingOf(parent)
      others.add(making)
      try {
        return await this.#make(parent, { id, cause, limits, request })
      } finally {
        others.delete(making)
      }
    })
  }

  async #make(
    parent: Actor,
    {
      id,
      cause,
      limits,
      request,
    }: {
      readonly id: string
      readonly cause: Birth['cause']
      readonly limits: Limits
      readonly request: ChildRequest
    },
  ): Promise<Spawned> {
    const parts = this.#parts
    const { params } = request
    try {
      parts.grants.checkChild(id, request.grants, parent.grants)
      const component = await parts.store.get(cidOf('raw', request.component))
      if (component === undefined || !Buffer.from(sha256(component)).equals(request.component))
        return { tag: 'unknown-component' }
      await parts.make(
        { id, component, grants: request.grants, params, limits, durability: parent.durability },
        { parent: parent.id, cause },
      )
      return { tag: 'made', id }
    } catch (error) {
      if (TheaterError.is(error)) return spawnedOf(error)
      // What a handler says that cannot serve a grant may name what the guest has no business to know.
      parts.log({
        actor: id,
        level: 'error',
        message: `it could not be made: ${reasonOf(error)}`,
        fields: [],
      })
      return { tag: 'bad-grants', val: 'a handler of this host cannot serve such a grant' }
    }
  }

  /** The limits of a child, or why it cannot have them. */
  #limits(parent: Actor, id: string, { limits }: ChildRequest): Limits | Spawned {
    const { descendants = 0, fuelPerTurn, memoryBytes } = limits
    if (!isId(id)) return limit('id: the ids of children of children get too long')
    const { fuel, memory } = parent.limits
    if (fuelPerTurn !== undefined && !isPart(fuelPerTurn, fuel))
      return limit(`fuel-per-turn: 1 to ${fuel}, the maker's own`)
    if (memoryBytes !== undefined && !isPart(memoryBytes, memory))
      return limit(`memory-bytes: 1 to ${memory}, the maker's own`)
    const taken = this.#taken(parent)
    const most = parent.limits.descendants
    if (taken + 1 + descendants > most)
      return limit(
        `descendants: of ${most} at once ${taken} are taken, and this child takes ${1 + descendants}`,
      )
    return {
      ...parent.limits,
      descendants,
      fuel: Number(fuelPerTurn ?? fuel),
      memory: Number(memoryBytes ?? memory),
    }
  }

  /** How many descendants of an actor there are, or may come. */
  #taken(parent: Actor): number {
    const living = this.#parts.cast.children(parent)
    const known = new Set(living.map(({ id }) => id))
    let taken = 0
    for (const { limits } of living) taken += 1 + limits.descendants
    for (const { id, count } of this.#makingOf(parent)) if (!known.has(id)) taken += count
    return taken
  }

  #makingOf({ chain }: Actor): Set<Making> {
    const key = chainKey(chain)
    const making = this.#making.get(key) ?? new Set<Making>()
    this.#making.set(key, making)
    return making
  }

  /** Waits for a child: while it does, a request of the child to whoever waits for it would never be answered. */
  async #waiting(parent: Actor, to: string, made: () => Promise<Spawned>): Promise<Spawned> {
    const { waits } = this.#parts
    const wait: Wait = { from: parent.id, to, withdraw: () => false, deadlock: () => undefined }
    waits.add(wait)
    // A turn that is ended meanwhile waits for nothing more.
    parent.afterTurn(() => waits.remove(wait))
    try {
      return await made()
    } catch (error) {
      if (!TheaterError.is(error) || error.code !== 'closed') throw error
      // What becomes of the child will only be known when the store is opened again: the turn goes on there.
      parent.abandon()
      return await new Promise<never>(() => undefined)
    } finally {
      waits.remove(wait)
    }
  }

  #spawned(parent: Actor): Promise<Spawned> | undefined {
    const { store, cast } = this.#parts
    const { intent, chain } = parent
    if (intent === undefined) throw new TypeError('no intent is being settled')
    const key = causeKey({ chain, seq: intent.seq })
    const left = this.#left.get(key)
    this.#left.delete(key)
    const child = cast.children(parent).find(({ birth }) => birth?.cause.seq === intent.seq)
    if (child !== undefined)
      return this.#waiting(parent, child.id, async () => {
        const failure = await child.born
        return failure === undefined ? { tag: 'made', id: child.id } : spawnedOf(failure)
      })
    if (left === undefined) return undefined
    if (left.life === 'started' || left.life === 'stopped')
      return Promise.resolve({ tag: 'made', id: left.genesis.actor })
    if (left.life === 'never') return howItNeverStarted(store, left)
    const message = `${left.genesis.actor} cannot be brought back, so what becomes of it is not known`
    return Promise.reject(new TheaterError('cannot-resume', message, { actor: left.genesis.actor }))
  }

  /** Ends an actor for good, its children before it. @throws TheaterError `store-failed` */
  async stop(actor: Actor, reason: string): Promise<void> {
    const { cast } = this.#parts
    actor.halt()
    await this.#stopChildren(actor)
    try {
      await actor.stop(reason)
    } finally {
      cast.end(actor)
      this.#tell(actor)
      this.#parts.ended(actor)
    }
  }

  async #stopChildren(actor: Actor): Promise<void> {
    const reason = `its parent ${actor.id} ended`
    const stopped = this.#parts.cast.children(actor).map((child) => this.stop(child, reason))
    for (const result of await Promise.allSettled(stopped)) {
      if (result.status === 'fulfilled') continue
      const message = `a child could not be stopped: ${reasonOf(result.reason)}`
      this.#parts.log({ actor: actor.id, level: 'error', message, fields: [] })
    }
  }

  /** An actor came to its end by itself. Its children end too. */
  ended(actor: Actor): void {
    // One that cannot go on in this host may in another.
    if (actor.end === undefined) return
    this.#tell(actor)
    this.#keep(actor.started ? this.#stopChildren(actor) : this.#forget(actor))
  }

  /** Of an actor that never came to be the name is free for another, and so are those of its children. */
  async #forget(actor: Actor): Promise<void> {
    await this.#stopChildren(actor)
    for (const id of this.#parts.cast.endedChildren(actor)) await this.#release(id)
  }

  async #release(id: string): Promise<void> {
    try {
      await this.#parts.release(id)
    } catch (error) {
      const message = `its name could not be freed: ${reasonOf(error)}`
      this.#parts.log({ actor: id, level: 'error', message, fields: [] })
    }
  }

  #keep(stopping: Promise<unknown>): void {
    this.#stopping.add(stopping)
    void stopping.finally(() => this.#stopping.delete(stopping))
  }

  /** Whether children are being stopped whose parent ended. */
  get busy(): boolean {
    return this.#stopping.size > 0
  }

  /** Resolves when those that are being stopped now have. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#stopping)
  }

  /** Tells a parent that a child has ended. */
  #tell({ id, birth, chain, end, started, failure }: Actor): void {
    if (birth === undefined || end === undefined) return
    const parent = this.#parentOf(birth)
    if (parent === undefined) return
    const { seq } = birth.cause
    if (started) this.#notify(parent, id, { chain, ...end }, { tag: 'stopped' })
    // Otherwise whoever waits for the answer of its spawn is told by that.
    else if (parent.intent?.seq !== seq && !this.#left.has(causeKey(birth.cause)))
      this.#notify(parent, id, { chain, ...end }, { tag: howFailed(failure) })
  }

  #notify(parent: Actor, id: string, cause: Birth['cause'], how: Ended): void {
    const { reception } = parent
    if (parent.exported(CHILD_ENDED) === undefined || reception.knows(cause)) return
    reception.accept({ fn: CHILD_ENDED, args: [id, how], sender: id, cause }, { settle: () => undefined })
  }

  #parentOf({ parent, cause }: Birth): Actor | undefined {
    const found = this.#parts.cast.find(parent)
    return found?.accepting === true && chainKey(found.chain) === chainKey(cause.chain) ? found : undefined
  }

  /** What the last host left: children whose parents have not heard of them, or of their end. */
  async restore(scans: readonly Scan[]): Promise<void> {
    const givenUp = new Set<string>()
    for (const { info, intent, summary } of scans) {
      if (intent !== undefined) this.#left.set(causeKey({ chain: info.chain, seq: intent }), undefined)
      for (const seq of summary.givenUp) givenUp.add(causeKey({ chain: info.chain, seq }))
    }
    for (const scan of scans) {
      const { birth, info, life, genesis } = scan
      const { end } = scan.summary
      if (birth === undefined) continue
      const key = causeKey(birth.cause)
      if (this.#left.has(key)) this.#left.set(key, scan)
      const parent = end === undefined ? undefined : this.#parentOf(birth)
      if (parent === undefined || end === undefined) continue
      const cause = { chain: info.chain, ...end }
      if (life === 'stopped') this.#notify(parent, genesis.actor, cause, { tag: 'stopped' })
      // Otherwise the answer of its spawn said so, unless there was none.
      else if (life === 'never' && givenUp.has(key)) {
        const { tag } = await howItNeverStarted(this.#parts.store, scan)
        this.#notify(parent, genesis.actor, cause, { tag: tag === 'init' ? 'init-failed' : 'trapped' })
      }
    }
  }

  /** Ends those that outlived their parents when the last host ended. */
  async stopOrphans(): Promise<void> {
    const { cast } = this.#parts
    for (const actor of cast.actors) {
      const { birth } = actor
      if (birth === undefined || cast.find(actor.id) !== actor) continue
      // A parent that cannot be brought back here may be by another host.
      if (this.#parentOf(birth) !== undefined || cast.absence(birth.parent) === 'failed') continue
      await this.stop(actor, `its parent ${birth.parent} ended`)
      if (!cast.has(birth.parent)) await this.#release(actor.id)
    }
  }
}

function isChild(birth: Birth | undefined, { chain }: Actor): boolean {
  return birth !== undefined && chainKey(birth.cause.chain) === chainKey(chain)
}

function isPart(value: bigint, whole: number): boolean {
  return value >= 1n && value <= BigInt(whole)
}

function limit(val: string): Spawned {
  return { tag: 'limit', val }
}

function howFailed(failure: TheaterError | undefined): 'trapped' | 'init-failed' {
  return failure !== undefined && spawnedOf(failure).tag === 'init' ? 'init-failed' : 'trapped'
}

/** What a spawner is told of an actor that did not come to be. @throws the error, where it is none of the spawner's business */
function spawnedOf(error: TheaterError): Spawned {
  const { code, message, detail } = error
  switch (code) {
    case 'bad-component':
      return { tag: 'unknown-component' }
    case 'bad-grant':
      return { tag: 'bad-grants', val: message }
    case 'unmet-import':
      return { tag: 'unmet-import', val: message }
    case 'bad-limit':
    case 'too-large':
    case 'too-many-actors':
      return limit(message)
    case 'exists':
      return limit(`id: ${message}`)
    case 'failed-to-start':
      return isFailure(detail) ? { tag: 'init', val: detail } : { tag: 'trapped' }
    case 'stopped':
    case 'cannot-resume':
    case 'unresponsive':
      return { tag: 'trapped' }
    // The host closes, or cannot go on; none of the rest can come of making an actor.
    case 'closed':
    case 'cannot-archive':
    case 'store-failed':
    case 'bad-id':
    case 'bad-arguments':
    case 'not-served':
    case 'unknown-actor':
    case 'unknown-letter':
    case 'mailbox-full':
    case 'too-many-channels':
    case 'not-open':
    case 'withdrawn':
    case 'timeout':
    case 'deadlock':
    case 'trapped':
    case 'aborted':
    case 'refused':
      throw error
  }
}

function isFailure(detail: unknown): detail is Extract<Spawned, { readonly tag: 'init' }>['val'] {
  return typeof detail === 'object' && detail !== null && 'code' in detail && 'message' in detail
}
