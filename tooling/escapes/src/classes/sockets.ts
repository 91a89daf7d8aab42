/** What a client of an actor with WebSocket connections does, and what such an actor does to its clients. Its tests know forty more: `packages/handler-http/test/websocket-hostile.test.ts`. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { cGuest } from '@theater/guests'
import { http, type HttpGrant, type HttpLimits, type HttpOptions } from '@theater/handler-http'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { host, type Stage, stage } from '../stage.ts'

const common = { class: 'sockets' } as const
const TEXT = 0x81
const BINARY = 0x82
const PING = 0x89
/** The first piece of a message, and one in its middle. */
const BEGIN = 0x01
const MORE = 0x00

/** How the room is opened. */
interface Room {
  readonly limits?: Partial<HttpLimits>
  readonly server?: HttpOptions['server']
  readonly origins?: readonly string[]
}

/** An actor that does what the messages of its connections say, and a port that leads to it. */
async function room(
  { limits = {}, server, origins = ['none'] }: Room,
  attempt: (port: number, made: Stage) => Promise<Outcome>,
): Promise<Outcome> {
  await using handler = http({ ...(server !== undefined && { server }) })
  const outside = host('test:talker/host', {
    mark: { mode: 'async', run: (n: number) => n },
    peek: { mode: 'async', run: (n: number) => n },
  })
  const grant: HttpGrant = { websocket: [{ path: '/', origins }], limits }
  await using made = await stage(cGuest('talker'), {
    handlers: [handler, outside],
    grants: { http: { ...grant }, host: {} },
  })
  const { address } = handler
  if (address === undefined) throw new Error('nobody listens')
  return await attempt(address.port, made)
}

function handshake(...lines: readonly string[]): string {
  const version = lines.some((line) => line.startsWith('Sec-')) ? [] : [VERSION, KEY]
  return [
    'GET / HTTP/1.1',
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    ...version,
    ...lines,
    '\r\n',
  ].join('\r\n')
}

const VERSION = 'Sec-WebSocket-Version: 13'
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

/** A frame as a client sends it, with a mask of zeros. */
function frame(first: number, payload: string | Uint8Array = ''): Uint8Array {
  const bytes = Buffer.from(payload as string)
  const { length } = bytes
  const head = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 255]
  return Uint8Array.from([first, ...head, 0, 0, 0, 0, ...bytes])
}

/** The frame that closes a connection, as a host sends it. */
const closing = (code: number): string => String.fromCharCode(0x88, 2, code >> 8, code & 255)

/** Whether the head of an answer is there. */
const isHead = (text: string): boolean => text.includes('\r\n\r\n')

