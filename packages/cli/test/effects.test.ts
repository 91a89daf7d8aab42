import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { disposeHandlers, makeHandlers } from '../src/handlers.ts'

const page = readFileSync(new URL('../../../docs/effects.md', import.meta.url), 'utf8')

it('docs/effects.md says of every function that may be done once what becomes of it after a crash, and of no other', async () => {
  const handlers = await makeHandlers({ store: join(tmpdir(), 'theater-never-opened.db') })
  const once = handlers.flatMap(({ functions }) =>
    Object.entries(functions).flatMap(([name, { effect }]) => (effect === 'once' ? [name] : [])),
  )
  await disposeHandlers(handlers)
  const names = once.map((name) => {
    const [, track = '', fn = ''] = /^([^@]+)@[^#]+#(?:.*\.)?(.+)$/.exec(name) ?? []
    return `\`${track}\` \`${fn}\``
  })
  const rows = page.split('\n').filter((line) => /^\| `(wasi|theater):/.test(line))
  const told = rows.flatMap((row) => row.split(' | ')[0]?.match(/`[^`]+` `[^`]+`/g) ?? [])
  expect(told.toSorted()).toEqual(names.toSorted())
})
