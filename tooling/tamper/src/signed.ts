import { ChainError, decodeHeader, memoryStore } from '@theater/event-chain'
import type { LoggedStore, StoredEvent } from '@theater/event-chain'
import {
  compareChain,
  encodeEntry,
  formatNote,
  HostLog,
  makeSeal,
  parseNote,
  proveConsistency,
  signNote,
  SigningKey,
  verifyConsistency,
} from '@theater/event-chain/log'
import type { Rotation, Seal, VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { checkSeal, withSignature } from '@theater/replay'
import type { ChainSource, Verdict } from '@theater/replay'
import { cut, either, unseen, usedFrom } from './case.ts'
import type { Case, Expectation, Verify } from './case.ts'
import { inputEdits } from './contents.ts'
import { relink, sourceOf, twin } from './copy.ts'
import type { Copy } from './copy.ts'
import { restingPlaces } from './places.ts'

/** What a record has to be held against for the change to show. */
const ALONE = 'the record alone'
const NAME = 'tamper.example/host'

/** A host that signed a chain and another one, has another key since, and gave a checkpoint away before that. */
interface Host {
  readonly first: SigningKey
  readonly second: SigningKey
  /** Signed by the first key. */
  readonly kept: string
  /** Signed by the second. */
  readonly seal: Seal
}

/** Changes that no record shows by itself, each also without what shows it: a checkpoint, the log of the host, its signature, its rotation of keys. */
export async function signedCases(copy: Copy): Promise<readonly (readonly Case[])[]> {
  const host = await signed(copy)
  return [cutTails(copy, host), await leftOut(copy, host), ...(await rechained(copy, host))]
}

async function storeOf(
  chains: readonly (readonly [Uint8Array, readonly StoredEvent[]])[],
): Promise<LoggedStore> {
  const store = memoryStore()
  for (const [chain, events] of chains) {
    const head = sha256(events.at(-1)?.header ?? new Uint8Array(0))
    await store.create(chain, chain.toHex(), { epoch: 0, events, head })
  }
  return store
}

async function signed(copy: Copy): Promise<Host> {
  const { drafts, source } = copy
  const store = await storeOf([[source.chain, drafts.map(({ stored }) => stored)], twinOf(copy)])
  const [first, second] = await Promise.all([SigningKey.generate(NAME), SigningKey.generate(NAME)])
  const log = await HostLog.open({ store, key: first, hash: sha256 })
  const kept = await log.checkpoint()
  await log.rotate(second)
  const seal = await makeSeal(store, [source.chain], sha256)
  if (seal === undefined || kept === undefined) throw new Error('a host that was told to sign did not')
  return { first, second, kept: kept.note, seal }
}

/** Another chain of the same host, which says the same. */
function twinOf(copy: Copy): readonly [Uint8Array, readonly StoredEvent[]] {
  const events = twin(copy)
  return [decodeHeader(events[0]?.header ?? new Uint8Array(0)).chain, events]
}

/** Holds a chain against a seal, as `theater verify --key` does. */
async function held(verify: Verify, source: ChainSource, seal: Seal, key: VerifierKey): Promise<Verdict> {
  const [sealed] = seal.chains
  const state = sealed === undefined ? null : await compareChain(source.store, sealed.entry, sha256)
  return withSignature(await verify(source), await checkSeal(seal, [key], sha256), state).verdict
}

function by(reason: 'checkpoint' | 'signature'): Expectation {
  return {
    says: `broken: ${reason}`,
    holds: (v) => v.verdict === 'broken' && v.reason === reason,
  }
}

/** A tail that was cut off between two turns leaves a chain that nothing is wrong with. */
function cutTails({ drafts, source }: Copy, { first, seal }: Host): Case[] {
  const name = 'tail cut, under a checkpoint'
  const stored = drafts.map((draft) => draft.stored)
  return restingPlaces(drafts).flatMap((place, i): Case[] => {
    const at = i + 1
    if (place !== 'between turns' || at === drafts.length) return []
    const shorter = (): ChainSource => sourceOf(source.chain, stored.slice(0, at), source.store)
    return [
      { class: name, what: ALONE, at, expect: cut(at), check: (verify) => verify(shorter()) },
      {
        class: name,
        what: 'a checkpoint',
        at,
        expect: by('checkpoint'),
        check: (verify) => held(verify, shorter(), seal, first.verifier),
      },
    ]
  })
}

/** A host that forgets a chain signs a log without it: everything else in it is in order. */
async function leftOut(copy: Copy, { first, kept }: Host): Promise<Case[]> {
  const name = 'chain left out, in the log of the host'
  const [chain, other] = twinOf(copy)
  const cases: Case[] = []
  for (let size = 1; size <= Math.min(8, other.length); size++) {
    // The chain that is still there, with a checkpoint after each of so many of its parts.
    const step = Math.floor(other.length / size)
    const store = await storeOf([[chain, other.slice(0, other.length - step * (size - 1))]])
    const log = await HostLog.open({ store, key: first, hash: sha256 })
    await log.checkpoint()
    for (let part = size - 1; part > 0; part--) {
      const from = other.length - step * part
      const events = other.slice(from, from + step)
      const { head } = (await store.info(chain)) ?? {}
      const next = sha256(events.at(-1)?.header ?? new Uint8Array(0))
      await store.append(chain, head ?? next, { epoch: 0, events, head: next })
      await log.checkpoint()
    }
    const seal = await makeSeal(store, [chain], sha256)
    if (seal === undefined) throw new Error('a host that was told to sign did not')
    const rest = sourceOf(chain, other, copy.source.store)
    const what = `log of ${size}`
    cases.push(
      {
        class: name,
        what: `${what}: ${ALONE}`,
        at: 0,
        expect: unseen,
        check: (verify) => held(verify, rest, seal, first.verifier),
      },
      {
        class: name,
        what: `${what}: a checkpoint that was kept`,
        at: 0,
        expect: by('checkpoint'),
        check: () => goesOn(store, kept, first.verifier),
      },
    )
  }
  return cases
}

/** Whether a log goes on from a checkpoint that somebody kept, as a verdict. */
async function goesOn(store: LoggedStore, kept: string, key: VerifierKey): Promise<Verdict> {
  const subject = { chain: null, actor: null, size: 0, head: null }
  const { size } = await store.hostLog.log()
  try {
    // Where the log is the smaller one, a proof of some other size is all that there is to show.
    const before = Math.min(size, Number(parseNote(kept).text.split('\n')[1]))
    await verifyConsistency(await proveConsistency(store, before, sha256), kept, [key], sha256)
    return { ...subject, verdict: 'verified', turns: 0, undone: 0, finished: true }
  } catch (error) {
    if (!ChainError.is(error)) throw error
    return { ...subject, verdict: 'broken', reason: 'checkpoint', index: 0, message: error.message }
  }
}

/** What the component does not look at can be changed, and all hashes made anew: who signs it anew has another key. */
async function rechained({ drafts, source }: Copy, host: Host): Promise<[Case[], Case[]]> {
  const { first, seal } = host
  const changed: Case[] = []
  const keys: Case[] = []
  const thief = await SigningKey.generate(NAME)
  const places = drafts.flatMap((draft, at) =>
    inputEdits(draft).flatMap(({ what, change }) =>
      what === 'turn.sender' || what === 'stop.reason' ? [{ what, change, at }] : [],
    ),
  )
  for (const { what, change, at } of places) {
    const source2 = (): ChainSource =>
      relink([...drafts.slice(0, at), change, ...drafts.slice(at + 1)], source.store)
    const name = 'hashed again, under a signature'
    const add = (how: string, expect: Expectation, check: Case['check']): void => {
      changed.push({ class: name, what: `${what}: ${how}`, at, expect, check })
    }
    add(ALONE, usedFrom(at), (verify) => verify(source2()))
    add("the host's signature", either(by('checkpoint'), usedFromOnly(at)), (verify) =>
      held(verify, source2(), seal, first.verifier),
    )
    add('signed anew, by a key that is not asked for', usedFrom(at), async (verify) =>
      held(verify, source2(), await resigned(source2(), thief), thief.verifier),
    )
    add('signed anew', either(by('signature'), usedFromOnly(at)), async (verify) =>
      held(verify, source2(), await resigned(source2(), thief), first.verifier),
    )
  }
  const [place] = places
  if (place !== undefined) {
    const { change, at } = place
    const forged = relink([...drafts.slice(0, at), change, ...drafts.slice(at + 1)], source.store)
    const stolen = await resigned(forged, thief)
    const name = 'key swapped, in the record of rotations'
    keys.push({
      class: name,
      what: 'no key but that of the file',
      at,
      expect: usedFrom(at),
      check: (verify) => held(verify, forged, stolen, thief.verifier),
    })
    for (const [what, rotations] of Object.entries(await forgedRotations(host, thief))) {
      keys.push({
        class: name,
        what: `the first key: ${what}`,
        at,
        expect: either(by('signature'), usedFromOnly(at)),
        check: (verify) => held(verify, forged, { ...stolen, rotations }, first.verifier),
      })
    }
  }
  return [changed, keys]
}

/** Where the component used what was changed, its own record says so. */
function usedFromOnly(at: number): Expectation {
  return {
    says: 'diverged where the component used it',
    holds: (v) => v.verdict === 'diverged' && v.index >= at,
  }
}

async function resigned({ store, chain }: ChainSource, key: SigningKey): Promise<Seal> {
  const theirs = await storeOf([[chain, await Array.fromAsync(store.read(chain))]])
  await (await HostLog.open({ store: theirs, key, hash: sha256 })).checkpoint()
  const seal = await makeSeal(theirs, [chain], sha256)
  if (seal === undefined) throw new Error('a host that was told to sign did not')
  return seal
}

/** Every way to say that the host went over to a key that it never went over to. */
async function forgedRotations(
  { seal, second }: Host,
  thief: SigningKey,
): Promise<Readonly<Record<string, readonly Rotation[]>>> {
  const [real] = seal.rotations
  if (real === undefined) throw new Error('the host went over to another key')
  const { text } = parseNote(real.note)
  const entry = encodeEntry({ kind: 'key', publicKey: thief.verifier.publicKey })
  const note = async (...keys: readonly SigningKey[]): Promise<string> =>
    formatNote(await signNote(text, keys))
  const byThief = await note(thief)
  const withThief = formatNote({
    text,
    signatures: [...parseNote(real.note).signatures, ...parseNote(byThief).signatures],
  })
  return {
    'no record': [],
    'the real one': [real],
    'another entry': [{ ...real, entry }],
    'another entry, signed by it too': [{ ...real, entry, note: withThief }],
    'signed by it alone': [{ ...real, entry, note: byThief }],
    'signed by the second key and it': [{ ...real, entry, note: await note(second, thief) }],
    'another place': [{ ...real, index: real.index + 1, entry, note: withThief }],
    'no path': [{ ...real, entry, path: [], note: withThief }],
    'the real one, then its own': [real, { ...real, entry, note: await note(thief) }],
  }
}
