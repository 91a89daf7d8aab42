/** What a worker that has jco inside does for a request, and what it says of it. */
import { ComponentError, type ComponentErrorCode } from '../errors.ts'
import { type Generate, generateWith, meterWith, refusal } from '../transpile.ts'
import type { MeterRequest, Transpiled, TranspileRequest } from '../types.ts'
import { capMemory } from './cap-memory.ts'

/** What a worker is asked: to transpile a component, or to meter a module. */
export type WorkerRequest = TranspileRequest | MeterRequest

/** What a worker answers to a request. */
export type WorkerAnswer =
  | { readonly ok: true; readonly transpiled: Transpiled }
  | { readonly ok: true; readonly metered: Uint8Array }
  | {
      readonly ok: false
      readonly code: ComponentErrorCode
      readonly message: string
      readonly offset?: number
    }

/**
 * Limits the memory of every module that is compiled from now on in this thread. The heap limit of a worker, where
 * there is one at all, does not count the memory of WebAssembly.
 */
export function limitCompiled(memoryMb: number): void {
  const compile = WebAssembly.compile
  WebAssembly.compile = async (source) => {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source)
    return compile(capMemory(bytes, memoryMb * 1024 * 1024) as Uint8Array<ArrayBuffer>)
  }
}

/** Calls jco, or the meter; whatever goes wrong is in the answer. */
export function answer(generate: Generate, request: WorkerRequest): WorkerAnswer {
  try {
    if ('module' in request) return { ok: true, metered: meterWith(request) }
    return { ok: true, transpiled: generateWith(generate, request) }
  } catch (error) {
    if (ComponentError.is(error)) {
      const { code, message, offset } = error
      return { ok: false, code, message, ...(offset !== undefined && { offset }) }
    }
    const said = refusal(error) ?? `it panicked: ${error instanceof Error ? error.message : String(error)}`
    return { ok: false, code: 'transpile-failed', message: `jco failed on this component: ${said}` }
  }
}
