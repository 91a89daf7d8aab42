import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WitError } from '@theater/handler'
import { fakeActor } from '@theater/handler-conformance'
import { memory, notes, type NotesGrant } from '../src/index.ts'

interface Notes {
  readonly read: (name: string) => Promise<string>
  readonly write: (name: string, text: string) => Promise<void>
  readonly names: () => Promise<string[]>
}

/** The functions that an actor with this grant gets. */
async function bound(grant: NotesGrant, kept = new Map<string, string>()): Promise<Notes> {
  const { imports } = await notes({ backend: memory(kept) }).bind(fakeActor(), grant)
  return (imports as { 'my:notes/notes@0.1': Notes })['my:notes/notes@0.1']
}

test('a note is what was written last', async () => {
  const { read, write } = await bound({ prefix: '', rights: 'rw' })
  await write('a', 'one')
  await write('a', 'two')
  assert.equal(await read('a'), 'two')
})

test('a note that is not there is the case of the interface', async () => {
  const { read } = await bound({ prefix: '', rights: 'r' })
  await assert.rejects(
    read('nowhere'),
    (error: unknown) => error instanceof WitError && error.payload === 'no-entry',
  )
})

test('names are those below the prefix, and no other', async () => {
  const kept = new Map([
    ['work/b', ''],
    ['home/c', ''],
    ['work/a', ''],
  ])
  const { names } = await bound({ prefix: 'work/', rights: 'r' }, kept)
  assert.deepEqual(await names(), ['work/a', 'work/b'])
})
