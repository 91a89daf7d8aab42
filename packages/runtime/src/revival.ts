import { isOutside, otherEnd, meteredAlike, meteringOf, meterName } from '@theater/boundary'
import { encodeContent } from '@theater/event-chain'
import type { ChainInfo, Durability, Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { saltPool } from '@theater/event-chain/node'
import { splitCid } from '@theater/values'
import { Actor } from './actor.ts'
import { Arrivals } from './arrivals.ts'
import type { Cast } from './cast.ts'
import type { Channels } from './channels.ts'
import type { Components } from './components.ts'
import { HANDLE_DISCONNECT } from './connections.ts'
import { dropMark, isFor } from './dead.ts'
import type { Family } from './family.ts'
import { TheaterError } from './errors.ts'
import { cannotComeBack, inWords, reasonOf } from './failures.ts'
import type { GrantChecker } from './grants.ts'
import type { Host } from './host.ts'
import { Likes } from './likes.ts'
import { Moves } from './moves.ts'
import type { Post, Sender } from './post.ts'
import { chainKey } from './received.ts'
import { releaseName } from './record.ts'
import { OwnRecord } from './own-record.ts'
import type { Desk } from './own-record.ts'
import { outgoing } from './outgoing.ts'
import type { Outgoing } from './outgoing.ts'
import { scanRecord } from './recovery.ts'
import type { Models, Scan } from './recovery.ts'
import { Call } from './request.ts'
import { endHung } from './sentence.ts'
import type { Timers } from './timers.ts'
import type { Guard, Hung } from './watch.ts'

/** How many writes are asked for at once. */
const TOGETHER = 1000

/** What bringing actors back takes. */
export interface RevivalParts {
  readonly store: Store
  readonly cast: Cast
  readonly post: Post
  readonly family: Family
  readonly channels: Channels
  readonly timers: Timers
  readonly host: Host
  readonly grants: GrantChecker
  readonly components: Components
  readonly salts: ReturnType<typeof saltPool>
  /** That of the host. */
  readonly durability: Durability | undefined
  /** Whose thread it is; `undefined`: nobody watches it. */
  readonly guard: Guard | undefined
}

/** Brings back every actor of a store, and delivers again what was under way between them. */
export class Revival {
  readonly #parts: RevivalParts

  readonly #likes = new Likes()
  readonly #desks = new Map<Durability | undefined, Desk>()
  readonly #moves: Moves
  readonly #readies = new Map<string, Awaited<ReturnType<Components['ready']>>>()

  constructor(parts: RevivalParts) {
    this.#parts = parts
    this.#moves = new Moves(parts.store)
  }

  async run(): Promise<void> {
    const { store, cast, family, timers, guard } = this.#parts
    for (const hung of guard?.hung ?? []) await this.#sentence(hung)
    const scans: Scan[] = []
    const models: Models = new Map()
    const byChain = new Map<string, Scan>()
    const back: { readonly actor: Actor; readonly scan: Scan }[] = []
    for (const info of await store.list()) {
      // A record that came from elsewhere is history: nobody here goes on with it, and nothing that it says is under way here.
      if (info.origin !== undefined) continue
      try {
        const scan = await this.#scan(info, models)
        scans.push(scan)
        // A parent's name is the beginning of its children's, so it is there before them.
        const parent = scan.birth && byChain.get(chainKey(scan.birth.cause.chain))
        byChain.set(chainKey(info.chain), scan)
        const actor = await this.#revive(scan, parent)
        if (actor !== undefined) back.push({ actor, scan })
      } catch (error) {
        this.#lost(info, error)
      }
    }
    await this.#lease(back)
    const arrivals = new Arrivals(scans)
    const owing = new Set(scans.filter((scan) => !arrivals.settle(scan)))
    // Every actor is known before the first goes on: what was under way may talk to any of them.
    for (const { actor, scan } of back) {
      const { at, life } = scan
      if (cast.find(actor.id) !== actor) continue
      try {
        if (at === 'turn' || life === 'new') await actor.recover(life === 'started')
        else await actor.standBy(owing.has(scan))
      } catch (error) {
        await actor.close()
        this.#lost(scan.info, error)
      }
    }
    for (const { actor, scan } of back)
      if (cast.find(actor.id) === actor)
        for (const topic of scan.summary.subscriptions) cast.topics.add(actor, topic)
    const names = namesOf(scans)
    for (const scan of scans) await this.#deliver(scan, names)
    this.#loseChannels(scans)
    for (const actor of cast.actors) this.#loseConnections(actor)
    // Behind all that the children had sent.
    await family.restore(scans)
    await family.stopOrphans()
    timers.open(cast.actors)
    for (const actor of cast.actors) actor.resume()
  }

  /** Whoever had these actors before can write of none of them any more. */
  async #lease(back: readonly { readonly actor: Actor; readonly scan: Scan }[]): Promise<void> {
    for (let at = 0; at < back.length; at += TOGETHER) {
      const leases = back.slice(at, at + TOGETHER).map(async ({ actor, scan }) => {
        try {
          await actor.lease()
        } catch (error) {
          await actor.close()
          this.#lost(scan.info, error)
        }
      })
      await Promise.all(leases)
    }
  }

  /** Of a record that cannot be taken over the same is said as of any other. */
  async #sentence(hung: Hung): Promise<void> {
    const { store, salts, durability, host } = this.#parts
    try {
      await endHung({ store, salts, durability }, hung)
    } catch (error) {
      const message = `what it did not end could not be ended in its record: ${reasonOf(error)}`
      host.log({ actor: hung.actor, level: 'error', message, fields: [] })
    }
  }

  /** Takes over a record and makes the actor that goes on with it; `undefined`: nobody does. */
  async #revive(scan: Scan, parent: Scan | undefined): Promise<Actor | undefined> {
    const { store, cast, grants, host, guard } = this.#parts
    const { genesis, info, seed, gap, life, summary } = scan
    const id = genesis.actor
    if (life === 'stopped') {
      cast.record(info, 'stopped', { component: splitCid(genesis.component).digest, birth: scan.birth })
      return undefined
    }
    if (life === 'never') {
      await this.#neverStarted(scan)
      return undefined
    }
    if (gap !== undefined || seed === undefined) throw incomplete(id, gap ?? 1)
    // The store is a file that somebody may have put together: one actor must not come back as another.
    if (info.label !== id) {
      throw new TheaterError('cannot-resume', `the record of ${info.label} is one of ${JSON.stringify(id)}`, {
        actor: info.label,
      })
    }
    if (parent === undefined) grants.check(id, genesis.grants)
    else grants.checkChild(id, genesis.grants, parent.genesis.grants)
    const limits = this.#likes.limits(id, genesis.limits)
    if (guard?.barred.has(id) === true) {
      const message = `${id} is not brought back here: it kept the thread of the actors from answering. Verify its record.`
      throw new TheaterError('unresponsive', message, { actor: id })
    }
    const ready = await this.#ready(id, genesis)
    if (!meteredAlike(genesis, ready.prepared)) {
      const [theirs, mine] = [meterName(genesis.meter), meterName(ready.prepared.meter)]
      const message = `${id} cannot go on here: it was recorded with ${theirs}, and this host has ${mine}.`
      throw new TheaterError('cannot-resume', message, { actor: id })
    }
    const record = OwnRecord.left(info, this.#desk(info))
    const { durability } = info
    const { kept } = scan
    const own = { genesis: this.#likes.genesis(genesis), seed: seed.slice() }
    const parts = { id, ...ready, ...own, limits, store, record, durability }
    const actor = new Actor(parts, host, { summary, kept })
    cast.add(actor)
    return actor
  }

  /** Of actors of one component and with the same grants there is one. */
  async #ready(id: string, genesis: Genesis): ReturnType<Components['ready']> {
    const metering = meteringOf(genesis)
    const key = `${chainKey(genesis.component)} ${metering} ${JSON.stringify(genesis.grants)}`
    const known = this.#readies.get(key)
    if (known !== undefined) return known
    const { store, components, guard } = this.#parts
    const lost = (what: string): TheaterError =>
      new TheaterError('cannot-resume', `the component of ${id} ${what}`, { actor: id })
    if (!(await store.has(genesis.component))) throw lost('is not in the store')
    const { digest } = splitCid(genesis.component)
    // It is megabytes, and all of it may be known.
    const read = async (): Promise<Uint8Array> => {
      const bytes = await store.get(genesis.component)
      if (bytes === undefined) throw lost('is not in the store')
      if (!Buffer.from(sha256(bytes)).equals(digest)) throw lost('is damaged in the store')
      return bytes
    }
    using _ = guard?.watch.preparing(id, 'load')
    const ready = await components.ready(id, { digest, read }, genesis.grants, metering)
    this.#readies.set(key, ready)
    return ready
  }

  /** Reads a record. That of an actor that never came to be is closed, where the last host could not do that any more. */
  async #scan(info: ChainInfo, models: Models): Promise<Scan> {
    const { store, host } = this.#parts
    const lost = (why: string): void =>
      host.log({ actor: info.label, level: 'warn', message: `${why}; all of it is read`, fields: [] })
    const scan = await scanRecord(store, info, { lost, models })
    const { summary } = scan
    if (scan.life !== 'never' || summary.end !== undefined || scan.seed === undefined) return scan
    const record = OwnRecord.left(info, this.#desk(info))
    await record.takeOver()
    const { seq, hash } = record.append('stop', encodeContent('stop', { reason: 'failed to start' }))
    await record.flush()
    const { size, head } = record
    summary.end = { seq, hash }
    return { ...scan, info: { ...info, size, head } }
  }

  #desk({ durability = this.#parts.durability }: ChainInfo): Desk {
    const { store, salts } = this.#parts
    const desk = this.#desks.get(durability) ?? { store, salts, durability }
    this.#desks.set(durability, desk)
    return desk
  }

  /** The last host ended before it could say that the actor never came to be. */
  async #neverStarted({ info, genesis, birth }: Scan): Promise<void> {
    const { store, cast, guard } = this.#parts
    const { actor: id, component } = genesis
    if (info.label !== id) return
    await releaseName(store, info.chain, id)
    const unresponsive = guard?.hung.some(({ actor }) => actor === id) === true
    const why = unresponsive
      ? ': it kept the thread of the actors from answering'
      : '; it can be spawned again'
    const failure = new TheaterError('failed-to-start', `${id} did not come to be${why}`, {
      actor: id,
      ...(unresponsive && { detail: 'unresponsive' }),
    })
    cast.record(info, 'failed', { component: splitCid(component).digest, failure, released: true, birth })
  }

  /** An actor that cannot be brought back does not hold up the others. */
  #lost(info: ChainInfo, error: unknown): void {
    const actor = info.label
    const failure = cannotComeBack(actor, error)
    this.#parts.cast.record(info, 'failed', { failure })
    this.#parts.host.log({ actor, level: 'error', message: inWords(failure), fields: [] })
  }

  /** Delivers what left an actor before its host ended and did not arrive. */
  async #deliver(scan: Scan, names: Names): Promise<void> {
    const { store, cast, post } = this.#parts
    const { info, genesis, lastResume, summary } = scan
    const found = cast.find(genesis.actor)
    const actor = found !== undefined && chainKey(found.chain) === chainKey(info.chain) ? found : undefined
    // A record is an outbox also when its actor has ended.
    const { sends } = summary
    const from: Sender = actor ?? { id: genesis.actor, chain: info.chain, outbox: 0, sends }
    const mover = { chain: info.chain, ends: [...scan.resumes, info.size] }
    for await (const one of outgoing(store, scan)) {
      const { delivery } = one
      const { ref, to } = delivery
      const name = names.get(to)
      const elsewhere = await this.#moves.elsewhere(mover, ref.seq, name?.chain)
      if (one.kind === 'request') {
        if (actor !== undefined) await this.#ask(actor, one, elsewhere)
        continue
      }
      if (elsewhere) {
        sends.settled(ref.seq, to)
        continue
      }
      // What left before that was said to be dead by the host that took the record over then.
      const untold = actor !== undefined && ref.seq > lastResume
      if (cast.find(to) === undefined && cast.absence(to) !== 'failed') {
        if (untold) post.deliver(from, delivery)
        else sends.settled(ref.seq, to)
      } else if (name !== undefined && !isFor(one.said, name, name.before)) {
        if (untold) post.dead(from, delivery, 'stopped')
        else sends.settled(ref.seq, to)
      } else if (await store.has(dropMark({ chain: info.chain, seq: ref.seq, to, turn: undefined }))) {
        sends.settled(ref.seq, to)
      } else post.deliver(from, delivery)
    }
  }

  /** Tells of channels whose other ends have ended, or know nothing of them, where the last host had not. */
  #loseChannels(scans: readonly Scan[]): void {
    const { cast, channels } = this.#parts
    const byActor = Map.groupBy(scans, ({ genesis }) => genesis.actor)
    for (const actor of cast.actors) {
      for (const channel of actor.ends.names) {
        const end = otherEnd(channel, actor.id)
        if (isOutside(end)) channels.loseOutside(actor, channel)
        const others = byActor.get(end) ?? []
        // One that has seen it; where none has, it was asked for, and whoever was to be asked ended before.
        const other =
          others.find(({ summary: { ends, unopened } }) => ends.state(channel) ?? unopened.get(channel)) ??
          others.find(({ summary }) => summary.end)
        if (other === undefined) continue
        const { chain } = other.info
        const by = other.genesis.actor
        const undone = other.summary.unopened.get(channel)
        const { end: last } = other.summary
        if (undone !== undefined) channels.lose(channel, by, { chain, ...undone }, 'undelivered')
        else if (last !== undefined) channels.lose(channel, by, { chain, ...last }, 'stopped')
      }
    }
  }

  /** No connection outlives its host. */
  #loseConnections(actor: Actor): void {
    for (const connection of actor.connections.names)
      actor.reception.tell({
        fn: HANDLE_DISCONNECT,
        args: [connection, { tag: 'restarted' }],
        sender: null,
        cause: null,
      })
  }

  async #ask(
    actor: Actor,
    { delivery, id }: Extract<Outgoing, { readonly kind: 'request' }>,
    elsewhere: boolean,
  ): Promise<void> {
    const { cast, post } = this.#parts
    const { ref, to, fn, args } = delivery
    const cause = { chain: actor.chain, ...ref }
    if (!elsewhere && (id.deadline > Date.now() || (await cast.find(to)?.reception.holds(cause)) === true)) {
      actor.calls.set(ref.seq, post.request(actor, { to, fn, args, cause }, true))
      return
    }
    // Nobody has begun it, and nobody would hear of it any more.
    const late = new Call(() => false)
    late.settle({ tag: 'timeout' })
    actor.calls.set(ref.seq, late)
  }
}

/** The error for an actor whose component cannot be run over its record any more. */
function incomplete(actor: string, seq: number): TheaterError {
  const message = `${actor} cannot go on: event ${seq} of its record was erased, or is withheld, and its component has to be run over all of it. What is there can be read, verified and exported.`
  return new TheaterError('cannot-resume', message, { actor, detail: { seq } })
}

/** Who has a name now, and whether somebody else had it before. */
type Names = ReadonlyMap<
  string,
  { readonly chain: Uint8Array; readonly time: number; readonly before: boolean }
>

function namesOf(scans: readonly Scan[]): Names {
  const records = new Map<string, number>()
  for (const { genesis } of scans) records.set(genesis.actor, (records.get(genesis.actor) ?? 0) + 1)
  const now = scans.filter(({ info, genesis }) => info.label === genesis.actor)
  return new Map(
    now.map(({ info: { chain }, genesis: { actor, time } }) => [
      actor,
      { chain, time, before: (records.get(actor) ?? 0) > 1 },
    ]),
  )
}
