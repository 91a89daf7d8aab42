import { WitError } from '@theater/handler'
import { isObject } from './caller.ts'

/** The payload of the interface's own error; `undefined`: it answered. A fault is thrown on. */
export async function payloadOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
}

/** The case of the interface's own error; `undefined`: it answered. A fault is thrown on. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  const payload = await payloadOf(call)
  return isObject(payload) ? payload['tag'] : payload
}

/** UTF-8. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** In the order of their bytes. */
export function sorted(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
