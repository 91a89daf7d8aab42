import { FsError, type FileSystem, type Store, StoreError } from '@theater/actor'
import { describe, expect, it } from 'vitest'
import { read } from '../actors/chat.ts'
import { type Outcome, use } from '../actors/tools.ts'

describe('an answer of a model', () => {
  const answer = (message: unknown, more: object = {}): string =>
    JSON.stringify({ choices: [{ message }], ...more })

  it('is text, or tools; what else stands in it is left out', () => {
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{' }, index: 0 }
    expect(
      read(answer({ role: 'assistant', content: 'x', refusal: null }, { usage: { total_tokens: 7 } })),
    ).toEqual({
      answer: { role: 'assistant', content: 'x' },
      tokens: 7,
    })
    expect(read(answer({ content: null, tool_calls: [call] }, { usage: { total_tokens: -1 } }))).toEqual({
      answer: {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{' } }],
      },
      tokens: 0,
    })
  })

  it.each([
    ['', 'not JSON'],
    ['[]', 'no message'],
    ['{"choices":{"0":{"message":{}}}}', 'no message'],
    [answer(null), 'no message'],
    [answer({ content: ['x'] }), 'no message'],
    [answer({ content: null, tool_calls: 'all' }), 'no message'],
    [answer({ content: null, tool_calls: [{}] }), 'does not say which'],
    [
      answer({ content: null, tool_calls: [{ id: 1, function: { name: 'f', arguments: '' } }] }),
      'does not say which',
    ],
    [answer({ content: null, tool_calls: Array.from({ length: 17 }) }), '17 tools at once'],
  ])('that is none is no answer: %s', (text, why) => {
    expect(() => read(text)).toThrow(why)
  })
})

describe('a tool', () => {
  const asked: string[] = []
  const saved = new Map<string, string | null>()
  const fs = {
    stat: (path: string) => {
      asked.push(path)
      if (path.includes('..')) throw new FsError(path, 'not-permitted')
      if (path.endsWith('none')) throw new FsError(path, 'no-entry')
      return {
        kind: path.endsWith('/') ? 'directory' : 'file',
        size: path.endsWith('big') ? 1e9 : 1,
        modified: null,
      }
    },
    readText: (path: string) => {
      if (path.endsWith('.png')) throw new TypeError('no text')
      return `text of ${path}`
    },
    readDir: () => [
      { name: 'a', kind: 'file' },
      { name: 'b', kind: 'directory' },
    ],
  } as unknown as FileSystem
  const store = {
    put: (text: string) => text,
    setLabel: (name: string, hash: string | null) => {
      if (saved.size > 0) throw new StoreError('the label', { tag: 'quota' } as never)
      saved.set(name, hash)
    },
  } as unknown as Store
  const call = (name: string, given: unknown): Promise<Outcome> => {
    const text = typeof given === 'string' ? given : JSON.stringify(given)
    return use({ id: '1', type: 'function', function: { name, arguments: text } }, { fs, store })
  }

  it('reads a file, and gives the names in a folder', async () => {
    expect(await call('read_file', { path: 'a.md' })).toEqual({
      result: 'ok',
      text: 'text of /workspace/a.md',
    })
    expect(await call('read_file', { path: './' })).toEqual({ result: 'ok', text: 'a\nb/' })
    await call('read_file', { path: '.' })
    expect(asked.slice(-3)).toEqual(['/workspace/a.md', '/workspace/', '/workspace/'])
  })

  it('asks the host for a path that leads out, and says what that says', async () => {
    expect(await call('read_file', { path: '../x' })).toEqual({ result: 'refused', text: 'not-permitted' })
    await call('read_file', { path: '/etc/passwd' })
    expect(asked.slice(-2)).toEqual(['/workspace/../x', '/etc/passwd'])
    expect(await call('read_file', { path: 'none' })).toEqual({ result: 'failed', text: 'no-entry' })
    expect(await call('read_file', { path: 'x.png' })).toMatchObject({ result: 'failed' })
  })

  it.each([
    ['no_tool', {}, 'there is no such tool'],
    ['constructor', {}, 'there is no such tool'],
    ['read_file', '{', 'not JSON'],
    ['read_file', '[]', 'not an object'],
    ['read_file', 'null', 'not an object'],
    ['read_file', '{"__proto__":{"path":"a"}}', 'no argument "__proto__"'],
    ['read_file', { path: 7 }, 'path has to be text'],
    ['read_file', {}, 'path has to be text'],
    ['read_file', { path: 'a', mode: 'w' }, 'no argument "mode"'],
    ['read_file', { path: 'a\u0000b' }, 'no path'],
    ['read_file', { path: 'a'.repeat(1025) }, 'no path'],
    ['read_file', { path: 'big' }, 'the most'],
    ['save_note', { name: '../x', text: '' }, 'a name is'],
    ['save_note', { name: 'x', text: 'x'.repeat(9000) }, 'at most'],
  ])('%s is refused with %j', async (name, given, why) => {
    expect(await call(name, given)).toEqual({ result: 'refused', text: expect.stringContaining(why) })
  })

  it('saves a note, as far as there is room', async () => {
    expect(await call('save_note', { name: 'a-1', text: 'x' })).toEqual({
      result: 'ok',
      text: 'saved as a-1',
    })
    expect(saved).toEqual(new Map([['notes/a-1', 'x']]))
    expect(await call('save_note', { name: 'b', text: 'y' })).toMatchObject({ result: 'refused' })
  })
})
