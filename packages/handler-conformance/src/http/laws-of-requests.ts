import assert from 'node:assert/strict'
import { answered, bytes, drop, errorOf, failed, law, listed, payloadOf, write } from './guest.ts'
import { END } from './peer.ts'
import type { HttpLaw } from './subject.ts'

const DONE = `HTTP/1.1 204 No Content${END}`

/** One for each thing that the WIT says of a request that is made, and of its body. */
export const lawsOfRequests: readonly HttpLaw[] = [
  law('a request is GET of nowhere when it is made', async ({ guest: { types } }) => {
    const request = types['[constructor]outgoing-request'](types['[constructor]fields']())
    assert.deepEqual(request.method(), { tag: 'get' })
    assert.equal(request.pathWithQuery(), undefined)
    assert.equal(request.scheme(), undefined)
    assert.equal(request.authority(), undefined)
  }),
  law('a request is what was set on it', async ({ guest: { types } }) => {
    const request = types['[constructor]outgoing-request'](types['[constructor]fields']())
    for (const method of [{ tag: 'patch' }, { tag: 'other', val: 'PROPFIND' }]) {
      request.setMethod(method)
      assert.deepEqual(request.method(), method)
    }
    for (const path of ['/a/b?c=d&e', '/%7E;a=1', '?only', '', undefined]) {
      request.setPathWithQuery(path)
      assert.equal(request.pathWithQuery(), path)
    }
    for (const scheme of [{ tag: 'HTTPS' }, { tag: 'other', val: 'ftp' }, undefined]) {
      request.setScheme(scheme)
      assert.deepEqual(request.scheme(), scheme)
    }
    for (const authority of ['example.com', 'example.com:8080', '[::1]:1', undefined]) {
      request.setAuthority(authority)
      assert.equal(request.authority(), authority)
    }
  }),
  law('what is no part of a request is not set', async ({ guest: { types } }) => {
    const request = types['[constructor]outgoing-request'](types['[constructor]fields']())
    request.setPathWithQuery('/kept')
    for (const val of ['', 'A B', 'A\r\nB', 'é'])
      assert.equal(await errorOf(() => request.setMethod({ tag: 'other', val })), 'refused', val)
    for (const path of ['/a b', '/a\r\nx: 1', '/\0', '/é', '/a#b'])
      assert.equal(await errorOf(() => request.setPathWithQuery(path)), 'refused', path)
    for (const val of ['', '1a', 'a b', 'a/b'])
      assert.equal(await errorOf(() => request.setScheme({ tag: 'other', val })), 'refused', val)
    for (const authority of ['a b', 'a/b', 'a\r\nb', 'a:b:c', 'a:99999'])
      assert.equal(await errorOf(() => request.setAuthority(authority)), 'refused', authority)
    assert.deepEqual(
      [request.method(), request.pathWithQuery(), request.scheme(), request.authority()],
      [{ tag: 'get' }, '/kept', undefined, undefined],
    )
  }),
  law('a request that says nobody to ask is not made', async ({ guest: { types, perform }, peer }) => {
    const made = () => types['[constructor]outgoing-request'](types['[constructor]fields']())
    assert.notEqual(await errorOf(() => perform(made())), undefined)
    const other = made()
    other.setScheme({ tag: 'other', val: 'gopher' })
    other.setAuthority(peer.authority)
    assert.notEqual(await errorOf(() => perform(other)), undefined)
    assert.equal(peer.lines.length, 0)
  }),
  law('a body is given once, and its stream', async ({ guest, peer }) => {
    const request = guest.request(peer)
    const body = request.body()
    assert.equal(await errorOf(() => request.body()), 'refused')
    body.write()
    assert.equal(await errorOf(() => body.write()), 'refused')
  }),
  law('options are none, and then what was set', async ({ guest: { types } }) => {
    const options = types['[constructor]request-options']()
    const shown = () => [options.connectTimeout(), options.firstByteTimeout(), options.betweenBytesTimeout()]
    assert.deepEqual(shown(), [undefined, undefined, undefined])
    options.setConnectTimeout(1n)
    options.setFirstByteTimeout(2n)
    options.setBetweenBytesTimeout(2n ** 64n - 1n)
    assert.deepEqual(shown(), [1n, 2n, 2n ** 64n - 1n])
    options.setFirstByteTimeout(undefined)
    assert.deepEqual(shown(), [1n, undefined, 2n ** 64n - 1n])
  }),
  law('a request leaves as it was made', async ({ guest, peer }) => {
    const future = await guest.post(
      peer,
      { method: 'PUT', path: '/as/made?a=b', headers: { 'x-made': '1' } },
      'whole',
    )
    const { read } = await (await peer.next()).until('whole')
    const [line = '', ...fields] = read.split(END)[0]?.split('\r\n') ?? []
    assert.equal(line, 'PUT /as/made?a=b HTTP/1.1')
    assert.ok(fields.includes('x-made: 1'), read)
    assert.deepEqual(
      fields.filter((one) => /^host:/i.test(one)).map((one) => one.slice(5).trim()),
      [peer.authority],
    )
    drop(future)
  }),
  law('no path is an empty one', async ({ guest, peer }) => {
    const request = guest.request(peer, { headers: { 'x-no-path': '1' } })
    request.setPathWithQuery(undefined)
    const future = await guest.perform(request)
    assert.match((await (await peer.next()).until(END)).read, /^GET \/ HTTP/)
    drop(future)
  }),
  law('a body leaves while it is written', async ({ guest, peer }) => {
    const request = guest.request(peer, { method: 'POST', path: '/written' })
    const body = request.body()
    const future = await guest.perform(request)
    const stream = body.write()
    await write(stream, 'first')
    const line = await peer.next()
    await line.until('first')
    await write(stream, 'second')
    await guest.finish(body)
    await line.until(`${'second'.length}\r\nsecond\r\n0\r\n\r\n`)
    line.say(DONE)
    await answered(future)
  }),
  law(
    'a request leaves when its answer is waited for, though its body has not begun',
    async ({ guest, peer }) => {
      const request = guest.request(peer, { method: 'POST', path: '/waits' })
      const body = request.body()
      const future = await guest.perform(request)
      const answer = answered(future)
      const line = await peer.asked()
      line.say(`HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked${END}2\r\nok\r\n`)
      assert.equal((await answer).status(), 202)
      await write(body.write(), 'after')
      await line.until('after')
    },
  ),
  law('a body that is not as long as it says is not whole, and its finish fails', async ({ guest, peer }) => {
    const request = guest.request(peer, { method: 'POST', headers: { 'content-length': '9' } })
    const body = request.body()
    const future = await guest.perform(request)
    await write(body.write(), 'four')
    const line = await peer.next()
    await line.until('four')
    assert.equal(await errorOf(() => guest.finish(body)), 'HTTP-request-body-size')
    assert.equal((await line.ended()).read.split(END)[1], 'four')
    assert.notEqual(await failed(future), 'answered')
  }),
  law('a body that is dropped is not whole', async ({ guest, peer }) => {
    const request = guest.request(peer, { method: 'POST', path: '/dropped' })
    const body = request.body()
    const future = await guest.perform(request)
    await write(body.write(), 'part')
    const line = await peer.next()
    await line.until('part')
    drop(body)
    assert.ok(!(await line.ended()).read.endsWith('0\r\n\r\n'))
    assert.notEqual(await failed(future), 'answered')
  }),
  law('a body that is finished is written to no more', async ({ guest, peer }) => {
    const body = guest.request(peer, { method: 'POST' }).body()
    const stream = body.write()
    stream.write(bytes('closing'))
    await guest.finish(body)
    assert.deepEqual(await payloadOf(() => stream.checkWrite()), { tag: 'closed' })
    assert.deepEqual(await payloadOf(() => stream.write(bytes('more'))), { tag: 'closed' })
  }),
  law('trailers follow the body', async ({ guest, peer }) => {
    const future = await guest.post(peer, { path: '/trailers' }, 'text', { 'X-Sum': '42' })
    const line = await peer.next()
    const { read } = await line.until('X-Sum: 42\r\n\r\n')
    assert.ok(read.endsWith('4\r\ntext\r\n0\r\nX-Sum: 42\r\n\r\n'), read)
    line.say(DONE)
    await answered(future)
  }),
  law('trailers without end are refused, not cut', { headerBytes: 200 }, async ({ guest, peer }) => {
    const body = guest.request(peer, { method: 'POST' }).body()
    assert.equal(
      await errorOf(() => guest.finish(body, { 'x-long': 'x'.repeat(300) })),
      'HTTP-request-trailer-section-size',
    )
  }),
  law('a body that is expected leaves when it is asked for', async ({ guest, peer }) => {
    const future = await guest.post(
      peer,
      { path: '/expected', headers: { expect: '100-continue' } },
      'asked-for',
    )
    const line = await peer.next()
    assert.match((await line.until(END)).read, /\r\nexpect: 100-continue\r\n/i)
    line.say(`HTTP/1.1 100 Continue${END}`)
    await line.until('asked-for')
    line.say(DONE)
    assert.equal((await answered(future)).status(), 204)
  }),
  law('a body that is expected does not leave where the server answers instead', async ({ guest, peer }) => {
    const future = await guest.post(
      peer,
      { path: '/unwanted', headers: { Expect: '100-continue' } },
      'unwanted-body',
    )
    const line = await peer.next()
    ;(await line.until(END)).say(`HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0${END}`)
    const response = await answered(future)
    assert.equal(response.status(), 417)
    drop(response)
    assert.ok(!(await line.ended()).read.includes('unwanted-body'))
  }),
  law(
    'a request that the host cannot send whole is told, before any of it leaves',
    { headerBytes: 200 },
    async ({ guest, peer }) => {
      const headers = { 'x-long': 'x'.repeat(300) }
      assert.equal(await errorOf(() => guest.send(peer, { headers })), 'HTTP-request-header-section-size')
      assert.equal(
        await errorOf(() => guest.send(peer, { path: `/${'x'.repeat(300)}` })),
        'HTTP-request-URI-too-long',
      )
      assert.equal(
        await errorOf(() => guest.send(peer, { method: 'CONNECT' })),
        'HTTP-request-method-invalid',
      )
      assert.equal(peer.lines.length, 0)
      assert.deepEqual(listed(guest.fields(headers)).length, 1)
    },
  ),
]
