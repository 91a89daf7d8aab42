import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { capabilities } from '../src/build/analyse.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8')

test('the example is the same in the README, at the top of the kit, and where it is run', () => {
  const example = read('example.ts')
  expect(read('../README.md')).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
  const comment = example.replaceAll(/^/gm, ' * ').replaceAll(/ +$/gm, '').replace(/ \*$/, '')
  expect(read('../src/index.ts')).toContain(` * \`\`\`ts\n${comment} * \`\`\`\n`)
})

test('every capability is in the README', () => {
  for (const name of capabilities) expect(read('../README.md')).toContain(`| \`${name}\` |`)
})

test('the example of two actors is the one that is compiled', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('sources/auditor.ts')}\`\`\`\n`)
})

test('the example of children is the one that is run', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('sources/boss.ts')}\`\`\`\n`)
})

test('the example of timers is the one that is run', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('sources/reminder.ts')}\`\`\`\n`)
})

test('the example of programs is the one that is run', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('sources/words.ts')}\`\`\`\n`)
})

test('the example of topics and channels is the one that is run', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('sources/desk.ts')}\`\`\`\n`)
})

test('the example of HTTP is the one that is run', () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('example-web.ts')}\`\`\`\n`)
})
