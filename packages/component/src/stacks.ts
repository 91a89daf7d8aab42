/**
 * Stacks that are used again.
 *
 * The engine gives each call of a guest that can be suspended a stack, and keeps 4 MB of those that are done. Where stacks are larger,
 * so that the limit on depth comes before their end, none is kept: to map, touch and drop one takes ten to twenty times as long as
 * such a call. So here a stack does not end with its call. What runs on it is a loop of WebAssembly that takes a call, makes it and
 * waits for the next one, suspended itself.
 *
 * A stack is another guest's only when the one before has returned: a guest that ends any other way takes its stack along. The engine
 * counts a stack that is suspended as in use, whoever may resume it, so those that wait for a call are told when there will be none.
 */
import type { CoreFunction, Handover } from './handover.ts'
import { codeOf, functionType, smallModule, text } from './small-module.ts'

/** How many stacks may wait for a call, if nothing else is said. */
const IDLE = 32

/**
 * How many there may be, if nothing else is said. The engine ends the process where it gets no memory for a stack: it asks for two mappings for
 * each, of which Linux gives a process 65,530.
 */
const MOST = 10_000

/** A stack keeps the pages that the deepest call on it touched: after so many calls it is given back. */
const MOST_CALLS = 1000

/** What a stack keeps is in nobody's limit: one that was not needed for so many milliseconds is given back, when that is seen for the second time at the latest. */
const REST_MS = 15_000

/** A call that is to be made. */
interface Call {
  readonly handover: Handover
  readonly fn: CoreFunction
  readonly args: readonly unknown[]
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Promising = (fn: unknown) => (...args: readonly unknown[]) => Promise<unknown>

/** JSPI's own, which make a stack for each call. */
export function promising(fn: unknown): (...args: readonly unknown[]) => Promise<unknown> {
  const { promising: make } = WebAssembly as unknown as { readonly promising: Promising }
  return make(fn)
}

/** JSPI's own mark of a function that suspends whoever calls it. */
export function suspending(fn: (...args: unknown[]) => unknown): WebAssembly.ImportValue {
  const { Suspending } = WebAssembly as unknown as {
    readonly Suspending: new (fn: (...args: unknown[]) => unknown) => WebAssembly.ImportValue
  }
  return new Suspending(fn)
}

const [runType, stepType, waitType] = [0, 1, 2]

/**
 * ```wat
 * (module
 *   (type $run (func))
 *   (import "" "step" (func $step (result (ref null $run))))
 *   (import "" "wait" (func $wait (result i32)))
 *   (func (export "loop")
 *     (loop $on
 *       (block $none
 *         (call_ref $run (br_on_null $none (call $step)))
 *         (br $on))
 *       (br_if $on (call $wait)))))
 * ```
 */
const loopModule = smallModule([
  [1, [functionType([], []), [0x60, 0, 1, 0x63, runType], functionType([], [0x7f])]],
  [2, [[0, ...text('step'), 0x00, stepType].flat(), [0, ...text('wait'), 0x00, waitType].flat()]],
  [3, [[runType]]],
  [7, [[...text('loop'), 0x00, 2]]],
  [
    10,
    [
      codeOf(
        [
          [0, 0x03, 0x40],
          [0x02, 0x40, 0x10, 0, 0xd5, 0, 0x14, runType, 0x0c, 1, 0x0b],
          [0x10, 1, 0x0d, 0, 0x0b, 0x0b],
        ].flat(),
      ),
    ],
  ],
])

/** A stack: busy from when it takes a call until that has returned. */
class Stack {
  readonly #next: () => Call | undefined
  readonly #rest: () => boolean
  #call: Call | undefined
  #left = MOST_CALLS
  #wake: (on: 0 | 1) => void = () => {}

  /** @param rest keeps it for the next call, or answers that it is not needed any more */
  constructor(next: () => Call | undefined, rest: () => boolean) {
    this.#next = next
    this.#rest = rest
  }

  /** Whether it has taken a call. */
  get isUsed(): boolean {
    return this.#left < MOST_CALLS
  }

  /** Takes calls at once, until there are none, or a guest waits. Ends with the stack. */
  async begin(module: WebAssembly.Module): Promise<void> {
    try {
      const { exports } = new WebAssembly.Instance(module, {
        '': { step: () => this.#step(), wait: suspending(() => this.#wait()) },
      })
      await promising(exports['loop'])()
    } catch (error) {
      this.#call?.reject(error)
      this.#call = undefined
    }
  }

  /** Lets it take calls, when what is queued already has run. */
  wake(): void {
    this.#wake(1)
  }

  /** Ends it, while it waits for a call. */
  end(): void {
    this.#wake(0)
  }

  /** What was called has returned. */
  #step(): (() => void) | null {
    const done = this.#call
    this.#call = undefined
    done?.resolve(done.handover.result())
    const call = this.#left > 0 ? this.#next() : undefined
    if (call === undefined) return null
    this.#left--
    this.#call = call
    call.handover.give(call.fn, ...call.args)
    return call.handover.run
  }

