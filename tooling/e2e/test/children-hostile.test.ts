import { setImmediate } from 'node:timers/promises'
import { sha256 } from '@theater/event-chain/node'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import { store as blobs } from '@theater/handler-store'
import { memory } from '@theater/handler-store'
import { defaultLimits } from '@theater/runtime'
import type { Theater } from '@theater/runtime'
import type { Json } from '@theater/values'
import { describe, expect, it, test } from 'vitest'
import { courier } from './support/courier.ts'
import {
  born,
  boss,
  call,
  child,
  digest,
  grants,
  handlers,
  list,
  open,
  parent,
  spawn,
  text,
  verdicts,
} from './support/family.ts'

const refused = (tag: string, says: string): unknown => ({
  tag: 'err',
  val: { tag, val: expect.stringContaining(says) as string },
})

describe('a child that asks for more than its parent holds', () => {
  const held: Record<string, Json> = {
    ...grants,
    messaging: { to: ['a', 'boss.child-*'] },
    cli: { stdout: 'inherit' },
    log: { level: 'warn' },
    fs: { mounts: { '/data': { host: '/srv/data', rights: 'r' } } },
    http: { out: [{ origin: 'https://example.com', methods: ['GET'], paths: ['/v1'] }] },
    store: { rights: ['read'], namespace: 'shared', labels: 'a/' },
  }
  const all = () => [...handlers(), fs(), http({ listen: false }), blobs({ backend: memory() })]

  async function asks(asked: unknown, over: Record<string, Json> = held): Promise<unknown> {
    const { theater } = await boss({}, { handlers: all() })
    await theater.spawn({ id: 'rich', component: parent, grants: over })
    const answer = await spawn(theater, 'rich', { grants: asked })
    await theater.close()
    return answer
  }

  const wider: readonly (readonly [string, Json])[] = [
    ['supervisor', { components: [`sha256:${'0'.repeat(64)}`] }],
    ['messaging', { to: ['*'] }],
    ['messaging', { to: ['boss.child*'] }],
    ['cli', { stdin: 'inherit' }],
    ['log', {}],
    ['fs', { mounts: { '/data': { host: '/srv', rights: 'r' } } }],
    ['fs', { mounts: { '/data': { host: '/srv/data', rights: 'rw' } } }],
    ['fs', { mounts: { '/x': { host: '/srv/data/../other', rights: 'r' } } }],
    ['http', { out: [{ origin: 'https://example.com', methods: ['*'], paths: ['/v1'] }] }],
    ['http', { out: [{ origin: 'https://*.example.com', methods: ['GET'], paths: ['/v1'] }] }],
    ['http', { out: [{ origin: 'https://example.com', methods: ['GET'], paths: ['/'] }] }],
    ['http', { serve: [{ path: '/' }] }],
    ['store', { rights: ['read', 'write'], namespace: 'shared', labels: 'a/' }],
    ['store', { rights: ['read'], namespace: 'other', labels: 'a/' }],
    ['store', { rights: ['read'], labels: '' }],
  ]
  test.each(wider)('%s %j', async (handler, grant) => {
    expect(await asks({ [handler]: grant })).toEqual(
      refused('bad-grants', `"${handler}" is more than its parent's`),
    )
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'kafka', ''])(
    'a handler called %j',
    async (name) => {
      const asked = `{${JSON.stringify(name)}: {}}`
      expect(await asks(asked)).toEqual(refused('bad-grants', 'its parent has no grant'))
    },
  )

  test.each(['__proto__', 'constructor', 'toString', 'not a key'])('a grant with a key %j', async (name) => {
    for (const handler of ['messaging', 'fs', 'http', 'store', 'log', 'cli', 'supervisor']) {
      const asked = `{${JSON.stringify(handler)}: {${JSON.stringify(name)}: {}}}`
      expect(await asks(asked)).toEqual(refused('bad-grants', `"${handler}" is not valid`))
    }
  })

  it('what its parent has not been granted, whatever the host has', async () => {
    for (const handler of ['fs', 'http', 'store', 'log'])
      expect(await asks({ [handler]: {} }, grants)).toEqual(refused('bad-grants', 'its parent has no grant'))
  })

  it('all that its parent holds is not too much', async () => {
    expect(await asks(held)).toMatchObject({ tag: 'ok' })
  })

  it('and the host’s ceiling holds below what it holds', async () => {
    const ceiling = { ...grants, messaging: { to: ['boss.child-*'] } }
    const { theater } = await boss({}, { ceiling: { ...ceiling, messaging: { to: ['*'] } } })
    await theater.close()
    await expect(boss({}, { ceiling })).rejects.toMatchObject({ code: 'bad-grant' })
  })
})

