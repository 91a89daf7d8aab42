import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { fakeActor } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { supervisor } from '../src/index.ts'
import { atLarge } from './at-large.ts'

const CHILDREN = 'theater:supervisor/children@0.1'
const worker = 'ab'.repeat(32)
const params = { format: 'text/plain', body: new Uint8Array([1, 2, 3]) }

/** What the world shows: those who were made, and the children that there are. */
interface Shown {
  readonly made: readonly string[]
  readonly children: readonly string[]
}

conformance({
  name: 'supervisor',
  make: () => {
    const actors: ReturnType<typeof fakeActor>[] = []
    return {
      handler: supervisor(),
      actor: (id) => {
        const actor = fakeActor({ id, onSpawn: () => ({ tag: 'made', id: `${id}.child-4` }) })
        actors.push(actor)
        return actor
      },
      state: (): Shown => ({
        made: actors.flatMap(({ spawns }) => spawns.map(({ component }) => `sha256:${component.toHex()}`)),
        children: actors.flatMap(({ children }) => [...children.list()]),
      }),
    }
  },
  bare: supervisor,
  atLarge,
  deeds: {
    deed: fc.constantFrom('aa', 'bb', 'cc', 'dd').map((byte) => ({
      fn: `${CHILDREN}#spawn`,
      args: () => [Uint8Array.fromHex(byte.repeat(32)), params, '{}', {}],
      did: (before, after) =>
        (after as Shown).made.slice((before as Shown).made.length).map((spawn) => ({ spawn })),
    })),
  },
  grants: [
    { components: [`worker=sha256:${worker}`, `sha256:${'00'.repeat(32)}`] },
    { components: [`sha256:${worker}`] },
  ],
  guest: { component: relayGuest('supervisor'), exportOf: relayed, trap: TRAP },
  least: { components: [] },
  refusable: [`${CHILDREN}#spawn`, `${CHILDREN}#stop`],
  neverRefused: [`${CHILDREN}#stop`],
  calls: [
    {
      fn: `${CHILDREN}#spawn`,
      args: () => [Uint8Array.fromHex(worker), params, '{}', {}],
      refusedUnder: { components: [`sha256:${'00'.repeat(32)}`] },
    },
    {
      fn: `${CHILDREN}#list`,
      args: () => [],
      listing: (answer) => answer as readonly string[],
    },
    { fn: `${CHILDREN}#stop`, args: () => ['actor.child-4'] },
    { fn: `${CHILDREN}#components`, args: () => [] },
  ],
})
