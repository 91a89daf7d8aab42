import { fakeActor } from '@theater/handler-conformance'
import type { FakeActorOptions } from '@theater/handler-conformance'
import { describe, expect, it, test } from 'vitest'
import { supervisor } from '../src/index.ts'
import type { SupervisorImports, SupervisorOptions } from '../src/index.ts'

const CHILDREN = 'theater:supervisor/children@0.1'
const component = new Uint8Array(32).fill(0xab)
const grant = { components: [`worker=sha256:${component.toHex()}`, `sha256:${'0'.repeat(64)}`] }
const params = { format: 'text/plain', body: new Uint8Array(3) }

async function bound(
  options: FakeActorOptions = {},
  limits: SupervisorOptions = {},
): Promise<{
  readonly actor: ReturnType<typeof fakeActor>
  readonly children: SupervisorImports[typeof CHILDREN]
}> {
  const actor = fakeActor({ onSpawn: () => ({ tag: 'made', id: 'actor.child-1' }), ...options })
  const { imports } = await supervisor(limits).bind(actor, grant)
  return { actor, children: imports[CHILDREN] }
}

describe('grants of a child', () => {
  test.each([
    ['', 'this is not JSON'],
    ['[]', 'grants are an object: a grant for each handler'],
    ['null', 'grants are an object: a grant for each handler'],
    ['{"log":{},"log":{"level":"error"}}', 'a key stands twice in one object'],
    ['{"log":{"level":"error","level":"trace"}}', 'a key stands twice in one object'],
    [`{"log":${'['.repeat(40)}${']'.repeat(40)}}`, 'grants are at most 32 levels deep'],
    [`{"log":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'grants are at most 32 levels deep'],
    [`{"log":"${'x'.repeat(65_536)}"}`, 'grants are at most 65536 characters'],
  ])('%s: %s', async (text, refused) => {
    const { actor, children } = await bound()
    await expect(children.spawn(component, params, text, {})).rejects.toMatchObject({
      payload: { tag: 'bad-grants', val: refused },
    })
    expect(actor.spawns).toEqual([])
  })

  test.each([
    '{}',
    ' { "log" : { } } ',
    String.raw`{"a:b":"\":{\\","c":[{"d":":"},{"d":1}]}`,
    '{"__proto__":{"components":[]}}',
    '{"constructor":{},"toString":{}}',
  ])('%s is handed on as it is', async (text) => {
    const { actor, children } = await bound()
    expect(await children.spawn(component, params, text, {})).toBe('actor.child-1')
    const [request] = actor.spawns
    expect(JSON.stringify(request?.grants)).toBe(JSON.stringify(JSON.parse(text)))
    expect(Object.getPrototypeOf(request?.grants)).toBe(Object.prototype)
  })
})

it('parameters that are too large are a limit', async () => {
  const { children } = await bound({}, { maxParamsBytes: 12 })
  await expect(children.spawn(component, params, '{}', {})).rejects.toMatchObject({
    payload: { tag: 'limit', val: 'params: at most 12 bytes' },
  })
})

it('what came of a child is the answer, case for case', async () => {
  const failure = { code: 'bad', message: 'no', detail: undefined }
  for (const outcome of [
    { tag: 'unknown-component' },
    { tag: 'trapped' },
    { tag: 'limit', val: 'descendants' },
    { tag: 'init', val: failure },
  ] as const) {
    const { children } = await bound({ onSpawn: () => outcome })
    await expect(children.spawn(component, params, '{}', {})).rejects.toMatchObject({ payload: outcome })
  }
})

it('a spawn that was under way is settled by what there is of the child', async () => {
  const intent = { fn: `${CHILDREN}#spawn`, args: [], ask: undefined }
  const settle = async (spawned: ReturnType<ReturnType<typeof fakeActor>['children']['spawned']>) => {
    const actor = fakeActor()
    const children = { ...actor.children, spawned: () => spawned }
    const binding = await supervisor().bind({ ...actor, children }, grant)
    return binding.reconcile?.(intent)
  }
  expect(await settle(undefined)).toBe('not-done')
  expect(await settle(Promise.resolve({ tag: 'made', id: 'a.child-9' }))).toEqual({ done: 'a.child-9' })
  expect(await settle(Promise.resolve({ tag: 'trapped' }))).toMatchObject({
    failed: { payload: { tag: 'trapped' } },
  })
})

it('names are for the actor to find digests by, and give no authority', async () => {
  const { children } = await bound()
  expect(children.components()).toEqual([['worker', component]])
  const handler = supervisor()
  const renamed = { components: [`other=sha256:${component.toHex()}`] }
  expect(handler.within(renamed, grant)).toBe(true)
  expect(handler.authorize(renamed, { spawn: 'other' })).toMatchObject({
    refused: expect.any(String) as string,
  })
})

it('nobody stops whom he has not made', async () => {
  const { children } = await bound()
  await expect(children.stop('somebody')).rejects.toMatchObject({ payload: { tag: 'not-my-child' } })
  const id = await children.spawn(component, params, '{}', {})
  await children.stop(id)
  await children.stop(id)
  expect(children.list()).toEqual([])
})
