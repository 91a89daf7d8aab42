/** Ending a guest for good, and telling why a call of one failed. */
import { exhausted } from '@theater/values'
import type { HostCause, TrapCode } from './types.ts'

// (module (func (export "f") unreachable))
const bytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
  0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, 0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b,
])

const helper = new WebAssembly.Instance(new WebAssembly.Module(bytes))

/**
 * Runs a real WebAssembly `unreachable`. Called by an import, it ends the guest: the exception of a trap cannot be
 * caught by a guest's `catch_all`, with or without a fence around the import.
 */
export function unreachable(): never {
  const run = helper.exports['f']
  if (typeof run === 'function') run()
  throw new Error('unreachable code was reached')
}

/**
 * Makes the object that an import throws, or rejects with, to end its guest, whatever the import's type.
 *
 * It is the exception of a real trap, so no guest can catch it; and the glue of a function that answers
 * `result<…>` reads `payload` in its own catch, which runs a trap again instead of giving the guest an `err`.
 */
export function poison(): object {
  try {
    return unreachable()
  } catch (trap) {
    const made = trap instanceof Error ? trap : new Error('unreachable', { cause: trap })
    return Object.defineProperty(made, 'payload', {
      get: unreachable,
      enumerable: false,
      configurable: false,
    })
  }
}

/** Whether an error is one that `poison` made. */
export function isPoison(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  return Object.getOwnPropertyDescriptor(error, 'payload')?.get === unreachable
}

/**
 * Tells why a call failed where the guest alone is not to blame: the engine's stack or memory ran out, or the guest
 * tried to suspend where it cannot. `undefined` for a trap, and for anything else, also where it throws when it is looked at.
 */
export function hostCause(error: unknown): HostCause | undefined {
  try {
    return causeOf(error)
  } catch (failed) {
    return failed === error ? undefined : exhausted(failed)
  }
}

function causeOf(error: unknown): HostCause | undefined {
  const { SuspendError } = WebAssembly as unknown as { SuspendError?: new () => Error }
  if (SuspendError !== undefined && error instanceof SuspendError) return 'host-suspend'
  if (!(error instanceof WebAssembly.RuntimeError)) return exhausted(error)
  const { message } = error
  if (/cannot block a synchronous task/.test(message)) return 'host-suspend'
  if (/call stack exhausted/.test(message)) return 'host-stack'
  // A fence made this trap of something that an import threw.
  return Object.hasOwn(error, 'cause') && error.cause !== error ? hostCause(error.cause) : undefined
}

/**
 * The trap that an error thrown by a guest's function stands for; `undefined` if it is the host's doing (then
 * `hostCause` may know more). The code is engine-neutral and never made from a message.
 */
export function trapCode(error: unknown): TrapCode | undefined {
  if (isPoison(error) || hostCause(error) !== undefined) return undefined
  return 'guest'
}
