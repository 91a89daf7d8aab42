import { encodeContent } from '@theater/event-chain'
import type { Genesis } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { cidOf } from '@theater/values'
import { relink } from './copy.ts'
import type { Copy, Draft } from './copy.ts'
import { verified } from './case.ts'
import type { Case, Expectation } from './case.ts'

/** A component that imports and exports nothing: well-formed, and nobody's record is one of it. */
const emptyComponent = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)

interface GenesisEdit {
  readonly what: string
  readonly edit: (genesis: Genesis) => Genesis
  readonly expect: Expectation
  readonly blocks?: readonly Uint8Array[]
}

const unproven: Expectation = {
  says: 'verified: no re-run depends on it, only a checkpoint or another chain would see it',
  holds: ({ verdict }) => verdict === 'verified',
}
const whereUsed: Expectation = {
  says: 'diverged where the component depends on it, else verified',
  holds: ({ verdict }) => verdict === 'verified' || verdict === 'diverged',
}
const divergedAtGenesis: Expectation = {
  says: 'diverged at 0',
  holds: (v) => v.verdict === 'diverged' && v.index === 0,
}
const brokenAtGenesis: Expectation = {
  says: 'broken at 0',
  holds: (v) => v.verdict === 'broken' && v.index === 0,
}
const otherRules: Expectation = {
  says: 'inconclusive: meter-version',
  holds: (v) => v.verdict === 'inconclusive' && v.code === 'meter-version',
}

const edits: readonly GenesisEdit[] = [
  { what: 'grants', edit: (g) => ({ ...g, grants: { ...g.grants, tampered: true } }), expect: unproven },
  { what: 'limits.mailbox', edit: (g) => ({ ...g, limits: { ...g.limits, mailbox: 7 } }), expect: unproven },
  {
    what: 'limits.handles to 1',
    edit: (g) => ({ ...g, limits: { ...g.limits, handles: 1 } }),
    expect: whereUsed,
  },
  {
    what: 'limits.handles to text',
    edit: (g) => ({ ...g, limits: { ...g.limits, handles: '1' } }),
    expect: brokenAtGenesis,
  },
  {
    what: 'limits.handles to 2^50',
    edit: (g) => ({ ...g, limits: { ...g.limits, handles: 2 ** 50 } }),
    expect: {
      says: 'inconclusive: limits-above-mine',
      holds: (v) => v.verdict === 'inconclusive' && v.code === 'limits-above-mine',
    },
  },
  {
    what: 'component',
    edit: (g) => ({ ...g, component: cidOf('raw', sha256(emptyComponent)) }),
    blocks: [emptyComponent],
    expect: divergedAtGenesis,
  },
  {
    what: 'component that is not there',
    edit: (g) => ({ ...g, component: cidOf('raw', sha256(Uint8Array.of(1))) }),
    expect: {
      says: 'inconclusive: no-component',
      holds: (v) => v.verdict === 'inconclusive' && v.code === 'no-component',
    },
  },
  {
    what: 'wit',
    edit: (g) => ({ ...g, wit: cidOf('dag-cbor', sha256(Uint8Array.of(1))) }),
    expect: divergedAtGenesis,
  },
  {
    what: 'instance',
    edit: ({ instance, ...g }) => (instance === undefined ? { ...g, instance: 'turn' } : g),
    expect: whereUsed,
  },
  { what: 'time a day later', edit: (g) => ({ ...g, time: g.time + 86_400_000 }), expect: whereUsed },
  {
    what: 'time a day earlier',
    edit: (g) => ({ ...g, time: Math.max(0, g.time - 86_400_000) }),
    expect: whereUsed,
  },
  { what: 'actor', edit: (g) => ({ ...g, actor: `${g.actor}x` }), expect: whereUsed },
  { what: 'parent', edit: (g) => ({ ...g, parent: `${g.parent ?? ''}x` }), expect: whereUsed },
  { what: 'derive', edit: (g) => ({ ...g, derive: g.derive + 1 }), expect: otherRules },
  { what: 'nan', edit: (g) => ({ ...g, nan: 'native' }), expect: whereUsed },
  { what: 'meter', edit: (g) => ({ ...g, meter: { name: 'other', version: '1' } }), expect: otherRules },
  { what: 'theater', edit: (g) => ({ ...g, theater: `${g.theater}x` }), expect: unproven },
  { what: 'jco', edit: (g) => ({ ...g, jco: `${g.jco}x` }), expect: unproven },
]

/** Genesis changed, and everything hashed again. */
export function genesisCases(copy: Copy, decode: (draft: Draft) => Genesis): Case[] {
  const [first, ...rest] = copy.drafts
  if (first === undefined) return []
  return edits.map(({ what, edit, expect, blocks = [] }) => ({
    class: 'genesis changed, hashed again',
    what,
    at: 0,
    expect,
    check: verified(() => {
      const content = encodeContent('genesis', edit(decode(first)))
      return relink([{ ...first, content }, ...rest], copy.source.store, blocks)
    }),
  }))
}
