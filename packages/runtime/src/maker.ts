import { DERIVE_VERSION, trackName } from '@theater/boundary'
import { jcoVersion } from '@theater/component'
import { encodeContent, FORMAT } from '@theater/event-chain'
import type { Genesis, Salts } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { cidOf, encodeModel } from '@theater/values'
import type { ComponentModel } from '@theater/values'
import { Actor } from './actor.ts'
import { isId } from './birth.ts'
import type { Birth } from './birth.ts'
import type { Cast } from './cast.ts'
import type { Components } from './components.ts'
import { checkDurability } from './durability.ts'
import { TheaterError } from './errors.ts'
import type { Family } from './family.ts'
import { unusedGrants } from './grants.ts'
import type { GrantChecker } from './grants.ts'
import type { Host } from './host.ts'
import { LOAD, loadTurn } from './lifecycle.ts'
import { checkLimits } from './limits.ts'
import type { ActorInfo, Entropy, Message, SpawnOptions, TheaterOptions } from './options.ts'
import { OwnRecord } from './own-record.ts'
import { version } from './version.ts'

/** What making actors takes. */
export interface MakerParts {
  readonly options: Pick<TheaterOptions, 'store' | 'handlers' | 'maxActors' | 'durability'>
  readonly cast: Cast
  readonly family: Family
  readonly host: Host
  readonly grants: GrantChecker
  readonly components: Components
  readonly entropy: Entropy
  readonly salts: Salts
  /** @throws TheaterError `closed` */
  readonly checkOpen: () => void
}

/** The types of a component. */
interface Described {
  readonly types: Uint8Array
  readonly wit: Uint8Array
}

/** Makes new actors: checks what they are made of, begins their records, instantiates them. */
export class Maker {
  readonly #parts: MakerParts
  readonly #making = new Map<string, Promise<ActorInfo>>()
  readonly #descriptions = new WeakMap<ComponentModel, Described>()

  constructor(parts: MakerParts) {
    this.#parts = parts
  }

  /** Whether an actor is being made. */
  get busy(): boolean {
    return this.#making.size > 0
  }

