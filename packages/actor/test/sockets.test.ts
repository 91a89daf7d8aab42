import { defineActor, Failure, SocketError } from '@theater/actor'
import { describe, expect, test } from 'vitest'
import { analyse } from '../src/build/analyse.ts'
import { worldOf } from '../src/build/world.ts'
import { FakeHost, Served } from './fake-host.ts'

const request = (path: string) => ({
  pathWithQuery: path,
  authority: 'localhost',
  headers: [['x-a', '1']] as [string, string][],
  origin: undefined,
  subprotocols: ['chat'],
})

function room(): { host: FakeHost; actor: Served } {
  const host = new FakeHost()
  const actor = defineActor({
    uses: ['websocket', 'log'],
    state: { heard: [] as string[] },
    websocket: {
      open({ state }, socket, { path, headers, subprotocols }) {
        socket.send('hello')
        state.heard.push(`open ${path} ${headers.length} ${subprotocols.join()}`)
        if (path === '/401') throw new Failure('401', 'who are you')
        if (path === '/no') throw new Failure('no', 'not you')
        if (path === '/bug') throw new Error('secret')
        return path === '/chat' ? 'chat' : undefined
      },
      message(ctx, socket, data) {
        if (data === 'now') socket.sendNow('now')
        if (data instanceof Uint8Array) socket.send(data)
        for (const one of ctx.sockets()) one.send(`all ${typeof data}`)
        if (data === 'bye') ctx.socket('two').close(4000, 'bye')
        if (data === 'fail') throw new Failure('no', 'no')
        ctx.state.heard.push(`message ${typeof data}`)
      },
      close({ state }, { id }, { how, code, reason }) {
        state.heard.push(`close ${id} ${how} ${code ?? ''} ${reason}`.trimEnd())
      },
    },
    messages: { heard: ({ state }) => state.heard },
  })
  return { host, actor: new Served(actor, host.all()) }
}

/** What was thrown for the bindings. */
async function refused(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return (error as { payload: unknown }).payload
  }
  throw new Error('nothing was thrown')
}

describe('a WebSocket connection', () => {
  test('is accepted, with a subprotocol or none, or refused with a status', async () => {
    const { host, actor } = room()
    const { handleOpen } = actor.exports.websocketHandler
    expect(await handleOpen('one', request('/chat'))).toBe('chat')
    expect(await handleOpen('two', request('/'))).toBeUndefined()
    expect(host.calls.filter((call) => call.startsWith('say'))).toEqual([
      'say one text hello',
      'say two text hello',
    ])
    const answers = [
      ['/401', { status: 401, reason: 'who are you' }],
      ['/no', { status: 403, reason: 'not you' }],
      ['/bug', { status: 500, reason: 'The actor failed.' }],
    ] as const
    for (const [path, answer] of answers)
      expect(await refused(() => handleOpen('three', request(path)))).toEqual(answer)
    expect(await actor.request('heard')).toEqual(['open /chat 1 chat', 'open / 1 chat'])
    expect(host.calls.join()).not.toContain('three')
  })

  test('is spoken on when the handler has succeeded, and not when it throws', async () => {
    const { host, actor } = room()
    const { handleMessage, handleClose } = actor.exports.websocketHandler
    await handleMessage('one', { tag: 'binary', val: Uint8Array.of(1, 2) })
    await handleMessage('one', { tag: 'text', val: 'bye' })
    expect(await refused(() => handleMessage('one', { tag: 'text', val: 'fail' }))).toMatchObject({
      code: 'no',
    })
    await handleClose('one', { tag: 'client', val: { code: 4001, reason: 'enough' } })
    await handleClose('two', { tag: 'violated', val: 1009 })
    await handleClose('two', { tag: 'restarted' })
    expect(host.calls).toEqual([
      'say one binary 1,2',
      'say one text all object',
      'say two text all object',
      'say one text all string',
      'say two text all string',
      'close two 4000 bye',
    ])
    expect(await actor.request('heard')).toEqual([
      'message object',
      'message string',
      'close one client 4001 enough',
      'close two violated 1009',
      'close two restarted',
    ])
  })

  test('whose client has gone, or is slow, undoes no turn; a message that is too large does', async () => {
    const { host, actor } = room()
    const { handleMessage } = actor.exports.websocketHandler
    host.unsent.set('one', { tag: 'not-open' })
    host.unsent.set('two', { tag: 'full', val: 10n })
    await handleMessage('one', { tag: 'text', val: 'x' })
    expect(host.calls).toEqual(['say one text all string', 'say two text all string', 'close two 1013'])
    host.unsent.set('two', { tag: 'too-large', val: 10n })
    expect(await refused(() => handleMessage('one', { tag: 'text', val: 'x' }))).toMatchObject({
      code: 'send-failed',
    })
    expect(await refused(() => handleMessage('one', { tag: 'text', val: 'now' }))).toMatchObject({
      code: 'exception',
    })
    expect(await actor.request('heard')).toEqual(['message string'])
    const error = new SocketError('one', { tag: 'full', val: 10n })
    expect([SocketError.is(error), error.code, error.limit]).toEqual([true, 'full', 10])
  })

  test('is in the world of an actor that has some', () => {
    const source = `import { defineActor } from '@theater/actor'\nexport default defineActor({ uses: ['websocket'], websocket: {} })`
    const { wit } = worldOf(analyse('actor.ts', source))
    expect(wit).toContain('import theater:http/websocket@0.1.0;')
    expect(wit).toContain('export theater:http/websocket-handler@0.1.0;')
    expect(() => analyse('actor.ts', source.replace("'websocket'", ''))).toThrow(
      "websocket needs 'websocket' in uses",
    )
  })
})
