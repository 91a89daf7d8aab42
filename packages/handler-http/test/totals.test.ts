import { describe, expect, it } from 'vitest'
import { http, type HttpGrant } from '../src/index.ts'
import {
  answer,
  bytes,
  client,
  codeIn,
  everything,
  failure,
  fetch,
  request,
  response,
  serve,
  text,
  thrown,
  write,
} from './support.ts'

const SPENT = { tag: 'connection-limit-reached' }

describe('what an actor may use in all', () => {
  it('are so many requests; the next one does not leave', async () => {
    const seen: string[] = []
    await using server = await serve((req, res) => void (seen.push(`${req.url}`), res.end('x')))
    await using actor = await client({ ...everything(server.origin), limits: { 'total-requests': 2 } })
    const made = { authority: server.authority }
    expect(await fetch(actor, { ...made, path: '/1' })).toEqual({ status: 200, text: 'x' })
    expect(await fetch(actor, { ...made, path: '/2' })).toEqual({ status: 200, text: 'x' })
    expect(await thrown(() => fetch(actor, { ...made, path: '/3' }))).toEqual(SPENT)
    expect(await thrown(() => fetch(actor, { ...made, path: '/4' }))).toEqual(SPENT)
    expect(seen).toEqual(['/1', '/2'])
  })

  it('counts a request that failed, and none that was refused', async () => {
    await using server = await serve((req, res) => void (req.url === '/cut' ? res.destroy() : res.end()))
    const [entry] = everything(server.origin).out ?? []
    const grant = { out: [{ ...entry!, methods: ['GET'] }], limits: { 'total-requests': 2 } }
    await using actor = await client(grant)
    const { authority } = server
    expect(await thrown(() => fetch(actor, { authority, method: 'POST' }))).toEqual({
      tag: 'HTTP-request-denied',
    })
    expect(await fetch(actor, { authority, path: '/cut' })).toEqual({ tag: 'connection-terminated' })
    expect(await fetch(actor, { authority })).toMatchObject({ status: 200 })
    expect(await thrown(() => fetch(actor, { authority }))).toEqual(SPENT)
  })

  it('are so many bytes of requests and responses together', async () => {
    let received = 0
    await using server = await serve(async (req, res) => {
      for await (const chunk of req) received += (chunk as Buffer).length
      res.end('y'.repeat(30))
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'total-bytes': 100 } })
    const { authority } = server
    const post = async (size: number) => {
      const made = request(actor, { method: 'POST', authority })
      const body = made.body()
      await write(body.write(), bytes('x'.repeat(size)))
      await actor.types['[static]outgoing-body.finish'](body, undefined)
      return await text((await response(await actor.handle(made))).consume().stream())
    }
    expect(await post(20)).toHaveLength(30)
    const made = request(actor, { method: 'POST', authority })
    const stream = made.body().write()
    const error = await thrown(() => stream.write(bytes('x'.repeat(51))))
    expect(codeIn(actor, error)).toEqual({ tag: 'HTTP-request-body-size', val: 50n })
    expect(await thrown(() => actor.handle(made))).toEqual(SPENT)
    expect(await thrown(() => fetch(actor, { authority }))).toEqual(SPENT)
    expect(received).toBe(20)
  })

  it('breaks off a response that goes beyond, whether or not it says how long it is', async () => {
    await using server = await serve((req, res) => {
      if (req.url === '/says') res.setHeader('content-length', 11)
      else res.flushHeaders()
      res.end('z'.repeat(11))
    })
    await using actor = await client({ ...everything(server.origin), limits: { 'total-bytes': 10 } })
    const { authority } = server
    const tooLong = { tag: 'HTTP-response-body-size', val: 10n }
    expect(await failure(await actor.handle(request(actor, { authority, path: '/says' })))).toEqual(tooLong)
    const got = await answer(await actor.handle(request(actor, { authority, path: '/chunks' })))
    if ('tag' in got) throw new Error(`it failed at once: ${got.tag}`)
    const stream = got.consume().stream()
    expect(codeIn(actor, await thrown(() => text(stream)))).toEqual(tooLong)
    expect(await thrown(() => fetch(actor, { authority }))).toEqual(SPENT)
  })

  it('is each actor’s own, and begins anew when it is bound again', async () => {
    await using server = await serve((_req, res) => res.end())
    const grant: HttpGrant = { ...everything(server.origin), limits: { 'total-requests': 1 } }
    const { authority } = server
    for (let round = 0; round < 2; round++) {
      await using actor = await client(grant)
      expect(await fetch(actor, { authority })).toMatchObject({ status: 200 })
      expect(await thrown(() => fetch(actor, { authority }))).toEqual(SPENT)
    }
  })

  it('is attenuated like all else; a parent with a budget has no child without one', () => {
    const handler = http()
    const within = (child: HttpGrant, parent: HttpGrant) => handler.within(child, parent)
    const limits = (total: number | undefined): HttpGrant => ({
      limits: total === undefined ? {} : { 'total-requests': total, 'total-bytes': total },
    })
    expect(within(limits(3), limits(3))).toBe(true)
    expect(within(limits(3), limits(undefined))).toBe(true)
    expect(within(limits(4), limits(3))).toMatchObject({ refused: expect.stringContaining('total-requests') })
    expect(within(limits(undefined), limits(3))).toMatchObject({
      refused: expect.stringContaining('total-requests'),
    })
  })
})