  /** Resolves when those that are being made now have been, or will not be. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#making.values())
  }

  /**
   * @param birth where it comes from; `undefined`: the host makes it
   * @param begun called with the id of its chain, once there is one and before anything of it is durable
   * @throws TheaterError, see `Theater.spawn`
   */
  async make(options: SpawnOptions, birth?: Birth, begun?: (chain: Uint8Array) => void): Promise<ActorInfo> {
    const { cast, checkOpen } = this.#parts
    checkOpen()
    const { id } = options
    if (!isId(id)) {
      throw new TheaterError('bad-id', `"${id}" is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`, {
        actor: id,
      })
    }
    if (cast.has(id) || this.#making.has(id)) {
      throw new TheaterError('exists', `there is an actor ${id} already`, { actor: id })
    }
    const { maxActors = 10_000 } = this.#parts.options
    if (cast.with(this.#making.keys()) >= maxActors) {
      const message = `this host has ${maxActors} actors, as many as it may. Stop one, or let it have more.`
      throw new TheaterError('too-many-actors', message, { actor: id, detail: maxActors })
    }
    const making = this.#make(options, birth, begun)
    this.#making.set(id, making)
    try {
      return await making
    } finally {
      this.#making.delete(id)
    }
  }

  async #make(
    options: SpawnOptions,
    birth: Birth | undefined,
    begun: ((chain: Uint8Array) => void) | undefined,
  ): Promise<ActorInfo> {
    const { id, grants = {}, params, state, durability } = options
    const parts = this.#parts
    const { host, entropy, salts, cast, components } = parts
    const { store } = parts.options
    checkDurability(durability, id)
    const limits = checkLimits(id, options.limits)
    checkMessage(id, 'params are', params)
    checkMessage(id, 'a state is', state)
    if (state !== undefined && state.body.length > limits.stateBytes) {
      const message = `${id} takes a state of at most ${limits.stateBytes} bytes, its limit "stateBytes", and this one has ${state.body.length}`
      throw new TheaterError('too-large', message, { actor: id, detail: limits.stateBytes })
    }
    if (params !== undefined && params.body.length > limits.messageBytes) {
      const message = `${id} takes params of at most ${limits.messageBytes} bytes, its limit "messageBytes"`
      throw new TheaterError('too-large', message, { actor: id, detail: limits.messageBytes })
    }
    parts.grants.check(id, grants)
    const ready = await this.#ready(options, birth)
    const { component } = ready
    for (const name of unusedGrants(
      component.model,
      ready.resolution,
      parts.options.handlers ?? [],
      grants,
    )) {
      const message = `the grant "${name}" has no effect: ${id} imports types of that handler and none of its functions`
      host.log({ actor: id, level: 'warn', message, fields: [] })
    }
    if (state !== undefined && options.instance === 'turn') {
      const message = `${id} cannot take over a state: an instance of it lives for a turn, and the next one has none of it`
      throw new TheaterError('not-served', message, { actor: id })
    }
    if (state !== undefined && !exportsLoad(component.model)) {
      throw new TheaterError('not-served', `${id} cannot take over a state: it exports no ${LOAD}`, {
        actor: id,
      })
    }
    const { wit, types } = this.#described(component.model)
    const genesis: Genesis = {
      actor: id,
      cause: birth?.cause ?? null,
      component: cidOf('raw', component.digest),
      derive: DERIVE_VERSION,
      format: FORMAT,
      grants,
      ...(options.instance === 'turn' && { instance: options.instance }),
      jco: jcoVersion,
      limits: { ...limits },
      meter: ready.prepared.meter,
      nan: 'canonical',
      params: params ?? null,
      parent: birth?.parent ?? null,
      theater: version,
      time: entropy.now(),
      wit,
    }
    // A component is megabytes, and most actors are of one that is there.
    if (!(await store.has(genesis.component)))
      await store.put(genesis.component, components.bytesOf(component, options.component))
    if (!(await store.has(genesis.wit))) await store.put(genesis.wit, types)
    parts.checkOpen()
    // Nobody is born to an actor that is being stopped: its children were stopped before.
    if (birth !== undefined) parts.family.check(birth)
    const seed = entropy.bytes(32)
    const desk = { store, salts, durability: durability ?? parts.options.durability }
    const record = OwnRecord.begin(desk, id, encodeContent('genesis', genesis), durability)
    record.append('seed', encodeContent('seed', { seed }))
    begun?.(record.chain)
    const actor = new Actor({ id, ...ready, genesis, limits, seed, store, record, durability }, host)
    cast.add(actor)
    await actor.start(state === undefined ? undefined : loadTurn(state))
    return actor.info
  }

  /** The types of a component as they are kept, and their link; many actors are of one component. */
  #described(model: ComponentModel): Described {
    const known = this.#descriptions.get(model)
    if (known !== undefined) return known
    const types = encodeModel(model)
    const described = { types, wit: cidOf('dag-cbor', sha256(types)) }
    this.#descriptions.set(model, described)
    return described
  }

  async #ready(
    { id, component, grants = {} }: SpawnOptions,
    birth: Birth | undefined,
  ): ReturnType<Components['ready']> {
    const { host, components } = this.#parts
    // A child that nobody has a record of yet is the doing of the turn that makes it.
    using _ = host.watch?.preparing(birth?.parent ?? id, birth === undefined ? 'load' : 'turn')
    return await components.ready(id, component, grants)
  }
}

function exportsLoad({ exports }: ComponentModel): boolean {
  return exports.some(({ functions }) => functions.some((fn) => trackName(fn) === LOAD))
}

function checkMessage(actor: string, what: string, message: Message | undefined): void {
  if (message === undefined) return
  if (typeof message.format === 'string' && message.body instanceof Uint8Array) return
  throw new TheaterError(
    'bad-arguments',
    `${actor}: ${what} a message, { format: string, body: Uint8Array }`,
    {
      actor,
    },
  )
}
