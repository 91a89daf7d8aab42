import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { http } from '@theater/handler-http'
import { log } from '@theater/handler-log'
import { verify } from '@theater/replay/node'
import { Theater } from '@theater/runtime'

const component = await readFile(new URL('../dist/guestbook.wasm', import.meta.url))
const grants = { http: { serve: [{ path: '/' }], limits: { 'request-bytes': 16_384 } }, log: {} }

// What the runtime made of the component is made once for all tests.
const known = new Map<string, Uint8Array>()
const cache = {
  get: async (key: string) => known.get(key),
  put: async (key: string, bytes: Uint8Array) => void known.set(key, bytes),
}

/** The actor, listening on a free port of the loopback interface. */
async function open(store = memoryStore()) {
  await using opening = new AsyncDisposableStack()
  const listener = http()
  // cli() has the engine's standard error, which it asks for once the actor waits or fetches.
  const theater = opening.use(await Theater.open({ store, handlers: [listener, cli(), log()], cache }))
  // What is opened last ends first: requests under way still find their actor.
  opening.use(listener)
  const back = theater.actors().find(({ id }) => id === 'guestbook')
  const { chain } = back ?? (await theater.spawn({ id: 'guestbook', component, grants }))
  const url = listener.address?.url
  assert.ok(url !== undefined, 'it listens')
  const opened = opening.move()
  return { url, chain, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Signs the book, as the form of its page does. */
const sign = (url: string, entry: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${url}/entries`, { method: 'POST', body: new URLSearchParams(entry), headers, redirect: 'manual' })

/** Who is in the book, the newest first. */
async function names(url: string): Promise<string[]> {
  const entries = (await (await fetch(`${url}/entries`)).json()) as { name: string }[]
  return entries.map(({ name }) => name)
}

test('who signs is led back to the page, and is on it', async () => {
  await using book = await open()
  const signed = await sign(book.url, { name: 'Ada', text: 'It adds up.' })
  assert.equal(signed.status, 303)
  assert.equal(signed.headers.get('location'), '/')
  await sign(book.url, { name: 'Grace', text: 'No bugs.' })
  assert.deepEqual(await names(book.url), ['Grace', 'Ada'])
  const page = await fetch(`${book.url}/`)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(await page.text(), /<b>Grace<\/b> No bugs\.[^]*<b>Ada<\/b> It adds up\./)
})

test('what people write is text on the page, and no markup', async () => {
  await using book = await open()
  await sign(book.url, { name: '<script>alert(1)</script>', text: '"quoted" & \'so\'' })
  const page = await (await fetch(`${book.url}/`)).text()
  assert.ok(!page.includes('<script>'))
  assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;</b> &quot;quoted&quot; &amp; &#39;so&#39;'))
})

test('it refuses what is not an entry, and has kept nothing then', async () => {
  await using book = await open()
  const status = async (response: Promise<Response>) => (await response).status
  assert.equal(await status(sign(book.url, { text: 'by nobody' })), 422)
  assert.equal(await status(sign(book.url, { name: ' \n', text: 'by a blank' })), 422)
  assert.equal(await status(sign(book.url, { name: 'x'.repeat(41), text: 'too long a name' })), 422)
  assert.equal(await status(sign(book.url, { name: 'x', text: 'x'.repeat(501) })), 422)
  assert.equal(await status(sign(book.url, { name: 'x', text: 'x'.repeat(20_000) })), 413)
  assert.equal(await status(sign(book.url, { name: 'x', text: 'y' }, { 'content-type': 'text/plain' })), 415)
  assert.equal(
    await status(sign(book.url, { name: 'x', text: 'y' }, { 'sec-fetch-site': 'cross-site' })),
    403,
  )
  assert.equal(await status(fetch(`${book.url}/entries`, { method: 'DELETE' })), 405)
  assert.equal(await status(fetch(`${book.url}/nowhere`)), 404)
  assert.deepEqual(await names(book.url), [])
})

test('it keeps the last hundred', async () => {
  await using book = await open()
  for (let i = 1; i <= 101; i++) await sign(book.url, { name: `guest ${i}`, text: 'was here' })
  const kept = await names(book.url)
  assert.equal(kept.length, 100)
  assert.deepEqual([kept.at(0), kept.at(-1)], ['guest 101', 'guest 2'])
})

test('the book is back after a restart, and its record is verified by running it again', async () => {
  const store = memoryStore()
  let chain: Uint8Array
  {
    await using book = await open(store)
    chain = book.chain
    await sign(book.url, { name: 'Ada', text: 'before' })
  }
  {
    await using book = await open(store)
    await sign(book.url, { name: 'Grace', text: 'after' })
    assert.deepEqual(await names(book.url), ['Grace', 'Ada'])
  }
  assert.equal((await verify({ store, chain })).verdict, 'verified')
})
