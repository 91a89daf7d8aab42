import type { Genesis } from '@theater/event-chain'
import type { Invocation } from './mailbox.ts'

/** The export that prepares a new actor, by its name within its track. */
export const INIT = 'theater:actor/lifecycle@0.1#init'

/** The turn that `init` is called in. */
export function initTurn({ params }: Genesis): Invocation {
  const message = params ?? { format: 'application/octet-stream', body: new Uint8Array(0) }
  return { fn: INIT, args: [message], sender: null, cause: null }
}
