import { sha256 } from '@theater/values'
import { Execution, inconclusive, readGenesis } from './execution.ts'
import { withDefaults } from './limits.ts'
import { checkUpTo } from './start.ts'
import type { ChainSource, Subject, Verdict, VerifyOptions } from './types.ts'

/**
 * Checks that a chain is intact, then runs its component again over the recorded inputs and compares every output:
 * nothing missing, nothing left over; the first divergence is final. It runs no handler, opens no network and writes
 * nothing. Where it is to begin `from` a snapshot, only what comes after is run, and the verdict says so.
 *
 * Of a chain that was archived in part, and whose archives are not joined with it, it checks what is here, and runs nothing.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function verify(source: ChainSource, options: VerifyOptions): Promise<Verdict> {
  const limits = withDefaults(options.limits)
  const hash = options.hash ?? sha256
  const { chain } = source
  const genesis = await readGenesis(source, hash)
  const { structure, archived, part } = await checkUpTo(source, { ...options, limits, hash, genesis })
  const actor = genesis?.content.actor ?? null
  if (!structure.ok) {
    const { index, reason, message } = structure
    const subject: Subject = { chain, actor, size: index, head: null }
    if (reason === 'too-large' && index >= limits.maxEvents) {
      return { ...subject, ...inconclusive('limits-above-mine', 0, message) }
    }
    return { ...subject, verdict: 'broken', index, reason, message }
  }
  const { size, head, redacted } = structure
  const subject: Subject = { chain, actor, size, head, ...(redacted.length > 0 && { redacted }) }
  if (genesis === undefined)
    return { ...subject, ...inconclusive('withheld', 0, 'the genesis event is not here') }
  if (part !== undefined && 'code' in part) return { ...subject, ...inconclusive(part.code, 0, part.message) }
  if (archived !== undefined && part === undefined) {
    const { lead, base } = archived
    const message = `the events ${lead} to ${base - 1} are in an archive: give that too, and all of it is verified`
    return { ...subject, ...inconclusive('withheld', lead, message) }
  }
  const execution = new Execution({ source, options, limits, hash, genesis, size, head, part })
  const finding = await execution.run()
  return { ...subject, ...execution.beginning, ...finding }
}
