import { memoryStore } from '@theater/event-chain'
import type { AskedChannel, Channel, Message } from '@theater/runtime'
import { deadLetters } from '@theater/runtime'
import { verifyGraph } from '@theater/replay/node'
import { describe, expect, it } from 'vitest'
import { Gate } from './support/gate.ts'
import { Journal } from './support/journal.ts'
import { chainOf, Hall, load, text, wrongWith } from './support/talkers.ts'

const plain = ({ body }: Message): string => new TextDecoder().decode(body)
const desk = { grants: { messaging: { to: ['@desk'] } } }

/** A channel of the program with `a`, which has accepted it. */
async function held(hall: Hall, as?: string): Promise<Channel> {
  const opening = hall.theater.openChannel('a', text('may I?'), as === undefined ? {} : { as })
  await hall.idle()
  const [name] = (await hall.channels('a')) as string[]
  await hall.accept('a', name!)
  return opening
}

/** The next channel that an actor opens to an end of the program. */
function asked(hall: Hall, end = '@desk'): Promise<AskedChannel> {
  const { promise, resolve } = Promise.withResolvers<AskedChannel>()
  hall.theater.acceptChannels(end, resolve)
  return promise
}

describe('a channel that the program opens', () => {
  it('is accepted, used both ways in order, and closed with a reason', async () => {
    await using hall = await Hall.open({}, { a: {} })
    const channel = await held(hall)
    expect(channel.name).toMatch(/^@host\/a\/[0-9a-f]{32}$/)
    expect(channel.peer).toBe('a')
    const sent = [channel.send(text('one')), channel.send(text('two'))]
    for (const said of ['three', 'four']) expect(await hall.say('a', channel.name, said)).toBeUndefined()
    await Promise.all(sent)
    expect(plain((await channel.receive())!)).toBe('three')
    await hall.close('a', channel.name, 'enough')
    const rest: string[] = []
    for await (const message of channel) rest.push(plain(message))
    expect(rest).toEqual(['four'])
    expect(await channel.closed).toEqual({ tag: 'failed', val: { code: 'enough', message: 'so' } })
    await expect(channel.send(text('late'))).rejects.toMatchObject({ code: 'not-open' })
    await channel.close()
    expect(await hall.heard('a')).toEqual([
      'host: open: @host/a: may I?',
      'host: message: @host/a: one',
      'host: message: @host/a: two',
    ])
    expect(await hall.channels('a')).toEqual([])
    expect(hall.letters).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is closed by the program, which takes nothing more', async () => {
    await using hall = await Hall.open({}, { a: {} })
    const channel = await held(hall, '@desk')
    await hall.say('a', channel.name, 'never taken')
    await channel.close({ code: 'busy', message: 'so' })
    expect(await channel.receive()).toBeUndefined()
    expect(await channel.closed).toMatchObject({ tag: 'failed', val: { code: 'busy' } })
    expect(await hall.say('a', channel.name, 'late')).toBe('! not-open')
    await channel.close()
    expect((await hall.heard('a')).at(-1)).toBe('host: close: @desk/a: failed busy')
    expect(await hall.theater.deadLetters()).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is refused, or given up when it is not answered in time', async () => {
    await using hall = await Hall.open({}, { a: {} })
    const opening = hall.theater.openChannel('a', text('may I?'))
    await hall.idle()
    const [name] = (await hall.channels('a')) as string[]
    await hall.close('a', name!, 'busy')
    await expect(opening).rejects.toMatchObject({ code: 'refused', detail: { code: 'busy' } })
    await expect(hall.theater.openChannel('a', text('now?'), { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'timeout',
    })
    await hall.idle()
    expect(await hall.channels('a')).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is not opened to who is not there, takes none, has enough, fails over it, or by a name of an actor', async () => {
    const few = { limits: { channels: 1 } }
    await using hall = await Hall.open(
      {},
      { a: few, weak: { limits: { fuel: 1 } }, small: { limits: { messageBytes: 4 } } },
    )
    await using channel = await held(hall)
    const { theater } = hall
    const open = (to: string, as = '@host'): Promise<Channel> =>
      theater.openChannel(to, text('may I?'), { as })
    await expect(open('nobody')).rejects.toMatchObject({ code: 'unknown-actor' })
    await expect(open('a')).rejects.toMatchObject({ code: 'too-many-channels', detail: 1 })
    await expect(open('weak')).rejects.toMatchObject({ code: 'trapped' })
    await expect(open('small')).rejects.toMatchObject({ code: 'too-large' })
    for (const as of ['a', '@', '@a/b', `@${'a'.repeat(128)}`])
      await expect(open('weak', as)).rejects.toMatchObject({ code: 'bad-id' })
    await theater.stop('a')
    expect(await channel.closed).toEqual({ tag: 'stopped' })
    await expect(open('a')).rejects.toMatchObject({ code: 'stopped' })
  })

  it('is open still when something that was said on it was not taken', async () => {
    await using hall = await Hall.open({}, { a: { limits: { messageBytes: 256 } } })
    await using channel = await held(hall)
    await expect(channel.send(text('x'.repeat(257)))).rejects.toMatchObject({ code: 'too-large' })
    await expect(channel.send({ format: 'text/plain' } as Message)).rejects.toMatchObject({
      code: 'bad-arguments',
    })
    await channel.send(text('well'))
    expect((await hall.heard('a')).at(-1)).toBe('host: message: @host/a: well')
  })
})

describe('a channel that an actor opens to the program', () => {
  it('is asked for, accepted, and used both ways', async () => {
    await using hall = await Hall.open({}, { a: desk })
    const coming = asked(hall)
    const name = await hall.open('a', '@desk', 'may I?')
    const request = await coming
    expect([request.name, request.from, plain(request.message)]).toEqual([name, 'a', 'may I?'])
    expect(await hall.say('a', name, 'early')).toBe('! not-open')
    const channel = request.accept()
    expect(() => request.accept()).toThrow(expect.objectContaining({ code: 'not-open' }))
    await channel.send(text('hello'))
    expect(await hall.say('a', name, 'hello you')).toBeUndefined()
    expect(plain((await channel.receive())!)).toBe('hello you')
    await hall.close('a', name)
    expect(await channel.closed).toEqual({ tag: 'done' })
    expect(await hall.heard('a')).toEqual(['host: accept: a/@desk', 'host: message: a/@desk: hello'])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('needs a grant that names the end, and somebody who takes it', async () => {
    const all = { grants: { messaging: { to: ['*'] } } }
    const ends = { grants: { messaging: { to: ['@*'] } } }
    await using hall = await Hall.open({}, { a: desk, b: all, c: ends })
    expect(await hall.open('a', '@desk', 'too early')).toBe('! unknown-actor')
    const serving = hall.theater.acceptChannels('@desk', () => undefined)
    expect(() => hall.theater.acceptChannels('@desk', () => undefined)).toThrow(/takes/)
    expect(await hall.open('a', '@other', 'no')).toBe('! denied')
    expect(await hall.open('b', '@desk', 'no')).toBe('! denied')
    expect(await hall.open('c', '@desk', 'yes')).toMatch(/^c\/@desk\//)
    expect(await hall.send('c', '@desk', 'no actor')).toBe('! unknown-actor')
    serving[Symbol.dispose]()
    serving[Symbol.dispose]()
    expect(await hall.open('c', '@desk', 'too late')).toBe('! unknown-actor')
  })

  it('is refused, also by a listener that fails', async () => {
    const lines: string[] = []
    await using hall = await Hall.open({ log: ({ message }) => lines.push(message) }, { a: desk })
    const coming = asked(hall)
    await hall.open('a', '@desk', 'one')
    await (await coming).refuse({ code: 'busy', message: 'so' })
    hall.theater.acceptChannels('@bad', () => {
      throw new Error('of mine')
    })
    await hall.spawn('b', { grants: { messaging: { to: ['@bad'] } } })
    await hall.open('b', '@bad', 'two')
    await hall.idle()
    expect(await hall.heard('a')).toEqual(['host: close: a/@desk: failed busy'])
    expect(await hall.heard('b')).toEqual(['host: close: b/@bad: failed failed'])
    expect(lines.join()).toMatch(/the channels to @bad failed: of mine/)
    expect(await wrongWith(hall.store)).toEqual([])
  })
})

describe('what the program does not take', () => {
  it('counts in the outbox of the actor until it is taken, or the channel is closed', async () => {
    await using hall = await Hall.open({}, { a: { limits: { outbox: 2 } } })
    const channel = await held(hall)
    for (const n of [1, 2]) expect(await hall.say('a', channel.name, `${n}`)).toBeUndefined()
    expect(await hall.say('a', channel.name, '3')).toBe('! outbox-full 2')
    await channel.receive()
    expect(await hall.say('a', channel.name, '3')).toBeUndefined()
    expect(await hall.say('a', channel.name, '4')).toBe('! outbox-full 2')
    await channel.close()
    await using other = await held(hall)
    expect(await hall.say('a', other.name, '5')).toBeUndefined()
  })

  it('is not before it is on record, and what the program says waits for a full mailbox', async () => {
    const gate = new Gate(memoryStore())
    await using hall = await Hall.open({ store: gate.store }, { a: { limits: { mailbox: 1 } } })
    await using channel = await held(hall)
    const [{ chain } = { chain: new Uint8Array() }] = hall.theater.actors()
    const reached = gate.close(chain)
    const saying = hall.say('a', channel.name, 'heard')
    await reached
    let early = true
    const receiving = channel.receive().then((message) => [early, plain(message!)])
    const sent = [1, 2, 3].map((n) => channel.send(text(`${n}`)))
    early = false
    gate.open()
    await saying
    expect(await receiving).toEqual([false, 'heard'])
    await Promise.all(sent)
    expect((await hall.heard('a')).slice(-3)).toEqual([1, 2, 3].map((n) => `host: message: @host/a: ${n}`))
  })
})

describe('the end of the host', () => {
  it('ends every channel of the program, for both ends', async () => {
    const store = memoryStore()
    let name = ''
    {
      await using hall = await Hall.open({ store }, { a: {} })
      const channel = await held(hall)
      name = channel.name
      await hall.say('a', name, 'the last')
      await hall.theater.close()
      expect(await channel.closed).toEqual({ tag: 'stopped' })
      expect(plain((await channel.receive())!)).toBe('the last')
      expect(await channel.receive()).toBeUndefined()
      await expect(channel.send(text('late'))).rejects.toMatchObject({ code: 'not-open' })
    }
    expect(await deadLetters(store)).toEqual([])
    await using hall = await Hall.open({ store })
    await hall.idle()
    expect(await hall.channels('a')).toEqual([])
    expect((await hall.heard('a')).at(-1)).toBe('host: close: @host/a: stopped')
    expect(await hall.say('a', name, 'late')).toBe('! not-open')
    expect(await wrongWith(store)).toEqual([])
  })

  it('anywhere leaves an actor that hears once that each of its channels is closed', async () => {
    const journal = new Journal()
    {
      await using hall = await Hall.open({ store: journal.store }, { a: desk })
      const channel = await held(hall)
      await channel.send(text('one'))
      await hall.say('a', channel.name, 'two')
      const coming = asked(hall)
      const theirs = await hall.open('a', '@desk', 'may I?')
      const other = (await coming).accept()
      await other.send(text('three'))
      await hall.say('a', theirs, 'four')
      await channel.close()
      await hall.close('a', theirs)
      await hall.idle()
    }
    const failures: unknown[] = []
    for (let at = 1; at <= journal.length; at++) {
      const { store } = await journal.at(at)
      await using hall = await Hall.open({ store })
      await hall.idle()
      const found: unknown[] = await wrongWith(store)
      const events = await chainOf(store, 'a')
      if (events.length > 0 && hall.theater.actors()[0]?.state === 'idle') {
        found.push(...((await hall.channels('a')) as string[]))
        const heard = await hall.heard('a')
        for (const opened of ['@host/a', 'a/@desk']) {
          const closes = heard.filter((line) => line.startsWith(`host: close: ${opened}`))
          if (closes.length > 1) found.push(closes)
        }
        found.push(...(await hall.theater.deadLetters()))
      }
      if (found.length > 0) failures.push({ at, found })
    }
    expect(failures).toEqual([])
    expect(journal.length).toBeGreaterThan(10)
  })
})

it('verification of several chains says which channels it could hold against nothing', async () => {
  await using hall = await Hall.open({}, { a: {}, b: {} })
  await using channel = await held(hall)
  await channel.send(text('one'))
  await hall.say('a', channel.name, 'two')
  await hall.idle()
  const infos = await hall.store.list()
  const report = await verifyGraph(
    infos.map(({ chain }) => ({ store: hall.store, chain })),
    { load },
  )
  expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(['verified', 'verified'])
  expect(report.unchecked).toEqual([])
  const [a] = infos
  expect(report.outside).toEqual([{ chain: a?.chain, channel: channel.name, heard: 2, said: 2 }])
})
