/** What a guest's glue gets under the name `WebAssembly`, where the guest can be suspended. */
import { type CoreFunction, type HandoverCache, handoverFor } from './handover.ts'
import type { Signature } from './signatures.ts'
import { promising, type Stacks, suspending } from './stacks.ts'
import { poison } from './trap.ts'

/** A core instance: what it exports, and of which types its functions are. */
export interface Exporter {
  readonly exports: WebAssembly.Exports
  readonly types: ReadonlyMap<string, Signature | null>
}

/** Where the exports of an instance run. */
export interface Ground {
  readonly stacks: Stacks
  readonly handovers: HandoverCache
  /** The core instances that there are when something is called. */
  readonly exporters: readonly Exporter[]
}

type Run = (args: readonly unknown[]) => Promise<unknown>

/**
 * All that `WebAssembly` is, with a `promising` and a `Suspending` of our own.
 *
 * @param ground absent: each call has a stack of its own
 */
export function glueWebAssembly(waits: Waits, ground?: Ground): typeof WebAssembly {
  return Object.create(WebAssembly, {
    Suspending: {
      value: function Suspending(fn: (...args: unknown[]) => unknown) {
        return suspending(waits.around(fn))
      },
    },
    ...(ground !== undefined && { promising: { value: (fn: unknown) => onStacks(fn, ground) } }),
  }) as typeof WebAssembly
}

function onStacks(fn: unknown, ground: Ground): (...args: readonly unknown[]) => Promise<unknown> {
  // The glue asks for many that it never calls.
  if (!isFunction(fn)) return promising(fn)
  let run: Run | undefined
  return (...args) => (run ??= choose(fn, ground))(args)
}

function choose(fn: CoreFunction, { stacks, handovers, exporters }: Ground): Run {
  const signature = signatureOf(fn, exporters)
  const handover = signature === null ? undefined : handoverFor(signature, handovers)
  if (handover !== undefined) {
    try {
      handover.fits(fn)
      return (args) => stacks.run(handover, fn, args)
    } catch {
      // Its type is of a group, or open to subtypes: then it is another one, though it reads the same.
    }
  }
  const once = promising(fn)
  return (args) => stacks.alone(() => once(...args))
}

function isFunction(fn: unknown): fn is CoreFunction {
  return typeof fn === 'function'
}

function signatureOf(fn: CoreFunction, exporters: readonly Exporter[]): Signature | null {
  for (const { exports, types } of exporters)
    for (const [name, signature] of types) if (exports[name] === fn) return signature
  return null
}

/**
 * What an instance waits for. The engine counts a stack that is suspended as in use, whoever may resume it: one that nobody resumes is there,
 * with its guest and its memory, until the process ends. So whatever waits when an instance is finished is ended.
 *
 * The guest does not notice. An import that suspends is called through a fence, which makes a trap of what it fails with.
 */
export class Waits {
  readonly #pending = new Set<(reason: unknown) => void>()
  #ended = false

  /** The function of an import that suspends. */
  around(fn: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      const answer = fn(...args)
      return answer instanceof Promise ? this.#wait(answer) : answer
    }
  }

  /** Ends what waits, and whatever is to wait from now on. */
  end(): void {
    this.#ended = true
    const pending = [...this.#pending]
    this.#pending.clear()
    for (const reject of pending) reject(poison())
  }

  #wait(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject)
      answer.then(
        (value) => {
          this.#pending.delete(reject)
          resolve(value)
        },
        (error: unknown) => {
          this.#pending.delete(reject)
          reject(error)
        },
      )
      if (this.#ended) this.end()
    })
  }
}
