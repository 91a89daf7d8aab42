import type { GuestPlace, Resources } from '@theater/component'
import { decodeData, encodeData, exhausted } from '@theater/values'
import type { Handles, Json, ResourceType, Writer } from '@theater/values'
import { trackOf } from './track.ts'
import type { GuestHandle, HostHandle, Link } from './types.ts'

type HandleType = Parameters<Handles['write']>[1]

/** A value, or a record, that does not fit the resources there are. */
export class HandleFault extends Error {}

/** A host object in the guest's hands. A class, so that no value of a guest can pass for one. */
export class HostEntry implements HostHandle {
  readonly n: number
  readonly type: ResourceType
  /** The interface whose handler made it; `''` for what the boundary made itself. */
  readonly origin: string
  readonly description: Json | undefined
  /** For a timer of the boundary's own: when it is ready, in nanoseconds of the actor's monotonic clock. */
  readonly deadline: bigint | undefined
  /** `undefined` until it is resumed, or for what the boundary made itself. */
  object: object | undefined
  /** The live maker, where there is one. */
  link: Link | undefined
  /** It could not be resumed. */
  closed = false
  /** Of an input stream that is lost: whether the guest was told so. */
  told = false
  /** Of an output stream: the bytes that the last `check-write` permitted and that were not written since. */
  permit = 0

  constructor(
    n: number,
    type: ResourceType,
    maker: Maker,
    description: Json | undefined,
    object: object | undefined,
    deadline: bigint | undefined,
  ) {
    this.n = n
    this.type = type
    this.origin = maker.origin
    this.link = maker.link
    this.description = description
    this.object = object
    this.deadline = deadline
  }
}

/** Who makes the resources that are handed to the guest now. */
export interface Maker {
  readonly origin: string
  readonly link: Link | undefined
}

/** The resources of an instance between two turns, as plain data. What a re-run of the record would come to, and no more. */
export interface HandlesImage {
  readonly nextHost: number
  readonly nextGuest: number
  /** By number. */
  readonly host: readonly HandleImage[]
  /** By number. */
  readonly guest: readonly GuestImage[]
}

/** One of the guest's in the host's hands. */
export interface GuestImage extends GuestPlace {
  readonly n: number
  readonly type: ResourceType
}

/** One of the host's in the guest's hands. */
export interface HandleImage {
  readonly n: number
  readonly type: ResourceType
  readonly origin: string
  readonly description: Json
  readonly deadline: bigint | null
  readonly permit: number
}

const NOBODY: Maker = { origin: '', link: undefined }

/**
 * The resources of one instance, by number. Host-given and guest-given numbers count apart; every `own` that is
 * handed over gets a fresh one, so the numbers are a function of the calls alone.
 */
export class HandleTable {
  readonly #resources: Resources
  /** How many resources may be open at once, of the host and of the guest each. */
  readonly limit: number
  readonly #host = new Map<number, HostEntry>()
  readonly #guest = new Map<number, { readonly wrapper: object; readonly type: ResourceType }>()
  readonly #guestNumbers = new WeakMap<object, number>()
  /** Lent to the guest for the turn that runs. */
  readonly #lent: number[] = []
  /** Taken out of `#guest` since the last mark. */
  #taken: [number, { readonly wrapper: object; readonly type: ResourceType }][] = []
  #nextHost = 1
  #nextGuest = 1
  #maker: Maker = NOBODY
  /** Descriptions of the resources handed over since {@link begin}, in order; of a record, those still to come. */
  #made: (Json | undefined)[] = []
  /** The number that was handed over last. */
  lastFresh = 0

  /** @param limit how many resources may be open at once, of the host and of the guest each */
  constructor(resources: Resources, limit: number) {
    this.#resources = resources
    this.limit = limit
  }

  /** Whether more are open than may be. */
  get full(): boolean {
    return this.#host.size > this.limit || this.#guest.size > this.limit
  }

  /** From the guest: `own` leaves the table, `borrow` is looked up; hands on the entry, or a guest's handle. */
  readonly lifting: Handles = {
    write: (value, type, out) => this.#lift(value, type, out),
    read: (n, type) => this.#handed(n, type),
  }