describe('components', () => {
  it('that the grant does not list are refused, whatever the store holds', async () => {
    const { store, theater } = await boss()
    const wit = sha256(new Uint8Array([1]))
    for (const component of [courier.bytes, new Uint8Array(0), wit])
      expect(await spawn(theater, 'boss', { component })).toEqual(refused('denied', 'is not granted'))
    for (const short of [new Uint8Array(0), new Uint8Array(31), sha256(child).slice(0, 31)]) {
      const answer = await call(theater, 'boss', 'spawn', [short, text(''), '{}', {}])
      expect(answer).toEqual(refused('denied', 'is not granted'))
    }
    await theater.close()
    expect(await verdicts(store)).toEqual({ boss: 'verified' })
  })

  it('that are listed and not here, or are none, are unknown', async () => {
    const { theater } = await boss()
    const none = new Uint8Array([0, 1, 2])
    const supervisor = { components: [digest(courier.bytes), digest(none)] }
    await theater.spawn({ id: 'poor', component: parent, grants: { ...grants, supervisor } })
    expect(await spawn(theater, 'poor', { component: courier.bytes })).toEqual({
      tag: 'err',
      val: { tag: 'unknown-component' },
    })
    await theater.addComponent(none)
    expect(await spawn(theater, 'poor', { component: none })).toEqual({
      tag: 'err',
      val: { tag: 'unknown-component' },
    })
    await theater.close()
  })

  it('need the grants that they import', async () => {
    const { theater } = await boss()
    expect(await spawn(theater, 'boss', { component: parent, grants: {} })).toEqual(
      refused('unmet-import', 'theater:supervisor/children'),
    )
    expect(await list(theater, 'boss')).toEqual([])
    await theater.close()
  })
})

describe('a fork bomb', () => {
  /** Has everyone who can make children make as many as he can, each with all that he has left; counts them. */
  async function explode(theater: Theater, id: string, left: number): Promise<number> {
    let made = 0
    for (const descendants of [Math.max(0, left - 1), 1, 0]) {
      for (;;) {
        const answer = await spawn(theater, id, { component: parent, grants, limits: { descendants } })
        if (answer.tag === 'err') break
        made += 1 + (await explode(theater, answer.val as string, descendants))
      }
    }
    return made
  }

  it('has as many descendants in all as its first ancestor may have, and gets them back', async () => {
    const { store, theater } = await boss({ descendants: 7 })
    expect(await explode(theater, 'boss', 7)).toBe(7)
    expect(theater.actors().length).toBe(8)
    for (const id of (await list(theater, 'boss')) as string[]) await call(theater, 'boss', 'stop', [id])
    expect(await explode(theater, 'boss', 7)).toBe(7)
    await theater.stop('boss')
    expect(theater.actors().filter(({ state }) => state !== 'stopped')).toEqual([])
    await theater.close()
    expect(new Set(Object.values(await verdicts(store)))).toEqual(new Set(['verified']))
  })

  test.each([0, 1, 7])('%i is what it may have, and after a restart too', async (descendants) => {
    const { store, theater } = await boss({ descendants })
    for (let n = 0; n < descendants; n++) await born(theater, 'boss')
    expect(await spawn(theater, 'boss')).toEqual(refused('limit', 'descendants: '))
    await theater.close()
    const again = await open(store)
    expect(await spawn(again, 'boss')).toEqual(refused('limit', 'descendants: '))
    await again.close()
  })

  it('cannot ask for more than there are', async () => {
    const { theater } = await boss({ descendants: 7 })
    for (const descendants of [7, 8, 0xffff_ffff])
      expect(await spawn(theater, 'boss', { limits: { descendants } })).toEqual(
        refused('limit', 'descendants: '),
      )
    await theater.close()
  })
})