  #wait(): Promise<number> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.#left === 0 || !this.#rest()) resolve(0)
    })
  }
}

const none = (): undefined => undefined
const never = (): boolean => false

/** Stacks for the guests of one thread, whoever they are: as many as are suspended at once, and some that wait for a call. */
export class Stacks implements Disposable {
  #mostIdle: number
  readonly #most: number
  readonly #idle: Stack[] = []
  readonly #calls: Call[] = []
  readonly #module = new WebAssembly.Module(loopModule)
  /** Whether there is one on its way to what is in the queue. */
  #coming = false
  #ring: () => void = () => {}
  #made = 0
  #there = 0
  /** The fewest that waited at once since somebody looked: so many were not needed. */
  #spare = 0
  #looking: ReturnType<typeof setTimeout> | undefined

  /**
   * @param options.idle how many may wait for a call @default 32
   * @param options.most how many there may be, of guests that are suspended and of those that wait for a call. A call that would
   *   need one more is refused, as one for which the engine has no memory (`hostCause` says `host-memory`). @default 10,000
   */
  constructor({ idle = IDLE, most = MOST }: { readonly idle?: number; readonly most?: number } = {}) {
    this.#mostIdle = idle
    this.#most = most
    void this.#serve()
  }

  /** How many were made. */
  get made(): number {
    return this.#made
  }

  /** How many wait for a call. */
  get idle(): number {
    return this.#idle.length
  }

  /**
   * Calls a function of a guest on a stack. It begins a little later than the engine's own would: behind what is queued, before the event
   * loop turns.
   */
  run(handover: Handover, fn: CoreFunction, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ handover, fn, args, resolve, reject })
      if (this.#coming) return
      this.#coming = true
      this.#next()?.wake()
      this.#ring()
    })
  }

  /** Makes a call for which the engine makes a stack of its own: it counts as one of these. */
  async alone(call: () => Promise<unknown>): Promise<unknown> {
    if (this.#there >= this.#most) throw this.#full()
    this.#there++
    try {
      return await call()
    } finally {
      this.#there--
    }
  }

  /** Ends those that wait for a call, and each that is busy when its call has returned. */
  [Symbol.dispose](): void {
    this.#mostIdle = 0
    clearTimeout(this.#looking)
    for (const stack of this.#idle.splice(0)) stack.end()
  }

  /**
   * Whoever calls may be anybody, with a context that a stack which is made in it would have, and keep, for ever. So all of them are made
   * here. It never ends, and nobody holds it but these stacks themselves.
   */
  async #serve(): Promise<never> {
    for (;;) {
      await new Promise<void>((ring) => (this.#ring = ring))
      // The stack that was woken has run. Where calls are left, its guest waits, or has ended.
      while (this.#calls.length > 0) {
        const stack = this.#next()
        if (stack === undefined) this.#make()
        else {
          stack.wake()
          // Lets it run.
          await Promise.resolve()
        }
      }
      this.#coming = false
    }
  }

  /** The one that was used last. */
  #next(): Stack | undefined {
    const stack = this.#idle.pop()
    this.#spare = Math.min(this.#spare, this.#idle.length)
    return stack
  }

  /** Keeps one for the next call. @returns whether it is kept */
  #rest(stack: Stack): boolean {
    if (this.#idle.length >= this.#mostIdle) return false
    this.#idle.push(stack)
    if (this.#looking === undefined) this.#look()
    return true
  }

  /** Gives back, after a while, those that were not needed meanwhile. */
  #look(): void {
    this.#spare = this.#idle.length
    this.#looking = setTimeout(() => {
      this.#looking = undefined
      const unused = this.#idle.splice(0, this.#spare)
      for (const stack of unused) stack.end()
      if (this.#idle.length > 0) this.#look()
      // The engine lets go of the pages of those that are done when it makes the next.
      if (unused.length > 0) setTimeout(() => void new Stack(none, never).begin(this.#module))
    }, REST_MS)
    // In Node it would keep the process; in a browser it is a number.
    const timer: unknown = this.#looking
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
      timer.unref()
  }

  #make(): void {
    if (this.#there >= this.#most) {
      this.#calls.shift()?.reject(this.#full())
      return
    }
    this.#made++
    this.#there++
    const stack = new Stack(
      () => this.#calls.shift(),
      () => this.#rest(stack),
    )
    void stack.begin(this.#module).then(() => this.#there--)
    // Not by what is left of the queue: what runs on it may have called somebody at once.
    if (stack.isUsed) return
    // The engine has none to give: let it say so.
    const call = this.#calls.shift()
    if (call !== undefined) call.resolve(this.alone(() => promising(call.fn)(...call.args)))
  }

  /** An error as the engine has for what it cannot give. */
  #full(): RangeError {
    return new RangeError(`out of memory: ${this.#most} guests wait in this thread, as many as may`)
  }
}
