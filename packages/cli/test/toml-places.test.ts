import { describe, expect, it } from 'vitest'
import { excerpt } from '../src/excerpt.ts'
import { TomlPlaces } from '../src/toml-places.ts'

const text = `# a comment with [actor.fake] and key = 1
[actor.a]
component = "a.wasm"
params.json = { list = [1, { deep."x y" = true }], text = """
component = "not a key"
""" }

[ actor . "b.c" . grants ]   # spaces
fs.mounts."/data" = { host = 'h', rights = "r" }
\t'log'.level = "info"

[[many]]
n = 1
[[many]]
n = 2
[many.sub]
m = 3
`

/** The place of a key or value, and what stands there. */
function found(path: string[], part: 'key' | 'value'): string {
  const span = new TomlPlaces(text).find(path, part)
  if (span === undefined) return 'nowhere'
  const line = text.split('\n')[span.line - 1] ?? ''
  return `${span.line}:${span.column} ${line.slice(span.column - 1, span.end === undefined ? undefined : span.end - 1)}`
}

describe('places in a document', () => {
  it.for([
    [['actor'], 'key', '2:2 actor'],
    [['actor', 'a'], 'key', '2:8 a'],
    [['actor', 'a'], 'value', '2:1 [actor.a]'],
    [['actor', 'a', 'component'], 'key', '3:1 component'],
    [['actor', 'a', 'component'], 'value', '3:13 "a.wasm"'],
    [['actor', 'a', 'params', 'json', 'list', '0'], 'value', '4:25 1'],
    [['actor', 'a', 'params', 'json', 'list', '1', 'deep', 'x y'], 'key', '4:35 "x y"'],
    [['actor', 'a', 'params', 'json', 'list', '1', 'deep', 'x y'], 'value', '4:43 true'],
    [['actor', 'a', 'params', 'json', 'text'], 'value', '4:59 """'],
    [['actor', 'b.c', 'grants'], 'key', '8:19 grants'],
    [['actor', 'b.c', 'grants'], 'value', '8:1 [ actor . "b.c" . grants ]'],
    [['actor', 'b.c', 'grants', 'fs', 'mounts', '/data', 'host'], 'key', '9:23 host'],
    [['actor', 'b.c', 'grants', 'fs', 'mounts', '/data', 'host'], 'value', "9:30 'h'"],
    [['actor', 'b.c', 'grants', 'log'], 'key', "10:2 'log'"],
    [['actor', 'b.c', 'grants', 'log', 'level'], 'value', '10:16 "info"'],
    [['many', '0', 'n'], 'value', '13:5 1'],
    [['many', '1', 'n'], 'value', '15:5 2'],
    [['many', '1', 'sub', 'm'], 'value', '17:5 3'],
    // What is missing is shown at the table that it is missing in.
    [['actor', 'a', 'limits', 'mailbox'], 'key', '2:1 [actor.a]'],
    [['nobody'], 'key', 'nowhere'],
    [['__proto__', 'toString'], 'key', 'nowhere'],
  ] as const)('%j, its %s, is at %s', ([path, part, place]) => {
    expect(found([...path], part)).toBe(place)
  })

  it('knows what can be added to by a header, and where that goes', () => {
    const places = new TomlPlaces(text)
    expect(places.isOpen(['actor', 'a', 'grants'])).toBe(true)
    expect(places.isOpen(['actor', 'b.c', 'grants'])).toBe(true)
    expect(places.isOpen(['actor', 'a', 'params', 'json'])).toBe(false)
    expect(places.lastLine(['actor', 'a'])).toBe(6)
    expect(places.lastLine(['actor', 'b.c'])).toBe(10)
    expect(places.lastLine(['actor', 'nobody'])).toBeUndefined()
  })

  it('has no places of what is not TOML, or nested beyond all reason', () => {
    for (const bad of ['a = ', `a = ${'['.repeat(100_000)}`, `${'a.'.repeat(100_000)}b = 1`, '[a', '\0'])
      expect(new TomlPlaces(bad).find(['b'], 'key')).toBeUndefined()
  })
})

describe('an excerpt', () => {
  it('shows the line with carets under what is meant', () => {
    expect(excerpt('a = 1\n\tb = "xyz" # c\r\nd = 2', { line: 2, column: 6, end: 11 })).toEqual([
      '   2 |  b = "xyz" # c',
      '     |      ^^^^^',
    ])
    expect(excerpt('a = """\nx\n"""', { line: 1, column: 5, end: undefined })).toEqual([
      '   1 | a = """',
      '     |     ^^^',
    ])
    expect(excerpt('名前 = "\u001b[2J" # é', { line: 1, column: 6, end: 12 })).toEqual([
      '   1 | 名前 = "\\x1b[2J" # é',
      '     |        ^^^^^^^^^',
    ])
  })

  it('cuts a long line around it, and needs no line that is there', () => {
    const [line = '', carets = ''] = excerpt(`${'a'.repeat(5000)} = bad${'c'.repeat(5000)}`, {
      line: 1,
      column: 5004,
      end: 5007,
    })
    expect(line.length).toBeLessThan(110)
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('bad')
    expect(excerpt('a', { line: 9, column: 3, end: 4 })).toEqual(['   9 |', '     | ^'])
  })
})
