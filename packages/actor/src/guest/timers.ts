import type { Loop } from './loop.ts'
import { replace } from './replace.ts'

type Callback = (...args: readonly unknown[]) => unknown

/** The global object, as far as it waits. */
export interface TimerGlobals {
  setTimeout?: (callback: () => void, delay?: number) => unknown
  clearTimeout?: (timer: unknown) => void
  AbortSignal?: { timeout: (delay: number) => AbortSignal }
  readonly AbortController?: typeof AbortController
  readonly DOMException?: typeof DOMException
  readonly console: { readonly error?: (...args: readonly unknown[]) => void }
}

interface Timer {
  /** What it is to the engine, or to the loop. */
  readonly inner: unknown
  /** When it is due, in milliseconds. */
  readonly at: number
  readonly fire: () => void
}

/**
 * Timers that belong to the turn that set them. The engine's own outlive it: they fire in some later turn, if that waits
 * long enough, with the `ctx` of a turn that is over.
 */
export class TurnTimers {
  readonly #open = new Map<number, Timer>()
  readonly #now: () => number
  readonly #console: TimerGlobals['console']
  readonly #start: (callback: () => void, delay: number | undefined) => unknown
  readonly #stop: (timer: unknown) => void
  #last = 0

  /** Replaces the functions that set a timer. Where there is a loop of the kit's own, that is what waits. */
  constructor(globals: TimerGlobals, check: (what: string) => void, now: () => number, loop?: Loop) {
    this.#now = now
    this.#console = globals.console
    const set = globals.setTimeout?.bind(globals)
    const clear = globals.clearTimeout?.bind(globals)
    this.#start = (callback, delay) =>
      loop === undefined ? set?.(callback, delay) : loop.setTimer(callback, delay)
    this.#stop = (timer) => (loop === undefined ? clear?.(timer) : loop.clearTimer(timer))
    for (const name of ['setTimeout', 'setInterval'] as const) {
      replace(globals, name, (callback: Callback, delay?: number, ...args: readonly unknown[]) => {
        check(`${name}()`)
        return this.#set(() => callback(...args), delay, name === 'setInterval')
      })
    }
    for (const name of ['clearTimeout', 'clearInterval']) {
      replace(globals, name, (timer: unknown) => this.#drop(timer))
    }
    const { AbortSignal: signals, AbortController: Controller, DOMException: Exception } = globals
    if (signals === undefined || Controller === undefined || Exception === undefined) return
    replace(signals, 'timeout', (delay: number) => {
      check('AbortSignal.timeout()')
      const controller = new Controller()
      const late = (): void => controller.abort(new Exception('the time is over', 'TimeoutError'))
      this.#set(late, delay, false)
      return controller.signal
    })
  }

  /** Drops what still waits. */
  clear(): void {
    if (this.#open.size === 0) return
    for (const { inner } of this.#open.values()) this.#stop(inner)
    this.#open.clear()
  }

  #set(run: () => unknown, delay: number | undefined, again: boolean): number {
    const id = ++this.#last
    const fire = (): void => {
      this.#drop(id)
      if (again) arm()
      try {
        run()
      } catch (error) {
        // As the engine does: nobody is there to catch it.
        this.#console.error?.('a timer threw', error)
      }
    }
    const arm = (): void => {
      const at = this.#now() + Math.max(0, Number(delay) || 0)
      this.#open.set(id, { inner: this.#start(() => this.#due(at), delay), at, fire })
    }
    arm()
    return id
  }

  /** Fires what is due by then, in that order: where several are, the engine takes them as they were set. */
  #due(now: number): void {
    const due = [...this.#open].filter(([, { at }]) => at <= now).toSorted(([, a], [, b]) => a.at - b.at)
    // One that an earlier one clears does not fire.
    for (const [id, timer] of due) if (this.#open.get(id) === timer) timer.fire()
  }

  #drop(id: unknown): void {
    const timer = typeof id === 'number' ? this.#open.get(id) : undefined
    if (timer === undefined) return
    this.#stop(timer.inner)
    this.#open.delete(id as number)
  }
}
