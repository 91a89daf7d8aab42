import { expect, it } from 'vitest'
import { help, readOptions } from '../src/options.ts'

const read = (...args: string[]) => readOptions(args, { KEY: 'k', EMPTY: '' })

it('reads the command line', () => {
  expect(read()).toMatchObject({
    fresh: false,
    modelUrl: undefined,
    secret: undefined,
    crashAfter: undefined,
  })
  expect(read('--model-url', 'https://a.example/api/v1/', '--model', 'm', '--secret', 'KEY')).toMatchObject({
    modelUrl: 'https://a.example/api',
    model: 'm',
    secret: 'KEY',
  })
  expect(read('--crash-after', '3')).toMatchObject({ crashAfter: 3 })
  expect(read('-h')).toBe('help')
})

it.each([
  [['--frseh'], '--frseh'],
  [['stray'], 'stray'],
  [['--crash-after', '0'], '--crash-after'],
  [['--model-url', 'file:///x', '--model', 'm'], 'file:///x'],
  [['--model-url', 'https://u:p@a.example', '--model', 'm'], '--model-url'],
  [['--model-url', 'https://a.example?key=1', '--model', 'm'], '--model-url'],
  [['--model-url', 'https://a.example'], '--model'],
  [['--model', 'm'], '--model-url'],
  [['--model-url', 'https://a.example', '--model', 'm', '--crash-after', '1'], '--crash-after'],
  [['--secret', 'ABSENT'], 'ABSENT'],
  [['--secret', 'EMPTY'], 'EMPTY'],
])('refuses %j', (args, why) => {
  expect(read(...args)).toMatchObject({ wrong: expect.stringContaining(why) })
})

it('says what each option does', () => {
  for (const option of [
    '--model-url',
    '--model',
    '--secret',
    '--question',
    '--fresh',
    '--data',
    '--crash-after',
  ])
    expect(help).toContain(option)
})
