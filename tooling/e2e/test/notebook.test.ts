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
})
