import { decodeContent } from '@theater/event-chain'
import type { Kind, StoredEvent } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'
import { broken, cut, diverged, either, notFrom, usedFrom, verified } from './case.ts'
import type { Case, Expectation } from './case.ts'
import { inputEdits, outputEdits } from './contents.ts'
import type { Edit } from './contents.ts'
import { relink, sourceOf, twin } from './copy.ts'
import type { Copy, Draft } from './copy.ts'
import { genesisCases } from './genesis.ts'
import { flip } from './mutate.ts'
import { restingPlaces } from './places.ts'
import type { Place } from './places.ts'
import { without, withTwice } from './renumber.ts'

/** Kinds of event that the component puts out. */
const outputKinds: ReadonlySet<Kind> = new Set(['call', 'drop', 'send', 'return', 'trap'])

/** Every change of a chain, class by class: each at every event. */
export function casesOf(copy: Copy): readonly (readonly Case[])[] {
  const genesis = genesisCases(copy, ({ content }) => decodeContent('genesis', content))
  return [...structure(copy), outputs(copy), leftOver(copy), genesis, tails(copy), inputs(copy)]
}

/** Changes without hashing again: what links and digests are for. */
function structure({ drafts, source }: Copy): Case[][] {
  const { chain, store } = source
  const stored = drafts.map((draft) => draft.stored)
  const other = twin({ drafts, source })
  const flipped: Case[] = []
  const dropped: Case[] = []
  const doubled: Case[] = []
  const swapped: Case[] = []
  const spliced: Case[] = []
  const raw = (events: readonly StoredEvent[]): Case['check'] =>
    verified(() => sourceOf(chain, events, store))
  for (const [at, { stored: event, kind, blob, content }] of drafts.entries()) {
    const flips = (what: string, check: Case['check']): void => {
      flipped.push({ class: 'byte flipped', what, at, expect: broken(at), check })
    }
    const { header, body } = event
    flips(
      'header',
      verified(() => sourceOf(chain, stored.with(at, { body, header: flip(header, at) }), store)),
    )
    if (body !== null) {
      flips(
        'body',
        verified(() => sourceOf(chain, stored.with(at, { header, body: flip(body, at) }), store)),
      )
    }
    if (blob !== null) {
      const blobs = new Map([[blob.toHex(), flip(content, at)]])
      flips(
        'block',
        verified(() => sourceOf(chain, stored, store, blobs)),
      )
    }
    const next = stored[at + 1]
    if (next !== undefined) {
      const gone = raw(stored.toSpliced(at, 1))
      dropped.push({ class: 'dropped', what: kind, at, expect: broken(at), check: gone })
      const turned = raw(stored.toSpliced(at, 2, next, event))
      swapped.push({ class: 'swapped with the next', what: kind, at, expect: broken(at), check: turned })
    }
    const twice = raw(stored.toSpliced(at, 0, event))
    doubled.push({ class: 'doubled', what: kind, at, expect: broken(at + 1), check: twice })
    const foreign = raw(stored.with(at, other[at] ?? event))
    spliced.push({ class: 'spliced from another chain', what: kind, at, expect: broken(at), check: foreign })
  }
  return [flipped, dropped, doubled, swapped, spliced]
}

function outputs({ drafts, source }: Copy): Case[] {
  return drafts.flatMap((draft, at) =>
    outputEdits(draft).map((edit) => ({
      class: 'output changed, hashed again',
      what: edit.what,
      at,
      // A send that names another call is not a send of that turn, which the structure says already.
      expect: draft.kind === 'send' ? either(broken(at), diverged(at)) : diverged(at),
      check: verified(changed(drafts, edit, at, source)),
    })),
  )
}

function inputs({ drafts, source }: Copy): Case[] {
  return drafts.flatMap((draft, at) =>
    inputEdits(draft).map((edit) => ({
      class: 'input changed, hashed again',
      what: edit.what,
      at,
      expect: usedFrom(at),
      check: verified(changed(drafts, edit, at, source)),
    })),
  )
}

function changed(
  drafts: readonly Draft[],
  { change }: Edit,
  at: number,
  { store }: ChainSource,
): () => ChainSource {
  return () => relink([...drafts.slice(0, at), change, ...drafts.slice(at + 1)], store)
}

function leftOver({ drafts, source }: Copy): Case[] {
  const { store } = source
  return drafts.flatMap(({ kind }, at): Case[] => {
    if (!outputKinds.has(kind)) return []
    const gone = verified(() => relink(without(drafts, at), store))
    const more = verified(() => relink(withTwice(drafts, at), store))
    // Of an aborted turn nothing is claimed after its end, and the host says where that is.
    const open = drafts[at + 1]?.kind === 'abort'
    const expect = (from: number, size: number): Expectation =>
      open ? either(notFrom(from), cut(size)) : notFrom(from)
    const name = 'output dropped or doubled, hashed again'
    return [
      { class: name, what: `${kind} dropped`, at, expect: expect(at, drafts.length - 1), check: gone },
      { class: name, what: `${kind} doubled`, at, expect: expect(at + 1, drafts.length + 1), check: more },
    ]
  })
}

function tails({ drafts, source }: Copy): Case[] {
  const { chain, store } = source
  const stored = drafts.map((draft) => draft.stored)
  const cases: Case[] = []
  for (const [i, place] of restingPlaces(drafts).entries()) {
    const at = i + 1
    if (at === drafts.length) break
    const check = verified(() => sourceOf(chain, stored.slice(0, at), store))
    cases.push({ class: 'tail cut', what: place, at, expect: tailExpectation(place, at), check })
  }
  return cases
}

function tailExpectation(place: Place, at: number): Expectation {
  switch (place) {
    case 'inside a turn':
      return broken(at)
    case 'between turns':
      return cut(at)
    case 'while instantiating':
      return either(broken(at), cut(at))
  }
}
