import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { relayed, relayGuest } from '@theater/guests/relay'
import { memory, store } from '@theater/handler-store'
import type { StoreBackend } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import { decodeData, sha256 } from '@theater/values'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { eventsOf, place, refused, verify } from './support/files.ts'

const put = relayed('theater:store/blobs@0.1#put')
const get = relayed('theater:store/blobs@0.1#get')
const size = relayed('theater:store/blobs@0.1#size')
const label = relayed('theater:store/labels@0.1#get')
const set = relayed('theater:store/labels@0.1#set')
const list = relayed('theater:store/labels@0.1#list')

const component = relayGuest('store')
const bytes = new TextEncoder().encode('a text of some length')
const ok = (val?: unknown) => ({ tag: 'ok', val })
const err = (tag: string, val?: unknown) => ({ tag: 'err', val: { tag, val } })

async function stored(theater: Theater, id: string, content: Uint8Array): Promise<Uint8Array> {
  return ((await theater.call(id, put, [content])) as { readonly val: Uint8Array }).val
}

/** What the last call that changed something was answered, as its bytes have it. */
async function lastAnswer(chains: Store, chain: Uint8Array): Promise<unknown> {
  const last = (await eventsOf(chains, chain)).findLast(({ kind }) => kind === 'result')
  if (last?.kind !== 'result' || last.content === null) throw new Error('nothing was answered')
  const [answer] = decodeData(last.content.outcome.result) as readonly unknown[]
  return answer
}

/** A backend that is closed at the end of a block. */
function disposable(backend: StoreBackend): StoreBackend & AsyncDisposable {
  return { ...backend, [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose]?.() }
}

