import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { log } from '@theater/handler-log'
import { memory, store } from '@theater/handler-store'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verify } from './support/files.ts'

const grants = { log: {}, store: { rights: ['read', 'write', 'label'] } }

describe('an actor in TypeScript with a store', () => {
  let component: Uint8Array

  beforeAll(async () => {
    component = (await build({ entry: join(import.meta.dirname, 'actors/notebook.ts'), cache: builds })).bytes
  })

  it('keeps texts and state over a restart; its console is its log; its re-run needs no store', async () => {
    const [chains, backend, lines] = [memoryStore(), memory(), [] as LogLine[]]
    const open = (): Promise<Theater> =>
      Theater.open({
        store: chains,
        handlers: [log(), store({ backend })],
        cache,
        log: (line) => void lines.push(line),
      })
    let chain: Uint8Array
    let before: unknown
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'notebook', component, grants })).chain
      expect(await ask(theater, 'notebook', 'write', { name: 'a', text: 'first' })).toBe(1)
      expect(await ask(theater, 'notebook', 'write', { name: 'a', text: 'second' })).toBe(2)
      before = await ask(theater, 'notebook', 'chance')
    }
    await using theater = await open()
    expect(await ask(theater, 'notebook', 'read', { name: 'a' })).toBe('second')
    expect(await ask(theater, 'notebook', 'read', { name: 'b' })).toBe(null)
    expect(await ask(theater, 'notebook', 'write', { name: 'b', text: 'third' })).toBe(3)
    expect(await ask(theater, 'notebook', 'list')).toEqual(['a', 'b'])
    expect(await ask(theater, 'notebook', 'chance')).not.toEqual(before)
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'wrote a {"length":5}'],
      ['info', 'wrote a {"length":6}'],
      ['error', 'there is no b'],
      ['info', 'wrote b {"length":5}'],
    ])
    expect(await verify(chains, chain)).toMatchObject({ verdict: 'verified', turns: 8, undone: 0 })
  })

  it('puts and gets long texts piece by piece, and goes on with one after a restart', async () => {
    const [chains, backend] = [memoryStore(), memory()]
    const handlers = () => [log(), store({ backend, maxCallBytes: 100_000 })]
    const open = (): Promise<Theater> => Theater.open({ store: chains, handlers: handlers(), cache })
    const text = Array.from({ length: 3000 }, (_, line) => `line ${line} ${'x'.repeat(100)}\n`).join('')
    const digest = (of: string): string => createHash('sha256').update(of).digest('hex')
    let chain: Uint8Array
    {
      await using theater = await open()
      chain = (await theater.spawn({ id: 'notebook', component, grants })).chain
      expect(await ask(theater, 'notebook', 'writeLong', { name: 'long', lines: 3000 })).toBe(digest(text))
      expect(await ask(theater, 'notebook', 'add', { text: 'one, ' })).toBe(5)
    }
    await using theater = await open()
    expect(await ask(theater, 'notebook', 'readLong', { name: 'long' })).toEqual({
      lines: 3000,
      end: text.slice(-20),
    })
    expect(await ask(theater, 'notebook', 'add', { text: 'two' })).toBe(8)
    expect(await ask(theater, 'notebook', 'done')).toBe(digest('one, two'))
    expect(await verify(chains, chain)).toMatchObject({ verdict: 'verified', undone: 0 })
    // Nothing is left of the uploads.
    expect(await backend.sweep(Number.MAX_SAFE_INTEGER)).toBe(0)
  })
})
