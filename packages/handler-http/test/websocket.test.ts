import { describe, expect, it } from 'vitest'
import { memoryStore, readEvents, type Store } from '@theater/event-chain'
import type { HttpGrant } from '../src/index.ts'
import { until } from './serving-support.ts'
import { everybody, frame, handshake, Parlour } from './websocket-support.ts'

/** Something that a test opens. */
function gate(): { readonly reached: Promise<void>; readonly wait: () => Promise<number>; open(): void } {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<number>()
  return {
    reached: reached.promise,
    wait: () => {
      reached.resolve()
      return opened.promise
    },
    open: () => opened.resolve(0),
  }
}

/** The kinds of events that a record has of one function. */
async function kindsOf(store: Store, fn: string): Promise<string[]> {
  const kinds: string[] = []
  const [info] = await store.list()
  if (info === undefined) return kinds
  const calls = new Set<number>()
  for await (const { seq, kind, content } of readEvents(store, info.chain, 0)) {
    if (kind === 'call' && content?.fn.endsWith(fn) === true) {
      calls.add(seq)
      kinds.push(content.outcome === null ? 'intent' : 'call')
    } else if ((kind === 'result' || kind === 'send') && calls.has(content?.call ?? -1)) kinds.push(kind)
  }
  return kinds
}

