import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseManifest } from '../src/index.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

it('the example is the one in src/index.ts, and does what it says', () => {
  const [, example = ''] = /```ts\n([^]*?)```/.exec(read('../README.md')) ?? []
  const inSource = example
    .trimEnd()
    .split('\n')
    .map((line) => ` * ${line}`.trimEnd())
    .join('\n')
  expect(read('../src/index.ts')).toContain(inSource)
  const { actors } = parseManifest('[actor.counter]\ncomponent = "counter.wasm"\n', {
    path: 'theater.toml',
    folder: '/srv/app',
  })
  expect(example).toContain(`console.log(actors[0]?.component) // ${actors[0]?.component}`)
})

it('the manifest is one', () => {
  const [, manifest = ''] = /```toml\n([^]*?)```/.exec(read('../README.md')) ?? []
  expect(parseManifest(manifest, { path: 'theater.toml', folder: '/srv/app' }).actors).toMatchObject([
    { id: 'counter', grants: { log: {} } },
  ])
})
