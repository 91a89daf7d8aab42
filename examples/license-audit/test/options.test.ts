import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { help, readOptions } from '../src/options.ts'

it('reads the command line', () => {
  expect(readOptions([])).toMatchObject({
    fresh: false,
    packages: undefined,
    crashAfter: undefined,
    serve: undefined,
  })
  expect(readOptions(['--fresh', '--packages', 'a', '--data', 'b', '--crash-after', '7'])).toEqual({
    fresh: true,
    packages: resolve('a'),
    data: resolve('b'),
    crashAfter: 7,
    serve: undefined,
  })
  expect(readOptions(['--serve'])).toMatchObject({ serve: { port: 0 } })
  expect(readOptions(['--serve', '--port', '8080'])).toMatchObject({ serve: { port: 8080 } })
  expect(readOptions(['-h'])).toBe('help')
})

it.each([
  [['--frseh']],
  [['--crash-after', 'x']],
  [['--crash-after', '-1']],
  [['--packages']],
  [['--port', '65536', '--serve']],
  [['--port', 'x', '--serve']],
  [['--port', '8080']],
  [['stray']],
])('refuses %j', (args) => {
  expect(readOptions(args)).toMatchObject({ wrong: expect.stringContaining(args[0] as string) })
})

it('says what each option does', () => {
  for (const option of ['--fresh', '--packages', '--data', '--crash-after', '--serve', '--port', '--help'])
    expect(help).toContain(option)
})
