import { createHash } from 'node:crypto'
import type { Cause } from '@theater/handler'
import { isNamed, type Field } from './fields.ts'
import { entryFor, type HttpAsk, type HttpGrant, type Outgoing } from './grant.ts'
import { kindOf } from './methods.ts'

/** The field that says to a server that two requests are one. */
const KEY = 'idempotency-key'

/** What keys of one kind begin with, so that the same event gives no key of another kind. */
const DOMAIN = 'theater idempotency-key 1\n'

/**
 * The value of `Idempotency-Key` for an intent: the same whenever that is performed, and another for every other. A
 * string of RFC 9651, as https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header wants it, in the form
 * of a UUID (RFC 9562, version 8).
 *
 * The hash of an intent's event comes of random bytes that are in the record alone, so nobody can guess a key who does not
 * have that; of the actor's seed nothing is in it.
 */
function keyOf({ chain, seq, hash }: Cause): string {
  const bytes = createHash('sha256').update(`${DOMAIN}${seq}\n`).update(chain).update(hash).digest()
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `"${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')}"`
}

/** Whether an entry has requests of a method carry a key. */
function wantsKey(entry: Outgoing, method: string): boolean {
  return entry['idempotency-key'] === true && kindOf(method) === 'neither'
}

/** Whether a request that a grant covers carries a key: one of the host, or one that the guest has set. */
export function isKeyed(grant: HttpGrant, ask: HttpAsk): boolean {
  const entry = entryFor(grant, ask)
  return !('refused' in entry) && wantsKey(entry, ask.method)
}

/**
 * The fields of a request with the key that an entry has it carry. One that the guest has set stays.
 *
 * @throws TypeError where there is no intent: then the request would not be the same one the second time
 */
export function withKey(
  fields: readonly Field[],
  entry: Outgoing,
  method: string,
  intent: Cause | undefined,
): readonly Field[] {
  if (!wantsKey(entry, method) || fields.some((one) => isNamed(one, KEY))) return fields
  if (intent === undefined) throw new TypeError(`a ${method} without an intent has no key`)
  return [...fields, [KEY, keyOf(intent)]]
}
