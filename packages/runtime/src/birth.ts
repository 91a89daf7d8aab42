import type { Genesis } from '@theater/event-chain'
import type { Cause } from '@theater/handler'

const ID = /^[a-z0-9._:-]{1,128}$/

/** Whether a text is an actor's id. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/** Where an actor comes from that another one made. */
export interface Birth {
  /** The parent's id. */
  readonly parent: string
  /** The parent's intent. */
  readonly cause: Cause
}

/** Where an actor comes from, by its genesis; `undefined` for one that the host made. */
export function birthOf({ parent, cause }: Pick<Genesis, 'parent' | 'cause'>): Birth | undefined {
  return parent === null || cause === null ? undefined : { parent, cause }
}

/** The id of the child that an event of its parent makes. */
export function childId(parent: string, seq: number): string {
  return `${parent}.child-${seq}`
}

/** The export that hears of the end of a child, by its name within its track. */
export const CHILD_ENDED = 'theater:supervisor/watcher@0.1#child-ended'

/** How a child ended, as `theater:supervisor/watcher` has it. */
export type Ended = { readonly tag: 'stopped' | 'trapped' | 'init-failed' }