/** Lets the event loop turn. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
}

describe('a WebSocket connection', () => {
  it('is opened, takes text and bytes both ways in their order, and is closed by its client', async () => {
    await using parlour = await Parlour.open()
    const client = await parlour.client('/hello?room=7', { headers: { 'X-Room': 'seven' } })
    expect(client.socket.extensions).toBe('')
    client.say('e one\nb two')
    client.say(Buffer.from([0, 255, 128]))
    client.say('h x-room\nh sec-websocket-key\ne grüße 🎭')
    expect(await client.some(7)).toEqual([
      'hello',
      'one',
      Buffer.from('two'),
      Buffer.from([0, 255, 128]),
      'seven',
      'none',
      'grüße 🎭',
    ])
    client.socket.close(4001, 'enough')
    expect(await client.closed).toEqual([4001, 'enough'])
    expect(await parlour.notes()).toEqual(['open /hello?room=7 none', 'close client 4001 enough'])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('is refused with the status that the actor says, or 403, and with 502 where it traps', async () => {
    await using parlour = await Parlour.open()
    for (const [path, status] of [
      ['/refuse/401', 401],
      ['/refuse/503', 503],
      ['/refuse/101', 403],
      ['/refuse/200', 403],
      ['/refuse/600', 403],
      ['/trap', 502],
    ] as const)
      expect(await parlour.refused(path)).toBe(status)
    const client = await parlour.client()
    client.say('n')
    expect(await client.next()).toBe('1')
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('has a subprotocol that the client offers, the grant has and the actor takes', async () => {
    const grant: HttpGrant = {
      websocket: [{ path: '/', origins: ['none'], subprotocols: ['chat.v1', 'chat.v2'] }],
    }
    await using parlour = await Parlour.open({ grant })
    const client = await parlour.client('/as/chat.v1', { protocols: ['chat.v3', 'chat.v2', 'chat.v1'] })
    expect(client.socket.protocol).toBe('chat.v1')
    client.socket.close()
    await client.closed
    // Of those that nobody offered, or that are not granted, there is none: the actor hears that nothing came of it.
    const wire = await parlour.wire()
    await wire.send(handshake('/as/chat.v3', ['Sec-WebSocket-Protocol: chat.v3']))
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 502 /)
    expect(await parlour.notes()).toEqual([
      'open /as/chat.v1 none chat.v2 chat.v1',
      'close client 1005',
      'open /as/chat.v3 none',
      'close lost',
    ])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('is closed by the actor, behind all that it had sent, and takes nothing afterwards', async () => {
    await using parlour = await Parlour.open()
    const other = await parlour.client('/other')
    const wire = await parlour.frames('/wire')
    // In one piece, so that the second is there when the first closes the connection.
    await wire.send(Buffer.concat([frame(0x81, 'e last\nc 4000 bye\ne never'), frame(0x81, 'a never')]))
    await wire.until((text) => text.includes('bye'))
    expect(wire.received.slice(wire.received.indexOf('\r\n\r\n') + 4)).toBe('\x81\x04last\x88\x05\x0f\xa0bye')
    other.say('k\nn\nc 1005 no\nc 1000 ' + 'x'.repeat(124) + '\nc 1000 well')
    expect(await other.some(4)).toEqual(['1 1 0 0', '1', '2', '3'])
    expect(await other.closed).toEqual([1000, 'well'])
    // What the actor has closed it does not hear the end of.
    expect(await parlour.notes()).toEqual(['open /other none', 'open /wire none'])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('stays open when the actor fails over a message', async () => {
    await using parlour = await Parlour.open()
    const client = await parlour.client()
    client.say('e one\nf')
    client.say('e two')
    expect(await client.some(2)).toEqual(['one', 'two'])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('is closed with all others when a turn of the actor traps, and nothing of that turn is seen', async () => {
    await using parlour = await Parlour.open()
    const one = await parlour.client('/one')
    const two = await parlour.client('/two')
    one.say('a never\nt')
    expect([await one.closed, await two.closed]).toEqual([
      [1011, ''],
      [1011, ''],
    ])
    await expect(two.next()).rejects.toThrow('closed')
    expect(await parlour.notes()).toEqual([
      'open /one none',
      'open /two none',
      'close trapped',
      'close trapped',
    ])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('does not outlive the host: the next one tells the actor', async () => {
    const store = memoryStore()
    {
      await using parlour = await Parlour.open({ store })
      const client = await parlour.client('/first')
      const closed = await parlour.client('/closed')
      closed.say('c 1000')
      await closed.closed
      await parlour.theater.close()
      expect(await client.closed).toEqual([1001, ''])
    }
    await using parlour = await Parlour.open({ store })
    const again = await parlour.client('/again')
    again.say('n')
    expect(await again.next()).toBe('1')
    again.socket.terminate()
    const notes = await parlour.notes()
    expect(notes.slice(0, 4)).toEqual([
      'open /first none',
      'open /closed none',
      'close restarted',
      'open /again none',
    ])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('is closed when its actor is stopped', async () => {
    await using parlour = await Parlour.open()
    const client = await parlour.client()
    await parlour.theater.stop('talker')
    expect(await client.closed).toEqual([1001, ''])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('that a client leaves before it is told is told to the actor only where it has begun', async () => {
    const busy = gate()
    await using parlour = await Parlour.open({ outside: { peek: busy.wait } })
    const client = await parlour.client('/busy')
    client.say('p 1\ne done')
    await busy.reached
    const wire = await parlour.wire()
    await wire.send(handshake('/gone'))
    wire.socket.end()
    await wire.ended()
    busy.open()
    expect(await client.next()).toBe('done')
    expect(await parlour.notes()).toEqual(['open /busy none'])
  })
})

describe('what an actor says on a connection', () => {
  it('leaves at the end of the turn, or before its next outside effect', async () => {
    const effect = gate()
    const look = gate()
    await using parlour = await Parlour.open({ outside: { mark: effect.wait, peek: look.wait } })
    const one = await parlour.client('/one')
    one.say('e first\nm 1\ne second\np 1\ne third')
    await effect.reached
    expect(await one.next()).toBe('first')
    effect.open()
    await look.reached
    // A look outside is no outside effect: what was said before it waits.
    const kinds = await kindsOf(parlour.store, 'websocket@0.1.0#send')
    expect(kinds.filter((kind) => kind === 'send')).toEqual(['send'])
    look.open()
    expect(await one.some(2)).toEqual(['second', 'third'])
    one.say('e seen\nm 1\ne unseen\nt')
    expect(await one.next()).toBe('seen')
    expect(await one.closed).toEqual([1011, ''])
    await expect(one.next()).rejects.toThrow('closed')
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('leaves at once where the grant says stream, as an outside effect', async () => {
    const look = gate()
    await using parlour = await Parlour.open({
      grant: { ...everybody, stream: true },
      outside: { peek: look.wait },
    })
    const client = await parlour.client('/hello')
    client.say('e first\np 1\ne second\nc 4000 third')
    expect(await client.some(2)).toEqual(['hello', 'first'])
    await look.reached
    const kinds = await kindsOf(parlour.store, 'websocket@0.1.0#send')
    expect(kinds.filter((kind) => kind !== 'result')).toEqual(['intent', 'intent'])
    look.open()
    expect(await client.next()).toBe('second')
    expect(await client.closed).toEqual([4000, 'third'])
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('reaches all connections', async () => {
    await using parlour = await Parlour.open()
    const clients = [await parlour.client(), await parlour.client(), await parlour.client()]
    clients[1]?.say('a to all')
    for (const client of clients) expect(await client.next()).toBe('to all')
    clients[0]?.say('n')
    expect(await clients[0]?.next()).toBe('3')
  })
})

describe('back-pressure', () => {
  it('tells the actor that a client has as much to take as may wait', async () => {
    const limits = { 'unsent-bytes': 100_000, 'message-bytes': 50_000 }
    await using parlour = await Parlour.open({ grant: { ...everybody, limits } })
    const client = await parlour.client()
    client.say('s 12 10000\ns 1 50001\nk')
    expect(await client.some(10)).toEqual(Array.from({ length: 10 }, () => Buffer.alloc(10_000)))
    // The counts themselves found no room.
    client.say('k')
    expect(await client.next()).toBe('0 0 0 1')
    client.say('s 10 10000')
    expect(await client.some(10)).toHaveLength(10)
    client.say('k')
    expect(await client.next()).toBe('11 0 0 0')
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })

  it('counts what a client that does not read has not taken in later turns', async () => {
    const limits = { 'unsent-bytes': 200_000 }
    await using parlour = await Parlour.open({ grant: { ...everybody, limits } })
    const slow = await parlour.client('/slow')
    const other = await parlour.client('/other')
    slow.socket.pause()
    // Each of its own turns; until what is between the two ends is full as well.
    let full = 0
    for (let i = 0; i < 500 && full === 0; i++) {
      for (let k = 0; k < 2; k++) slow.say('s 2 100000')
      other.say('k')
      full = Number(String(await other.next()).split(' ')[3])
    }
    expect(full).toBeGreaterThan(0)
    slow.socket.resume()
    expect(Buffer.from((await slow.next()) as Buffer)).toHaveLength(100_000)
  })

  it('holds an actor whose grant says stream until the client takes what it says', async () => {
    const limits = { 'unsent-bytes': 200_000 }
    const grant = { ...everybody, stream: true, limits }
    const after = gate()
    await using parlour = await Parlour.open({ grant, outside: { peek: after.wait } })
    const client = await parlour.client()
    client.socket.pause()
    client.say('s 80 200000\np 1\nk')
    const sent = (): number => parlour.events
    // It stands still before the last of 16 MB, which is more than lies between the two ends.
    let before = -1
    while (before !== sent()) {
      before = sent()
      await turns(50)
    }
    expect(before).toBeLessThan(160)
    client.socket.resume()
    await after.reached
    expect(sent()).toBeGreaterThan(160)
    after.open()
    expect(await client.some(80)).toHaveLength(80)
    expect(await client.next()).toBe('80 0 0 0')
  })

  it('cuts off a client that does not take what was sent to it in time', async () => {
    const limits = { 'unsent-bytes': 64 * 1024 * 1024 }
    await using parlour = await Parlour.open({
      http: { server: { sendMs: 1 } },
      grant: { ...everybody, limits },
    })
    const wire = await parlour.frames('/slow')
    wire.socket.pause()
    await wire.send(frame(0x81, 's 64 262144'))
    while ((await parlour.heard('/slow')) === undefined) await parlour.theater.idle()
    expect(await parlour.heard('/slow')).toBe('slow')
  })

  it('reads no more of a client than its actor handles', async () => {
    const busy = gate()
    // Room for two messages of thirty: whoever read on would have to close the connection.
    const server = { heldBytes: 150_000 }
    await using parlour = await Parlour.open({ http: { server }, outside: { peek: busy.wait } })
    const client = await parlour.client()
    client.say('p 1')
    await busy.reached
    for (let i = 0; i < 30; i++) client.say(Buffer.alloc(60_000, i))
    busy.open()
    for (let i = 0; i < 30; i++) expect(await client.next()).toEqual(Buffer.alloc(60_000, i))
  })

  it('keeps messages of many connections in order where the mailbox holds one', async () => {
    const busy = gate()
    await using parlour = await Parlour.open({
      outside: { peek: busy.wait },
      spawn: { limits: { mailbox: 1 } },
    })
    const clients = [
      await parlour.client(),
      await parlour.client(),
      await parlour.client(),
      await parlour.client(),
    ]
    clients[0]?.say('p 1')
    await busy.reached
    for (const [i, client] of clients.entries()) for (let n = 0; n < 5; n++) client.say(`e ${i} ${n}`)
    busy.open()
    for (const [i, client] of clients.entries())
      expect(await client.some(5)).toEqual([0, 1, 2, 3, 4].map((n) => `${i} ${n}`))
    expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
  })
})

describe('who may connect', () => {
  const origins: readonly (readonly [string, readonly string[], string | undefined, string, number])[] = [
    ['nobody, where none is named', [], undefined, 'localhost', 403],
    ['no page, where only programs may', ['none'], 'http://localhost', 'localhost', 403],
    ['no program, where only pages may', ['self', 'https://*'], undefined, 'localhost', 403],
    ['a page of the host itself', ['self'], 'http://localhost:8080', 'localhost:8080', 101],
    ['a page of the host behind a proxy for TLS', ['self'], 'https://localhost', 'localhost', 101],
    ['no page of another port', ['self'], 'http://localhost:8081', 'localhost:8080', 403],
    ['no page of another host', ['self'], 'http://evil.example', 'localhost', 403],
    ['a page of an origin that is named', ['https://app.example'], 'https://app.example', 'localhost', 101],
    ['as the browser writes it', ['https://app.example'], 'https://APP.example:443', 'localhost', 101],
    ['not over another scheme', ['https://app.example'], 'http://app.example', 'localhost', 403],
    ['not below it', ['https://app.example'], 'https://a.app.example', 'localhost', 403],
    ['what a pattern covers', ['https://*.example'], 'https://app.example', 'localhost', 101],
    ['not what ends alike', ['https://*.example'], 'https://app.example.evil', 'localhost', 403],
    ['no page that has no origin', ['https://*', 'http://*', 'self', 'none'], 'null', 'localhost', 403],
    ['no two origins', ['https://*'], 'https://a.example, https://b.example', 'localhost', 403],
    ['no origin with a path', ['https://*'], 'https://a.example/x', 'localhost', 403],
  ]
  it.each(origins)('%s: %o for %s at %s is %i', async (_name, allowed, origin, host, status) => {
    await using parlour = await Parlour.open({ grant: { websocket: [{ path: '/', origins: allowed }] } })
    const wire = await parlour.wire()
    const said = handshake('/', origin === undefined ? [] : [`Origin: ${origin}`])
    await wire.send(said.replace('Host: localhost', `Host: ${host}`))
    expect(await wire.until((text) => text.includes('\r\n\r\n'))).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} `),
    )
  })

  it('is told to an actor, whom none reaches that may not', async () => {
    const grant: HttpGrant = { websocket: [{ path: '/chat', origins: ['https://app.example', 'none'] }] }
    await using parlour = await Parlour.open({ grant })
    const client = await parlour.client('/chat', { headers: { Origin: 'https://app.example' } })
    client.socket.close()
    await client.closed
    expect(await parlour.refused('/chat', { headers: { Origin: 'https://evil.example' } })).toBe(403)
    // Beside the route the request is one like all others.
    expect(await parlour.refused('/other')).toBe(404)
    expect(await parlour.refused('/chat', { headers: { Host: 'rebound.example' } })).toBe(421)
    const chat = await parlour.client('/chat/notes')
    chat.say('l')
    expect(await chat.next()).toBe(
      'open /chat https://app.example\nclose client 1005\nopen /chat/notes none\n',
    )
  })

  it('is told to use a WebSocket where nobody answers requests', async () => {
    await using parlour = await Parlour.open()
    const response = await fetch(`http://127.0.0.1:${parlour.port}/`)
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket'])
  })

  it('is bound to a number of connections', async () => {
    await using parlour = await Parlour.open({ grant: { ...everybody, limits: { connections: 2 } } })
    const clients = [await parlour.client(), await parlour.client()]
    expect(await parlour.refused()).toBe(503)
    const { events } = parlour
    clients[0]?.socket.close()
    await until(() => parlour.events > events)
    clients.push(await parlour.client())
    expect(await parlour.refused()).toBe(503)
  })

  it('reaches those that share a route one after another', async () => {
    const shared: HttpGrant = { websocket: [{ path: '/', origins: ['none'], shared: true }] }
    await using parlour = await Parlour.open({ grant: shared })
    await parlour.spawn('other', shared)
    const clients = [
      await parlour.client(),
      await parlour.client(),
      await parlour.client(),
      await parlour.client(),
    ]
    for (const client of clients) client.say('n')
    expect(await Promise.all(clients.map((client) => client.next()))).toEqual(['2', '2', '2', '2'])
    await expect(parlour.spawn('third', { websocket: [{ path: '/', origins: ['none'] }] })).rejects.toThrow(
      'Only one of them shares it',
    )
  })
})
