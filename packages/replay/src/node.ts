/**
 * What Node does faster: the platform's sha-256, and components transpiled in a worker.
 *
 * @module
 */
import { loadComponent, workerTranspiler } from '@theater/component/node'
import type { Component, LoadOptions } from '@theater/component'
import type { CarFile } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import * as anywhere from './index.ts'
import type { ChainSource, GraphReport, Replayed, ReplayOptions, Verdict, VerifyOptions } from './index.ts'

export * from './index.ts'

/**
 * Makes a `load` for {@link VerifyOptions} that loads each component once, all of them with one transpiler.
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

/** Like `verify` of the main entry, with defaults for `load` and `hash`. */
export async function verify(source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> {
  return anywhere.verify(source, withDefaults(options))
}

/** Like `verifyGraph` of the main entry, with defaults for `load` and `hash`. */
export async function verifyGraph(
  sources: readonly ChainSource[],
  options: Partial<VerifyOptions> = {},
): Promise<GraphReport> {
  return anywhere.verifyGraph(sources, withDefaults(options))
}

/** Like `verifyCar` of the main entry, with defaults for `load` and `hash`. */
export async function verifyCar(car: CarFile, options: Partial<VerifyOptions> = {}): Promise<GraphReport> {
  return anywhere.verifyCar(car, withDefaults(options))
}

/** Like `replay` of the main entry, with defaults for `load` and `hash`. */
export async function replay(source: ChainSource, options: Partial<ReplayOptions> = {}): Promise<Replayed> {
  return anywhere.replay(source, withDefaults(options))
}

function withDefaults<O extends Partial<VerifyOptions>>(options: O): O & Pick<VerifyOptions, 'load'> {
  return { load: options.load ?? componentLoader(), hash: sha256, ...options }
}
