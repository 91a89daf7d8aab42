import { trackOf } from '@theater/boundary'
import { hex } from '@theater/event-chain'
import type { Contents } from '@theater/event-chain'
import { items, Reader } from '@theater/values'
import type { Hash } from '@theater/values'

/** A message as it left; digests, so that memory does not grow with what was said. */
export interface Letter {
  readonly to: readonly string[]
  /** The export that it is for. */
  readonly fn: string
  /** sha-256 of what its receiver is told beside the sender, as canonical bytes; null where there is nothing. */
  readonly message: string | null
}

/** How a call becomes turns of other actors. */
interface Carrier {
  /** What the receiver is called at, by name within the track. */
  readonly fn: string
  /** The receivers, from the arguments and the answer. */
  to(args: readonly Uint8Array[], outcome: Contents['call']['outcome']): readonly string[]
  /** What a receiver is told beside the sender, from the arguments. */
  said(args: readonly Uint8Array[]): readonly Uint8Array[]
}

const RESPOND = 'theater:messaging/responder@0.1#handle-request'

const toFirst: Carrier['to'] = ([to]) => {
  const id = to === undefined ? null : textOf(to)
  return id === null ? [] : [id]
}

const toNobody: Carrier = {
  fn: 'theater:messaging/subscriber@0.1#handle-publish',
  to: () => [],
  said: (args) => args,
}

/** Functions whose calls become turns of other actors, by name within the track. */
const carriers: ReadonlyMap<string, Carrier> = new Map([
  [
    'theater:messaging/client@0.1#send',
    { fn: 'theater:messaging/receiver@0.1#handle-send', to: toFirst, said: (args) => args.slice(1) },
  ],
  ['theater:messaging/client@0.1#request', { fn: RESPOND, to: toFirst, said: (args) => args.slice(1, 2) }],
  [
    'theater:messaging/topics@0.1#publish',
    {
      fn: 'theater:messaging/subscriber@0.1#handle-publish',
      to: (_args, outcome) => subscribers(outcome),
      said: (args) => args,
    },
  ],
  // They leave as messages do, for the host alone.
  ['theater:messaging/topics@0.1#subscribe', toNobody],
  ['theater:messaging/topics@0.1#unsubscribe', toNobody],
])

/** The exports that messages arrive at. */
export const receivers: ReadonlySet<string> = new Set([...carriers.values()].map(({ fn }) => fn))

/** Whether nobody waits for what comes of a turn of an export: then one that was refused may be tried again. */
export function isMessage(fn: string): boolean {
  const name = track(fn)
  return receivers.has(name) && name !== RESPOND
}

/** Whether a turn was answered with an error. */
export function isRefusal(result: Uint8Array): boolean {
  const [answer] = listIn(result)
  const [tag] = listIn(answer)
  return numberIn(tag) === 1
}

/** The items of an array; none of what is no array: a record may say anything. */
function listIn(bytes: Uint8Array | undefined): readonly Uint8Array[] {
  return bytes === undefined || new Reader(bytes).peekMajor() !== 4 ? [] : items(bytes)
}

function numberIn(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined
  const input = new Reader(bytes)
  return input.peekMajor() === 0 ? input.uint() : undefined
}

/** The message that a call is; null where it is none. */
export function letterOf({ fn, args, outcome }: Contents['call'], hash: Hash): Letter | null {
  const carrier = carriers.get(track(fn))
  if (carrier === undefined) return null
  const given = items(args)
  const said = carrier.said(given)
  return {
    to: carrier.to(given, outcome),
    fn: carrier.fn,
    message: said.length === 0 ? null : digestOf(said, hash),
  }
}

/** Who a publish was for: what it was answered with. */
function subscribers(outcome: Contents['call']['outcome']): readonly string[] {
  if (outcome === null) return []
  const [result] = listIn(outcome.result)
  const [tag, ids] = listIn(result)
  return numberIn(tag) === 0 ? listIn(ids).flatMap((item) => textOf(item) ?? []) : []
}

/** One digest of several values. */
export function digestOf(values: readonly Uint8Array[], hash: Hash): string {
  const [only] = values
  if (values.length === 1 && only !== undefined) return hex(hash(only))
  return hex(hash(concat(values)))
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** The text that is one CBOR item; null for another item. */
export function textOf(bytes: Uint8Array): string | null {
  const input = new Reader(bytes)
  return input.peekMajor() === 3 ? input.text() : null
}

/** The name of a function within its track, from its id. */
export function track(id: string): string {
  const at = id.indexOf('#')
  return at === -1 ? id : `${trackOf(id.slice(0, at))}${id.slice(at)}`
}
