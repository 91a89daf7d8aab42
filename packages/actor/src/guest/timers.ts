import { replace } from './replace.ts'

type Callback = (...args: readonly unknown[]) => unknown
type Set = (callback: Callback, delay?: number, ...args: readonly unknown[]) => unknown

/** The global object, as far as it waits. */
export interface TimerGlobals {
  setTimeout?: Set
  setInterval?: Set
  clearTimeout?: (timer: unknown) => void
  AbortSignal?: { timeout: (delay: number) => AbortSignal }
  readonly AbortController?: typeof AbortController
  readonly DOMException?: typeof DOMException
}

/**
 * Timers that belong to the turn that set them. The engine's own outlive it: they fire in some later turn, if that waits
 * long enough, with the `ctx` of a turn that is over.
 */
export class TurnTimers {
  readonly #open = new Set<unknown>()
  readonly #clear: ((timer: unknown) => void) | undefined

  /** Replaces the functions that set a timer. */
  constructor(globals: TimerGlobals, check: (what: string) => void) {
    this.#clear = globals.clearTimeout?.bind(globals)
    for (const name of ['setTimeout', 'setInterval'] as const) {
      const real = globals[name]
      if (real === undefined) continue
      replace(globals, name, (callback: Callback, ...rest: readonly unknown[]) => {
        check(`${name}()`)
        const timer: unknown = Reflect.apply(real, globals, [
          (...args: readonly unknown[]) => {
            if (name === 'setTimeout') this.#open.delete(timer)
            return callback(...args)
          },
          ...rest,
        ])
        this.#open.add(timer)
        return timer
      })
    }
    const { AbortSignal: signals, AbortController: Controller, DOMException: Exception = Error } = globals
    if (signals === undefined || Controller === undefined) return
    replace(signals, 'timeout', (delay: number) => {
      check('AbortSignal.timeout()')
      const controller = new Controller()
      const late = (): void => controller.abort(new Exception('the time is over', 'TimeoutError'))
      globals.setTimeout?.(late, delay)
      return controller.signal
    })
  }

  /** Drops what still waits. */
  clear(): void {
    for (const timer of this.#open) this.#clear?.(timer)
    this.#open.clear()
  }
}
