import assert from 'node:assert/strict'
import { TheaterError } from '@theater/runtime'
import type { FunctionModel } from '@theater/values'
import type { GuestCall } from '../subject.ts'
import type { Stage } from './stage.ts'

/** How a call through a guest ended. `ended`: the actor is no more; `skipped`: what it needs was not made. */
export type Played =
  | { readonly tag: 'answered'; readonly value: unknown }
  | { readonly tag: 'err'; readonly payload: unknown }
  | { readonly tag: 'trapped' }
  | { readonly tag: 'ended' }
  | { readonly tag: 'skipped' }

/** An actor of a guest, whose exports pass calls of the handler on. */
export class GuestActor {
  readonly id: string
  readonly #stage: Stage
  readonly #answers = new Map<string, unknown>()

  constructor(stage: Stage, id: string) {
    this.#stage = stage
    this.id = id
  }

  readonly made = (fn: string): unknown => this.#answers.get(fn)

  /** The export that passes a call on; `undefined` where the component does not import the function. */
  exported(fn: string): FunctionModel | undefined {
    return this.#stage.theater.exported(this.id, this.#stage.guest.exportOf(fn))
  }

  /** Makes a call: one turn. Fails on an abort: whatever a guest calls, its host is not at fault. */
  async call(sample: GuestCall, args = sample.args(this.made)): Promise<Played> {
    const state = this.#stage.info(this.id).state
    if (state === 'stopped') return { tag: 'ended' }
    const model = this.exported(sample.fn)
    if (model === undefined || lacks(model, args)) return { tag: 'skipped' }
    let answer: unknown
    try {
      answer = await this.#stage.theater.call(this.id, model.id, args)
    } catch (error) {
      return playedError(sample.fn, error)
    }
    const played = playedAnswer(model, answer)
    if (played.tag === 'answered') this.#answers.set(sample.fn, played.value)
    return played
  }

  /** Makes calls one after another. */
  async all(samples: readonly GuestCall[]): Promise<readonly Played[]> {
    const played: Played[] = []
    for (const sample of samples) played.push(await this.call(sample))
    return played
  }

  /** Makes the guest trap, so that its instance is thrown away and made again from the record. */
  async trap(): Promise<void> {
    if (this.#stage.info(this.id).state === 'stopped') return
    const { guest, theater } = this.#stage
    await assert.rejects(
      () => theater.call(this.id, guest.trap, []),
      (error) => TheaterError.is(error) && error.code === 'trapped',
      `${guest.trap} does not trap`,
    )
  }
}

/** The functions whose answers the arguments of a call are made of. */
export function sources(sample: GuestCall, made: (fn: string) => unknown): ReadonlySet<string> {
  const asked = new Set<string>()
  sample.args((fn) => {
    const value = made(fn)
    if (value !== undefined) asked.add(fn)
    return value
  })
  return asked
}

/** Whether an argument is not there, where there has to be one. */
function lacks({ params }: FunctionModel, args: readonly unknown[]): boolean {
  return params.some(({ type }, i) => args[i] === undefined && type.kind !== 'option')
}

function playedAnswer({ result }: FunctionModel, answer: unknown): Played {
  if (result?.kind !== 'result') return { tag: 'answered', value: answer }
  const { tag, val } = answer as { readonly tag: 'ok' | 'err'; readonly val: unknown }
  return tag === 'ok' ? { tag: 'answered', value: val } : { tag: 'err', payload: val }
}

function playedError(fn: string, error: unknown): Played {
  if (!TheaterError.is(error)) throw error
  if (error.code === 'trapped') return { tag: 'trapped' }
  if (error.code === 'aborted' && error.detail === 'exited') return { tag: 'ended' }
  throw new assert.AssertionError({ message: `${fn}: ${error.message}`, actual: error.code })
}
