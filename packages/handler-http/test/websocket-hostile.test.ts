import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryStore } from '@theater/event-chain'
import type { HttpLimits, ServerLimits } from '../src/index.ts'
import { everybody, frame, handshake, Parlour } from './websocket-support.ts'

const TEXT = 0x81
const BINARY = 0x82
const CLOSE = 0x88
const PING = 0x89
const PONG = 0x8a
/** Without the bit that says that it is the last of its message. */
const BEGIN = 0x01
const MORE = 0x00

/** One thing that a client may send, and the code that it is told. */
interface Attempt {
  readonly name: string
  readonly limits?: Partial<HttpLimits>
  readonly server?: Partial<ServerLimits>
  readonly sends: readonly Uint8Array[]
  readonly code: number
}

const many = (count: number, one: Uint8Array): Uint8Array[] => Array.from({ length: count }, () => one)
const unmasked = Uint8Array.of(TEXT, 2, 0x68, 0x69)
const huge = Uint8Array.of(BINARY, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

const attempts: readonly Attempt[] = [
  { name: 'a frame without a mask', sends: [unmasked], code: 1002 },
  { name: 'a frame that is compressed', sends: [frame(0xc1, 'x')], code: 1002 },
  { name: 'a frame with a reserved bit', sends: [frame(0xa1, 'x')], code: 1002 },
  { name: 'a frame of a kind that there is not', sends: [frame(0x83, 'x')], code: 1002 },
  { name: 'a control frame of a kind that there is not', sends: [frame(0x8b, 'x')], code: 1002 },
  { name: 'a ping in pieces', sends: [frame(0x09, 'x')], code: 1002 },
  { name: 'a ping that is too long', sends: [frame(PING, 'x'.repeat(126))], code: 1002 },
  { name: 'the rest of a message that never began', sends: [frame(0x80, 'x')], code: 1002 },
  { name: 'a message within a message', sends: [frame(BEGIN, 'x'), frame(TEXT, 'y')], code: 1002 },
  { name: 'a frame that claims more bytes than there are numbers', sends: [huge], code: 1009 },
  { name: 'a frame that claims a gigabyte', sends: [frame(BINARY, 'x', 1 << 30)], code: 1009 },
  {
    name: 'a message that is too large',
    limits: { 'message-bytes': 100 },
    sends: [frame(BINARY, 'x'.repeat(101))],
    code: 1009,
  },
  {
    name: 'a message that is too large as a whole',
    limits: { 'message-bytes': 100 },
    sends: [frame(BEGIN, 'x'.repeat(60)), frame(MORE, 'x'.repeat(60))],
    code: 1009,
  },
  {
    name: 'a message in more pieces than it may have',
    limits: { 'message-frames': 8 },
    sends: [frame(BEGIN, ''), ...many(8, frame(MORE, ''))],
    code: 1008,
  },
  {
    name: 'a message that never ends, and answers in between',
    limits: { 'message-frames': 8, 'ping-ms': 60_000 },
    sends: [frame(BEGIN, 'x'), ...many(10, frame(MORE, 'x')).flatMap((one) => [one, frame(PONG)])],
    code: 1008,
  },
  {
    name: 'a message of which more waits than all of them may',
    server: { heldBytes: 1000 },
    sends: [frame(BINARY, 'x'.repeat(1000))],
    code: 1013,
  },
  {
    name: 'a message that the actor is too small for',
    sends: [frame(BINARY, 'x'.repeat(5000))],
    code: 1009,
  },
  { name: 'text that is no UTF-8', sends: [frame(TEXT, Uint8Array.of(0xc3, 0x28))], code: 1007 },
  {
    name: 'text that is no UTF-8 over two frames',
    sends: [frame(BEGIN, Uint8Array.of(0xe2, 0x82)), frame(0x80, Uint8Array.of(0x28))],
    code: 1007,
  },
  { name: 'a surrogate as UTF-8', sends: [frame(TEXT, Uint8Array.of(0xed, 0xa0, 0x80))], code: 1007 },
  { name: 'a close frame of one byte', sends: [frame(CLOSE, 'x')], code: 1002 },
  { name: 'a close frame with a code that there is not', sends: [frame(CLOSE, '\u0003\u0027')], code: 1002 },
  {
    name: 'a close frame with a reason that is no UTF-8',
    sends: [frame(CLOSE, Uint8Array.of(0x03, 0xe8, 0xff))],
    code: 1007,
  },
  { name: 'pings without end', limits: { pings: 8 }, sends: many(9, frame(PING, 'x')), code: 1008 },
  { name: 'pongs that nobody asked for', limits: { pings: 8 }, sends: many(9, frame(PONG, 'x')), code: 1008 },
]

describe('a client that sends', () => {
  for (const { name, limits = {}, server = {}, sends, code } of attempts) {
    it(`${name} is told ${code}, and nobody else is`, async () => {
      const store = memoryStore()
      await using parlour = await Parlour.open({
        http: { server },
        grant: { ...everybody, limits: { ...limits } },
        store,
        spawn: { limits: { messageBytes: 4096 } },
      })
      const good = await parlour.client('/notes')
      const bad = await parlour.frames('/bad')
      await bad.send(Buffer.concat(sends))
      const tail = Buffer.from([0x88, 2, code >> 8, code & 255]).toString('latin1')
      // Some of it may be answered before: pings are.
      await bad.until((text) => text.includes(tail))
      good.say('l')
      expect(await good.next()).toBe(`open /notes none\nopen /bad none\nclose violated ${code}\n`)
      expect(await parlour.verdicts()).toEqual({ talker: 'verified' })
    })
  }

  it('something behind its close frame is not heard', async () => {
    await using parlour = await Parlour.open()
    const wire = await parlour.frames('/closed')
    await wire.send(Buffer.concat([frame(CLOSE, Uint8Array.of(0x0f, 0xa0)), frame(TEXT, 't')]))
    await wire.until((text) => text.endsWith('\x88\x02\x0f\xa0'))
    wire.socket.end()
    while ((await parlour.heard('/closed')) === undefined) await parlour.theater.idle()
    expect(await parlour.heard('/closed')).toBe('client')
  })
})

describe('a client that', () => {
  let parlour: Parlour
  beforeAll(async () => {
    const limits = { 'ping-ms': 5, pings: 65_536, 'header-bytes': 4096 }
    parlour = await Parlour.open({
      http: { server: { stopMs: 5 } },
      grant: { ...everybody, limits },
    })
  })
  afterAll(() => parlour[Symbol.asyncDispose]())

  const silent: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['does not answer pings', []],
    ['begins a frame and never ends it', [frame(TEXT, 'e', 1000).subarray(0, 7)]],
    ['sends less than a header', [Uint8Array.of(TEXT)]],
    ['stops within a message', [frame(BEGIN, 'e on')]],
    ['does not answer, and pings', many(3, frame(PING))],
  ]
  it.each(silent)('%s is gone', async (_name, sends) => {
    const path = `/silent-${silent.findIndex(([, one]) => one === sends)}`
    const wire = await parlour.frames(path)
    await wire.send(Buffer.concat(sends))
    await wire.ended()
    // It is told to the actor behind what it is at.
    while ((await parlour.heard(path)) === undefined) await parlour.theater.idle()
    expect(await parlour.heard(path)).toBe('lost')
  })

  const handshakes: readonly (readonly [string, (said: string) => string, number])[] = [
    ['speaks another version', (said) => said.replace('Version: 13', 'Version: 8'), 400],
    ['gives no key', (said) => said.replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
    ['gives a key that is too short', (said) => said.replace('dGhl', ''), 400],
    ['has a body', (said) => said.replace('Upgrade: ', 'Content-Length: 3\r\nUpgrade: '), 426],
    [
      'has a body in chunks',
      (said) => said.replace('Upgrade: ', 'Transfer-Encoding: chunked\r\nUpgrade: '),
      426,
    ],
    ['names two hosts', (said) => said.replace('Upgrade: ', 'Host: localhost\r\nUpgrade: '), 400],
    ['speaks HTTP/1.0', (said) => said.replace('HTTP/1.1', 'HTTP/1.0'), 400],
    [
      'offers subprotocols that are none',
      (said) => said.replace('Upgrade: ', 'Sec-WebSocket-Protocol: a b\r\nUpgrade: '),
      400,
    ],
    [
      'offers one twice',
      (said) => said.replace('Upgrade: ', 'Sec-WebSocket-Protocol: a, a\r\nUpgrade: '),
      400,
    ],
    ['posts', (said) => said.replace('GET', 'POST'), 426],
    ['wants something else', (said) => said.replace('Upgrade: websocket', 'Upgrade: h2c'), 426],
    ['wants nothing', (said) => said.replace('Upgrade: websocket\r\n', ''), 426],
    [
      'has a header that is too long',
      (said) => said.replace('Upgrade: ', `X-Long: ${'x'.repeat(5000)}\r\nUpgrade: `),
      431,
    ],
  ]
  it.each(handshakes)(
    '%s is answered with its status, and no actor is asked',
    async (_name, change, status) => {
      const wire = await parlour.wire()
      await wire.send(change(handshake('/handshake')))
      await wire.until((text) => text.includes('\r\n\r\n'))
      expect(wire.statuses[0]).toBe(status)
      wire.socket.destroy()
      expect(await parlour.turns()).not.toContain('/handshake')
    },
  )

  it('speaks before it is told is cut off', async () => {
    const wire = await parlour.wire()
    await wire.send(Buffer.concat([Buffer.from(handshake('/early')), frame(TEXT, 'e early')]))
    expect(await wire.ended()).toBe('')
  })

  it('asks behind a request that is not answered is a client of HTTP', async () => {
    const wire = await parlour.wire()
    await wire.send(`GET / HTTP/1.1\r\nHost: localhost\r\n\r\n${handshake('/behind')}`)
    await wire.until((text) => text.split('HTTP/1.1 ').length === 3)
    expect(wire.statuses).toEqual([426, 426])
  })
})
