import type { Handles, ValType } from '../src/index.ts'
import { compileType, noHandles, Reader, ValueError, Writer } from '../src/index.ts'

export const toHex = (bytes: Uint8Array): string => bytes.toHex()
export const fromHex = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(' ', ''))

/** Writes one value; returns its bytes and what is handed on. */
export function write(type: ValType, value: unknown, options: { copy?: boolean; handles?: Handles } = {}) {
  const out = new Writer(16)
  const kept = compileType(type, options).write(value, out, options.handles ?? noHandles)
  return { kept, bytes: out.copy() }
}

/** Reads one value that fills the bytes. */
export function read(type: ValType, bytes: Uint8Array, handles: Handles = noHandles): unknown {
  const input = new Reader(bytes)
  const value = compileType(type).read(input, handles)
  input.finish()
  return value
}

/** Runs `run`, which must throw a ValueError, and returns it. */
export function refusal(run: () => unknown): ValueError {
  try {
    run()
  } catch (error) {
    if (ValueError.is(error)) return error
    throw error
  }
  throw new Error('not refused')
}
