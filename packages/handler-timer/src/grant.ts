import type { JsonSchema, Refusal } from '@theater/handler'

/** The timers that an actor may set. */
export type TimerGrant = {
  /** How many at once. @default 100 */
  readonly timers?: number
  /** The least time, in milliseconds, from one firing of a timer to the next, and from setting one to its first. @default 1000 */
  readonly shortestMs?: number
  /** How far ahead a timer may be due, in milliseconds. @default 31622400000 (366 days) */
  readonly longestMs?: number
}

/** The most milliseconds that a grant can say: a hundred years. */
const CENTURY = 3_155_760_000_000

/** What a {@link TimerGrant} says where it says nothing. */
export const defaults: Required<TimerGrant> = {
  timers: 100,
  shortestMs: 1000,
  longestMs: 366 * 24 * 60 * 60 * 1000,
}

/** The schema of a {@link TimerGrant}. */
export const timerGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'timer',
  description: 'Lets the actor set timers: turns of its own at a time, once or again and again.',
  type: 'object',
  additionalProperties: false,
  examples: [{}, { timers: 1, shortestMs: 60_000 }],
  properties: {
    timers: {
      description: 'How many timers it may have at once.',
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: defaults.timers,
    },
    shortestMs: {
      description:
        'The shortest interval of a timer, in milliseconds; one that fires once is not due before that has passed either.',
      type: 'integer',
      minimum: 1,
      maximum: CENTURY,
      default: defaults.shortestMs,
    },
    longestMs: {
      description: 'How far ahead a timer may be due, in milliseconds; the longest interval too.',
      type: 'integer',
      minimum: 1,
      maximum: CENTURY,
      default: defaults.longestMs,
    },
  },
}

/** Whether a child's grant lies within its parent's: no more timers, none that is due sooner, none that is due later. */
export function within(child: TimerGrant, parent: TimerGrant): true | Refusal {
  const [inner, outer] = [
    { ...defaults, ...child },
    { ...defaults, ...parent },
  ]
  if (inner.timers > outer.timers) return { refused: `${inner.timers} timers are not within ${outer.timers}` }
  if (inner.shortestMs < outer.shortestMs)
    return {
      refused: `intervals of ${inner.shortestMs} ms are not within those from ${outer.shortestMs} ms up`,
    }
  if (inner.longestMs > outer.longestMs)
    return { refused: `timers ${inner.longestMs} ms ahead are not within ${outer.longestMs} ms` }
  return true
}

/** Refuses: no function of this handler asks for anything beyond having been bound. */
export function authorize(): Refusal {
  return { refused: 'a timer asks for nothing' }
}
