import { replace } from './replace.ts'

/** How `Date` and `performance` get at the time. */
export interface TimeSource {
  /** Throws where the build left the clock out; `what` is what the actor called. */
  demand(what: string): void
  /** Whether this is a turn. If not it is the build, whose clock is the engine's. */
  running(): boolean
  /** Nanoseconds since 1970 as seconds and the rest; undefined where the engine's own clock is on. */
  readonly now: (() => { readonly seconds: bigint; readonly nanoseconds: number }) | undefined
}

/** The global object, as far as it tells the time. */
export interface TimeGlobals {
  Date: DateConstructor
  performance: object
}

/** Binds `Date` and `performance`. */
export function bindTime(globals: TimeGlobals, source: TimeSource): void {
  const { Date: EngineDate, performance } = globals
  const engineWall = EngineDate.now
  const engineSince: unknown = Reflect.get(performance, 'now')
  const { now } = source
  const running = (): boolean => source.running()

  const wall = (what: string): number => {
    source.demand(what)
    if (now === undefined || !running()) return engineWall.call(EngineDate)
    const { seconds, nanoseconds } = now()
    return Number(seconds) * 1000 + nanoseconds / 1e6
  }
  if (now !== undefined) bindDate(globals, EngineDate, (what) => Math.floor(wall(what)))

  /** Milliseconds since {@link origin}, once that is known. */
  const since = (what: string): number => {
    source.demand(what)
    if (now !== undefined || typeof engineSince !== 'function') {
      const at = wall(what)
      return at - (origin ??= at)
    }
    return Number(Reflect.apply(engineSince, performance, []))
  }
  let origin: number | undefined
  // The count of the machine that built would be ahead of a new actor's.
  replace(performance, 'now', () => (running() ? since('performance.now()') : 0))
  Object.defineProperty(performance, 'timeOrigin', {
    configurable: true,
    get: () => {
      const what = 'performance.timeOrigin'
      if (!running()) return wall(what)
      return (origin ??= wall(what) - since(what))
    },
  })
}

function bindDate(globals: TimeGlobals, EngineDate: DateConstructor, millis: (what: string) => number): void {
  const bound = new Proxy(EngineDate, {
    apply: () => new EngineDate(millis('Date()')).toString(),
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [millis('new Date()')] : args, newTarget) as Date,
  })
  replace(EngineDate, 'now', () => millis('Date.now()'))
  replace(EngineDate.prototype, 'constructor', bound)
  replace(globals, 'Date', bound)
}
