import { describe, expect, test } from 'vitest'
import { ChainError } from '../src/index.ts'
import { Commits } from '../src/sqlite/commits.ts'

/** A database that notes what becomes of it; `syncs` are the ones that are under way. */
function database({ full = [] as string[] } = {}) {
  const did: string[] = []
  const syncs: PromiseWithResolvers<void>[] = []
  let group: string[] = []
  const commits = new Commits({
    begin() {
      group = []
    },
    commit: () => void did.push(`commit ${group.join(' ')}`),
    rollback: () => void did.push('rollback'),
    sync() {
      did.push('sync')
      const sync = Promise.withResolvers<void>()
      syncs.push(sync)
      return sync.promise
    },
  })
  const write = (name: string) => (): string => {
    if (full.includes(name)) throw new ChainError('full', `no room for ${name}`)
    group.push(name)
    return name
  }
  return { commits, did, syncs, write, full }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('commits', () => {
  test('what comes while the event loop turns once is one transaction, in its order, and each gets its own answer', async () => {
    const { commits, did, write } = database()
    const first = commits.add('process', write('a'))
    await Promise.resolve()
    const all = [first, commits.add('memory', write('b')), commits.add('process', write('c'))]
    expect(did).toEqual([])
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
    await commits.add('process', write('d'))
    expect(did).toEqual(['commit a b c', 'commit d'])
  })

  test('one that fails fails alone', async () => {
    const { commits, did, write } = database({ full: ['b'] })
    const all = ['a', 'b', 'c'].map((name) => commits.add('process', write(name)))
    const outcomes = await Promise.allSettled(all)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(did).toEqual(['rollback', 'commit a', 'rollback', 'commit c'])
    expect(await commits.add('process', write('d'))).toBe('d')
  })

  test('behind one that nobody waits for and that fails nothing is written', async () => {
    const { commits, did, write, full } = database({ full: ['b'] })
    const before = commits.add('process', write('a'))
    const failing = commits.add('memory', write('b'))
    const behind = commits.add('process', write('c'))
    await expect(failing).rejects.toMatchObject({ code: 'full' })
    expect(await before).toBe('a')
    await expect(behind).rejects.toMatchObject({ code: 'dead' })
    full.length = 0
    await expect(commits.add('process', write('d'))).rejects.toMatchObject({ code: 'dead' })
    expect(did.filter((one) => one.startsWith('commit'))).toEqual(['commit a'])
  })

  test('what is to be on the disk waits for a sync that began after its commit; nothing else does', async () => {
    const { commits, did, syncs, write } = database()
    const done: string[] = []
    const add = (durability: 'process' | 'disk', name: string): void =>
      void commits.add(durability, write(name)).then((known) => done.push(known))
    add('disk', 'a')
    add('process', 'b')
    await turn()
    await turn()
    expect([did, done]).toEqual([['commit a b', 'sync'], ['b']])
    add('disk', 'c')
    add('process', 'd')
    add('disk', 'e')
    await turn()
    await turn()
    // The sync that is under way may have begun before these.
    expect([did, done]).toEqual([
      ['commit a b', 'sync', 'commit c d e'],
      ['b', 'd'],
    ])
    syncs[0]?.resolve()
    await turn()
    expect([did.at(-1), done]).toEqual(['sync', ['b', 'd', 'a']])
    syncs[1]?.resolve()
    await turn()
    expect(done).toEqual(['b', 'd', 'a', 'c', 'e'])
    expect(syncs.length).toBe(2)
  })

  test('after a sync that failed nothing is written, and nobody is told that it is on the disk', async () => {
    const { commits, syncs, write } = database()
    const first = commits.add('disk', write('a'))
    await turn()
    const second = commits.add('disk', write('b'))
    await turn()
    const failed = [first, second].map((one) => expect(one).rejects.toMatchObject({ code: 'dead' }))
    syncs[0]?.reject(new Error('EIO'))
    await Promise.all(failed)
    await expect(commits.add('process', write('c'))).rejects.toMatchObject({ code: 'dead' })
    expect(syncs.length).toBe(1)
  })

  test('what is committed by whoever just hears of a sync has a sync of its own', async () => {
    const { commits, did, syncs, write } = database()
    const first = commits.add('disk', write('a'))
    await turn()
    const heard = first.then(() => {
      const next = commits.add('disk', write('b'))
      // Whoever reads commits what waits.
      commits.drain()
      return { next }
    })
    syncs[0]?.resolve()
    const { next } = await heard
    await turn()
    expect(did).toEqual(['commit a', 'sync', 'commit b', 'sync'])
    syncs[1]?.resolve()
    expect(await next).toBe('b')
  })

  test('all of one transaction wait for one sync', async () => {
    const { commits, did, syncs, write } = database()
    const all = ['a', 'b', 'c'].map((name) => commits.add('disk', write(name)))
    await turn()
    syncs[0]?.resolve()
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
    expect(did).toEqual(['commit a b c', 'sync'])
  })

  test('closing writes what waits, and waits for what is synced', async () => {
    const { commits, did, syncs, write } = database()
    const first = commits.add('disk', write('a'))
    let closed = false
    const closing = commits.close().then(() => {
      closed = true
    })
    await turn()
    expect([did, closed]).toEqual([['commit a', 'sync'], false])
    await expect(commits.add('process', write('b'))).rejects.toMatchObject({ code: 'closed' })
    syncs[0]?.resolve()
    await closing
    expect(await first).toBe('a')
  })
})
