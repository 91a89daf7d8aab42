import type { Genesis } from '@theater/event-chain'
import type { Invocation } from './mailbox.ts'
import type { Message } from './options.ts'

/** The export that prepares a new actor, by its name within its track. */
export const INIT = 'theater:actor/lifecycle@0.1#init'

/** The export that takes over a state, by its name within its track. */
export const LOAD = 'theater:actor/migration@0.1#load'

/** The turn that a new actor takes over a state in, in place of `init`. */
export function loadTurn(state: Message): Invocation {
  return { fn: LOAD, args: [state], sender: null, cause: null }
}

/** The turn that `init` is called in. */
export function initTurn({ params }: Genesis): Invocation {
  const message = params ?? { format: 'application/octet-stream', body: new Uint8Array(0) }
  return { fn: INIT, args: [message], sender: null, cause: null }
}
