import assert from 'node:assert/strict'
import {
  answered,
  drained,
  drop,
  errorOf,
  failed,
  law,
  listed,
  SECRET,
  type Future,
  type Guest,
  type Request,
  type Response,
} from './guest.ts'
import { END, type Peer } from './peer.ts'
import type { HttpLaw } from './subject.ts'

const OK = `HTTP/1.1 200 OK\r\ncontent-length: 2${END}ok`

/** A request that is answered, and the connection that it came over. */
async function exchange(guest: Guest, peer: Peer, path: string): Promise<void> {
  const future = await guest.send(peer, { path })
  ;(await peer.asked()).say(OK)
  await drained((await answered(future)).consume().stream())
}

/** Drops something of an exchange, by name. */
async function dropped(what: 'future' | 'response' | 'body', future: Future<Response>): Promise<void> {
  if (what === 'future') return drop(future)
  const response = await answered(future)
  drop(what === 'response' ? response : response.consume())
}

function cancels(what: 'future' | 'response' | 'body', path: string): HttpLaw {
  return law(
    `dropping the ${what} ends the connection, and gives its place back`,
    { concurrent: 1 },
    async ({ guest, peer }) => {
      const future = await guest.send(peer, { path })
      const line = await peer.asked()
      line.say(`HTTP/1.1 200 OK\r\ncontent-length: 10${END}half`)
      await dropped(what, future)
      assert.equal(await errorOf(() => guest.send(peer, { path: `${path}/again` })), undefined)
      await line.ended()
    },
  )
}

/** One for each thing that is promised of exchanges: how long they take, what ends them, who shares what. */
export const lawsOfExchanges: readonly HttpLaw[] = [
  law(
    'a first byte that does not come in the time that the guest gives ends the request',
    async ({ guest, peer }) => {
      const options = guest.types['[constructor]request-options']()
      options.setFirstByteTimeout(1_000_000n)
      const future = await guest.send(peer, { path: '/first' }, options)
      assert.equal(await failed(future), 'HTTP-response-timeout')
      await (await peer.next()).ended()
    },
  ),
  law('bytes that do not come in the time that the guest gives end the body', async ({ guest, peer }) => {
    const options = guest.types['[constructor]request-options']()
    options.setBetweenBytesTimeout(1_000_000n)
    const future = await guest.send(peer, { path: '/between' }, options)
    ;(await peer.asked()).say(`HTTP/1.1 200 OK\r\ncontent-length: 10${END}half`)
    const [, error] = await drained((await answered(future)).consume().stream())
    assert.equal(guest.codeIn(error), 'connection-read-timeout')
  }),
  law(
    'no time that the guest gives is longer than what was granted',
    { firstByteMs: 1 },
    async ({ guest, peer }) => {
      const options = guest.types['[constructor]request-options']()
      options.setFirstByteTimeout(2n ** 64n - 1n)
      assert.equal(
        await failed(await guest.send(peer, { path: '/longer' }, options)),
        'HTTP-response-timeout',
      )
    },
  ),
  cancels('future', '/drop-future'),
  cancels('response', '/drop-response'),
  cancels('body', '/drop-body'),
  law('there are no more exchanges at once than were granted', { concurrent: 1 }, async ({ guest, peer }) => {
    const first = await guest.send(peer, { path: '/one' })
    assert.equal(await errorOf(() => guest.send(peer, { path: '/two' })), 'connection-limit-reached')
    drop(first)
  }),
  law('a connection is used again', async ({ guest, peer }) => {
    for (const path of ['/use-1', '/use-2', '/use-3']) await exchange(guest, peer, path)
    assert.equal(peer.lines.length, 1)
  }),
  law('no actor has a connection of another’s', async ({ guest, peer, another }) => {
    await exchange(guest, peer, '/mine')
    await exchange(await another(), peer, '/theirs')
    assert.equal(
      peer.lines.filter(({ read }) => read.includes('/mine') && read.includes('/theirs')).length,
      0,
    )
  }),
  law('a connection on which something comes unasked is not used again', async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/poisoned' })
    const line = await peer.asked()
    line.say(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 6${END}poison`)
    assert.equal((await drained((await answered(future)).consume().stream()))[0], 'ok')
    await line.ended()
  }),
  law('a body that is sent is no longer than was granted', { bytes: 100 }, async ({ guest, peer }) => {
    const stream = guest.request(peer, { method: 'POST' }).body().write()
    stream.write(new Uint8Array(100))
    assert.equal(await errorOf(() => stream.write(new Uint8Array(1))), 'last-operation-failed')
  }),
  law('a body that is received is no longer than was granted', { bytes: 100 }, async ({ guest, peer }) => {
    const future = await guest.send(peer, { path: '/received' })
    ;(await peer.asked()).say(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked${END}c8\r\n${'x'.repeat(200)}\r\n`,
    )
    const [, error] = await drained((await answered(future)).consume().stream())
    assert.equal(guest.codeIn(error), 'HTTP-response-body-size')
  }),
  law(
    'a header that is the host’s is set by the host, and nobody sees what it says',
    { secret: 'x-key' },
    async ({ guest, peer }) => {
      const request = guest.request(peer, { path: '/dressed', headers: { 'x-key': 'mine' } })
      const future = await guest.perform(request)
      const line = await peer.asked()
      const { read } = line
      assert.deepEqual(
        read
          .split('\r\n')
          .filter((one) => /^x-key:/i.test(one))
          .map((one) => one.slice(6).trim()),
        [SECRET],
      )
      assert.deepEqual(listed(request.headers()), [['x-key', 'mine']])
      line.say(`HTTP/1.1 200 OK\r\nx-echo: ${SECRET}\r\ncontent-length: 0${END}`)
      assert.ok(!JSON.stringify(listed((await answered(future)).headers())).includes(SECRET))
    },
  ),
  law(
    'after a restart what was received is as it was, and what was under way has ended',
    async ({ guest, peer, another }) => {
      const future = await guest.send(peer, { path: '/before' })
      ;(await peer.asked()).say(`HTTP/1.1 203 So\r\nx-kept: 1\r\ncontent-length: 0${END}`)
      const response = await answered(future)
      const later = await another()
      const resumed = (name: string, object: object): unknown => {
        const type = `wasi:http/types@0.2#${name}`
        const description = guest.binding.describe?.(type, object)
        return description === undefined ? undefined : later.binding.resume?.(type, description)
      }
      const again = resumed('incoming-response', response) as Response | undefined
      assert.ok(again !== undefined, 'a response does not resume')
      assert.equal(again.status(), 203)
      assert.deepEqual(listed(again.headers()), listed(response.headers()))
      const under = resumed('future-incoming-response', future) as Future<Response> | undefined
      assert.ok(under !== undefined, 'a future does not resume')
      assert.equal(await failed(under), 'connection-terminated')
      const request = resumed('outgoing-request', guest.request(peer, { path: '/never' })) as
        | Request
        | undefined
      assert.ok(request !== undefined, 'a request does not resume')
      assert.notEqual(await errorOf(() => later.perform(request)), undefined)
    },
  ),
]