describe('theater:store', () => {
  it('keeps what was put over a restart, and its re-run needs no store', async () => {
    const { root } = place()
    const file = join(root, 'store.db')
    const chains = memoryStore()
    let chain: Uint8Array
    let hash: Uint8Array
    {
      await using backend = disposable(sqlite(file))
      await using theater = await Theater.open({ store: chains, handlers: [store({ backend })], cache })
      chain = (
        await theater.spawn({ id: 'a', component, grants: { store: { rights: ['read', 'write', 'label'] } } })
      ).chain
      hash = await stored(theater, 'a', bytes)
      expect(await theater.call('a', set, ['x/y', undefined, hash])).toEqual(ok())
    }
    {
      await using backend = disposable(sqlite(file))
      await using theater = await Theater.open({ store: chains, handlers: [store({ backend })], cache })
      expect(await theater.call('a', label, ['x/y'])).toEqual(ok(hash))
      expect(await theater.call('a', get, [hash, 2n, 4n])).toEqual(ok(bytes.slice(2, 6)))
      expect(await theater.call('a', size, [hash])).toEqual(ok(21n))
      expect(await theater.call('a', list, ['x/', undefined, 10])).toEqual(ok(['x/y']))
      // Compare and set: the label is not what it was.
      expect(await theater.call('a', set, ['x/y', undefined, hash])).toEqual(err('conflict', hash))
      expect(await theater.call('a', get, [new Uint8Array(32), 0n, 1n])).toEqual(err('not-found'))
    }
    expect(await verify(chains, chain)).toMatchObject({ verdict: 'verified', turns: 8 })
  })

  it('refuses what was not granted, as an event, and namespaces do not meet', async () => {
    const chains = memoryStore()
    const backend = memory()
    await using theater = await Theater.open({ store: chains, handlers: [store({ backend })], cache })
    await theater.spawn({
      id: 'writer',
      component,
      grants: { store: { rights: ['read', 'write', 'label'], labels: 'mine/' } },
    })
    const { chain } = await theater.spawn({
      id: 'reader',
      component,
      grants: { store: { rights: ['read'] } },
    })
    const hash = await stored(theater, 'writer', bytes)
    expect(await theater.call('writer', set, ['other', undefined, hash])).toEqual(err('denied'))
    expect(await theater.call('writer', set, ['mine/one', undefined, hash])).toEqual(ok())

    expect(await theater.call('reader', put, [bytes])).toEqual(err('denied'))
    expect(await theater.call('reader', set, ['mine/one', hash, undefined])).toEqual(err('denied'))
    expect(await theater.call('reader', get, [hash, 0n, 9n])).toEqual(err('not-found'))
    expect(await theater.call('reader', label, ['mine/one'])).toEqual(ok(undefined))
    expect(refused(await eventsOf(chains, chain))).toEqual(['put', 'set'])
    expect(await verify(chains, chain)).toMatchObject({ verdict: 'verified' })
  })

  it('answers a full store with what is left', async () => {
    await using theater = await Theater.open({ store: memoryStore(), handlers: [store()], cache })
    await theater.spawn({
      id: 'a',
      component,
      grants: { store: { rights: ['read', 'write', 'label'], maxBytes: 30 } },
    })
    expect(await theater.call('a', put, [bytes])).toMatchObject({ tag: 'ok' })
    expect(await theater.call('a', put, [new Uint8Array(10)])).toEqual(err('quota', 9n))
    expect(await theater.call('a', put, [bytes])).toMatchObject({ tag: 'ok' })
  })

  it('that fails ends the turn, not the actor, and is no absence', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('disk'))
    const dead: StoreBackend = {
      put: fail,
      size: fail,
      chunks: fail,
      begin: fail,
      upload: fail,
      uploaded: fail,
      append: fail,
      finish: fail,
      giveUp: fail,
      expire: fail,
      entry: fail,
      edit: fail,
      noted: fail,
      keys: fail,
      blobs: fail,
      forget: fail,
      sweep: fail,
      label: fail,
      set: fail,
      last: fail,
      list: fail,
    }
    await using theater = await Theater.open({
      store: memoryStore(),
      handlers: [store({ backend: { ...dead, list: async () => ['still here'] } })],
      cache,
    })
    await theater.spawn({ id: 'a', component, grants: { store: { rights: ['read', 'write', 'label'] } } })
    await expect(theater.call('a', get, [new Uint8Array(32), 0n, 1n])).rejects.toMatchObject({
      code: 'aborted',
      detail: 'handler-fault',
    })
    expect(await theater.call('a', list, ['', undefined, 1])).toEqual(ok(['still here']))
  })

  /** A host that is killed when its actor changes something, and what there is of it. */
  async function killed(when: 'before' | 'after', what: string) {
    const { root } = place()
    const [chains, file] = [join(root, 'chains.db'), join(root, 'store.db')]
    const host = new URL('support/crash-store.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--conditions=theater-source', host, chains, file, when, what], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
    return { chains, file }
  }

  for (const when of ['before', 'after'] as const) {
    it(`knows whether a label was set when its host was killed (${when} it)`, async () => {
      const { chains, file } = await killed(when, 'set')
      const sets: string[] = []
      await using backend = disposable(sqlite(file))
      const seen: StoreBackend = {
        ...backend,
        set: (...args) => (sets.push(args[2].name), backend.set(...args)),
      }
      await using chainStore = sqliteStore(chains)
      const handlers = [store({ backend: seen })]
      await using theater = await Theater.open({ store: chainStore, handlers, cache })
      await theater.idle()
      const { chain, recovery } = theater.actors()[0]!
      expect(recovery).toMatchObject({ turns: 1, unfinished: true })
      // Done again, a compare and set would answer `conflict` about the actor's own change.
      expect(sets).toEqual(when === 'before' ? ['label'] : [])
      const answers = (await eventsOf(chainStore, chain)).filter(({ kind }) => kind === 'return')
      expect(answers.map(({ content }) => content)).toHaveLength(2)
      expect(await theater.call('keeper', list, ['', undefined, 9])).toEqual(ok(['label']))
      expect(await verify(chainStore, chain)).toMatchObject({ verdict: 'verified', turns: 3, undone: 0 })
    })

    it.each<[string, unknown, number, string]>([
      ['append', [0], 3, '[method]upload.write'],
      ['finish', [0, sha256(new TextEncoder().encode('text'))], 4, '[method]upload.finish'],
      ['edit:2', [0], 8, 'swap'],
    ])(
      `has the answer, and did it once, when its host was killed ${when} %s`,
      async (what, value, turn, fn) => {
        const { chains, file } = await killed(when, what)
        await using backend = disposable(sqlite(file))
        const edits: string[] = []
        const seen: StoreBackend = {
          ...backend,
          edit: (...args) => (edits.push(args[1]), backend.edit(...args)),
        }
        await using chainStore = sqliteStore(chains)
        await using theater = await Theater.open({
          store: chainStore,
          handlers: [store({ backend: seen })],
          cache,
        })
        await theater.idle()
        const { chain } = theater.actors()[0]!
        const events = await eventsOf(chainStore, chain)
        const calls = events.filter(({ kind }) => kind === 'call')
        expect(calls.at(-1)).toMatchObject({
          content: { fn: expect.stringMatching(`#${fn.replace(/\W/g, '.')}$`) },
        })
        expect(events.filter(({ kind }) => kind === 'return')).toHaveLength(turn + 1)
        // A swap that was done is not done again: it would meet another version.
        expect(edits).toEqual(what === 'edit:2' && when === 'before' ? ['b'] : [])
        const last = await lastAnswer(chainStore, chain)
        expect(last).toEqual(value)
        expect(await verify(chainStore, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
      },
    )
  }

  it('says that it cannot tell whether an increment was done', async () => {
    const { chains, file } = await killed('after', 'edit')
    await using backend = disposable(sqlite(file))
    await using chainStore = sqliteStore(chains)
    await using theater = await Theater.open({ store: chainStore, handlers: [store({ backend })], cache })
    await theater.idle()
    const { chain } = theater.actors()[0]!
    // `other`, the third case.
    expect(await lastAnswer(chainStore, chain)).toEqual([1, [2, expect.stringMatching('^outcome-unknown: ')]])
    expect(await verify(chainStore, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
  })
})
