/** What storage does to a host, and a host to its storage: nothing that was answered is lost, and whoever stands before it reads why. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ChainError, memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { TheaterError } from '@theater/runtime'
import { afterAll, expect, it, vi } from 'vitest'
import { openDatabase } from '../../../packages/event-chain/src/sqlite/schema.ts'
import { SqliteStore } from '../../../packages/event-chain/src/sqlite/store.ts'
import { add, get, mark, send, Stage, trap, verdicts, World } from './support/courier.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-faults-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const fresh = (): string => join(folder, `${n++}.db`)

/** A store over a disk that a test can fill. */
function small(file: string): { readonly store: LoggedStore; readonly fill: () => void } {
  const db = new DatabaseSync(file)
  const store = new SqliteStore(db, openDatabase(db, { readOnly: false }))
  return {
    store,
    fill() {
      const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number }
      db.exec(`PRAGMA max_page_count = ${pages + 6}`)
    },
  }
}

it('a disk that is full: whoever asks hears so, no effect happens without its intent, and what was answered is there when there is room', async () => {
  const file = fresh()
  const world = new World()
  let answered = 0
  {
    const { store, fill } = small(file)
    await using _ = store
    await using stage = await Stage.open({ store, world })
    await stage.spawn('a')
    await stage.spawn('b')
    fill()
    let failure: TheaterError | undefined
    for (let turn = 1; failure === undefined; turn++) {
      await stage.run('a', [add(1), mark(turn)]).then(
        () => void answered++,
        (error: TheaterError) => {
          failure = error
        },
      )
    }
    expect(failure).toMatchObject({ code: 'store-failed', actor: 'a', cause: { code: 'full' } })
    expect(failure.cause).toMatchObject({ message: expect.stringContaining('no room left') })
    // It stands still and says why; another one that wants to write is told so too.
    const [a] = stage.theater.actors()
    expect(a).toMatchObject({ state: 'failed', failure: { code: 'store-failed' } })
    await expect(stage.run('a', [get])).rejects.toMatchObject({ code: 'store-failed' })
    expect(stage.lines.some(({ message }) => message.includes('cannot be written'))).toBe(true)
  }
  expect(answered).toBeGreaterThan(0)
  await using store = sqliteStore(file)
  await using stage = await Stage.open({ store, world })
  await stage.idle()
  const [count] = (await stage.run('a', [get])) as [number]
  // The last turn may be on record, and its answer was not.
  expect(count - answered).toBeGreaterThanOrEqual(0)
  expect(count - answered).toBeLessThanOrEqual(1)
  // Each effect that was done has its intent: the ones that were answered, and at the most the one of the last turn.
  expect(new Set(world.did).size).toBe(count)
  expect(await stage.run('b', [add(1), get])).toEqual([1])
  expect(await verdicts(store)).toEqual({ a: 'verified', b: 'verified' })
})

it('a second host on the same store: the first one closes, says so once, and everything goes on in the second', async () => {
  const file = fresh()
  await using firstStore = sqliteStore(file)
  const lost: TheaterError[] = []
  await using first = await Stage.open({ store: firstStore, lost: (error) => lost.push(error) })
  for (const id of ['a', 'b', 'c']) await first.spawn(id)
  await first.run('a', [add(1), send('b', [add(10)])])
  await first.idle()

  await using secondStore = sqliteStore(file)
  await using second = await Stage.open({ store: secondStore })
  expect(await second.run('b', [get])).toEqual([10])
  // It does not know yet; the first that has something to say finds out, and nothing of that has happened.
  const asked = [first.run('a', [add(1), send('c', [add(1)])]), first.run('b', [add(1)])]
  for (const one of asked)
    await expect(one).rejects.toMatchObject({ code: expect.stringMatching(/store-failed|closed/) })
  expect(lost).toMatchObject([{ code: 'store-failed', cause: { code: 'stale' } }])
  await expect(first.run('c', [get])).rejects.toMatchObject({ code: 'closed' })
  expect(first.lines.filter(({ message }) => message.includes('taken the store over'))).toHaveLength(1)

  expect(await second.run('a', [add(1), get])).toEqual([2])
  expect(await second.run('c', [get])).toEqual([0])
  await second.idle()
  expect(await verdicts(secondStore)).toEqual({ a: 'verified', b: 'verified', c: 'verified' })
})

it('damage in one actor’s record: that one says so and stands still, the others go on', async () => {
  const file = fresh()
  {
    await using store = sqliteStore(file)
    await using stage = await Stage.open({ store, summaryEvery: 1_000_000 })
    for (const id of ['a', 'b']) await stage.spawn(id)
    for (let i = 0; i < 5; i++) await stage.run('a', [add(1)])
    await stage.run('b', [add(7)])
  }
  const db = new DatabaseSync(file)
  db.exec(
    `UPDATE events SET body = zeroblob(length(body)) WHERE seq = 9 AND chain = (SELECT id FROM chains WHERE label = 'a')`,
  )
  db.close()
  await using store = sqliteStore(file)
  await using stage = await Stage.open({ store })
  const [a] = stage.theater.actors()
  expect(a).toMatchObject({ id: 'a', state: 'failed', failure: { code: 'cannot-resume' } })
  await expect(stage.run('a', [get])).rejects.toMatchObject({ code: 'cannot-resume' })
  expect(await stage.run('b', [get])).toEqual([7])
  expect(await verdicts(store)).toMatchObject({ a: { verdict: 'broken' }, b: 'verified' })
})

