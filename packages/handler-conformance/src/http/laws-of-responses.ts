import assert from 'node:assert/strict'
import { answered, drained, errorOf, failed, law, listed, taken } from './guest.ts'
import { END, type Line, type Peer } from './peer.ts'
import type { HttpLaw } from './subject.ts'

/** The next request, answered with a text. */
async function says(peer: Peer, text: string): Promise<Line> {
  return (await peer.asked()).say(text)
}

const ok = (body: string, ...fields: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\n${fields.map((one) => `${one}\r\n`).join('')}content-length: ${body.length}${END}${body}`

const chunked = (body: string, ...trailers: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked${END}` +
  `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers.map((one) => `${one}\r\n`).join('')}\r\n`

/** Every byte, more often than one buffer has them. */
const LARGE = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode((i * 7) & 0xff)).join('')

/** One for each thing that the WIT says of a response, its body and its trailers. */
export const lawsOfResponses: readonly HttpLaw[] = [
  law('a response has the status and the fields that were sent', async ({ guest, peer }) => {
    const future = await guest.send(peer)
    await says(
      peer,
      `HTTP/1.1 299 Fine\r\nx-said: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0${END}`,
    )
    const response = await answered(future)
    assert.equal(response.status(), 299)
    assert.deepEqual(
      listed(response.headers()).filter(([name]) => name !== 'content-length'),
      [
        ['x-said', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    )
  }),
  law('a future gives nothing before it is ready, and its response once', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/once' })
    assert.equal(future.get(), undefined)
    assert.equal(future.subscribe().ready(), false)
    await says(peer, ok('once'))
    await answered(future)
    assert.equal(future.subscribe().ready(), true)
    assert.equal(future.get()?.tag, 'err')
  }),
  law('a response is consumed once, and its body read once', async ({ guest, peer }) => {
    const future = await guest.send(peer)
    await says(peer, ok('consumed'))
    const response = await answered(future)
    const body = response.consume()
    assert.equal(await errorOf(() => response.consume()), 'refused')
    body.stream()
    assert.equal(await errorOf(() => body.stream()), 'refused')
  }),
  law('a body is exactly the bytes that were sent, and ends', async ({ guest, peer }) => {
    for (const message of [ok(LARGE), chunked(LARGE)]) {
      const future = await guest.send(peer, { path: '/bytes' })
      await says(peer, message)
      const [read, end] = await drained((await answered(future)).consume().stream())
      assert.ok(read === LARGE, `${read.length} bytes`)
      assert.equal(end, 'closed')
    }
  }),
  law('what is said before the answer is not the answer', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/hints' })
    await says(
      peer,
      `HTTP/1.1 103 Early Hints\r\nlink: </a>${END}HTTP/1.1 102 Processing${END}${ok('final')}`,
    )
    const response = await answered(future)
    assert.equal(response.status(), 200)
    assert.equal((await drained(response.consume().stream()))[0], 'final')
  }),
  law('an answer that changes the protocol is refused', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/upgrade' })
    const line = await says(
      peer,
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade${END}`,
    )
    assert.equal(await failed(future), 'HTTP-upgrade-failed')
    await line.ended()
  }),
  law('a body without trailers has none, once, when it has been received', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/none' })
    const line = await says(peer, `HTTP/1.1 200 OK\r\ncontent-length: 8${END}half`)
    const trailers = guest.types['[static]incoming-body.finish']((await answered(future)).consume())
    assert.equal(trailers.get(), undefined)
    line.say('HALF')
    assert.deepEqual(await taken(trailers), { tag: 'ok', val: undefined })
    assert.equal(trailers.get()?.tag, 'err')
  }),
  law('trailers are those that were sent, and do not change', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/trailers-in' })
    await says(peer, chunked('with', 'X-Sum: 42', 'x-end: 1'))
    const body = (await answered(future)).consume()
    await drained(body.stream())
    const got = await guest.trailers(body)
    assert.ok(got.tag === 'ok' && got.val !== undefined, 'there are no trailers')
    assert.deepEqual(listed(got.val), [
      ['X-Sum', '42'],
      ['x-end', '1'],
    ])
    const { val } = got
    assert.equal(await errorOf(() => val.delete('x-end')), 'immutable')
  }),
  law('what of a body is not read holds no trailers up', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/behind' })
    await says(peer, chunked('x'.repeat(200_000), 'x-behind: 1'))
    const got = await guest.trailers((await answered(future)).consume())
    assert.deepEqual(got.tag === 'ok' && listed(got.val), [['x-behind', '1']])
  }),
  law('a body that breaks off is told as such, and its trailers', async ({ guest, peer }) => {
    for (const wanted of ['stream', 'trailers']) {
      const future = await guest.send(peer, { path: '/broken' })
      const line = await says(peer, `HTTP/1.1 200 OK\r\ncontent-length: 10${END}half`)
      const body = (await answered(future)).consume()
      line.hangUp()
      if (wanted === 'trailers') {
        const got = await guest.trailers(body)
        assert.equal(got.tag === 'err' && got.val.tag, 'HTTP-response-incomplete')
      } else {
        const [read, error] = await drained(body.stream())
        assert.equal(read, 'half')
        assert.equal(guest.codeIn(error), 'HTTP-response-incomplete')
      }
    }
  }),
  law('an error of another is no error of HTTP', async ({ guest }) => {
    assert.equal(guest.types.httpErrorCode({ toDebugString: () => 'another' }), undefined)
  }),
  law('a connection that ends without an answer is an error of the future', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/silent' })
    ;(await peer.asked()).hangUp()
    assert.equal(await failed(future), 'connection-terminated')
  }),
  law('what is no HTTP is an error of the protocol', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/smtp' })
    await says(peer, '220 mail.example.com ESMTP\r\n')
    assert.equal(await failed(future), 'HTTP-protocol-error')
  }),
  law('a coding that nobody undoes is not handed out as the body', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/coded' })
    await says(peer, `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked${END}4\r\nzzzz\r\n0${END}`)
    assert.equal(await failed(future), 'HTTP-response-transfer-coding')
  }),
  law('a redirect is an answer like others: nobody follows it', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/redirects' })
    await says(peer, `HTTP/1.1 302 Found\r\nlocation: ${peer.origin}/elsewhere\r\ncontent-length: 0${END}`)
    assert.equal((await answered(future)).status(), 302)
    await guest.send(peer, { path: '/next' })
    await peer.asked()
    assert.deepEqual(peer.paths, ['/redirects', '/next'])
  }),
]
