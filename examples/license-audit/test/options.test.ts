import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { help, readOptions } from '../src/options.ts'

it('reads the command line', () => {
  expect(readOptions([])).toMatchObject({ fresh: false, packages: undefined, crashAfter: undefined })
  expect(readOptions(['--fresh', '--packages', 'a', '--data', 'b', '--crash-after', '7'])).toEqual({
    fresh: true,
    packages: resolve('a'),
    data: resolve('b'),
    crashAfter: 7,
  })
  expect(readOptions(['-h'])).toBe('help')
})

it.each([[['--frseh']], [['--crash-after', 'x']], [['--crash-after', '-1']], [['--packages']], [['stray']]])(
  'refuses %j',
  (args) => {
    expect(readOptions(args)).toMatchObject({ wrong: expect.stringContaining(args[0] as string) })
  },
)

it('says what each option does', () => {
  for (const option of ['--fresh', '--packages', '--data', '--crash-after', '--help'])
    expect(help).toContain(option)
})
