/**
 * The kinds of event. A kind's place in this list is its number in the bytes, so the list only ever grows at its end.
 *
 * @see contents.ts for what each carries, grammar.ts for the order they may come in.
 */
export const kinds = [
  'genesis',
  'seed',
  'turn',
  'call',
  'result',
  'drop',
  'send',
  'return',
  'trap',
  'abort',
  'grant',
  'resume',
  'stop',
] as const

/** A kind of event. */
export type Kind = (typeof kinds)[number]

/** A kind's number in the bytes. */
export const kindNumber: Readonly<Record<Kind, number>> = {
  genesis: 0,
  seed: 1,
  turn: 2,
  call: 3,
  result: 4,
  drop: 5,
  send: 6,
  return: 7,
  trap: 8,
  abort: 9,
  grant: 10,
  resume: 11,
  stop: 12,
}

const { call, turn, return: end } = kindNumber

/** The number of a kind. One lookup by a name that varies takes as long as a dozen comparisons. */
export function numberOf(kind: Kind): number {
  return kind === 'call' ? call : kind === 'turn' ? turn : kind === 'return' ? end : kindNumber[kind]
}

/** Why a guest trapped: closed, and the same on every engine. */
export const trapCodes = ['guest', 'out-of-fuel', 'depth', 'memory', 'unsupported'] as const

/** Why a guest trapped. */
export type TrapCode = (typeof trapCodes)[number]

/** Why the host ended a turn. */
export const abortCodes = [
  'stopped',
  'handler-fault',
  'host-value',
  'deadline',
  'host-memory',
  'host-stack',
  'outcome-unknown',
  'exited',
  'turn-deadline',
  'turn-events',
  'turn-bytes',
  'unresponsive',
] as const

/** Why the host ended a turn. */
export type AbortCode = (typeof abortCodes)[number]
