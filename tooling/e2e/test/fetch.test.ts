import { join } from 'node:path'
import { componentize } from '@bytecodealliance/componentize-js'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { eventsOf, refused, verify } from './support/files.ts'
import { everything, serve } from './support/http-guest.ts'

const WORLD = `
  package test:fetcher;
  world fetcher { export get: func(url: string) -> string; export post: func(url: string, body: string) -> string; }
`

describe('a component of StarlingMonkey with fetch', () => {
  let component: Uint8Array

  beforeAll(async () => {
    const feature = 'fetch-event' as const
    // `witWorld` is missing from the package's types.
    const options = {
      sourcePath: join(import.meta.dirname, 'actors/fetcher.js'),
      witWorld: WORLD,
      worldName: 'fetcher',
      disableFeatures: [feature],
    }
    component = (await componentize(options)).component
  })

  it('fetches, is recorded, goes on after a restart, and re-runs without a network', async () => {
    const store = memoryStore()
    const seen: string[] = []
    const large = 'x'.repeat(300_000)
    let chain: Uint8Array
    await using server = await serve((req, res) => {
      req.setEncoding('utf8')
      let body = ''
      req.on('data', (piece: string) => (body += piece))
      req.on('end', () => {
        seen.push(`${req.method} ${req.url} ${body.length}`)
        if (req.url === '/moved') res.writeHead(302, { location: '/here' }).end()
        else if (req.url === '/away') res.writeHead(302, { location: 'http://10.0.0.1/' }).end()
        else if (req.url === '/large') res.end(large)
        else res.setHeader('x-answer', '42').end(`${req.method} ${body}`)
      })
    })
    const grants = { ...everything(server.origin), cli: {} }
    const open = (): Promise<Theater> => Theater.open({ store, handlers: [http(), cli(), fs()], cache })
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'fetcher', component, grants })).chain
      expect(await theater.call('fetcher', 'get', [`${server.origin}/a`])).toBe('200 42 GET ')
      expect(await theater.call('fetcher', 'post', [`${server.origin}/b`, 'text'])).toBe('200 42 POST text')
      expect(await theater.call('fetcher', 'get', [`${server.origin}/large`])).toBe(`200 null ${large}`)
      expect(await theater.call('fetcher', 'post', [`${server.origin}/b`, large])).toBe(
        `200 42 POST ${large}`,
      )
    }
    await using theater = await open()
    expect(await theater.call('fetcher', 'get', [`${server.origin}/c`])).toBe('200 42 GET ')
    // Not granted: the engine says what it makes of an error.
    expect(await theater.call('fetcher', 'get', ['http://10.0.0.1/'])).toMatch(/^failed: /)
    const moved = await theater.call('fetcher', 'get', [`${server.origin}/moved`])
    expect(moved).toMatch(/^(200 42 GET|302 null) /)
    await theater.call('fetcher', 'get', [`${server.origin}/away`])
    expect(refused(await eventsOf(store, chain))).toContain('handle')
    const before = seen.length
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    expect(seen).toHaveLength(before)
  })
})
