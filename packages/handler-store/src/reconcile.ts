import type { Intent, Reconciled } from '@theater/handler'
import type { Hash } from './backend.ts'
import { same } from './chunks.ts'
import type { Session } from './session.ts'

/**
 * Finds out whether a compare-and-set happened. Looking at the label alone cannot tell: that it has the new value may
 * be somebody else's doing, that it has the old one may mean that somebody changed it back. So a backend remembers, in
 * the same step as the change, each writer's last change and whether another writer has changed that label since.
 * An actor makes one call at a time, so the lost one comes after everything it had an answer for:
 *
 * - The actor's last change is another one, or there is none: the lost one never happened, or it met a conflict,
 *   which changes nothing. Not done.
 * - It is this very change, and nobody came after it: done. It may also be an earlier, equal change whose answer
 *   the actor has; then the lost one would have met the actor's own value. The label is as the actor asked, and nobody
 *   else believes to have set it, so `ok` misleads nobody.
 * - It is this change and was overtaken: it may be the lost one, or an earlier one that somebody changed back before
 *   the lost one could happen. Unknown.
 */
export async function reconcile(session: Session, intent: Intent): Promise<Reconciled> {
  const [name, expected, value] = intent.args
  const last = await session.backend.last(session.space, session.actor.id)
  if (
    last === undefined ||
    last.name !== name ||
    !equal(last.expected, expected) ||
    !equal(last.value, value)
  ) {
    return 'not-done'
  }
  return last.overtaken ? 'unknown' : { done: undefined }
}

function equal(hash: Hash | undefined, other: unknown): boolean {
  return (other === undefined || other instanceof Uint8Array) && same(hash, other)
}
