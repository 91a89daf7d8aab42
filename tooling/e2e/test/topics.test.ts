import { memoryStore } from '@theater/event-chain'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it } from 'vitest'
import { Gate } from './support/gate.ts'
import { chainOf, Hall, outside, text, wrongWith } from './support/talkers.ts'

describe('what is published', () => {
  it('reaches all who are subscribed, each once, in the order in which it was said, and nobody else', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {}, c: {}, d: {} })
    expect(await hall.publish('a', 'news', 'too early')).toEqual([])
    for (const id of ['c', 'b', 'b']) expect(await hall.subscribe(id, 'news')).toBeUndefined()
    expect(await hall.subscribe('d', 'other')).toBeUndefined()
    expect(await hall.publish('a', 'news', 'one')).toEqual(['b', 'c'])
    expect(await hall.send('a', 'b', 'two')).toBeUndefined()
    expect(await hall.publish('a', 'news', 'three')).toEqual(['b', 'c'])
    await hall.idle()
    expect(await hall.heard('b')).toEqual(['a: news: one', 'a: two', 'a: news: three'])
    expect(await hall.heard('c')).toEqual(['a: news: one', 'a: news: three'])
    expect(await hall.heard('d')).toEqual([])
    expect(await hall.heard('a')).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is one event of its publisher, however many get it', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {}, c: {}, d: {} })
    for (const id of ['b', 'c', 'd']) await hall.subscribe(id, 'news')
    await hall.publish('a', 'news', 'one')
    const kinds = (await chainOf(hall.store, 'a')).map(({ kind }) => kind)
    expect(kinds).toEqual(['genesis', 'seed', 'turn', 'call', 'send', 'return'])
  })

  it('comes back to whoever published it and is subscribed', async () => {
    await using hall = await Hall.open({}, { a: {} })
    await hall.subscribe('a', 'news')
    expect(await hall.publish('a', 'news', 'one')).toEqual(['a'])
    await hall.idle()
    expect(await hall.heard('a')).toEqual(['a: news: one'])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('does not reach who has unsubscribed, or ended', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {}, c: {}, d: {} })
    for (const id of ['b', 'c', 'd']) await hall.subscribe(id, 'news')
    await hall.subscribe('b', 'other')
    expect(await hall.subscriptions('b')).toEqual(['news', 'other'])
    await hall.unsubscribe('b', 'news')
    await hall.unsubscribe('b', 'never')
    await hall.theater.stop('c')
    expect(await hall.publish('a', 'news', 'one')).toEqual(['d'])
    expect(await hall.subscriptions('b')).toEqual(['other'])
    // A name that is free again does not inherit.
    await hall.theater.release('c')
    await hall.spawn('c')
    expect(await hall.publish('a', 'news', 'two')).toEqual(['d'])
    await hall.idle()
    expect(hall.letters).toEqual([])
  })

  it('is dead for who ends before it', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    await using hall = await Hall.open({ store: gate.store }, { a: {}, b: {}, c: {} })
    for (const id of ['b', 'c']) await hall.subscribe(id, 'news')
    const { chain } = hall.theater.actors()[0]!
    const reached = gate.close(chain)
    const publishing = hall.publish('a', 'news', 'one')
    // The publish is being written: it was for b too.
    await reached
    await hall.theater.stop('b')
    gate.open()
    expect(await publishing).toEqual(['b', 'c'])
    await hall.idle()
    expect(hall.letters).toMatchObject([{ from: 'a', to: 'b', seq: 4, reason: 'stopped' }])
    expect(await hall.heard('c')).toEqual(['a: news: one'])
    expect(await wrongWith(hall.store)).toEqual([])
  })
})

