import assert from 'node:assert/strict'
import { fakeActor } from '../fake-actor.ts'
import {
  bytes,
  drained,
  drop,
  errorOf,
  Guest,
  listed,
  SECRET,
  type Answer,
  type IncomingRequest,
} from './guest.ts'
import { dial, END, type Line } from './peer.ts'
import type { HttpLaw } from './subject.ts'

/** The export that answers requests. */
const ANSWERS = 'wasi:http/incoming-handler@0.2#handle'

type Answers = (guest: Guest, request: IncomingRequest, outparam: object) => Promise<void> | void

/** A law about one request that comes in, the actor that answers it, and what the client reads; the connection is closed after that. */
function law(name: string, sent: string, answers: Answers, reads: (line: Line) => void): HttpLaw {
  return {
    name,
    async run({ make, serves }) {
      if (serves === undefined) return
      const handler = make(SECRET)
      const { promise: bound, resolve } = Promise.withResolvers<Guest>()
      let failure: unknown = new assert.AssertionError({ message: 'the actor was not asked' })
      const actor = fakeActor({
        exports: {
          async [ANSWERS](args) {
            try {
              await answers(await bound, args[0] as IncomingRequest, args[1] as object)
              // The turn is over: the guest is left with nothing.
              drop(args[1] as object)
              failure = undefined
            } catch (error) {
              failure = error
              throw error
            }
          },
        },
      })
      const guest = new Guest(handler, await handler.bind(actor, serves.grant as never))
      resolve(guest)
      try {
        const line = await dial(serves.port(handler))
        line.say(sent)
        await line.ended()
        if (failure !== undefined) throw failure
        reads(line)
      } finally {
        await guest[Symbol.asyncDispose]()
        await handler[Symbol.asyncDispose]?.()
      }
    },
  }
}

const head = (line: string, ...fields: readonly string[]): string =>
  `${[line, 'Host: localhost', 'Connection: close', ...fields].join('\r\n')}${END}`

function answer(guest: Guest, headers: Readonly<Record<string, string>> = {}): Answer {
  return guest.types['[constructor]outgoing-response'](guest.fields(headers))
}

function set(guest: Guest, outparam: object, val: Answer): void {
  guest.types['[static]response-outparam.set'](outparam, { tag: 'ok', val })
}

const statusOf = ({ read }: Line): string => read.slice(9, 12)

/** One for each thing that the WIT says of a request that comes in, and of its answer. */
export const lawsOfIncoming: readonly HttpLaw[] = [
  law(
    'a request that comes in is as it was sent',
    `${head('PUT /in?a=b HTTP/1.1', 'X-In: 1', 'x-in: 2', 'Content-Length: 4')}body`,
    async (guest, request, outparam) => {
      assert.deepEqual(request.method(), { tag: 'put' })
      assert.equal(request.pathWithQuery(), '/in?a=b')
      assert.deepEqual(request.scheme(), { tag: 'HTTP' })
      assert.equal(request.authority(), 'localhost')
      assert.deepEqual(
        listed(request.headers()).filter(([name]) => /^x-/i.test(name)),
        [
          ['X-In', '1'],
          ['x-in', '2'],
        ],
      )
      assert.deepEqual(await drained(request.consume().stream()), ['body', 'closed'])
      set(guest, outparam, answer(guest))
    },
    (line) => assert.equal(statusOf(line), '200'),
  ),
  law(
    'fields of a request that comes in do not change, and its body is consumed once',
    head('GET /fixed HTTP/1.1', 'x-in-fixed: 1'),
    async (guest, request, outparam) => {
      const fields = request.headers()
      assert.equal(await errorOf(() => fields.set('x-in-fixed', [])), 'immutable')
      assert.equal(await errorOf(() => fields.append('x-in-fixed', bytes('2'))), 'immutable')
      assert.equal(await errorOf(() => fields.delete('x-in-fixed')), 'immutable')
      request.consume()
      assert.equal(await errorOf(() => request.consume()), 'refused')
      set(guest, outparam, answer(guest))
    },
    (line) => assert.equal(statusOf(line), '200'),
  ),
  law(
    'trailers of a request that comes in are those that were sent',
    `${head('POST /in-trailers HTTP/1.1', 'Transfer-Encoding: chunked')}2\r\nab\r\n0\r\nX-In-Sum: 2${END}`,
    async (guest, request, outparam) => {
      const got = await guest.trailers(request.consume())
      assert.deepEqual(got.tag === 'ok' && listed(got.val), [['X-In-Sum', '2']])
      set(guest, outparam, answer(guest))
    },
    (line) => assert.equal(statusOf(line), '200'),
  ),
  law(
    'an answer is 200 when it is made, and takes a status only',
    head('GET /status HTTP/1.1'),
    async (guest, _request, outparam) => {
      const made = answer(guest)
      assert.equal(made.statusCode(), 200)
      for (const none of [0, 99, 1000]) assert.equal(await errorOf(() => made.setStatusCode(none)), 'refused')
      made.setStatusCode(418)
      assert.equal(made.statusCode(), 418)
      set(guest, outparam, made)
    },
    (line) => assert.equal(statusOf(line), '418'),
  ),
  law(
    'the body of an answer is given once, and its stream',
    head('GET /taken HTTP/1.1'),
    async (guest, _request, outparam) => {
      const made = answer(guest)
      const body = made.body()
      assert.equal(await errorOf(() => made.body()), 'refused')
      body.write()
      assert.equal(await errorOf(() => body.write()), 'refused')
      await guest.finish(body)
      set(guest, outparam, made)
    },
    (line) => assert.equal(statusOf(line), '200'),
  ),
  law(
    'an answer leaves as it was made',
    head('GET /out HTTP/1.1'),
    async (guest, _request, outparam) => {
      const made = answer(guest, { 'X-Out': '1' })
      made.setStatusCode(203)
      const body = made.body()
      set(guest, outparam, made)
      body.write().write(bytes('said'))
      await guest.finish(body)
    },
    ({ read }) => assert.match(read, /^HTTP\/1\.1 203 [^]*\r\nX-Out: 1\r\n[^]*\r\n\r\nsaid$/),
  ),
  law(
    'trailers follow the body of an answer',
    head('GET /out-trailers HTTP/1.1'),
    async (guest, _request, outparam) => {
      const made = answer(guest)
      const body = made.body()
      set(guest, outparam, made)
      body.write().write(bytes('with'))
      await guest.finish(body, { 'X-Out-Sum': '4' })
    },
    ({ read }) => assert.ok(read.endsWith('4\r\nwith\r\n0\r\nX-Out-Sum: 4\r\n\r\n'), read),
  ),
  law(
    'a body of an answer that is not finished is not sent as if it were whole',
    head('GET /half HTTP/1.1'),
    (guest, _request, outparam) => {
      const made = answer(guest)
      const body = made.body()
      set(guest, outparam, made)
      body.write().write(bytes('half'))
      drop(body)
    },
    (line) => assert.notEqual(statusOf(line), '200'),
  ),
  law(
    'an error in the place of an answer is answered by the host',
    head('GET /error HTTP/1.1'),
    (guest, _request, outparam) =>
      guest.types['[static]response-outparam.set'](outparam, {
        tag: 'err',
        val: { tag: 'HTTP-request-denied' },
      }),
    (line) => assert.match(statusOf(line), /^[45]/),
  ),
  law(
    'a request that the actor does not answer is answered with an error',
    head('GET /nothing HTTP/1.1'),
    () => undefined,
    (line) => assert.match(statusOf(line), /^5/),
  ),
]
