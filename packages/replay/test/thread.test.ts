import { getEventListeners } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskCache, loadComponent, workerTranspiler } from '@theater/component/node'
import { ChainError } from '@theater/event-chain'
import { assemble } from '@theater/guests/wat'
import { type ComponentCache, ComponentError, type Transpiler } from '@theater/component'
import {
  componentLoader,
  RerunThread,
  replay,
  replayInThread,
  verify,
  verifyInThread,
} from '@theater/replay/node'
import type { ChainSource } from '@theater/replay'
import { describe, expect, it } from 'vitest'
import { draftsOf, edit, forge, withhold } from './support/forge.ts'
import { probe } from './support/probe.ts'
import { load, record } from './support/record.ts'
import type { Recording } from './support/record.ts'

/** Runs as long as it is told. */
const loops = assemble(`(component
  (core module $m
    (func (export "run") (param i32) (loop $l (br_if $l (local.get 0)))))
  (core instance $i (instantiate $m))
  (func (export "run") (param "on" bool) (canon lift (core func $i "run"))))`)

/** Answers 41. */
const answers = assemble(`(component
  (core module $m (func (export "run") (result i32) (i32.const 41)))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`)

const CBOR_TRUE = Uint8Array.of(0x81, 0xf5)

/** A record without a meter in which turn 4 does not end. */
async function endless(): Promise<ChainSource> {
  const steps = [
    { fn: 'run', args: [false] },
    { fn: 'run', args: [false] },
  ]
  const recording = await record({ component: await loops, metering: 'none', steps })
  const drafts = edit(await draftsOf(recording), 4, 'turn', (turn) => ({ ...turn, args: CBOR_TRUE }))
  return forge(drafts, recording.store)
}

/** The source, that fails in the middle of the record. */
function failing({ store, chain }: Recording, error: Error): ChainSource {
  return {
    chain,
    store: {
      get: (cid) => store.get(cid),
      has: (cid) => store.has(cid),
      info: (id) => store.info(id),
      find: (label) => store.find(label),
      list: () => store.list(),
      async *read(id, from = 0, to = Infinity) {
        yield* store.read(id, from, Math.min(to, 5))
        if (to > 5) throw error
      },
    },
  }
}