describe('what cannot be', () => {
  it('is an error to who asked for it', async () => {
    const grants = { messaging: { publish: ['news'], subscribe: ['prices/*'] } }
    await using hall = await Hall.open({}, { a: { grants, limits: { subscriptions: 2 } }, b: {} })
    expect(await hall.publish('a', 'prices/gold', 'no')).toBe('! denied')
    expect(await hall.subscribe('a', 'news')).toBe('! denied')
    expect(await hall.send('a', 'b', 'no')).toBe('! denied')
    expect(await hall.subscribe('a', 'prices/gold')).toBeUndefined()
    expect(await hall.subscribe('a', 'prices/tin')).toBeUndefined()
    expect(await hall.subscribe('a', 'prices/tin')).toBeUndefined()
    expect(await hall.subscribe('a', 'prices/zinc')).toBe('! too-many 2')
    expect(await hall.unsubscribe('a', 'prices/tin')).toBeUndefined()
    expect(await hall.subscribe('a', 'prices/zinc')).toBeUndefined()
    for (const topic of ['', 'News', 'a b', 'x'.repeat(129)]) {
      expect(await hall.publish('b', topic, 'no')).toBe('! bad-topic')
      expect(await hall.subscribe('b', topic)).toBe('! bad-topic')
      expect(await hall.unsubscribe('b', topic)).toBe('! bad-topic')
    }
    expect(
      await hall.call('b', 'topics@0.1#publish', 'news', { format: 'x', body: new Uint8Array(1 << 20) }),
    ).toBe(`! too-large ${1 << 20}`)
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is a publish to more than the outbox holds: nobody gets it', async () => {
    await using hall = await Hall.open({}, { a: { limits: { outbox: 2 } }, b: {}, c: {}, d: {} })
    for (const id of ['b', 'c', 'd']) await hall.subscribe(id, 'news')
    expect(await hall.publish('a', 'news', 'one')).toBe('! outbox-full 2')
    await hall.unsubscribe('d', 'news')
    expect(await hall.publish('a', 'news', 'two')).toEqual(['b', 'c'])
    await hall.idle()
    expect(await hall.heard('b')).toEqual(['a: news: two'])
    expect(await hall.heard('d')).toEqual([])
  })

  it('is a message that is larger than one of those takes: it is dead for that one', async () => {
    await using hall = await Hall.open({}, { a: {}, b: { limits: { messageBytes: 50 } }, c: {} })
    for (const id of ['b', 'c']) await hall.subscribe(id, 'news')
    const long = 'x'.repeat(100)
    expect(await hall.publish('a', 'news', long)).toEqual(['b', 'c'])
    await hall.idle()
    expect(await hall.heard('c')).toEqual([`a: news: ${long}`])
    expect(hall.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'too-large' }])
  })
})

describe('a turn that is undone', () => {
  it('has neither published nor subscribed', async () => {
    // A turn and one call are one event too many.
    const limits = { turnEvents: 1 }
    await using hall = await Hall.open({}, { a: { limits }, b: {} })
    await hall.subscribe('b', 'news')
    await expect(hall.publish('a', 'news', 'one')).rejects.toMatchObject({ code: 'aborted' })
    await expect(hall.subscribe('a', 'news')).rejects.toMatchObject({ code: 'aborted' })
    await hall.idle()
    expect(await hall.heard('b')).toEqual([])
    expect(await hall.publish('b', 'news', 'two')).toEqual(['b'])
    expect(await wrongWith(hall.store)).toEqual([])
  })
})

describe('the program that embeds the runtime', () => {
  it('publishes, and hears what is published', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {} })
    const heard: string[] = []
    const listening = hall.theater.subscribe('news', (published) => heard.push(outside(published)))
    await hall.subscribe('b', 'news')
    expect(await hall.theater.publish('news', text('one'))).toEqual([{ to: 'b', error: undefined }])
    await hall.publish('a', 'news', 'two')
    await hall.publish('a', 'other', 'three')
    listening[Symbol.dispose]()
    await hall.publish('a', 'news', 'four')
    await hall.idle()
    expect(heard).toEqual(['host: news: one', 'a: news: two'])
    expect(await hall.heard('b')).toEqual(['host: news: one', 'a: news: two', 'a: news: four'])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is told of every receiver what came of it, and hears no listener fail', async () => {
    await using hall = await Hall.open({}, { b: {}, c: { limits: { messageBytes: 50 } } })
    for (const id of ['b', 'c']) await hall.subscribe(id, 'news')
    hall.theater.subscribe('news', () => {
      throw new Error('a listener that fails')
    })
    const outcome = await hall.theater.publish('news', text('x'.repeat(100)))
    expect(outcome.map(({ to, error }) => [to, error?.code])).toEqual([
      ['b', undefined],
      ['c', 'too-large'],
    ])
    await expect(hall.theater.publish('No', text('x'))).rejects.toMatchObject({ code: 'bad-arguments' })
    expect(() => hall.theater.subscribe('No', () => undefined)).toThrow('is not the name of a topic')
  })
})

it('an actor that takes nothing that is published cannot subscribe', async () => {
  await using hall = await Hall.open({}, { a: { component: relayGuest('topics') } })
  expect(await hall.subscribe('a', 'news')).toBe('! not-served')
  expect(await hall.publish('a', 'news', 'one')).toEqual([])
})
