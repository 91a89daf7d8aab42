import { defineHandler } from '@theater/handler'
import type { Binding, Handler } from '@theater/handler'
import type { WasiClocksWallClock } from '@theater/wit'
import { authorize, clocksGrant, within } from './grant.ts'
import type { ClocksGrant } from './grant.ts'

const WALL = 'wasi:clocks/wall-clock@0.2'
const MONOTONIC = 'wasi:clocks/monotonic-clock@0.2'

/** Where {@link clocks} reads. No option grants anything. */
export interface ClocksOptions {
  /** Nanoseconds since the epoch. @default the machine's clock, to the millisecond */
  readonly wall?: () => bigint
  /** Nanoseconds since any moment; it never goes backwards. @default the machine's */
  readonly monotonic?: () => bigint
}

/** The functions of `wasi:clocks` that read a clock, as the boundary calls them. */
export interface ClocksImports {
  readonly [WALL]: {
    /** The time of day. */
    readonly now: () => WasiClocksWallClock.Datetime
  }
  readonly [MONOTONIC]: {
    /** Nanoseconds since any moment. The boundary moves them to the actor's own. */
    readonly now: () => bigint
  }
}

const SECOND = 1_000_000_000n

/**
 * Makes the handler of live clocks. Timers and resolutions stay the boundary's: they go by the clock that the guest reads.
 *
 * @example
 * import { clocks } from '@theater/handler-clocks'
 *
 * const handler = clocks()
 * handler.within({ live: true }, { live: true }) // true
 */
export function clocks(options: ClocksOptions = {}): Handler<ClocksGrant, ClocksImports> {
  const wall = options.wall ?? (() => BigInt(Date.now()) * 1_000_000n)
  const monotonic = options.monotonic ?? (() => process.hrtime.bigint())

  function bind(): Binding<ClocksImports> {
    return {
      imports: {
        [WALL]: {
          now() {
            const now = wall()
            return { seconds: now / SECOND, nanoseconds: Number(now % SECOND) }
          },
        },
        [MONOTONIC]: { now: () => monotonic() },
      },
    }
  }

  return defineHandler<ClocksGrant, ClocksImports>({
    name: 'clocks',
    interfaces: [WALL, MONOTONIC],
    grant: clocksGrant,
    functions: {
      [`${WALL}#now`]: { mode: 'sync', effect: 'read' },
      [`${MONOTONIC}#now`]: { mode: 'sync', effect: 'read' },
    },
    within,
    authorize,
    rests: () => true,
    bind,
  })
}