describe('a thread that re-runs', async () => {
  const steps = [
    { fn: 'note', args: [1] },
    { fn: 'ask', args: [13] },
    { fn: 'note-trap', args: [2] },
    ...Array.from({ length: 100 }, () => ({ fn: 'note', args: [3] })),
  ]
  const recording = await record(await probe(steps))
  const drafts = await draftsOf(recording)

  it('gives the same verdicts', async () => {
    await using thread = new RerunThread()
    const changed = edit(drafts, 4, 'return', (content) => ({ ...content, fuel: 1 }))
    const head = new Uint8Array(32)
    const sources = [
      [recording, {}],
      [await forge(changed, recording.store), {}],
      [await forge(drafts.slice(0, -1), recording.store), {}],
      [await forge(drafts.slice(0, -1), recording.store), { unfinished: 'allow' }],
      [withhold(recording, (seq) => seq === 7), {}],
      [recording, { head }],
      [recording, { limits: { maxEvents: 3 } }],
      [await forge(drafts), { component: recording.component.bytes }],
      [await forge(drafts), {}],
    ] as const
    const verdicts = []
    for (const [source, options] of sources) verdicts.push(await verify(source, { load, ...options }))
    expect(verdicts.map((one) => ('code' in one ? one.code : one.verdict))).toEqual([
      'verified',
      'diverged',
      'broken',
      'verified',
      'withheld',
      'broken',
      'limits-above-mine',
      'verified',
      'no-component',
    ])
    const here = await Promise.all(sources.map(([source, options]) => thread.verify(source, options)))
    expect(here).toEqual(verdicts)
    expect(await verifyInThread(recording)).toEqual(verdicts[0])
  })

  it('gives up a component that does not get on, and goes on with the next', async () => {
    await using thread = new RerunThread({ maxSeconds: 2 })
    const source = await endless()
    const [given, next] = await Promise.all([thread.verify(source), thread.verify(recording)])
    expect(given).toMatchObject({
      verdict: 'inconclusive',
      code: 'limits-above-mine',
      actor: 'test',
      chain: source.chain,
      size: 6,
      index: 0,
      message: 'its component did not get on for 2 s',
    })
    expect(next).toMatchObject({ verdict: 'verified' })
  })

  it('tells what was reached, also of a component that is given up', async () => {
    const told: string[] = []
    const reached = ({ seq, kind }: { seq: number; kind: string }): void => void told.push(`${seq} ${kind}`)
    const { verdict, next } = await replayInThread(await endless(), { maxSeconds: 2, reached })
    expect(told).toEqual(['0 genesis', '1 seed', '2 turn', '3 return', '4 turn'])
    expect(verdict).toMatchObject({ verdict: 'inconclusive', code: 'limits-above-mine', index: 5, size: 5 })
    expect(verdict.head).toHaveLength(32)
    expect(next).toBeUndefined()
  })

  it('replays: tells the same events with the same words, and stops where it is told', async () => {
    const said = async (how: typeof replay | typeof replayInThread) => {
      const events: unknown[] = []
      const replayed = await how(recording, {
        until: 7,
        reached: (event, describer) => events.push([event, describer.event(event)]),
      })
      return { events, replayed }
    }
    const here = await said(replayInThread)
    expect(here.events).toHaveLength(8)
    expect(here).toEqual(await said(replay))
  })

  it('is ended by the signal, wherever the component is', async () => {
    const control = new AbortController()
    const enough = new Error('enough')
    const reached = ({ seq }: { seq: number }): void => (seq === 4 ? control.abort(enough) : undefined)
    await using thread = new RerunThread()
    const replaying = thread.replay(await endless(), { reached, signal: control.signal })
    await expect(replaying).rejects.toBe(enough)
    expect(getEventListeners(control.signal, 'abort')).toEqual([])
    expect(await thread.verify(recording)).toMatchObject({ verdict: 'verified' })
  })

  it('rejects with what the source threw, and what was read before it counts', async () => {
    const error = new ChainError('io', 'the disk is gone', { cause: new Error('EIO') })
    await expect(verifyInThread(failing(recording, error))).rejects.toBe(error)
    const absent = new ChainError('broken', 'event 5 is absent', { index: 5, reason: 'missing' })
    const source = failing(recording, absent)
    const verdict = await verifyInThread(source)
    expect(verdict).toMatchObject({ verdict: 'broken', index: 5, reason: 'missing', size: 5 })
    expect(verdict).toEqual(await verify(source, { load }))
    const nowhere = { ...recording, chain: new Uint8Array(32) }
    await expect(verifyInThread(nowhere)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('rejects with what a listener threw', async () => {
    const reached = (): never => {
      throw new Error('mine')
    }
    await expect(replayInThread(recording, { reached })).rejects.toThrow('mine')
  })

  it('keeps what it transpiled where its caller keeps it', async () => {
    const kept = new Map<string, Uint8Array>()
    const cache = {
      get: async (key: string) => kept.get(key),
      put: async (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
    }
    expect(await verifyInThread(recording, { cache })).toMatchObject({ verdict: 'verified' })
    expect(kept.size).toBeGreaterThan(0)
    const before = new Map(kept)
    expect(await verifyInThread(recording, { cache })).toMatchObject({ verdict: 'verified' })
    expect(kept).toEqual(before)
  })

  it('leaves what its caller sealed as it is, and believes nothing there that has no seal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'theater-rerun-'))
    try {
      const bytes = await answers
      const said = await record({ component: bytes, steps: [{ fn: 'run', args: [] }] })
      const cache = await diskCache(folder)
      const files = async (): Promise<Map<string, string>> => {
        const names = (await readdir(folder)).filter((name) => name.endsWith('.theater')).toSorted()
        const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))
        return new Map(names.map((name, i) => [name, texts[i] ?? '']))
      }
      expect(await verify(said, { load: componentLoader({ cache }) })).toMatchObject({ verdict: 'verified' })
      const sealed = await files()
      expect(await verifyInThread(said, { cache })).toMatchObject({ verdict: 'verified' })
      expect(await files()).toEqual(sealed)
      // As whoever sends a folder writes it: what the meter is said to have made answers something else.
      const unsealed: ComponentCache = {
        get: async () => undefined,
        put: (key, entry) => cache.put(key, entry),
      }
      const honest = workerTranspiler()
      const lying: Transpiler = {
        jco: honest.jco,
        transpile: (request) => honest.transpile(request),
        meter: (request) =>
          honest.meter({ ...request, module: request.module.map((byte) => (byte === 41 ? 42 : byte)) }),
      }
      await (await loadComponent(bytes, { cache: unsealed, transpiler: lying })).prepare({ mode: 'sync' })
      expect(await files()).not.toEqual(sealed)
      expect(await verifyInThread(said, { cache })).toMatchObject({ verdict: 'verified' })
      expect(await files()).toEqual(sealed)
      for (const [name, text] of sealed) if (text.includes('\0asm')) await rm(join(folder, name))
      expect(await verifyInThread(said, { cache })).toMatchObject({ verdict: 'verified' })
      expect(await files()).toEqual(sealed)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.each([new ComponentError('cache', 'the cache is gone'), new Error('full')])(
    'rejects with what the cache threw, and accuses no component of it: %s',
    async (error) => {
      const get = async (): Promise<undefined> => undefined
      const put = (): Promise<never> => Promise.reject(error)
      await expect(verifyInThread(recording, { cache: { get, put } })).rejects.toBe(error)
      const own = componentLoader({ cache: { get, put } })
      await expect(verify(recording, { load: own })).rejects.toBe(error)
    },
  )

  it('refuses limits that are none', async () => {
    expect(() => new RerunThread({ maxSeconds: 0 })).toThrow(TypeError)
    await expect(verifyInThread(recording, { limits: { maxEvents: NaN } })).rejects.toThrow(TypeError)
  })
})
