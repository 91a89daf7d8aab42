/**
 * What Node does faster: `verify` with the platform's sha-256, and components transpiled in a worker.
 *
 * @module
 */
import { loadComponent } from '@theater/component/node'
import { sha256 } from '@theater/event-chain/node'
import { verify as verifyAnywhere } from './verify.ts'
import type { ChainSource, Verdict, VerifyOptions } from './types.ts'

export * from './index.ts'

/** Like `verify` of the main entry, with defaults for `load` and `hash`. */
export async function verify(source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> {
  return verifyAnywhere(source, { load: loadComponent, hash: sha256, ...options })
}
