import { trackName } from '@theater/boundary'
import type { Component } from '@theater/component'
import type { Lifetime } from './manifest.ts'

const ANSWERS: ReadonlySet<string> = new Set([
  'theater:http/request-handler@0.1#handle',
  'wasi:http/incoming-handler@0.2#handle',
])

/** How long an instance of a component lives, in words. */
export const lifetimes: Readonly<Record<Lifetime, string>> = {
  actor: 'as long as it does',
  turn: 'for a turn',
}

/** Whether a component answers HTTP requests. */
export function answersRequests({ exports }: Component['model']): boolean {
  return exports.some(({ functions }) => functions.some((fn) => ANSWERS.has(trackName(fn))))
}

/**
 * How long an instance of a component that answers requests is likely meant to live. One that knows nothing of actors is taken for one that
 * was written for hosts that make an instance for each request, as those of `wasi:http/proxy` do: it works under them, whatever
 * made it.
 */
export function likelyLifetime({ imports, exports }: Component['model']): Lifetime {
  return [...imports, ...exports].some(({ name }) => name.startsWith('theater:')) ? 'actor' : 'turn'
}
