/**
 * Relays: components, generated from the WIT of one handler each, that export every function of it and pass the call
 * on, each handle as the number that it has in the guest. Whoever calls one makes any call of the handler, true or forged.
 *
 * @example
 * relayGuest('fs')
 * relayed('wasi:filesystem/types@0.2#[method]descriptor.open-at') // 'test:relay/types#descriptor-open-at'
 */
import { committed, committedNames } from './committed.ts'

/** What the relays are named after: handlers; `channels` and `topics`, which take no messages, and `timers`, which has no target; and `parent`, which has children, talks to them, hears of their end, and can end itself. */
export type RelayName =
  | 'box'
  | 'channels'
  | 'cli'
  | 'clocks'
  | 'fs'
  | 'http'
  | 'log'
  | 'messaging'
  | 'parent'
  | 'process'
  | 'random'
  | 'store'
  | 'supervisor'
  | 'timer'
  | 'timers'
  | 'topics'

/** The names of all relays. */
export function relayGuests(): RelayName[] {
  return committedNames('relay') as RelayName[]
}

/** The component of a relay. Throws if it is not the one that was committed. */
export function relayGuest(name: RelayName): Uint8Array {
  return committed('relay', name)
}

/** The package of all that a relay exports. */
export const PACKAGE = 'test:relay'

/** The interface of what a relay does on its own account. */
export const CONTROL = 'control'

/** The export that traps. */
export const TRAP = `${PACKAGE}/${CONTROL}#trap`

/**
 * The export that passes on calls of a function, by `interface#name` or `track#name`; that drops a resource, for
 * `interface#[drop]resource`.
 */
export function relayed(fn: string): string {
  const at = fn.indexOf('#')
  return `${PACKAGE}/${interfaceName(fn.slice(0, at))}#${functionName(fn.slice(at + 1))}`
}

/** What a relay exports an interface as: `wasi:io/streams@0.2.12` as `streams`. */
export function interfaceName(imported: string): string {
  return /\/([^@]+)/.exec(imported)?.[1] ?? imported
}

/** What a relay exports a function as: `[method]descriptor.open-at` as `descriptor-open-at`. */
export function functionName(name: string): string {
  const [, kind, rest = name] = /^(?:\[(constructor|method|static|drop)\])?(.+)$/.exec(name) ?? []
  if (kind === 'drop') return dropName(rest)
  return kind === 'constructor' ? `new-${rest}` : rest.replace('.', '-')
}

/** What a relay exports the drop of a resource as: `descriptor` as `drop-descriptor`. */
export function dropName(resource: string): string {
  return `drop-${resource}`
}
