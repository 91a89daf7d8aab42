import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Boundary, decodeSnapshot, encodeSnapshot, meteringOf, segments } from '@theater/boundary'
import type { TheaterEvent } from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import { openCar } from '@theater/event-chain/car'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { verify } from '@theater/replay/node'
import type { ChainSource, Verdict, VerifyOptions } from '@theater/replay'
import { describe, expect, it } from 'vitest'
import { allowance, handleLimit } from '../src/limits.ts'
import { countingComponent } from './support/guests.ts'
import { load, record } from './support/record.ts'
import type { Recording, Turn } from './support/record.ts'

/** A record, cut, and how instances for it are made. */
async function rerunOf(source: ChainSource, mode: 'sync' | 'jspi') {
  const events: TheaterEvent[] = []
  for await (const event of readEvents(source.store, source.chain))
    if (event.content !== null) events.push(event)
  const [start, ...rest] = await Array.fromAsync(segments(events))
  if (start?.kind !== 'start') throw new Error('a record begins with its genesis')
  const { content } = start.genesis
  const component = await load((await source.store.get(content.component)) as Uint8Array)
  const waits = component.model.imports
    .flatMap(({ functions }) => functions)
    .filter(({ id }) => /block|poll#poll/.test(id))
  const metering = meteringOf(content)
  const prepared = await component.prepare(
    mode === 'sync' ? { mode, metering } : { mode, asyncImports: waits.map(({ id }) => id), metering },
  )
  const fresh = (): Boundary => {
    const boundary = new Boundary({
      component,
      prepared,
      actor: { id: content.actor, parent: content.parent },
      time: content.time,
      instance: content.instance,
      grants: content.grants,
      seed: start.seed?.content.seed ?? null,
      allowance: allowance(content),
      maxHandles: handleLimit(content) ?? 1000,
      hash: sha256,
    })
    expect(boundary.instantiateSync(start.events, start).tag).toBe('return')
    return boundary
  }
  const turns = rest.filter((segment) => segment.kind === 'turn').filter(({ end }) => end === 'return')
  const first = fresh().firstMemory()
  const bytesOf = (boundary: Boundary): Uint8Array => {
    const snapshot = boundary.snapshot(first)
    if ('none' in snapshot) throw new Error(`${snapshot.none}: ${snapshot.message}`)
    return encodeSnapshot(snapshot, sha256)
  }
  const run = async (boundary: Boundary, from: number): Promise<Uint8Array[]> => {
    const all = [bytesOf(boundary)]
    for (const { turn, events: of } of turns.slice(from)) {
      expect((await boundary.rerun(turn, of)).tag).toBe('return')
      all.push(bytesOf(boundary))
    }
    return all
  }
  return { parts: { component, prepared, hash: sha256 }, content, fresh, run }
}

const folder = new URL('histories/', import.meta.url).pathname

describe('a snapshot of an actor that was recorded', () => {
  it.each(globSync('*/*.car', { cwd: folder }).toSorted())(
    'goes on as a re-run does, from every turn: %s',
    async (file) => {
      await using source = await fileSource(join(folder, file))
      const car = await openCar(source)
      let tried = 0
      const perTurn: unknown[] = []
      for (const { chain } of car.chains) {
        if (chain === null) continue
        const { content, fresh, run, parts } = await rerunOf({ store: car, chain }, 'sync')
        if (content.instance === 'turn') {
          perTurn.push(fresh().snapshot())
          continue
        }
        const straight = await run(fresh(), 0)
        const suspending = await rerunOf({ store: car, chain }, 'jspi')
        expect(await suspending.run(suspending.fresh(), 0)).toEqual(straight)
        for (const [k, bytes] of straight.entries()) {
          for (const { fresh: make, run: goOn, parts: of } of [{ fresh, run, parts }, suspending]) {
            const snapshot = decodeSnapshot(bytes, of)
            if ('none' in snapshot) throw new Error(snapshot.message)
            const boundary = make()
            expect(boundary.restore(snapshot)).toBeUndefined()
            expect(await goOn(boundary, k)).toEqual(straight.slice(k))
          }
          tried++
        }
      }
      expect(perTurn).toEqual(perTurn.map(() => expect.objectContaining({ none: 'per-turn' })))
      expect(tried).toBeGreaterThanOrEqual(file.endsWith('web.car') ? 0 : 2)
    },
  )
})

/** Counts how often a record is read from its beginning. */
function counted({ store, chain }: Recording): {
  readonly source: ChainSource
  readonly reads: () => number
} {
  let reads = 0
  const source: ChainSource = {
    chain,
    store: {
      info: (id) => store.info(id),
      get: (cid) => store.get(cid),
      read: (id, from, to) => {
        reads++
        return store.read(id, from, to)
      },
    } as ChainSource['store'],
  }
  return { source, reads: () => reads }
}

const check = (source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> =>
  verify(source, { load, ...options })

const mixed = (times: number): Turn[] =>
  Array.from({ length: times }, () => [{ fn: 'count' }, { fn: 'fail' }, { fn: 'fail' }]).flat()

describe('a record of turns that were undone', () => {
  it('is read as often as one without, however many they are', async () => {
    const component = await countingComponent(false)
    const few = counted(await record({ component, steps: mixed(1) }))
    const many = counted(await record({ component, steps: mixed(20) }))
    const limits = { maxTraps: 0 }
    expect(await check(few.source, { limits })).toMatchObject({ verdict: 'verified', turns: 1, undone: 2 })
    expect(await check(many.source, { limits })).toMatchObject({ verdict: 'verified', turns: 20, undone: 40 })
    expect(many.reads()).toBe(few.reads())
  })

  it('has a bound where there is no snapshot of its component', async () => {
    const recording = await record({ component: await countingComponent(true), steps: mixed(3) })
    const { source, reads } = counted(recording)
    expect(await check(source, { limits: { maxTraps: 6 } })).toMatchObject({ verdict: 'verified', undone: 6 })
    expect(reads()).toBeGreaterThan(6)
    expect(await check(source, { limits: { maxTraps: 5 } })).toMatchObject({
      verdict: 'inconclusive',
      code: 'limits-above-mine',
    })
  })

  it('accuses nobody for what a component did from a snapshot', async () => {
    const recording = await record({ component: await countingComponent(false), steps: mixed(3) })
    // An engine, or a fault of ours, that gives back another state than was taken.
    const forgetful = async (bytes: Uint8Array): Promise<Component> => {
      const component = await load(bytes)
      const prepare: Component['prepare'] = async (plan) => {
        const prepared = await component.prepare(plan)
        return wrap(prepared)
      }
      return { digest: component.digest, bytes, model: component.model, jco: component.jco, prepare }
    }
    let laid = 0
    const wrap = (prepared: Prepared): Prepared => ({
      plan: prepared.plan,
      meter: prepared.meter,
      newResources: () => prepared.newResources(),
      instantiate: (host, hooks) => prepared.instantiate(host, hooks),
      instantiateSync: (host, hooks) => {
        const instance = prepared.instantiateSync(host, hooks)
        const imaging = Object.create(instance.imaging, {
          take: { value: () => instance.imaging.take() },
          lay: { value: () => void laid++ },
        }) as typeof instance.imaging
        return { ...instance, imaging }
      },
    })
    expect(await check(recording, { load: forgetful })).toMatchObject({ verdict: 'verified', undone: 6 })
    expect(laid).toBeGreaterThan(0)
  })
})
