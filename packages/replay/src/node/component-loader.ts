import { loadComponent, workerTranspiler } from '@theater/component/node'
import type { Component, LoadOptions } from '@theater/component'
import { sha256 } from '@theater/event-chain/node'

/**
 * Makes a `load` for `VerifyOptions` that loads each component once, all of them with one transpiler.
 *
 * @param options `cache` is what makes the second run of a command fast
 */
export function componentLoader(options: LoadOptions = {}): (bytes: Uint8Array) => Promise<Component> {
  const transpiler = options.transpiler ?? workerTranspiler()
  const known = new Map<string, Promise<Component>>()
  return (bytes) => {
    const key = sha256(bytes).toHex()
    const loading = known.get(key) ?? loadComponent(bytes, { ...options, transpiler })
    known.set(key, loading)
    return loading
  }
}
