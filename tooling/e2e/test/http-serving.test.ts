import { readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { http } from '@theater/handler-http'
import type { HttpGrant } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { verdicts } from './support/courier.ts'
import { Journal } from './support/journal.ts'

const web = cGuest('web')

/** A host whose actor `web` answers everything. */
async function open(store: Store, grant: HttpGrant) {
  const handler = http()
  const lines: string[] = []
  const theater = await Theater.open({
    store,
    cache,
    handlers: [handler],
    log: ({ message }) => lines.push(message),
  })
  if (theater.actors().length === 0)
    await theater.spawn({ id: 'web', component: web, grants: { http: grant } })
  return {
    theater,
    lines,
    async ask(path: string, body?: string): Promise<[number, string]> {
      const init = body === undefined ? {} : { method: 'POST', body }
      const response = await fetch(`${handler.address?.url}${path}`, {
        ...init,
        headers: { connection: 'close' },
      })
      return [response.status, await response.text()]
    },
    async [Symbol.asyncDispose]() {
      await theater.close()
      await handler[Symbol.asyncDispose]()
    },
  }
}

async function kinds(store: Store): Promise<string[]> {
  const [info] = await store.list()
  const found: string[] = []
  if (info !== undefined) for await (const event of readEvents(store, info.chain)) found.push(event.kind)
  return found
}

describe.each([
  ['read before its turn and answered after it', { serve: [{ path: '/' }] }],
  ['that passes through its turn', { serve: [{ path: '/' }], stream: true }],
] satisfies [string, HttpGrant][])('a request %s', (_name, grant) => {
  it.each([
    ['/echo', 'a short body'],
    ['/echo', 'x'.repeat(5000)],
    ['/pump', 'piece by piece'],
    ['/gentle/9000', undefined],
    ['/trailers', undefined],
    ['/bare', undefined],
    ['/leak', undefined],
    ['/kept', undefined],
    ['/unfinished', undefined],
  ])('goes on at any point where a host ends: %s', async (path, body) => {
    const journal = new Journal()
    let before: number
    {
      await using site = await open(journal.store, grant)
      before = journal.length
      await site.ask(path, body).catch(() => undefined)
    }
    for (let n = before; n <= journal.length; n++) {
      const { store } = await journal.at(n)
      const begun = (await kinds(store)).includes('turn')
      await using site = await open(store, grant)
      await site.theater.idle()
      expect(site.theater.actors()).toMatchObject([{ state: 'idle' }])
      expect(await site.ask('/count')).toEqual([200, begun ? '2' : '1'])
      await site.theater.close()
      expect(await kinds(store)).not.toContain('abort')
      expect(await verdicts(store)).toEqual({ web: 'verified' })
      expect(site.lines).toEqual([])
    }
  })
})
