/** What is done to a record so that it says something else, by whoever keeps it or sends it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ComponentCache,
  diskCache,
  loadComponent,
  type Transpiler,
  workerTranspiler,
} from '@theater/component/node'
import { memoryStore } from '@theater/event-chain'
import { assemble } from '@theater/guests/wat'
import {
  type ChainSource,
  componentLoader,
  verify,
  verifyInThread,
  type VerifyOptions,
} from '@theater/replay/node'
import { Theater } from '@theater/runtime'
import { type Change, copyChain, type Draft, edited, relink, sourceOf } from '@theater/tamper'
import { type Escape, type Outcome, stopped, through } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { host } from '../stage.ts'

const counting = (more: string): Promise<Uint8Array> =>
  assemble(
    core({
      imports: [['take', '(func (param "x" u32) (result u32))', '(param i32) (result i32)']],
      code: `(global $n (mut i32) (i32.const 0)) ${more}
      (func (export "run") (param i32) (result i32)
        (global.set $n (i32.add (global.get $n) (call $take (local.get 0)))) (global.get $n))
      (func (export "boom") (unreachable))`,
      exports: [
        '(func (export "run") (param "x" u32) (result u32) (canon lift (core func $i "run")))',
        '(func (export "boom") (canon lift (core func $i "boom")))',
      ],
    }),
  )

const counter = await counting('')
/** One whose state is not all in its memory, so that no verifier can go back to it. */
const hidden = await counting('(data $d "a") (func (data.drop $d))')

/** A component that does something else. */
const nothing = core({
  code: '(func (export "run") (param i32) (result i32) (i32.const 7))',
  exports: ['(func (export "run") (param "x" u32) (result u32) (canon lift (core func $i "run")))'],
})

const load = componentLoader()

/** The record of a few turns, to be changed. */
async function recorded(
  component = counter,
): Promise<{ readonly source: ChainSource; readonly drafts: readonly Draft[] }> {
  const store = memoryStore()
  const handlers = [host('attack:host/api', { take: { run: (x: number) => x * 2 } })]
  const theater = await Theater.open({ store, handlers })
  const { chain } = await theater.spawn({ id: 'guest', component, grants: { host: {} } })
  for (const x of [1, 2, 3]) await theater.call('guest', 'run', [x])
  for (let i = 0; i < 3; i++) await theater.call('guest', 'boom', []).catch(() => undefined)
  await theater.close()
  return copyChain({ store, chain })
}

/** Writes what anybody can into a cache, without its key: of the counter a core that takes away, as metered. */
async function plant(cache: ComponentCache): Promise<void> {
  const honest = workerTranspiler()
  const [add, subtract] = [0x6a, 0x6b]
  const transpiler: Transpiler = {
    jco: honest.jco,
    transpile: (request) => honest.transpile(request),
    meter: (request) =>
      honest.meter({ ...request, module: request.module.map((byte) => (byte === add ? subtract : byte)) }),
  }
  const unsealed: ComponentCache = {
    get: async () => undefined,
    put: (key, entry) => cache.put(key, entry),
  }
  await (await loadComponent(counter, { cache: unsealed, transpiler })).prepare({ mode: 'sync' })
}

/** What a verifier says of a record; `verified` is what it must not say. */
async function judged(source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Outcome> {
  try {
    const verdict = await verify(source, { load, ...options })
    if (verdict.verdict === 'verified') return through('it is verified')
    const why =
      verdict.verdict === 'broken'
        ? `: ${verdict.reason}`
        : verdict.verdict === 'inconclusive'
          ? `: ${verdict.code}`
          : ''
    return stopped(`${verdict.verdict}${why}`)
  } catch (error) {
    return through(`the verifier fails: ${String(error)}`)
  }
}

/** The record with the first event of a kind changed, and hashed again: nothing in it looks touched. */
async function rewritten(
  kind: Draft['kind'],
  change: (draft: Draft) => Change | undefined,
): Promise<Outcome> {
  const { source, drafts } = await recorded()
  const at = drafts.findIndex((draft) => draft.kind === kind)
  const draft = drafts[at]
  const changed = draft === undefined ? undefined : change(draft)
  if (changed === undefined) throw new Error(`there is no ${kind} to change`)
  return judged(relink([...drafts.slice(0, at), changed, ...drafts.slice(at + 1)], source.store))
}

const common = { class: 'record' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'record/an-answer-that-the-component-did-not-give',
    guard: 'compare-returns',
    code: 'diverged',
    attempt: () =>
      rewritten('return', (draft) =>
        edited(draft, 'return', (content) => ({ ...content, result: Uint8Array.of(0x81, 9) })),
      ),
  },
  {
    ...common,
    id: 'record/a-call-that-the-component-did-not-make',
    guard: 'compare-calls',
    code: 'diverged',
    attempt: () =>
      rewritten('call', (draft) =>
        edited(draft, 'call', (content) => ({ ...content, args: Uint8Array.of(0x81, 9) })),
      ),
  },
  {
    ...common,
    id: 'record/a-trap-that-did-not-happen-like-that',
    guard: 'compare-traps',
    code: 'diverged',
    attempt: () =>
      rewritten('trap', (draft) => edited(draft, 'trap', (content) => ({ ...content, code: 'depth' }))),
  },
  {
    ...common,
    id: 'record/a-changed-byte',
    guard: 'body-digests',
    code: 'broken: digest',
    attempt: async () => {
      const { source, drafts } = await recorded()
      // A byte of the salt: nothing that a re-run would notice.
      const events = drafts.map(({ kind, stored: { header, body } }) => {
        if (kind !== 'turn' || body === null) return { header, body }
        return { header, body: body.with(4, (body[4] ?? 0) ^ 1) }
      })
      return judged(sourceOf(source.chain, events, source.store))
    },
  },
  {
    ...common,
    id: 'record/another-component-behind-it',
    guard: 'component-digest',
    code: 'inconclusive: no-component',
    attempt: async () => {
      const { source } = await recorded()
      const verdict = await verify(source, { load, component: await assemble(nothing) })
      return verdict.verdict === 'inconclusive'
        ? stopped(`inconclusive: ${verdict.code}`)
        : through(`an honest record is ${verdict.verdict}`)
    },
  },
  {
    ...common,
    id: 'record/a-cache-that-somebody-sent',
    guard: 'rerun-seals',
    code: 'verified as it was recorded',
    attempt: async () => {
      const { source } = await recorded()
      const folder = await mkdtemp(join(tmpdir(), 'theater-escapes-'))
      try {
        const cache = await diskCache(folder)
        await plant(cache)
        const { verdict } = await verifyInThread(source, { cache })
        return verdict === 'verified'
          ? stopped('verified as it was recorded')
          : through(`an honest record is ${verdict}`)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  },
  {
    ...common,
    id: 'record/traps-without-end',
    guard: 'verify-traps',
    code: 'inconclusive: limits-above-mine',
    // Each makes a verifier begin again from the beginning.
    attempt: async () => {
      const { source } = await recorded(hidden)
      return judged(source, { limits: { maxTraps: 2 } })
    },
  },
  {
    ...common,
    id: 'record/events-without-end',
    guard: 'verify-events',
    code: 'inconclusive: limits-above-mine',
    attempt: async () => {
      const { source } = await recorded()
      return judged(source, { limits: { maxEvents: 5 } })
    },
  },
]
