import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { componentize } from 'componentize-qjs'
import { memoryStore } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { place, verify } from './support/files.ts'
import { everything, lastReturn, serve } from './support/http-guest.ts'

const wit = new URL('../../guests/c/poster.wit', import.meta.url)

/** Cases of the error, by number. */
const [DENIED, BAD_REQUEST] = [0, 1]

/** The same program as `poster.c`, in JavaScript. */
const source = `
  import { start, Exchange } from 'theater:http/client@0.1.0'

  const cases = ['denied', 'bad-request']
  const bytes = (text) => Uint8Array.from(text, (char) => char.charCodeAt(0))
  const failed = (thrown) => ({ tag: 'err', val: cases.indexOf(thrown.payload.tag) })

  function started(url, body) {
    try {
      const headers = [['content-type', 'text/plain']]
      return { exchange: start({ method: 'POST', url, headers, body }, { timeoutMs: 0, bodyBytes: 65536 }) }
    } catch (thrown) {
      return { answer: failed(thrown) }
    }
  }

  function finished({ exchange, answer }) {
    if (answer !== undefined) return answer
    try {
      const { status, body } = Exchange.finish(exchange)
      return status === 200 ? { tag: 'ok', val: String.fromCharCode(...body) } : { tag: 'err', val: status }
    } catch (thrown) {
      return failed(thrown)
    }
  }

  export function post(urls, text) {
    return urls.map((url) => started(url, bytes(text))).map(finished)
  }
`

/** Built here: it is a megabyte, and another one with each build. */
async function inQuickJs(): Promise<Uint8Array> {
  const witPath = join(place().root, 'poster.wit')
  writeFileSync(witPath, readFileSync(wit))
  return (await componentize({ witPath, jsSource: source, sync: true, stubWasi: true, optSize: true }))
    .component
}

for (const [what, program] of [
  ['in C', async () => cGuest('poster')],
  ['on QuickJS', inQuickJs],
] as const) {
  it(`a small program ${what} makes two requests side by side, and goes on after a crash between their answers`, async () => {
    const store = memoryStore()
    const seen: { readonly path: string; readonly said: string }[] = []
    const both = Promise.withResolvers<void>()
    let holds = true
    const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      const body = String(Buffer.concat((await req.toArray()) as Buffer[]))
      const { 'content-type': type, 'idempotency-key': key } = req.headers
      seen.push({ path: String(req.url), said: [req.method, type, key, body].join(' ') })
      if (seen.length === 2) both.resolve()
      // None is answered before both are there, and the second to the next host alone.
      await both.promise
      if (req.url !== '/second' || !holds) res.end(`got ${body} at ${req.url}`)
    }
    await using server = await serve((...args) => void answer(...args))
    const open = (): Promise<Theater> => Theater.open({ store, handlers: [http()], cache })
    let chain: Uint8Array
    {
      await using theater = await open()
      const grants = everything(server.origin, { 'idempotency-key': true })
      chain = (await theater.spawn({ id: 'poster', component: await program(), grants })).chain
      const urls = [`${server.origin}/first`, 'http://other.example/', `${server.origin}/second`, 'no URL']
      theater.call('poster', 'post', [urls, 'hello']).catch(() => undefined)
      await both.promise
    }
    holds = false
    await using theater = await open()
    await theater.idle()
    expect(theater.actors()[0]?.recovery).toMatchObject({ unfinished: true })
    expect(await lastReturn(store, chain)).toEqual([
      [0, 'got hello at /first'],
      [1, DENIED],
      [0, 'got hello at /second'],
      [1, BAD_REQUEST],
    ])
    // Whether the answer to the first was on record depends on the moment; what is asked again has the same key.
    const second = seen.filter(({ path }) => path === '/second')
    expect(second).toHaveLength(2)
    expect(new Set(second.map(({ said }) => said)).size).toBe(1)
    expect(new Set(seen.map(({ said }) => said)).size).toBe(2)
    expect(second[0]?.said).toMatch(/^POST text\/plain "[0-9a-f-]{36}" hello$/)
    expect(await verify(store, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })
}
