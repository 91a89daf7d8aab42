import { rejects } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { componentize } from 'componentize-qjs'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { ask, cache, counter, handlers } from './support/actors.ts'
import { place } from './support/files.ts'
import { recordedOf, run } from './support/snapshots.ts'

/** What a record is of. */
interface Case {
  readonly name: string
  /** Records an actor, and answers its chain. */
  readonly record: (store: Store) => Promise<Uint8Array>
  /** Imports that suspend it, where it is prepared for that. */
  readonly suspends: RegExp
}

const cases: readonly Case[] = [
  {
    name: 'an actor in TypeScript that logs, sends, grows, and traps between',
    suspends: /messaging/,
    async record(store) {
      await using theater = await Theater.open({ store, handlers: handlers(), cache })
      const grants = { messaging: { to: ['*'] }, log: {} }
      const { chain } = await theater.spawn({ id: 'a', component: counter, grants })
      await ask(theater, 'a', 'add', { by: 2 })
      await rejects(() => ask(theater, 'a', 'fail', { how: 'trap' }), { code: 'trapped' })
      await ask(theater, 'a', 'echo', new Uint8Array(3_000_000))
      await ask(theater, 'a', 'add', { by: 3 })
      expect(await ask(theater, 'a', 'get')).toBe(5)
      return chain
    },
  },
  {
    name: 'a C program that holds open files and preopens',
    suspends: /descriptor\.(?:read|write)$|block|poll#poll/,
    async record(store) {
      const { mount } = place()
      writeFileSync(join(mount, 'read'), 'one two three four')
      await using theater = await Theater.open({ store, handlers: [fs(), cli()], cache })
      const grants = {
        cli: { stdin: { text: '' } },
        fs: { mounts: { '/data': { host: mount, rights: 'rw' } } },
      }
      const { chain } = await theater.spawn({ id: 'keeper', component: cGuest('keeper'), grants })
      const open = async (...args: string[]): Promise<number> =>
        ((await theater.call('keeper', 'open', args)) as { readonly val: number }).val
      const read = await open('/data/read', 'r')
      const written = await open('/data/written', 'w+')
      await theater.call('keeper', 'read-on', [read, 3])
      await theater.call('keeper', 'write-at', [written, 'position', 10n])
      await theater.call('keeper', 'read-at', [read, 3, 4n])
      return chain
    },
  },
  {
    name: 'a program on QuickJS',
    suspends: /^none$/,
    async record(store) {
      const witPath = join(place().root, 'pushes.wit')
      writeFileSync(witPath, 'package test:pushes; world pushes { export push: func(x: u32) -> list<u32>; }')
      const jsSource = 'const all = []; export function push(x) { all.push(x); return new Uint32Array(all) }'
      const { component } = await componentize({
        witPath,
        jsSource,
        sync: true,
        stubWasi: true,
        optSize: true,
      })
      await using theater = await Theater.open({ store, handlers: [], cache })
      const { chain } = await theater.spawn({ id: 'list', component, grants: {} })
      for (const x of [1, 2, 3]) await theater.call('list', 'push', [x])
      return chain
    },
  },
]

const print = (state: Uint8Array): string => createHash('sha256').update(state).digest('hex')

describe.for(cases)('the snapshots of $name', ({ record, suspends }) => {
  it('are the same on every plan, and each goes on to the same end', async () => {
    const store = memoryStore()
    const chain = await record(store)
    const plain = await recordedOf(store, chain)
    const waiting = await recordedOf(store, chain, suspends)
    const states = await run(plain, plain.fresh(), plain.turns)
    expect(states.length).toBeGreaterThan(3)
    expect((await run(waiting, waiting.fresh(), waiting.turns)).map(print)).toEqual(states.map(print))
    for (const [k, bytes] of states.entries()) {
      for (const recorded of [plain, waiting]) {
        const rest = await run(recorded, recorded.restored(bytes), recorded.turns.slice(k))
        expect(rest.map(print)).toEqual(states.slice(k).map(print))
      }
    }
  })
})
