import type { EventRef } from '@theater/boundary'
import type { AbortCode, TrapCode } from '@theater/event-chain'
import { TheaterError } from './errors.ts'
import { limitOf, trapWords } from './traps.ts'

/** How a turn answered whoever asked for it. */
export type TurnReply =
  | { readonly tag: 'answered'; readonly value: unknown; readonly ref: EventRef | undefined }
  | { readonly tag: 'trapped'; readonly code: TrapCode }
  | {
      readonly tag: 'aborted'
      readonly code: AbortCode
      readonly status: number | undefined
      readonly error: unknown
    }
  /** The turn did not begin. `final`: the actor ended for good; otherwise another host may bring it back. */
  | { readonly tag: 'stopped'; readonly final: boolean; readonly failure: TheaterError | undefined }
  /** The host closed before the turn began. */
  | { readonly tag: 'closed' }
  /** Nobody wanted it any more when its turn would have come: its channel or connection was closed. */
  | { readonly tag: 'left' }
  /** It had its turn, or was dead before: which one only a part of the record says that is archived. */
  | { readonly tag: 'archived' }
  | { readonly tag: 'mailbox-full'; readonly limit: number }
  | { readonly tag: 'too-large'; readonly limit: number }
  | { readonly tag: 'bad-arguments'; readonly error: unknown }
  | { readonly tag: 'store-failed'; readonly error: unknown }

/** What became of a turn that its caller can take back: a reply, or that it was taken back before it began. */
export type AskedReply = TurnReply | { readonly tag: 'withdrawn' }

/** What became of a turn that its caller can take back, as a value, or thrown as an error. */
export function unwrapAsked(id: string, reply: AskedReply): unknown {
  if (reply.tag !== 'withdrawn') return unwrap(id, reply)
  throw new TheaterError('withdrawn', `the call of ${id} was taken back before its turn began`, { actor: id })
}

/** A reply as a value, or thrown as an error. */
export function unwrap(id: string, reply: TurnReply): unknown {
  switch (reply.tag) {
    case 'answered':
      return reply.value
    case 'trapped':
      throw new TheaterError('trapped', `${id} trapped (${trapWords(reply.code)})`, {
        actor: id,
        detail: reply.code,
      })
    case 'aborted': {
      const limit = limitOf(reply.code)
      const why =
        limit !== undefined
          ? `: more than its limit "${limit}" allows`
          : reply.error instanceof Error
            ? `: ${reply.error.message}`
            : ''
      throw new TheaterError('aborted', `the turn of ${id} was aborted (${reply.code})${why}`, {
        actor: id,
        detail: reply.code,
        cause: reply.error,
      })
    }
    case 'stopped':
      throw reply.failure ?? new TheaterError('stopped', `${id} was stopped`, { actor: id })
    case 'closed':
      throw new TheaterError('closed', `the theater was closed before ${id} took the call`, { actor: id })
    case 'left':
      throw new TheaterError('not-open', `the channel or connection that it is of is closed at ${id}`, {
        actor: id,
      })
    case 'archived':
      throw new TheaterError('aborted', `what ${id} answered is in a part of its record that is archived`, {
        actor: id,
        detail: 'outcome-unknown',
      })
    case 'mailbox-full':
      throw new TheaterError('mailbox-full', `the mailbox of ${id} holds ${reply.limit} messages already`, {
        actor: id,
      })
    case 'too-large':
      throw new TheaterError(
        'too-large',
        `${id} takes at most ${reply.limit} bytes at once: its limit "messageBytes"`,
        { actor: id, detail: reply.limit },
      )
    case 'bad-arguments': {
      const why = reply.error instanceof Error ? reply.error.message : String(reply.error)
      throw new TheaterError('bad-arguments', `${id}: ${why}`, { actor: id, cause: reply.error })
    }
    case 'store-failed':
      throw new TheaterError('store-failed', `the record of ${id} cannot be written; it stands still`, {
        actor: id,
        cause: reply.error,
      })
  }
}
