import assert from 'node:assert/strict'
import type { AnyHandler, Spawned } from '@theater/handler'
import { WitError } from '@theater/handler'
import type { Json } from '@theater/values'
import { fakeActor } from '../fake-actor.ts'
import { payloadOf } from '../outcome.ts'
import { withPart } from './part.ts'
import type { InterfaceLaw } from './part.ts'

const CHILDREN = 'theater:supervisor/children@0.1'
const SPAWN = `${CHILDREN}#spawn`
const worker = new Uint8Array(32).fill(7)
const params = { format: 'text/plain', body: new Uint8Array([1, 2, 3]) }

/** A handler of `theater:supervisor/children` in one configuration. */
export interface SupervisorSubject {
  /** For titles. */
  readonly name: string
  readonly make: () => AnyHandler
  /** The grant of components, each with a name or without: sha-256, 64 hexadecimal digits. */
  readonly grant: (components: readonly { readonly name?: string; readonly digest: string }[]) => Json
}

const held = ({ grant }: SupervisorSubject): Json => grant([{ digest: worker.toHex() }])

/** What `theater:supervisor/children` says must be so of who serves it. That a child holds no more than its parent is the runtime's. */
export const supervisorLaws: readonly InterfaceLaw<SupervisorSubject>[] = [
  {
    name: 'a spawn makes an actor of what was said, and answers with its id',
    async run(subject) {
      const onSpawn = (): Spawned => ({ tag: 'made', id: 'actor.child-4' })
      await withPart(
        subject.make(),
        held(subject),
        async ({ actor, fn }) => {
          const limits = { fuelPerTurn: 5n, memoryBytes: undefined, descendants: 2 }
          const id = await fn(CHILDREN, 'spawn')(worker, params, '{"log":{"level":"warn"},"fs":{}}', limits)
          assert.equal(id, 'actor.child-4')
          const grants = { log: { level: 'warn' }, fs: {} }
          assert.deepEqual(actor.spawns, [{ component: worker, params, grants, limits }])
        },
        { onSpawn },
      )
    },
  },
  {
    name: 'a spawn that makes no child says why, by its case',
    async run(subject) {
      const failure = { code: 'no', message: 'not so', detail: params }
      const outcomes: readonly Spawned[] = [
        { tag: 'unknown-component' },
        { tag: 'bad-grants', val: 'too much' },
        { tag: 'unmet-import', val: 'log' },
        { tag: 'limit', val: 'fuel' },
        { tag: 'init', val: failure },
        { tag: 'trapped' },
      ]
      for (const outcome of outcomes)
        await withPart(
          subject.make(),
          held(subject),
          async ({ fn }) => {
            assert.deepEqual(await payloadOf(() => fn(CHILDREN, 'spawn')(worker, params, '{}', {})), outcome)
          },
          { onSpawn: () => outcome },
        )
    },
  },
  {
    name: 'grants that are no table of grants are bad-grants, and nobody is made',
    async run(subject) {
      await withPart(subject.make(), held(subject), async ({ actor, fn }) => {
        for (const text of ['', 'no', '[]', 'null', '1', '"{}"', '{', '{"a":{},"a":{"b":1}}']) {
          const payload = (await payloadOf(() => fn(CHILDREN, 'spawn')(worker, params, text, {}))) as
            | { readonly tag: string; readonly val: unknown }
            | undefined
          assert.equal(payload?.tag, 'bad-grants', `${text} is taken`)
          assert.ok(typeof payload.val === 'string' && payload.val !== '', 'it does not say what is wrong')
        }
        assert.deepEqual(actor.spawns, [])
      })
    },
  },
  {
    name: 'a component that the grant does not list is denied, whatever its name',
    async run(subject) {
      const handler = subject.make()
      const grant = subject.grant([{ name: 'worker', digest: worker.toHex() }])
      const declared = handler.functions[SPAWN]
      for (const [component, may] of [
        [worker, true],
        [new Uint8Array(32), false],
        [worker.slice(1), false],
        [new Uint8Array(0), false],
      ] as const) {
        const ask = declared?.ask?.({ fn: SPAWN, args: [component, params, '{}', {}] })
        assert.ok(ask, 'a spawn asks for nothing')
        const verdict = handler.authorize(grant as never, ask)
        assert.equal(verdict === true, may)
        if (verdict === true) continue
        const denied = declared?.deny?.({ fn: SPAWN, ask, refusal: verdict })
        assert.ok(WitError.is(denied) && (denied.payload as { readonly tag: string }).tag === 'denied')
      }
    },
  },
  {
    name: 'a child is ended, also again, and nobody else is',
    async run(subject) {
      await withPart(
        subject.make(),
        held(subject),
        async ({ actor, fn }) => {
          await fn(CHILDREN, 'spawn')(worker, params, '{}', {})
          assert.equal(await payloadOf(() => fn(CHILDREN, 'stop')('c-1')), undefined)
          assert.deepEqual(actor.children.list(), [])
          assert.equal(await payloadOf(() => fn(CHILDREN, 'stop')('c-1')), undefined)
          assert.deepEqual(await payloadOf(() => fn(CHILDREN, 'stop')('c-2')), { tag: 'not-my-child' })
        },
        { onSpawn: () => ({ tag: 'made', id: 'c-1' }) },
      )
    },
  },
  {
    name: 'the children are those that live, in the order in which they were made',
    async run(subject) {
      let n = 12
      await withPart(
        subject.make(),
        held(subject),
        async ({ fn }) => {
          for (let made = 0; made < 4; made++) await fn(CHILDREN, 'spawn')(worker, params, '{"x":{}}', {})
          await fn(CHILDREN, 'stop')('c-10')
          assert.deepEqual(fn(CHILDREN, 'list')(), ['c-11', 'c-9', 'c-8'])
        },
        { onSpawn: () => ({ tag: 'made', id: `c-${--n}` }) },
      )
    },
  },
  {
    name: 'the components are those that the grant gives names',
    async run(subject) {
      const grant = subject.grant([
        { name: 'b', digest: worker.toHex() },
        { digest: '11'.repeat(32) },
        { name: 'a.x', digest: '22'.repeat(32) },
      ])
      await withPart(subject.make(), grant, ({ fn }) => {
        assert.deepEqual(
          new Map(fn(CHILDREN, 'components')() as [string, Uint8Array][]),
          new Map([
            ['b', worker],
            ['a.x', new Uint8Array(32).fill(0x22)],
          ]),
        )
      })
    },
  },
  {
    name: 'a child is made once, also where the host crashes',
    async run(subject) {
      const handler = subject.make()
      assert.equal(handler.functions[SPAWN]?.effect, 'once')
      const intent = { fn: SPAWN, args: [worker, params, '{}', {}] }
      const outcomes: readonly (readonly [Spawned | undefined, unknown])[] = [
        [undefined, 'not-done'],
        [{ tag: 'made', id: 'c' }, { done: 'c' }],
      ]
      for (const [outcome, expected] of outcomes) {
        const actor = fakeActor()
        const spawned = (): Promise<Spawned> | undefined => outcome && Promise.resolve(outcome)
        const children = { ...actor.children, spawned }
        const binding = await handler.bind({ ...actor, children }, held(subject) as never)
        assert.deepEqual(await binding.reconcile?.(intent as never), expected)
      }
      await handler[Symbol.asyncDispose]?.()
    },
  },
]
