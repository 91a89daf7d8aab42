import { memoryStore } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { describe, expect, it } from 'vitest'
import { Gate } from './support/gate.ts'
import { Hall, wrongWith } from './support/talkers.ts'

describe('a channel', () => {
  it('is asked for, accepted, used both ways in order, and closed once', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {} })
    const channel = await hall.open('a', 'b', 'may I?')
    await hall.idle()
    expect(channel).toMatch(/^a\/b\/[0-9a-f]{32}-3$/)
    expect(await hall.say('a', channel, 'too early')).toBe('! not-open')
    expect(await hall.accept('a', channel)).toBe('! not-open')
    expect(await hall.accept('b', channel)).toBeUndefined()
    expect(await hall.accept('b', channel)).toBe('! not-open')
    await hall.idle()
    for (const n of [1, 2]) {
      expect(await hall.say('a', channel, `a ${n}`)).toBeUndefined()
      expect(await hall.send('a', 'b', `beside ${n}`)).toBeUndefined()
      expect(await hall.say('b', channel, `b ${n}`)).toBeUndefined()
    }
    expect(await hall.channels('a')).toEqual([channel])
    expect(await hall.close('a', channel)).toBeUndefined()
    expect(await hall.say('a', channel, 'too late')).toBe('! not-open')
    expect(await hall.close('a', channel)).toBe('! not-open')
    await hall.idle()
    expect(await hall.say('b', channel, 'too late')).toBe('! not-open')
    expect(await hall.channels('a')).toEqual([])
    expect(await hall.channels('b')).toEqual([])
    expect(await hall.heard('b')).toEqual([
      'a: open: a/b: may I?',
      'a: message: a/b: a 1',
      'a: beside 1',
      'a: message: a/b: a 2',
      'a: beside 2',
      'a: close: a/b: done',
    ])
    expect(await hall.heard('a')).toEqual(['b: accept: a/b', 'b: message: a/b: b 1', 'b: message: a/b: b 2'])
    expect(hall.letters).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is refused with a reason, or given up before it is accepted', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {} })
    const refused = await hall.open('a', 'b', 'one')
    await hall.idle()
    expect(await hall.close('b', refused, 'busy')).toBeUndefined()
    const left = await hall.open('a', 'b', 'two')
    expect(await hall.close('a', left)).toBeUndefined()
    await hall.idle()
    expect(await hall.accept('b', left)).toBe('! not-open')
    expect(await hall.heard('a')).toEqual(['b: close: a/b: failed busy'])
    expect(await hall.channels('a')).toEqual([])
    expect(await hall.channels('b')).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is not for those who are not its ends, nor for one actor alone', async () => {
    const few = { grants: { messaging: { to: ['b'] } } }
    await using hall = await Hall.open({}, { a: few, b: { limits: { channels: 1 } }, c: {} })
    expect(await hall.open('a', 'c', 'no')).toBe('! denied')
    expect(await hall.open('c', 'c', 'no')).toBe('! not-served')
    expect(await hall.open('c', 'nobody', 'no')).toBe('! unknown-actor')
    const channel = await hall.open('a', 'b', 'may I?')
    await hall.idle()
    expect(await hall.open('c', 'b', 'me too?')).toBe('! too-many 1')
    await hall.accept('b', channel)
    await hall.idle()
    for (const name of [channel, channel.replace('a/b', 'c/b'), '', 'c', '//', 'b/c/x'])
      for (const step of [hall.say('c', name, 'no'), hall.accept('c', name), hall.close('c', name)])
        expect(await step).toBe('! not-open')
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is not had with who takes none, or by who takes none', async () => {
    await using hall = await Hall.open({ handlers: [messaging(), log()] }, { a: {} })
    await hall.theater.spawn({ id: 'echo', component: guest('echo'), grants: { log: {} } })
    expect(await hall.open('a', 'echo', 'no')).toBe('! not-served')
    await hall.spawn('deaf', { component: relayGuest('channels') })
    expect(await hall.open('deaf', 'a', 'no')).toBe('! not-served')
  })

  it('is closed when its other end ends, asked for or open, and once for each', async () => {
    await using hall = await Hall.open({}, { a: {}, b: {}, c: {} })
    const open = await hall.open('a', 'b', 'one')
    const theirs = await hall.open('b', 'a', 'two')
    await hall.open('a', 'b', 'three')
    await hall.open('c', 'b', 'four')
    await hall.idle()
    await hall.accept('b', open)
    await hall.accept('a', theirs)
    await hall.idle()
    await hall.theater.stop('b')
    await hall.idle()
    expect(await hall.say('a', open, 'gone')).toBe('! not-open')
    expect(await hall.channels('a')).toEqual([])
    expect((await hall.heard('a')).slice(-3).toSorted()).toEqual([
      'b: close: a/b: stopped',
      'b: close: a/b: stopped',
      'b: close: b/a: stopped',
    ])
    expect(await hall.heard('c')).toEqual(['b: close: c/b: stopped'])
    expect(await wrongWith(hall.store)).toEqual([])
  })

  it('is closed when the turn that was asked for it comes to nothing', async () => {
    // An event more than the turn itself is one too many, and so is what a guest is given.
    await using hall = await Hall.open({}, { a: {}, b: { limits: { fuel: 1 } } })
    await hall.open('a', 'b', 'may I?')
    await hall.idle()
    expect(await hall.heard('a')).toEqual(['b: close: a/b: undelivered'])
    expect(await hall.channels('a')).toEqual([])
    expect(hall.letters).toMatchObject([{ from: 'a', to: 'b', reason: 'trapped' }])
    expect(await wrongWith(hall.store)).toEqual([])
    // Its opener knows that it is closed: it is not asked for again.
    const [letter] = await hall.theater.deadLetters()
    await expect(hall.theater.retry(letter!.id)).rejects.toMatchObject({ code: 'not-open' })
  })

  it('takes nothing any more that crosses its close', async () => {
    const gate = new Gate(memoryStore())
    await using hall = await Hall.open({ store: gate.store }, { a: {}, b: {} })
    const channel = await hall.open('a', 'b', 'may I?')
    await hall.idle()
    await hall.accept('b', channel)
    await hall.idle()
    const [{ chain } = { chain: new Uint8Array() }] = hall.theater.actors()
    const reached = gate.close(chain)
    const closing = hall.close('a', channel)
    await reached
    expect(await hall.say('b', channel, 'crosses')).toBeUndefined()
    gate.open()
    await closing
    await hall.idle()
    expect(await hall.heard('a')).toEqual(['b: accept: a/b'])
    expect((await hall.heard('b')).at(-1)).toBe('a: close: a/b: done')
    expect(hall.letters).toEqual([])
    expect(await hall.theater.deadLetters()).toEqual([])
    expect(await wrongWith(hall.store)).toEqual([])
  })
})
