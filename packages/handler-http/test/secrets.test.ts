import { describe, expect, it } from 'vitest'
import type { HttpGrant } from '../src/index.ts'
import { bytes, client, everything, request, response, serve, text, thrown } from './support.ts'

const KEY = 'sk-0123456789-secret'

function granted(origin: string, ...more: readonly string[]): HttpGrant {
  const [first] = everything(origin).out ?? []
  if (first === undefined) throw new Error('no entry')
  const dressed = { ...first, headers: { authorization: { secret: 'KEY', prefix: 'Bearer ' } } }
  return { out: [dressed, ...(everything(...more).out ?? [])] }
}

describe('a secret', () => {
  it('is set on requests to its origin, whatever the guest set there, and on no others', async () => {
    const seen: (string | undefined)[] = []
    await using one = await serve((req, res) => {
      seen.push(req.headers.authorization)
      res.end()
    })
    await using other = await serve((req, res) => {
      seen.push(req.headers.authorization)
      res.end()
    })
    await using actor = await client(granted(one.origin, other.origin), { secrets: { KEY } })
    for (const authority of [one.authority, other.authority]) {
      for (const headers of [{}, { Authorization: 'Bearer mine' }]) {
        await response(await actor.handle(request(actor, { authority, headers })))
      }
    }
    expect(seen).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`, undefined, 'Bearer mine'])
  })

  it('is in nothing that the guest sees of its request', async () => {
    await using server = await serve((_req, res) => res.end())
    await using actor = await client(granted(server.origin), { secrets: { KEY: () => KEY } })
    const made = request(actor, { authority: server.authority })
    const headers = made.headers()
    await response(await actor.handle(made))
    expect(headers.entries()).toEqual([])
    expect(made.headers().has('authorization')).toBe(false)
    expect(
      JSON.stringify(actor.binding.describe?.('wasi:http/types@0.2#outgoing-request', made)),
    ).not.toContain(KEY)
  })

  it('is taken out of header fields and trailers that send it back', async () => {
    await using server = await serve((req, res) => {
      const said = String(req.headers.authorization)
      res.writeHead(200, { 'x-echo': `you said ${said}, ${said}`, trailer: 'x-end' })
      res.addTrailers({ 'x-end': said })
      res.end('a body is the server’s doing')
    })
    await using actor = await client(granted(server.origin), { secrets: { KEY } })
    const got = await response(await actor.handle(request(actor, { authority: server.authority })))
    expect(got.headers().get('x-echo')).toEqual([
      Buffer.from('you said Bearer [redacted], Bearer [redacted]'),
    ])
    const body = got.consume()
    await text(body.stream())
    const trailers = body.finish().get()
    if (trailers?.tag !== 'ok' || trailers.val.tag !== 'ok') throw new Error('no trailers')
    expect(trailers.val.val?.get('x-end')).toEqual([Buffer.from('Bearer [redacted]')])
  })

  it('that the host does not have refuses the actor, by its name', async () => {
    await expect(client(granted('https://api.example.com'))).rejects.toThrow(
      'the grant of http names the secret KEY, which this host does not have',
    )
  })

  it.each([
    [
      'cannot be had',
      () => {
        throw new Error(`cannot read ${KEY}`)
      },
    ],
    ['is empty', () => ''],
    ['would begin another line', () => `${KEY}\r\nx-injected: 1`],
    ['is no ASCII', () => `${KEY}é`],
    ['is no text', (() => 1) as unknown as () => string],
  ])('that %s sends nothing, and is in no error', async (_what, secret) => {
    let reached = 0
    await using server = await serve((_req, res) => {
      reached++
      res.end()
    })
    await using actor = await client(granted(server.origin), { secrets: { KEY: secret } })
    const made = request(actor, { authority: server.authority })
    let error: unknown
    expect(
      await thrown(() =>
        actor.handle(made).catch((caught: unknown) => {
          error = caught
          throw caught
        }),
      ),
    ).toEqual({ tag: 'configuration-error' })
    expect(
      Object.values(Object(error) as object)
        .concat(String(error), Object(error).cause)
        .join(' '),
    ).not.toContain(KEY)
    expect(reached).toBe(0)
  })

  it('cannot be had by way of a field that the guest is not to set', async () => {
    await using actor = await client(granted('https://api.example.com'), { secrets: { KEY } })
    const fields = actor.types['[constructor]fields']()
    fields.append('authorization', bytes('guess'))
    expect(fields.get('authorization')).toEqual([Buffer.from('guess')])
  })
})
