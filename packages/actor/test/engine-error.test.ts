import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyse } from '../src/build/analyse.ts'
import { type Bundle, bundle } from '../src/build/bundle.ts'
import { engineError } from '../src/build/engine-error.ts'
import { worldOf } from '../src/build/world.ts'

let folder: string
let bundled: Bundle

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-actor-test-'))
  const entry = join(folder, 'late.ts')
  const source = `import { defineActor } from '@theater/actor'
const started: number =   Date.now()
export default defineActor({ messages: { get: () => started } })
`
  await writeFile(entry, source)
  const shape = analyse(entry, source)
  bundled = await bundle({ entry, shape, world: worldOf(shape), minify: false })
})
afterAll(() => rm(folder, { recursive: true }))

/** Where the bundle has this, as the engine says it. */
function place(text: string): string {
  const before = bundled.source.slice(0, bundled.source.indexOf(text))
  return `actor.js:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

test('a throw while loading is shown at its place in the source', () => {
  const at = place('Date.now();\nvar late_default')
  const message = [
    'Failed to initialize component (wizer (/somewhere/wizer)):',
    'Exception while evaluating top-level script',
    `${at} Error: Date.now() is not available`,
    'Additionally, some promises were rejected, but the rejection never handled:',
    'Stack:',
    `  demand@${place('`${what} is not available while')}`,
    `  @${at}`,
  ].join('\n')
  const error = engineError(message, bundled.map, undefined)
  expect(error.code).toBe('load')
  expect(error.message.split('\n')).toEqual([
    expect.stringMatching(
      /late\.ts:2:27: the actor throws while it is loaded: Error: Date\.now\(\) is not available$/,
    ),
    '  2 | const started: number =   Date.now()',
    '    |                           ^',
    expect.stringMatching(/^ {2}at the module \(.*late\.ts:2:27\)$/),
    expect.stringContaining('Modules are loaded once'),
  ])
})

test('a module that does not finish is not blamed for its exports', () => {
  const message =
    'Unable to extract expected exports list\nError: "source.js" does not export a "receiver" interface'
  expect(engineError(message, bundled.map, undefined)).toMatchObject({
    code: 'load',
    message: expect.stringContaining('top-level await'),
  })
})

test('what else the engine says is passed on', () => {
  expect(engineError('out of disk', bundled.map, undefined)).toMatchObject({
    code: 'engine',
    message: 'out of disk',
  })
})
