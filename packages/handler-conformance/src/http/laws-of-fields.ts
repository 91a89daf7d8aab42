import assert from 'node:assert/strict'
import { answered, bytes, errorOf, law, listed, text } from './guest.ts'
import type { HttpLaw } from './subject.ts'

const OK = 'HTTP/1.1 200 OK\r\n'

/** One for each thing that the WIT says of `fields`. */
export const lawsOfFields: readonly HttpLaw[] = [
  law('fields are empty when they are made, and change', async ({ guest: { types } }) => {
    const fields = types['[constructor]fields']()
    assert.deepEqual(listed(fields), [])
    fields.append('x-new', bytes('1'))
    assert.deepEqual(listed(fields), [['x-new', '1']])
  }),
  law('fields of a list are those of the list, and change', async ({ guest }) => {
    const list = [
      ['x-list', '1'],
      ['x-other', ''],
      ['x-list', '2'],
    ] as const
    const fields = guest.fields(list)
    assert.deepEqual(listed(fields), list)
    fields.append('x-list', bytes('3'))
    assert.deepEqual(listed(fields), [...list, ['x-list', '3']])
  }),
  law('a name of a field is the same in whatever letters', async ({ guest }) => {
    const fields = guest.fields({ 'X-Letters': '1' })
    assert.equal(fields.has('x-lETTERs'), true)
    fields.append('x-letters', bytes('2'))
    assert.deepEqual(fields.get('X-LETTERS').map(text), ['1', '2'])
    fields.set('x-LETTERS', [bytes('3')])
    assert.deepEqual(fields.get('x-letters').map(text), ['3'])
    fields.delete('X-letters')
    assert.equal(fields.has('X-Letters'), false)
  }),
  law(
    'a name that is not there, or is none, has no values; one that is empty has an empty one',
    async ({ guest }) => {
      const fields = guest.fields({ 'x-empty': '' })
      assert.deepEqual(fields.get('x-empty').map(text), [''])
      assert.equal(fields.has('x-empty'), true)
      for (const name of ['x-absent', 'no name', '']) {
        assert.deepEqual(fields.get(name), [], JSON.stringify(name))
        assert.equal(fields.has(name), false, JSON.stringify(name))
      }
    },
  ),
  law('setting a field replaces its values, and no other’s', async ({ guest }) => {
    const fields = guest.fields([
      ['x-set', '1'],
      ['x-set', '2'],
      ['x-kept', '3'],
    ])
    fields.set('x-set', [bytes('4'), bytes('5')])
    assert.deepEqual(fields.get('x-set').map(text), ['4', '5'])
    assert.deepEqual(fields.get('x-kept').map(text), ['3'])
    fields.set('x-set', [])
    assert.deepEqual(fields.get('x-set'), [])
  }),
  law('deleting a field deletes all of its values, or nothing', async ({ guest }) => {
    const fields = guest.fields([
      ['x-gone', '1'],
      ['x-gone', '2'],
      ['x-stays', '3'],
    ])
    fields.delete('x-gone')
    fields.delete('x-never')
    assert.deepEqual(fields.get('x-gone'), [])
    assert.deepEqual(fields.get('x-stays').map(text), ['3'])
  }),
  law('appending to a field leaves the values that it has', async ({ guest }) => {
    const fields = guest.fields({ 'x-more': '1' })
    fields.append('x-more', bytes('2'))
    assert.deepEqual(fields.get('x-more').map(text), ['1', '2'])
  }),
  law(
    'entries are in the letters in which they were given, and in the order in which they are sent',
    async ({ guest, peer }) => {
      const list = [
        ['X-Zulu', '1'],
        ['x-alpha', '2'],
        ['X-zulu', '3'],
      ] as const
      assert.deepEqual(listed(guest.fields(list)), list)
      const future = await guest.send(peer, { headers: list })
      const line = await peer.next()
      const { read } = await line.until('\r\n\r\n')
      const sent = read.split('\r\n').filter((one) => /^x-(?:zulu|alpha):/i.test(one))
      assert.deepEqual(sent, ['X-Zulu: 1', 'x-alpha: 2', 'X-zulu: 3'])
      line.say(`${OK}X-Zulu: 1\r\nx-alpha: 2\r\nX-zulu: 3\r\ncontent-length: 0\r\n\r\n`)
      const received = listed((await answered(future)).headers()).filter(([name]) => /^x-/i.test(name))
      assert.deepEqual(received, list)
    },
  ),
  law('a clone is a copy that changes, of fields that do not change, too', async ({ guest, peer }) => {
    const fields = guest.fields({ 'x-clone': '1' })
    const copy = fields.clone()
    copy.set('x-clone', [bytes('2')])
    assert.deepEqual(fields.get('x-clone').map(text), ['1'])
    assert.deepEqual(copy.get('x-clone').map(text), ['2'])
    const sent = guest
      .request(peer, { headers: { 'x-clone': '3' } })
      .headers()
      .clone()
    sent.append('x-clone', bytes('4'))
    assert.deepEqual(sent.get('x-clone').map(text), ['3', '4'])
  }),
  law('what is no field is invalid, and changes nothing', async ({ guest }) => {
    const fields = guest.fields({ 'x-valid': '1' })
    for (const [name, value] of [
      ['', '1'],
      ['no name', '1'],
      ['x:y', '1'],
      ['x-a\r\nx-b', '1'],
      ['x-a', '1\r\nx-b: 2'],
      ['x-a', '1\n'],
      ['x-a', '\0'],
    ] as const) {
      const shown = JSON.stringify([name, value])
      assert.equal(await errorOf(() => fields.append(name, bytes(value))), 'invalid-syntax', shown)
      assert.equal(await errorOf(() => fields.set(name, [bytes('1'), bytes(value)])), 'invalid-syntax', shown)
      assert.equal(
        await errorOf(() =>
          guest.fields([
            ['x-a', '1'],
            [name, value],
          ]),
        ),
        'invalid-syntax',
        shown,
      )
    }
    assert.equal(await errorOf(() => fields.delete('no name')), 'invalid-syntax')
    assert.deepEqual(listed(fields), [['x-valid', '1']])
  }),
  law('what decides where a message ends is forbidden, however it is set', async ({ guest }) => {
    const fields = guest.fields()
    for (const name of ['transfer-encoding', 'Host', 'connection', 'Upgrade']) {
      assert.equal(await errorOf(() => fields.append(name, bytes('1'))), 'forbidden', name)
      assert.equal(await errorOf(() => fields.set(name, [bytes('1')])), 'forbidden', name)
      assert.equal(await errorOf(() => guest.fields({ [name]: '1' })), 'forbidden', name)
    }
    assert.deepEqual(listed(fields), [])
  }),
  law('fields of a message do not change', async ({ guest, peer }) => {
    const future = await guest.send(peer)
    const line = await peer.next()
    ;(await line.until('\r\n\r\n')).say(`${OK}x-fixed: 1\r\ncontent-length: 0\r\n\r\n`)
    const response = await answered(future)
    const answer = guest.types['[constructor]outgoing-response'](guest.fields({ 'x-fixed': '1' }))
    const request = guest.request(peer, { headers: { 'x-fixed': '1' } })
    for (const fields of [request.headers(), response.headers(), answer.headers()]) {
      assert.equal(await errorOf(() => fields.set('x-fixed', [])), 'immutable')
      assert.equal(await errorOf(() => fields.append('x-fixed', bytes('2'))), 'immutable')
      assert.equal(await errorOf(() => fields.delete('x-fixed')), 'immutable')
      assert.deepEqual(fields.get('x-fixed').map(text), ['1'])
    }
  }),
]