  /** To the guest, live: objects of handlers become fresh numbers. */
  readonly lowering: Handles = {
    write: (value, type, out) => this.#lower(value, type, out),
    read: (n, type) => this.#restore(n, type),
  }

  /** Makes a resource of the boundary's own. */
  own(type: ResourceType, deadline: bigint): object {
    return this.#add({ kind: 'own', resource: type }, NOBODY, undefined, undefined, deadline)
  }

  /**
   * Says who makes what is handed to the guest from here on.
   *
   * @param made the descriptions that the record has of it; it is emptied, or filled
   */
  begin(maker: Maker, made: (Json | undefined)[]): void {
    this.#maker = maker
    this.#made = made
  }

  /** Writes the descriptions of what was handed over since {@link begin}. */
  writeMade(out: Writer): void {
    out.array(this.#made.length)
    for (const description of this.#made) out.raw(encodeData(description ?? null))
  }

  /** Holds the descriptions that a record gives against the resources it hands over: one for each. */
  checkMade(): void {
    if (this.#made.length > 0)
      throw new HandleFault(`${this.#made.length} descriptions of resources that are not there`)
  }

  /** The resources as they are, for {@link rollback}. */
  mark(): number {
    if (this.#taken.length > 0) this.#taken = []
    return this.#nextHost
  }

  /** Takes back what was handed over since a mark: the guest never saw it. */
  rollback(mark: number): void {
    for (let n = mark; n < this.#nextHost; n++) this.#host.delete(n)
    this.#nextHost = mark
    this.#lent.length = 0
    for (const [n, taken] of this.#taken) this.#guest.set(n, taken)
  }

  /** Ends what was lent to the guest: no borrow outlives the call it was made for. */
  returnLent(): void {
    // Most turns lend nothing, and each ends here.
    if (this.#taken.length > 0) this.#taken = []
    if (this.#lent.length === 0) return
    for (const n of this.#lent) this.#host.delete(n)
    this.#lent.length = 0
  }

  /**
   * What there is of it between two turns; why it is not plain data, where it is not.
   *
   * @param placeOf where a resource of the guest's stands in the instance
   */
  image(placeOf: (wrapper: object) => GuestPlace | undefined): HandlesImage | 'lent' | 'guest-resource' {
    if (this.#lent.length > 0) return 'lent'
    const guest: GuestImage[] = []
    for (const [n, { wrapper, type }] of this.#guest) {
      const place = placeOf(wrapper)
      if (place === undefined) return 'guest-resource'
      guest.push({ n, type, ...place })
    }
    const host = Array.from(this.#host.values(), ({ n, type, origin, description, deadline, permit }) => ({
      n,
      type,
      origin,
      description: description ?? null,
      deadline: deadline ?? null,
      permit,
    }))
    return {
      nextHost: this.#nextHost,
      nextGuest: this.#nextGuest,
      host: host.sort((a, b) => a.n - b.n),
      guest: guest.sort((a, b) => a.n - b.n),
    }
  }

  /**
   * Makes a fresh table what an image says. No host object of it is there yet: each is resumed when it is first used.
   *
   * @param objectAt makes what stands for a resource of the guest's
   * @returns false where the image is none: then the table may be anything
   */
  lay(
    { nextHost, nextGuest, host, guest }: HandlesImage,
    objectAt: (type: ResourceType, place: GuestPlace) => object | undefined,
  ): boolean {
    if (host.length > this.limit || guest.length > this.limit) return false
    if (!rising(host, nextHost) || !rising(guest, nextGuest)) return false
    if (new Set(guest.map(({ table, handle }) => `${table} ${handle}`)).size < guest.length) return false
    this.clear()
    this.#nextHost = nextHost
    this.#nextGuest = nextGuest
    for (const { n, type, origin, description, deadline, permit } of host) {
      const maker = { origin, link: undefined }
      const entry = new HostEntry(n, type, maker, description ?? undefined, undefined, deadline ?? undefined)
      entry.permit = permit
      this.#host.set(n, entry)
    }
    for (const { n, type, ...place } of guest) {
      const wrapper = objectAt(type, place)
      if (wrapper === undefined) return false
      this.#guest.set(n, { wrapper, type })
      this.#guestNumbers.set(wrapper, n)
    }
    return true
  }

  /** Forgets every resource; answers the host's, for whoever lets go of them. */
  clear(): readonly HostEntry[] {
    const entries = [...this.#host.values()]
    this.#host.clear()
    this.#guest.clear()
    return entries
  }

  /** The guest dropped a host resource. */
  drop(n: number): HostEntry | undefined {
    const entry = this.#host.get(n)
    this.#host.delete(n)
    return entry
  }

  #lift(value: unknown, type: HandleType, out: Writer): unknown {
    if (type.resource.side === 'export') return this.#liftGuest(value, type, out)
    const n = this.#resources.hostNumber(value, type.resource)
    const entry = n === undefined ? undefined : this.#host.get(n)
    if (n === undefined || entry === undefined) throw new HandleFault(`not a live ${type.resource.name}`)
    if (type.kind === 'own') this.#host.delete(n)
    out.uint(n)
    return entry
  }

  #liftGuest(value: unknown, type: HandleType, out: Writer): GuestHandle {
    if (!this.#resources.isGuest(value, type.resource))
      throw new HandleFault(`not a live ${type.resource.name}`)
    const wrapper = value as object
    let n = type.kind === 'borrow' ? this.#guestNumbers.get(wrapper) : undefined
    if (n === undefined) {
      n = this.#nextGuest++
      if (type.kind === 'own') {
        this.#guest.set(n, { wrapper, type: type.resource })
        this.#guestNumbers.set(wrapper, n)
      }
    }
    out.uint(n)
    return { guest: n, type: type.resource }
  }

  #handed(n: number, type: HandleType): unknown {
    return type.resource.side === 'export' ? { guest: n, type: type.resource } : this.#host.get(n)
  }

  #lower(value: unknown, type: HandleType, out: Writer): object {
    if (type.resource.side === 'export') {
      const n = guestNumber(value)
      out.uint(n)
      return this.#guestWrapper(n, type)
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      throw new HandleFault(`a ${type.resource.name} has to be an object`)
    }
    const { link } = this.#maker
    const given = link?.binding.describe?.(`${trackOf(type.resource.interface)}#${type.resource.name}`, value)
    // As it will be read back: what is not plain data is the handler's fault, at once, and no later change of it counts.
    const description = given === undefined ? undefined : (decodeData(encodeData(given)) as Json)
    this.#made.push(description)
    const wrapper = this.#add(type, this.#maker, description, value, undefined)
    out.uint(this.lastFresh)
    return wrapper
  }

  #restore(n: number, type: HandleType): object {
    if (type.resource.side === 'export') return this.#guestWrapper(n, type)
    if (n !== this.#nextHost) throw new HandleFault(`resource ${n} where ${this.#nextHost} is next`)
    if (this.#made.length === 0) throw new HandleFault(`resource ${n} has no description`)
    const description = this.#made.shift()
    return this.#add(type, this.#maker, description, undefined, undefined)
  }

  #guestWrapper(n: number, type: HandleType): object {
    const found = this.#guest.get(n)
    if (found === undefined || found.type !== type.resource) {
      throw new HandleFault(`the guest has given no ${type.resource.name} with number ${n}`)
    }
    if (type.kind === 'own') {
      this.#guest.delete(n)
      this.#taken.push([n, found])
    }
    return found.wrapper
  }

  #add(
    { kind, resource }: HandleType,
    maker: Maker,
    description: Json | undefined,
    object: object | undefined,
    deadline: bigint | undefined,
  ): object {
    const n = this.#nextHost++
    this.lastFresh = n
    this.#host.set(n, new HostEntry(n, resource, maker, description, object, deadline))
    if (kind === 'borrow') this.#lent.push(n)
    return this.#resources.wrapHost(resource, n)
  }
}

/** Whether these are numbers that were given, in rising order. */
function rising(all: readonly { readonly n: number }[], next: number): boolean {
  return all.every(({ n }, i) => n > (all[i - 1]?.n ?? 0) && n < next)
}

/** The number of a guest's resource that a handler hands back; 0, which none has, for anything else. */
function guestNumber(value: unknown): number {
  try {
    const n = (value as Partial<GuestHandle> | null | undefined)?.guest
    return typeof n === 'number' && Number.isSafeInteger(n) && n > 0 ? n : 0
  } catch (error) {
    if (exhausted(error) !== undefined) throw error
    return 0
  }
}
