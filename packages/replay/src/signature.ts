import { ChainError } from '@theater/event-chain'
import { parseNote, verifyCosignatures, verifySeal } from '@theater/event-chain/log'
import type { Checkpoint, Cosignature, Seal, SealedState, VerifierKey } from '@theater/event-chain/log'
import type { Hash } from '@theater/values'
import type { Subject, Verdict } from './types.ts'

/** What came of the signature under a seal. */
export type SealCheck =
  | {
      readonly ok: true
      readonly by: VerifierKey
      readonly checkpoint: Checkpoint
      /** What the witnesses that were named made of the checkpoint, as far as they cosigned it. */
      readonly cosigned: readonly Cosignature[]
      /** Those that did not. */
      readonly missing: readonly VerifierKey[]
    }
  | { readonly ok: false; readonly message: string }

/**
 * Checks that keys that are trusted signed a seal. Faces hostile seals.
 *
 * @param witnesses keys of those who have to have cosigned its checkpoint. @default []
 * @returns undefined where there is no seal
 */
export async function checkSeal(
  seal: Seal | null,
  keys: readonly VerifierKey[],
  hash?: Hash,
  witnesses: readonly VerifierKey[] = [],
): Promise<SealCheck | undefined> {
  if (seal === null) return undefined
  try {
    const signed = await verifySeal(seal, keys, hash)
    const cosigned = await verifyCosignatures(parseNote(seal.note), witnesses)
    const missing = witnesses.filter((witness) => !cosigned.some(({ by }) => by.equals(witness)))
    return { ok: true, ...signed, cosigned, missing }
  } catch (error) {
    if (!ChainError.is(error)) throw error
    return { ok: false, message: error.message }
  }
}

/** What is known of who signed a chain. */
export interface Signed {
  /** `pass`: all of it is under a checkpoint that a trusted key signed. `none`: some of it is not. */
  readonly level: 'pass' | 'fail' | 'none'
  /** How many of its events, from the first, are under the checkpoint. */
  readonly size: number
  /** The key that signed it; undefined where none that is trusted did. */
  readonly by: VerifierKey | undefined
  /** The verdict, with what the signature changes of it. */
  readonly verdict: Verdict
}

/**
 * Holds a verdict against what was signed: a chain that is another one than the host signed, or a shorter one, is `broken`; one
 * that is verified, and that nobody signed to its end, is `inconclusive`: `unsigned`, or `unwitnessed` where a witness that was
 * named did not cosign it.
 *
 * @param check what came of the seal; undefined where there is none
 * @param state whether the chain is what its entry says; null where the seal has none of it
 */
export function withSignature(
  verdict: Verdict,
  check: SealCheck | undefined,
  state: SealedState | null,
): Signed {
  if (check?.ok === false) return fail(verdict, 'signature', 0, check.message)
  if (check === undefined || state === null) return unsigned(verdict, 0, undefined)
  const { end, matches } = state
  const size = Math.min(state.entry.size, end ?? Infinity)
  if (!matches) {
    const { origin } = check.checkpoint
    return verdict.size < size
      ? fail(
          verdict,
          'checkpoint',
          verdict.size,
          `${origin} signed ${size} events, and here are ${verdict.size}`,
        )
      : fail(verdict, 'checkpoint', 0, `the first ${size} events are not those that ${origin} signed`)
  }
  const [witness] = check.missing
  if (witness !== undefined) return unwitnessed(verdict, size, check.by, witness)
  return size < verdict.size
    ? unsigned(verdict, size, check.by)
    : { level: 'pass', size, by: check.by, verdict }
}

function unsigned(verdict: Verdict, size: number, by: VerifierKey | undefined): Signed {
  const subject = subjectOf(verdict)
  if (verdict.verdict !== 'verified') return { level: 'none', size, by, verdict }
  const message =
    size === 0 ? 'nobody who is trusted signed it' : 'from here on nobody who is trusted signed it'
  return {
    level: 'none',
    size,
    by,
    verdict: { ...subject, verdict: 'inconclusive', code: 'unsigned', index: size, message },
  }
}

function unwitnessed(verdict: Verdict, size: number, by: VerifierKey, { name, id }: VerifierKey): Signed {
  if (verdict.verdict !== 'verified') return { level: 'none', size, by, verdict }
  const message = `${name} (${id}) did not cosign the checkpoint that is over it`
  const subject = { ...subjectOf(verdict), message }
  return {
    level: 'none',
    size,
    by,
    verdict: { ...subject, verdict: 'inconclusive', code: 'unwitnessed', index: 0 },
  }
}

/** Where it is broken or diverged by itself, that is what is said of it. */
function fail(verdict: Verdict, reason: 'signature' | 'checkpoint', index: number, message: string): Signed {
  const kept = verdict.verdict === 'broken' || verdict.verdict === 'diverged'
  return {
    level: 'fail',
    size: 0,
    by: undefined,
    verdict: kept ? verdict : { ...subjectOf(verdict), verdict: 'broken', reason, index, message },
  }
}

function subjectOf({ chain, actor, size, head, redacted, from, unproven }: Verdict): Subject {
  const began = { ...(from !== undefined && { from }), ...(unproven !== undefined && { unproven }) }
  const more = { ...(redacted !== undefined && { redacted }), ...began }
  return { chain, actor, size, head, ...more }
}
