import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { defineHandler } from '@theater/handler'
import type { ActorContext, AnyHandler } from '@theater/handler'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { verdicts } from './support/courier.ts'
import { Journal } from './support/journal.ts'
import { cache } from './support/actors.ts'

const TRACK = 'test:porter/parcels'
const DESK = 'test:porter/desk'
const porter = guest('porter')

class Parcel {
  readonly grams: number
  readonly #said: string[]
  /** Answers of `weight` wait for it. */
  gate: Promise<void> = Promise.resolve()
  reached: () => void = () => undefined

  constructor(grams: number, said: string[]) {
    this.grams = grams
    this.#said = said
  }

  async weight(): Promise<number> {
    this.reached()
    await this.gate
    return this.grams
  }

  [Symbol.dispose](): void {
    this.#said.push(`dropped ${this.grams}`)
  }
}

/** A handler that brings parcels to its actors. */
class Post {
  readonly contexts = new Map<string, ActorContext>()
  readonly said: string[] = []
  readonly handler: AnyHandler = defineHandler({
    name: 'post',
    interfaces: [TRACK],
    grant: { type: 'object', additionalProperties: false },
    functions: { [`${TRACK}#[method]parcel.weight`]: { mode: 'async', effect: 'read' } },
    within: () => true as const,
    authorize: () => true as const,
    bind: (actor) => {
      this.contexts.set(actor.id, actor)
      return {
        imports: { [TRACK]: {} },
        describe: (_type, parcel) => ({ grams: (parcel as Parcel).grams }),
        resume: (type, description) => {
          const { grams } = description as { grams: number }
          this.said.push(`resumed ${type} ${grams}`)
          return new Parcel(grams, this.said)
        },
      }
    },
  })

  parcel(grams: number): Parcel {
    return new Parcel(grams, this.said)
  }

  bring(fn: string, args: readonly unknown[], signal?: AbortSignal, deadline = 10_000): Promise<unknown> {
    const context = this.contexts.get('a')
    if (context === undefined) throw new Error('a is not bound')
    return context.invoke(`${DESK}#${fn}`, args, { deadline, ...(signal !== undefined && { signal }) })
  }

  async open(store: Store = memoryStore()): Promise<Theater> {
    const theater = await Theater.open({ cache, store, handlers: [this.handler] })
    if (!theater.actors().some(({ id }) => id === 'a'))
      await theater.spawn({ id: 'a', component: porter, grants: { post: {} }, limits: { mailbox: 2 } })
    return theater
  }
}

describe('resources that a handler gives as arguments', () => {
  it('are its own: it serves their methods and hears that they are dropped', async () => {
    const post = new Post()
    const store = memoryStore()
    await using theater = await post.open(store)
    expect(await post.bring('weigh', [post.parcel(5)])).toBe(5)
    expect(post.said).toEqual(['dropped 5'])
    expect(await post.bring('lift', [post.parcel(7)])).toBe(7)
    await theater.close()
    expect(await verdicts(store)).toEqual({ a: 'verified' })
  })

  it('that the guest keeps are resumed after a restart, from what was said of them', async () => {
    const post = new Post()
    const store = memoryStore()
    {
      await using theater = await post.open(store)
      await post.bring('keep', [post.parcel(9)])
      expect(await theater.call('a', `${DESK}#weigh-kept`, [])).toBe(9)
    }
    const again = new Post()
    await using theater = await again.open(store)
    expect(await theater.call('a', `${DESK}#weigh-kept`, [])).toBe(9)
    expect(again.said).toEqual([`resumed ${TRACK}#parcel 9`])
    await theater.close()
    expect(await verdicts(store)).toEqual({ a: 'verified' })
  })

  it('are let go of when the turn traps, and the next one begins without them', async () => {
    const post = new Post()
    await using _theater = await post.open()
    await expect(post.bring('drop-it', [post.parcel(3)])).rejects.toMatchObject({ code: 'trapped' })
    expect(post.said).toEqual(['dropped 3'])
    expect(await post.bring('weigh', [post.parcel(4)])).toBe(4)
  })

  it('are resumed in a turn that a host left: at every point where it may have ended', async () => {
    const post = new Post()
    const journal = new Journal()
    const theater = await post.open(journal.store)
    const before = journal.length
    await post.bring('weigh', [post.parcel(6)])
    await theater.close()
    for (let n = before; n <= journal.length; n++) {
      const { store } = await journal.at(n)
      const next = new Post()
      await using later = await next.open(store)
      await later.idle()
      expect(await later.call('a', `${DESK}#weigh-kept`, []).catch((error: unknown) => error)).toMatchObject({
        code: 'trapped',
      })
      expect(await next.bring('weigh', [next.parcel(8)])).toBe(8)
      await later.close()
      expect(await verdicts(store)).toEqual({ a: 'verified' })
    }
  })

  it('are refused where they are none', async () => {
    const post = new Post()
    await using _theater = await post.open()
    for (const wrong of [1, null, 'parcel', undefined])
      await expect(post.bring('weigh', [wrong])).rejects.toMatchObject({ code: 'bad-arguments' })
    expect(await post.bring('weigh', [post.parcel(1)])).toBe(1)
  })
})

describe('a call that its handler takes back', () => {
  it('is not taken while it waits, and changes nothing once it has begun', async () => {
    const post = new Post()
    const store = memoryStore()
    await using theater = await post.open(store)
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const slow = Object.assign(post.parcel(1), { gate: gate.promise, reached: reached.resolve })
    const [begun, waiting] = [new AbortController(), new AbortController()]
    const first = post.bring('weigh', [slow], begun.signal)
    await reached.promise
    const second = post.bring('weigh', [post.parcel(2)], waiting.signal)
    const third = post.bring('weigh', [post.parcel(3)])
    await expect(post.bring('weigh', [post.parcel(4)])).rejects.toMatchObject({ code: 'mailbox-full' })
    waiting.abort()
    begun.abort()
    await expect(second).rejects.toMatchObject({ code: 'withdrawn' })
    // Its place is free.
    const fourth = post.bring('weigh', [post.parcel(4)])
    await expect(post.bring('weigh', [post.parcel(5)], waiting.signal)).rejects.toMatchObject({
      code: 'mailbox-full',
    })
    gate.resolve()
    expect(await Promise.all([first, third, fourth])).toEqual([1, 3, 4])
    await expect(post.bring('weigh', [post.parcel(5)], waiting.signal)).rejects.toMatchObject({
      code: 'withdrawn',
    })
    expect(post.said).toEqual(['dropped 1', 'dropped 3', 'dropped 4'])
    await theater.close()
    expect(await verdicts(store)).toEqual({ a: 'verified' })
  })

  it('is taken back by its deadline too', async () => {
    const post = new Post()
    await using _theater = await post.open()
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const slow = Object.assign(post.parcel(1), { gate: gate.promise, reached: reached.resolve })
    const first = post.bring('weigh', [slow])
    await reached.promise
    await expect(post.bring('weigh', [post.parcel(2)], undefined, 1)).rejects.toMatchObject({
      code: 'timeout',
    })
    gate.resolve()
    expect(await first).toBe(1)
    expect(await post.bring('weigh', [post.parcel(3)])).toBe(3)
    expect(post.said).toEqual(['dropped 1', 'dropped 3'])
  })

  it('says what the actor exports', async () => {
    const post = new Post()
    await using _theater = await post.open()
    const context = post.contexts.get('a')
    expect(context?.exports(`${DESK}#weigh`)).toBe(true)
    expect(context?.exports('wasi:http/incoming-handler@0.2#handle')).toBe(false)
  })
})
