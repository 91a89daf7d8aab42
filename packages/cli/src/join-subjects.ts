import { ChainError, hex } from '@theater/event-chain'
import { joinParts } from '@theater/event-chain/car'
import { compareChain } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import type { Subject } from './subjects.ts'

/**
 * What was named, with the parts of each record that was archived taken together: they are read, and judged, as one. A record of which all is
 * in one place stays by itself.
 */
export async function joinSubjects(subjects: readonly Subject[]): Promise<readonly Subject[]> {
  const byChain = new Map<string, Subject[]>()
  for (const subject of subjects) {
    const { info } = subject
    if (info === undefined) continue
    const key = hex(info.chain)
    byChain.set(key, [...(byChain.get(key) ?? []), subject])
  }
  const joined = new Map<Subject, Subject | undefined>()
  for (const parts of byChain.values()) {
    const [first, ...others] = parts
    if (first === undefined || others.length === 0 || !parts.some(({ partial }) => partial)) continue
    joined.set(first, await join(parts))
    for (const other of others) joined.set(other, undefined)
  }
  return subjects.flatMap((subject) => (joined.has(subject) ? (joined.get(subject) ?? []) : subject))
}

async function join(parts: readonly Subject[]): Promise<Subject> {
  const given = parts.flatMap(({ source, info }) =>
    source === undefined || info === undefined ? [] : [{ store: source.store, info }],
  )
  const [first] = parts as readonly [Subject]
  try {
    const { store, info, last } = await joinParts(given, { hash: sha256 })
    // Only its seal is held against keys: what another one says was erased may be anybody's word.
    const { name, sealed: ofLast, tombstones } = parts[last] ?? first
    const partial = info.archived !== undefined
    // Of a part it is known that it is under what is signed; of all of them that nothing else is.
    const sealed = async (): ReturnType<Subject['sealed']> => {
      const { seal, state } = await ofLast()
      if (state === null || state.end !== undefined || partial) return { seal, state }
      return { seal, state: await compareChain(store, state.entry, sha256) }
    }
    const snapshots = parts.find(({ source }) => source?.snapshots !== undefined)?.source?.snapshots
    const source = { store, chain: info.chain, snapshots }
    return { name, source, size: info.size, tombstones, sealed, info, partial }
  } catch (error) {
    if (!ChainError.is(error) || error.code !== 'broken') throw error
    const { index = 0, reason = 'prev', message } = error
    const { name, size, info } = first
    const chain = info?.chain ?? null
    const verdict = {
      verdict: 'broken',
      chain,
      actor: name,
      size,
      head: null,
      index,
      reason,
      message,
    } as const
    return { name, source: undefined, size, verdict, tombstones: [], sealed: first.sealed, partial: true }
  }
}
