import { defineActor, Failure, SpawnError } from '@theater/actor'
import { encodeReply } from '@theater/actor/message'
import { describe, expect, test } from 'vitest'
import { FakeHost, Served } from './fake-host.ts'

const worker = 'ab'.repeat(32)

function serve(actor: ConstructorParameters<typeof Served>[0]): { host: FakeHost; actor: Served } {
  const host = new FakeHost()
  return { host, actor: new Served(actor, host.all()) }
}

describe('spawn', () => {
  const parent = () =>
    serve(
      defineActor({
        uses: ['supervisor'],
        messages: {
          plain: (ctx) => ctx.spawn('worker'),
          whole: (ctx) =>
            ctx.spawn(`sha256:${'cd'.repeat(32)}`, {
              params: { a: 1 },
              grants: { supervisor: { components: Object.values(ctx.components()) } },
              limits: { descendants: 3, fuelPerTurn: 5, memoryBytes: 7 },
            }),
          unknown: (ctx) => ctx.spawn('somebody'),
          code(ctx) {
            try {
              ctx.spawn('worker')
              return null
            } catch (error) {
              if (!SpawnError.is(error)) throw error
              return [
                error.code,
                error.reason ?? null,
                error.failure?.code ?? null,
                error.failure?.detail ?? null,
              ]
            }
          },
          unsound: (ctx) => ctx.spawn('worker', { params: Number.NaN }),
          children: (ctx) => ctx.children(),
          stop: (ctx, id: string) => ctx.stop(id),
        },
      }),
    )

  test('gives nothing that is not said', async () => {
    const { host, actor } = parent()
    expect(await actor.request('plain')).toBe('me.child-0')
    expect(host.calls).toEqual(['spawn abab application/octet-stream  {} '])
    expect(await actor.request('children')).toEqual(['me.child-0'])
    await actor.request('stop', 'me.child-0')
    expect(host.calls.at(-1)).toBe('stop me.child-0')
  })

  test('hands on params, grants and limits', async () => {
    const { host, actor } = parent()
    await actor.request('whole')
    const grants = `{"supervisor":{"components":["sha256:${worker}"]}}`
    expect(host.calls).toEqual([
      `spawn cdcd application/json {"a":1} ${grants} fuelPerTurn=5,memoryBytes=7,descendants=3`,
    ])
  })

  test('of a name that the grant does not have says which there are', async () => {
    const { host, actor } = parent()
    expect(await actor.request('unknown')).toMatchObject({
      code: 'exception',
      message: expect.stringContaining('there are: worker'),
    })
    expect(await actor.request('unsound')).toMatchObject({ code: 'exception' })
    expect(host.calls.filter((call) => call.startsWith('spawn'))).toEqual([])
  })

  test('throws the case of the WIT', async () => {
    const { host, actor } = parent()
    const detail = encodeReply({ why: 'x' })
    for (const [error, expected] of [
      [{ tag: 'denied', val: 'no' }, ['denied', 'no', null, null]],
      [{ tag: 'limit', val: 'descendants' }, ['limit', 'descendants', null, null]],
      [{ tag: 'trapped' }, ['trapped', null, null, null]],
      [{ tag: 'init', val: { code: 'bad', message: 'no', detail } }, ['init', null, 'bad', { why: 'x' }]],
    ] as const) {
      host.unspawned = error
      expect(await actor.request('code')).toEqual(expected)
    }
  })
})

test('an actor without the capability has none of it', async () => {
  const { actor } = serve(defineActor({ uses: ['log'], messages: { spawn: (ctx) => 'spawn' in ctx } }))
  expect(await actor.request('spawn')).toBe(true)
  const host = new FakeHost()
  const bare = new Served(
    defineActor({
      messages: { spawn: (ctx: object) => (ctx as { spawn: (name: string) => string }).spawn('worker') },
    }),
    host.log(),
  )
  expect(await bare.request('spawn')).toMatchObject({
    message: expect.stringContaining("add 'supervisor' to uses"),
  })
})

describe('onChildEnded', () => {
  const { host, actor } = serve(
    defineActor({
      uses: ['log', 'messaging'],
      state: { ended: [] as string[] },
      messages: { get: ({ state }) => state.ended },
      onChildEnded(ctx, { id, how, limit }) {
        ctx.state.ended.push(`${id} ${how} ${limit ?? ''} ${ctx.sender}`)
        ctx.send('boss', 'ended', id)
        if (id === 'bad') throw new Error('no')
        if (id === 'worse') throw new Failure('worse', 'no')
      },
    }),
  )

  test('changes the state and sends when it succeeds, and only then, and never traps', async () => {
    await actor.exports.watcher.childEnded('a', { tag: 'stopped' })
    await actor.exports.watcher.childEnded('b', { tag: 'limit', val: 'fuel' })
    await actor.exports.watcher.childEnded('bad', { tag: 'trapped' })
    await actor.exports.watcher.childEnded('worse', { tag: 'init-failed' })
    expect(await actor.request('get')).toEqual(['a stopped  a', 'b limit fuel b'])
    const sent = host.calls.filter((call) => call.startsWith('send'))
    expect(sent).toHaveLength(2)
    expect(host.calls.filter((call) => call.startsWith('log'))).toEqual([
      expect.stringContaining('log error onChildEnded threw'),
      expect.stringContaining('log warn onChildEnded failed code=worse'),
    ])
  })
})
