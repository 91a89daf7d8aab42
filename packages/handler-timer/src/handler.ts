import { defineHandler, WitError } from '@theater/handler'
import type { ActorContext, Binding, Handler, Timer, TimerFailure } from '@theater/handler'
import type { TheaterActorTypes, TheaterTimerTimers } from '@theater/wit'
import { authorize, defaults, timerGrant, within } from './grant.ts'
import type { TimerGrant } from './grant.ts'

const TIMERS = 'theater:timer/timers@0.1'
const FIRED = 'theater:timer/target@0.1#fired'

type When = TheaterTimerTimers.When
type Message = TheaterActorTypes.Message

/** The functions of `theater:timer/timers@0.1`, as the boundary calls them. */
export interface TimerImports {
  readonly [TIMERS]: {
    /** Queues that a timer is set which fires once. */
    readonly once: (when: When, message: Message) => Timer
    /** Queues that a timer is set which fires again and again. */
    readonly every: (interval: bigint, message: Message) => Timer
    /** Queues that a timer is cancelled. */
    readonly cancel: (id: bigint) => void
    /** What was set. */
    readonly list: () => readonly Timer[]
  }
}

/**
 * Makes the handler of `theater:timer/timers@0.1`. The timers themselves are the runtime's: which an actor has follows from its
 * record.
 *
 * @example
 * import { timer } from '@theater/handler-timer'
 *
 * const handler = timer()
 * handler.within({ timers: 1, shortestMs: 60_000 }, {}) // true
 */
export function timer(): Handler<TimerGrant, TimerImports> {
  return defineHandler<TimerGrant, TimerImports>({
    name: 'timer',
    interfaces: [TIMERS],
    grant: timerGrant,
    functions: {
      [`${TIMERS}#once`]: { mode: 'sync', effect: 'none' },
      [`${TIMERS}#every`]: { mode: 'sync', effect: 'none' },
      [`${TIMERS}#cancel`]: { mode: 'sync', effect: 'none' },
      [`${TIMERS}#list`]: { mode: 'sync', effect: 'none' },
    },
    within,
    authorize,
    rests: () => true,
    bind,
  })
}

function bind({ timers }: ActorContext, grant: TimerGrant): Binding<TimerImports> {
  const { timers: most, shortestMs, longestMs } = { ...defaults, ...grant }
  const [shortest, longest] = [BigInt(shortestMs), BigInt(longestMs)]

  function set(timer: Pick<Timer, 'due' | 'interval'>, { format, body }: Message): Timer {
    if (timers.list().length >= most) throw refusal({ tag: 'too-many', val: most })
    const answer = timers.set(FIRED, timer, { format, body })
    if ('tag' in answer) throw refusal(answer)
    return answer
  }

  return {
    imports: {
      [TIMERS]: {
        once(when, message) {
          const now = BigInt(timers.now)
          const asked = when.tag === 'after' ? now + when.val : when.val
          const due = asked < now + shortest ? now + shortest : asked
          // Also where the grant has no time between its shortest and its longest.
          if (due > now + longest) throw refusal({ tag: 'too-long', val: longest })
          return set({ due }, message)
        },
        every(interval, message) {
          if (interval < shortest) throw refusal({ tag: 'too-short', val: shortest })
          if (interval > longest) throw refusal({ tag: 'too-long', val: longest })
          return set({ due: BigInt(timers.now) + interval, interval }, message)
        },
        cancel(id) {
          if (!timers.cancel(id)) throw new WitError<TheaterTimerTimers.CancelError>('not-set')
        },
        list: () => timers.list(),
      },
    },
  }
}

/** Why no timer was set, for the guest. */
function refusal(
  failure: TimerFailure | { readonly tag: 'too-short' | 'too-long'; readonly val: bigint },
): WitError<TheaterTimerTimers.Error> {
  return new WitError<TheaterTimerTimers.Error>(failure)
}
