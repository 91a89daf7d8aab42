import { loadComponent, workerTranspiler } from '@theater/component/node'
import type { Component } from '@theater/component'
import { trackName } from '@theater/boundary'
import type { ChainInfo } from '@theater/event-chain'
import type { Message, Theater } from '@theater/runtime'
import { splitCid } from '@theater/values'
import type { Casting } from '../casting.ts'
import { CliError } from '../errors.ts'
import type { Host } from '../host.ts'
import { componentName, readGenesis } from '../records.ts'
import { sameData } from '../same-data.ts'

const SAVE = 'theater:actor/migration@0.1#save'
const LOAD = 'theater:actor/migration@0.1#load'

/**
 * What became of a component.
 *
 * - `made`: a new actor, which has begun anew.
 * - `back`: the actor of the data folder is of this component, and goes on.
 * - `replaced`: it took the place of the actor that was there, with its state.
 * - `restarted`: it took that place and began anew, since one of the two has no state to hand over.
 */
export type Became = 'made' | 'back' | 'replaced' | 'restarted'

/** The actor under development: one component after the other, under one name. */
export class Live implements AsyncDisposable {
  readonly #host: Host
  readonly #theater: Theater
  readonly #casting: Casting
  /** It is there for the next save, however long that takes: to start it takes a second. */
  readonly #transpiler = workerTranspiler({ idleMs: 3_600_000 })

  constructor(host: Host, theater: Theater, casting: Casting) {
    this.#host = host
    this.#theater = theater
    this.#casting = casting
  }

  /** The chain of the actor that takes turns now; `undefined` where there is none. */
  async chain(): Promise<ChainInfo | undefined> {
    return this.alive ? await this.#host.store.find(this.#casting.id) : undefined
  }

  /** Whether there is an actor that takes turns. */
  get alive(): boolean {
    const state = this.#state()
    return state === 'idle' || state === 'running'
  }

  /**
   * Runs this component from now on. Where that fails, what ran before goes on.
   *
   * @throws TheaterError, ComponentError; CliError where the record of the name cannot be gone on with
   */
  async put(bytes: Uint8Array): Promise<Became> {
    const { id } = this.#casting
    const component = await this.#load(bytes)
    const state = this.#state()
    if (state === undefined) return this.#spawn(component, 'made')
    if (state === 'stopped') {
      await this.#theater.release(id)
      return this.#spawn(component, 'made')
    }
    if (state === 'failed') return this.#again(component)
    const genesis = await this.#genesis()
    const same = Buffer.from(splitCid(genesis.component).digest).equals(component.digest)
    if (same && sameData(genesis.grants, this.#casting.grants)) return 'back'
    const old = await this.#host.store.get(genesis.component)
    return this.#replace(component, old)
  }

  async #load(bytes: Uint8Array): Promise<Component> {
    return loadComponent(bytes, { cache: await this.#host.cache(), transpiler: this.#transpiler })
  }

  /** The actor stays: it is the theater's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transpiler[Symbol.asyncDispose]()
  }

  #state(): string | undefined {
    return this.#theater.actors().find((info) => info.id === this.#casting.id)?.state
  }

  async #genesis(): Promise<NonNullable<Awaited<ReturnType<typeof readGenesis>>>['content']> {
    const { id } = this.#casting
    const info = await this.#host.store.find(id)
    const genesis = info === undefined ? undefined : await readGenesis(this.#host.store, info.chain)
    if (genesis === undefined) throw new CliError('no-data', `the record of ${id} does not say what it is`)
    return genesis.content
  }

  async #spawn(component: Component, became: Became, state?: Message): Promise<Became> {
    const { id, grants, params, instance = 'actor', limits, durability } = this.#casting
    this.#host.maps.know(id, componentName(component.digest))
    for (const bytes of this.#casting.components) await this.#theater.addComponent(bytes)
    await this.#theater.spawn({
      id,
      component,
      grants,
      limits,
      instance,
      durability,
      ...(params !== undefined && { params }),
      ...(state !== undefined && { state }),
    })
    return became
  }

  /** One that did not come to be has left its name; one that cannot be brought back has not. */
  async #again(component: Component): Promise<Became> {
    const { id } = this.#casting
    if ((await this.#host.store.find(id)) === undefined) return this.#spawn(component, 'made')
    throw new CliError(
      'not-runnable',
      `${id} of the data folder cannot be brought back: \`theater verify ${id}\` says why. --fresh forgets it, --actor takes another name.`,
    )
  }

  async #replace(component: Component, old: Uint8Array | undefined): Promise<Became> {
    const { id } = this.#casting
    // Instances that live for a turn have no state, though the component has a place for one.
    const saved =
      this.#casting.instance === 'turn' || this.#theater.exported(id, SAVE) === undefined
        ? undefined
        : ((await this.#theater.call(id, SAVE, [])) as Message)
    const state = exportsLoad(component) ? saved : undefined
    // Of one that cannot take the state over, the one that has it must hear nothing.
    if (state !== undefined) await this.#rehearse(component, state)
    await this.#theater.stop(id, 'replaced')
    await this.#theater.release(id)
    try {
      return await this.#spawn(component, state === undefined ? 'restarted' : 'replaced', state)
    } catch (error) {
      if (old !== undefined) await this.#spawn(await this.#load(old), 'made', saved)
      throw error
    }
  }

  /** Lets the component take over the state once in a host of its own, which keeps no record. `load` has no effect outside. */
  async #rehearse(component: Component, state: Message): Promise<void> {
    const { id, grants, limits } = this.#casting
    await this.#host.rehearse({ id, component, grants, limits, state })
  }
}

function exportsLoad({ model }: Component): boolean {
  return model.exports.some(({ functions }) => functions.some((fn) => trackName(fn) === LOAD))
}
