import { trackOf } from '@theater/boundary'
import type { EventOf } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import { HANDLE_OPEN, isPeer } from './channels.ts'
import { HANDLE_CONNECT, isSocket } from './connections.ts'

/** The conversation that a turn is about. */
export interface Subject {
  readonly of: 'channel' | 'connection'
  readonly name: string
  /** Whether the actor is asked for it. */
  readonly opens: boolean
}

/** What a turn of an export is about; `undefined`: no conversation. @param fn by its name within its track */
export function subjectOf(fn: string, args: readonly unknown[]): Subject | undefined {
  const [first, second] = args
  if (isPeer(fn) && typeof second === 'string')
    return { of: 'channel', name: second, opens: fn === HANDLE_OPEN }
  if (isSocket(fn) && typeof first === 'string')
    return { of: 'connection', name: first, opens: fn === HANDLE_CONNECT }
  return undefined
}

/** What a turn is about, by its record. */
export function recordedSubject({ content: { fn, args } }: EventOf<'turn'>): Subject | undefined {
  const hash = fn.indexOf('#')
  const name = hash === -1 ? fn : `${trackOf(fn.slice(0, hash))}${fn.slice(hash)}`
  if (!isPeer(name) && !isSocket(name)) return undefined
  return subjectOf(name, decodeData(args) as readonly unknown[])
}
