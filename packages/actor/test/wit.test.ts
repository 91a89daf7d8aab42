import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, checkTypes, prepare, witTypes } from '../src/build.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theater-wit-test-'))
  await mkdir(join(folder, 'node_modules/@theater'), { recursive: true })
  await symlink(join(import.meta.dirname, '..'), join(folder, 'node_modules/@theater/actor'))
  const typescript = dirname(dirname(new URL(import.meta.resolve('typescript')).pathname))
  await symlink(typescript, join(folder, 'node_modules/typescript'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const NOTES = `package my:notes@0.1.0;
// interface commented { out: func(); }
/* package other:one@1.0.0; interface neither { out: func(); } */
interface notes {
  use theater:actor/types@0.1.0.{message};
  enum error { denied, no-entry }
  read: func(name: string) -> result<string, error>;
  send: func(it: message);
}
interface %interface { ping: func(); }
world uses-notes { import notes; }
`

const READER = `import { defineActor } from '@theater/actor'
import { read } from 'my:notes/notes@0.1.0'
export default defineActor({ messages: { get: (_ctx, name: string) => read(name) } })
`

test('the world has the interfaces that the sources import, and no other', async () => {
  const wit = [await write('notes.wit', NOTES)]
  const { world } = await prepare({ entry: await write('reader.ts', READER), wit })
  expect(world).toContain('  import my:notes/%notes@0.1.0;')
  expect(world).not.toContain('import my:notes/%interface')
  const types = `import { defineActor } from '@theater/actor'
import type { Error } from 'my:notes/notes@0.1.0'
export default defineActor({ messages: { get: (): Error => 'denied' } })
`
  const none = await prepare({ entry: await write('types.ts', types), wit })
  expect(none.world).not.toContain('my:notes')
})

test('a component imports what a handler of somebody else serves', async () => {
  const wit = [await write('notes.wit', NOTES)]
  const { imports } = await build({ entry: await write('reader.ts', READER), wit, check: true })
  expect(imports.toSorted()).toEqual(['my:notes/notes@0.1.0', 'theater:actor/types@0.1.0'])
})

test('a folder is read with all below it, files of one folder as one package', async () => {
  await write(
    'wit/notes.wit',
    'package my:notes@0.1.0;\ninterface notes { use my:words/words.{word}; read: func() -> word; }\n',
  )
  await write('wit/more.wit', 'interface more { ping: func(); }\n')
  await write('wit/deps/words/words.wit', 'package my:words;\ninterface words { type word = string; }\n')
  await write('wit/deps/io/io.wit', 'package wasi:io@0.2.0;\ninterface error { resource error; }\n')
  const text = await witTypes([join(folder, 'wit')])
  for (const name of ['my:notes/notes@0.1.0', 'my:notes/more@0.1.0', 'my:words/words'])
    expect(text).toContain(`declare module '${name}'`)
  expect(text).not.toContain('wasi:')
})

test('its types are checked, and are those of the WIT', async () => {
  const declared = await witTypes([await write('notes.wit', NOTES)])
  const wrong = READER.replace('read(name)', 'read(name, 1)')
  const { diagnostics } = await checkTypes(await write('wrong.ts', wrong), declared)
  expect(diagnostics).toMatchObject([{ rule: 'TS2554', line: 3 }])
  expect((await checkTypes(await write('reader.ts', READER), declared)).diagnostics).toEqual([])
})

describe('says what is wrong', () => {
  const refused = (wit: readonly string[]) => witTypes(wit).catch((error: unknown) => error)

  test('an interface that nobody gave, with those that somebody did', async () => {
    const entry = await write('other.ts', READER.replace('notes@0.1.0', 'notes@0.2.0'))
    const wit = [await write('notes.wit', NOTES)]
    await expect(prepare({ entry })).rejects.toMatchObject({
      code: 'bundle',
      diagnostics: [{ rule: 'wit-import', line: 2, hint: expect.stringContaining('--wit FILE') }],
    })
    await expect(prepare({ entry, wit })).rejects.toMatchObject({
      diagnostics: [{ hint: 'What it was given has my:notes/notes@0.1.0, my:notes/interface@0.1.0.' }],
    })
  })

  test.for([
    ['nothing there', 'none.wit', undefined, 'there is no WIT at'],
    ['no package', 'bare.wit', 'interface a { }', 'says no package'],
    ['a type that is none', 'typo.wit', 'package a:b;\ninterface a { f: func(x: strong); }', 'strong'],
    [
      'types of WASI',
      'io.wit',
      'package a:b;\ninterface a { use wasi:io/streams@0.2.0.{input-stream}; }',
      'uses wasi:io',
    ],
    ['two packages in one folder', 'two/a.wit', 'package a:b;', 'files of several packages: a:b, a:c'],
  ] as const)('%s', async ([, name, text, said]) => {
    const path = text === undefined ? join(folder, name) : await write(name, text)
    if (name.startsWith('two/')) await write('two/c.wit', 'package a:c;')
    expect(await refused([name.startsWith('two/') ? dirname(path) : path])).toMatchObject({
      code: 'wit',
      message: expect.stringContaining(said),
    })
  })

  test('a folder without any', async () => {
    await mkdir(join(folder, 'empty'))
    expect(await refused([join(folder, 'empty')])).toMatchObject({ code: 'wit' })
  })
})