describe('ids', () => {
  it('get no longer than ids are', async () => {
    const { theater } = await boss({ descendants: 100 })
    let id = 'boss'
    let answer = await spawn(theater, id, { component: parent, grants, limits: { descendants: 99 } })
    for (let left = 98; answer.tag === 'ok'; left--) {
      id = answer.val as string
      answer = await spawn(theater, id, { component: parent, grants, limits: { descendants: left } })
    }
    expect(answer).toEqual(refused('limit', 'id: '))
    expect(id.length).toBeLessThanOrEqual(128)
    await theater.close()
  })

  it('that are taken are no reason for two actors of one name', async () => {
    const { theater } = await boss()
    await theater.spawn({ id: 'boss.child-3', component: child })
    expect(await spawn(theater, 'boss')).toEqual(refused('limit', 'id: '))
    expect(await list(theater, 'boss')).toEqual([])
    await theater.close()
  })

  it('are no authority: nobody stops whom he has not made', async () => {
    const { theater } = await boss()
    await theater.spawn({ id: 'other', component: parent, grants })
    const mine = await born(theater, 'boss', { component: parent, grants, limits: { descendants: 1 } })
    const grandchild = await born(theater, mine)
    const foreign = await born(theater, 'other')
    for (const id of [
      'boss',
      'other',
      foreign,
      grandchild,
      'nobody',
      '',
      '__proto__',
      `${mine} `,
      `${mine}~1`,
    ])
      expect(await call(theater, 'boss', 'stop', [id])).toEqual({ tag: 'err', val: { tag: 'not-my-child' } })
    expect(await call(theater, mine, 'stop', ['boss'])).toEqual({ tag: 'err', val: { tag: 'not-my-child' } })
    expect(theater.actors().every(({ state }) => state === 'idle')).toBe(true)
    await theater.close()
  })

  it('of children whose parent was begun anew are free again', async () => {
    const { theater } = await boss()
    const first = await born(theater, 'boss')
    await theater.stop('boss')
    await theater.release('boss')
    await theater.spawn({ id: 'boss', component: parent, grants })
    expect(await born(theater, 'boss')).toBe(first)
    expect(await list(theater, 'boss')).toEqual([first])
    await theater.close()
  })
})

it('fuel and memory of a child are at most those of its parent, and bind it', async () => {
  const { theater } = await boss()
  const most = { fuel: BigInt(defaultLimits.fuel), memory: BigInt(defaultLimits.memory) }
  for (const fuelPerTurn of [0n, most.fuel + 1n, 2n ** 64n - 1n])
    expect(await spawn(theater, 'boss', { limits: { fuelPerTurn } })).toEqual(
      refused('limit', 'fuel-per-turn'),
    )
  for (const memoryBytes of [0n, most.memory + 1n, 2n ** 64n - 1n])
    expect(await spawn(theater, 'boss', { limits: { memoryBytes } })).toEqual(
      refused('limit', 'memory-bytes'),
    )
  // It begins with a page.
  expect(await spawn(theater, 'boss', { limits: { memoryBytes: 65_535n } })).toMatchObject({
    val: { tag: 'trapped' },
  })
  const child = await born(theater, 'boss', { limits: { fuelPerTurn: most.fuel, memoryBytes: most.memory } })
  expect(await list(theater, 'boss')).toEqual([child])
  await theater.close()
})

it('a parent that is stopped in the middle of a spawn leaves no child', async () => {
  for (let rounds = 0; rounds < 8; rounds++) {
    const { store, theater } = await boss()
    const spawning = spawn(theater, 'boss', { component: parent, grants, limits: { descendants: 3 } }).catch(
      (error: unknown) => error,
    )
    for (let n = 0; n < rounds; n++) await setImmediate()
    await theater.stop('boss')
    await spawning
    await theater.idle()
    expect(theater.actors().filter(({ state }) => state !== 'stopped')).toEqual([])
    await theater.close()
    const said = Object.entries(await verdicts(store)).filter(([, verdict]) => verdict !== 'verified')
    expect(said).toEqual([])
  }
})