/** A client that says every byte itself. */
class Wire implements Disposable {
  readonly socket: Socket
  text = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (some) => (this.text += some.toString('latin1')))
  }

  static async open(port: number): Promise<Wire> {
    const wire = new Wire(connect({ host: '127.0.0.1', port, allowHalfOpen: true }))
    await once(wire.socket, 'connect')
    return wire
  }

  /** One that was accepted. */
  static async accepted(port: number): Promise<Wire> {
    const wire = await Wire.open(port)
    wire.say(handshake())
    await wire.until(isHead)
    return wire
  }

  say(...bytes: readonly (string | Uint8Array)[]): void {
    this.socket.write(Buffer.concat(bytes.map((one) => Buffer.from(one as string))))
  }

  /** What came, once it has something, or the other side has ended it. */
  async until(wanted: (text: string) => boolean): Promise<string> {
    while (!wanted(this.text) && !this.socket.readableEnded && !this.socket.destroyed)
      await Promise.race(['data', 'end', 'close'].map((name) => once(this.socket, name)))
    return this.text
  }

  get status(): string {
    return /^HTTP\/1\.1 (\d{3}) /.exec(this.text)?.[1] ?? 'closed'
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Handshakes of which the actor may hear nothing; the status of each. */
const unheard =
  (handshakes: readonly string[], options: Room = {}) =>
  (): Promise<Outcome> =>
    room(options, (port, made) =>
      variants(handshakes, async (bytes) => {
        const before = (await made.kinds()).length
        using wire = await Wire.open(port)
        wire.say(bytes)
        await wire.until(isHead)
        return (await made.kinds()).length > before
          ? through(`the actor was asked, and the client told ${wire.status}`)
          : stopped(wire.status)
      }),
    )

/** What a client sends on one connection; the code that it is told in place of an answer to the last of it. */
const unanswered =
  (code: number, sends: readonly Uint8Array[], answer: string, options: Room = {}) =>
  (): Promise<Outcome> =>
    room(options, async (port) => {
      using wire = await Wire.accepted(port)
      wire.text = ''
      wire.say(...sends)
      const end = closing(code)
      const text = await wire.until((some) => some.includes(end) || some.includes(answer))
      return text.includes(end) ? stopped(String(code)) : through('it was heard, and answered')
    })

/** How many messages went well, and how many of each error: not-open, too-large, full. */
const COUNTS = /\d+ \d+ \d+ (\d+)/

/** A message of more than a hundred bytes that is answered with few. */
const LONG = `e heard${'\np 1'.repeat(30)}`

const many = (count: number, one: Uint8Array): Uint8Array[] => Array.from({ length: count }, () => one)

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'sockets/a-page-of-another-origin',
    guard: 'socket-origins',
    code: '403',
    attempt: unheard(
      [
        'https://evil.example',
        'https://app.example.evil.example',
        'https://evil-app.example',
        'http://app.example',
        'https://app.example:8443',
      ].map((origin) => handshake(`Origin: ${origin}`)),
      { origins: ['self', 'https://app.example'] },
    ),
  },
  {
    ...common,
    id: 'sockets/a-client-that-names-no-origin',
    guard: 'socket-no-origin',
    code: '403',
    attempt: unheard([handshake()], { origins: ['self', 'https://*'] }),
  },
  {
    ...common,
    id: 'sockets/a-handshake-that-is-none',
    guard: 'socket-handshake',
    code: '400',
    attempt: unheard([
      handshake(KEY, 'Sec-WebSocket-Version: 8'),
      handshake(VERSION),
      handshake(VERSION, 'Sec-WebSocket-Key: c2hvcnQ='),
    ]),
  },
  {
    ...common,
    id: 'sockets/connections-without-end',
    guard: 'socket-connections',
    code: '503',
    attempt: () =>
      room({ limits: { connections: 2 } }, async (port) => {
        using _one = await Wire.accepted(port)
        using _two = await Wire.accepted(port)
        using third = await Wire.accepted(port)
        return third.status === '101' ? through('a third one is there, of two') : stopped(third.status)
      }),
  },
  {
    ...common,
    id: 'sockets/messages-that-wait-without-end',
    guard: 'socket-held',
    code: '1013',
    attempt: unanswered(1013, [frame(BINARY, 'x'.repeat(1000))], 'x'.repeat(1000), {
      server: { heldBytes: 1000 },
    }),
  },
  {
    ...common,
    id: 'sockets/a-message-that-is-too-large',
    guard: 'socket-message-bytes',
    code: '1009',
    // What it is answered with is short: the actor may say no more than that either.
    attempt: () =>
      variants(
        [[frame(TEXT, LONG)], [frame(BEGIN, LONG.slice(0, 60)), frame(0x80, LONG.slice(60))]],
        (sends) => unanswered(1009, sends, 'heard', { limits: { 'message-bytes': 100 } })(),
      ),
  },
  {
    ...common,
    id: 'sockets/a-message-in-pieces-without-end',
    guard: 'socket-message-frames',
    code: '1008',
    attempt: unanswered(
      1008,
      [frame(BEGIN, 'e '), ...many(8, frame(MORE, 'y')), frame(0x80, 'y')],
      'y'.repeat(9),
      {
        limits: { 'message-frames': 8 },
      },
    ),
  },
  {
    ...common,
    id: 'sockets/pings-without-end',
    guard: 'socket-pings',
    code: '1008',
    attempt: unanswered(1008, [...many(9, frame(PING)), frame(TEXT, 'e heard')], 'heard', {
      limits: { pings: 8, 'ping-ms': 60_000 },
    }),
  },
  {
    ...common,
    id: 'sockets/a-client-that-answers-nothing',
    guard: 'socket-silent',
    code: 'closed',
    attempt: () =>
      room({ limits: { 'ping-ms': 10 } }, async (port) => {
        using wire = await Wire.accepted(port)
        wire.text = ''
        // One ping it may leave without an answer until the next.
        const text = await wire.until((pings) => pings.length >= 8)
        return text.length < 8 ? stopped('closed') : through('it stays, whoever is there')
      }),
  },
  {
    ...common,
    id: 'sockets/more-than-a-client-takes',
    guard: 'socket-unsent',
    code: 'full',
    // The actor's own doing: what it says waits in the host's memory.
    attempt: () =>
      room({ limits: { 'unsent-bytes': 1000 } }, async (port) => {
        using wire = await Wire.accepted(port)
        wire.text = ''
        wire.say(frame(TEXT, 's 10 500'))
        wire.say(frame(TEXT, 'k'))
        const [, full = '0'] = COUNTS.exec(await wire.until((some) => COUNTS.test(some))) ?? []
        return full === '0' ? through('all of it waits') : stopped('full')
      }),
  },
]