/** What somebody may write beside a record: the number of its events that it is of, the hash of the last of them, and what it says. */
const beside: Readonly<Record<string, string>> = {
  'a size that no number here has': 'size = 9223372036854775807',
  'a size below nothing': 'size = -1',
  'a head that is no hash': "head = x'00'",
  'nothing at all': "bytes = x''",
  'bytes that are none of ours': 'bytes = randomblob(5000)',
  'bytes that have the form of none': 'bytes = zeroblob(3000000)',
}

it('whatever is kept beside a record is a hint: what is wrong in it is said, and the actor comes back from its record', async () => {
  const file = fresh()
  {
    await using store = sqliteStore(file)
    await using stage = await Stage.open({ store, summaryEvery: 1, snapshots: { everyEvents: 1 } })
    await stage.spawn('a')
  }
  let count = 0
  for (const [name, change] of Object.entries(beside)) {
    {
      await using store = sqliteStore(file)
      await using stage = await Stage.open({ store, summaryEvery: 1, snapshots: { everyEvents: 1 } })
      await stage.run('a', [add(1)])
      count++
    }
    const db = new DatabaseSync(file)
    expect(db.prepare('SELECT kind FROM kept ORDER BY kind').all()).toMatchObject([
      { kind: 'snapshot' },
      { kind: 'summary' },
    ])
    db.exec(`UPDATE kept SET ${change}`)
    db.close()
    await using store = sqliteStore(file)
    await using stage = await Stage.open({ store })
    expect([name, await stage.run('a', [get])]).toEqual([name, [count]])
    const said = stage.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect([name, said]).toEqual([
      name,
      [expect.stringContaining('beside'), expect.stringContaining('snapshot')],
    ])
  }
})

it('a program that fails over what it is told: no actor has anything to do with that', async () => {
  const broken = (): never => {
    throw new Error('the program is wrong')
  }
  const world = new World()
  world.answer = () => 'no number'
  await using told = await Stage.open({ deadLetter: broken }, { a: {}, b: {} })
  await using logged = await Stage.open({ log: broken, world }, { a: {}, b: {} })
  for (const stage of [told, logged]) {
    await stage.run('a', [send('b', [trap])])
    await stage.idle()
    expect(await stage.run('b', [add(1), get])).toEqual([1])
  }
  expect(told.lines).toMatchObject([
    { actor: 'a', message: 'a listener of dead letters failed: the program is wrong' },
  ])
  // That a turn was aborted is a line of the log.
  await expect(logged.run('a', [mark(1)])).rejects.toMatchObject({ code: 'aborted' })
  expect(await logged.run('a', [add(1), get])).toEqual([1])
})

it('storage that cannot be read just then: that is said, and not that something is wrong with the record', async () => {
  const store = memoryStore()
  {
    await using stage = await Stage.open({ store, snapshots: false })
    for (const id of ['a', 'b']) await stage.spawn(id)
    await stage.run('a', [add(1)])
  }
  const read = store.read.bind(store)
  const fails = vi.spyOn(store, 'read').mockImplementation(() => {
    throw new ChainError('io', 'the disk does not answer')
  })
  const failed = { code: 'store-failed', cause: { code: 'io' } }
  {
    // When it is opened, and when an actor is needed.
    await using stage = await Stage.open({ store })
    await expect(stage.run('a', [get])).rejects.toMatchObject(failed)
    expect(stage.lines.at(-1)).toMatchObject({
      level: 'error',
      message: expect.stringContaining('disk does not'),
    })
  }
  fails.mockImplementation(read)
  await using stage = await Stage.open({ store })
  fails.mockImplementation(() => {
    throw new ChainError('io', 'the disk does not answer')
  })
  await expect(stage.run('a', [get])).rejects.toMatchObject(failed)
  fails.mockRestore()
  await using again = await Stage.open({ store })
  expect(await again.run('a', [get])).toEqual([1])
})

it('storage that can be written and not read: whoever asked is told what came of it, and the actor stands still', async () => {
  const store = memoryStore()
  const world = new World()
  await using stage = await Stage.open({ store, world })
  await stage.spawn('a')
  // An answer that is none of its type: the turn is aborted, and its record says at which intent.
  world.answer = () => 'no number'
  const read = vi.spyOn(store, 'read').mockImplementation(() => {
    throw new ChainError('io', 'the disk does not answer')
  })
  await expect(stage.run('a', [mark(1)])).rejects.toMatchObject({ code: 'aborted', detail: 'host-value' })
  read.mockRestore()
  await stage.idle()
  expect(stage.theater.actors()).toMatchObject([{ state: 'failed', failure: { code: 'store-failed' } }])
})
