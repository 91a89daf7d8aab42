import { describe, expect, it } from 'vitest'
import { Presence } from '../src/presence.ts'
import { fieldsOf, Hosts, targetOf } from '../src/target.ts'

describe('where a request goes', () => {
  it('is what it says itself, whatever the one before said', () => {
    const hosts = new Hosts()
    const said = ['a.test', 'A.test:80', 'b.test', 'a.test', 'b@a.test', 'a.test', '2130706433', 'a.test']
    const found = said.map((host) => targetOf({ url: '/x?y', rawHeaders: ['Host', host] }, hosts)?.host)
    expect(found).toEqual([
      'a.test',
      'a.test',
      'b.test',
      'a.test',
      undefined,
      'a.test',
      '127.0.0.1',
      'a.test',
    ])
  })
})

describe('the fields of a request', () => {
  it('are all that are not of the connection, whose own list may come in parts', () => {
    const raw = [
      'Host',
      'a',
      'X-A',
      '1',
      'connection',
      'X-A, close',
      'x-b',
      '2',
      'Connection',
      ' X-C ',
      'X-c',
      '3',
    ]
    expect(fieldsOf(raw)).toEqual([['x-b', '2']])
    expect(fieldsOf(['x-a', '1', 'TE', 'trailers', 'X-A', '2'])).toEqual([
      ['x-a', '1'],
      ['X-A', '2'],
    ])
  })
})

describe('a client', () => {
  it('that goes is told of once, in order, to whoever did not stop listening, and at once to whoever asks later', () => {
    const client = new Presence()
    const heard: string[] = []
    client.onGone(() => heard.push('a'))
    const forget = client.onGone(() => heard.push('b'))
    client.onGone(() => heard.push('c'))
    forget()
    forget()
    expect([client.gone, heard]).toEqual([false, []])
    client.leave()
    client.leave()
    client.onGone(() => heard.push('d'))
    expect([client.gone, heard]).toEqual([true, ['a', 'c', 'd']])
  })
})
