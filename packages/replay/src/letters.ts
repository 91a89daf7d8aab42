import { otherEnd, trackOf } from '@theater/boundary'
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
  /** The channel that it is of; null for other messages. */
  readonly channel: string | null
}

/** A call that says something. */
interface Saying {
  readonly args: readonly Uint8Array[]
  /** What it was answered with, without the `ok` around it; `undefined` for an error, and for an intent. */
  readonly answer: Uint8Array | undefined
  /** The actor that made it; null where that is withheld. */
  readonly sender: string | null
}

/** How a call becomes turns of other actors. */
interface Carrier {
  /** What the receiver is called at, by name within the track. */
  readonly fn: string
  to(call: Saying): readonly string[]
  /** What a receiver is told beside the sender. */
  said(call: Saying): readonly Uint8Array[]
}

const CHANNELS = 'theater:messaging/channels@0.1'
/** The exports that hear of channels, by their interface within its track. */
export const PEER = 'theater:messaging/channel-peer@0.1'
/** The export that is asked for a channel, by its name within its track. */
export const HANDLE_OPEN = `${PEER}#handle-open`
const HANDLE_CLOSE = `${PEER}#handle-close`
const RESPOND = 'theater:messaging/responder@0.1#handle-request'

const toFirst: Carrier['to'] = ({ args: [to] }) => {
  const id = to === undefined ? null : textOf(to)
  return id === null ? [] : [id]
}

const toOther: Carrier['to'] = ({ args: [name], sender }) => {
  const channel = name === undefined ? null : textOf(name)
  return channel === null || sender === null ? [] : [otherEnd(channel, sender)]
}

/** Of `option<failure>` the case of `closed` that the other end hears. */
function closing([channel, why]: readonly Uint8Array[]): readonly Uint8Array[] {
  if (channel === undefined) return []
  const [failure] = listIn(why)
  return [channel, failure === undefined ? DONE : concat([FAILED, failure])]
}

/** Of a variant: its first case; and the beginning of its second. */
const DONE = Uint8Array.of(0x81, 0)
const FAILED = Uint8Array.of(0x82, 1)

const toNobody: Carrier = {
  fn: 'theater:messaging/subscriber@0.1#handle-publish',
  to: () => [],
  said: ({ args }) => args,
}

/** Functions whose calls become turns of other actors, by name within the track. */
const carriers: ReadonlyMap<string, Carrier> = new Map([
  [
    'theater:messaging/client@0.1#send',
    { fn: 'theater:messaging/receiver@0.1#handle-send', to: toFirst, said: ({ args }) => args.slice(1) },
  ],
  [
    'theater:messaging/client@0.1#request',
    { fn: RESPOND, to: toFirst, said: ({ args }) => args.slice(1, 2) },
  ],
  [
    'theater:messaging/topics@0.1#publish',
    {
      fn: 'theater:messaging/subscriber@0.1#handle-publish',
      to: ({ answer }) => listIn(answer).flatMap((item) => textOf(item) ?? []),
      said: ({ args }) => args,
    },
  ],
  [
    `${CHANNELS}#open`,
    {
      fn: HANDLE_OPEN,
      to: toFirst,
      said: ({ args, answer }) => (answer === undefined ? [] : [answer, ...args.slice(1)]),
    },
  ],
  [`${CHANNELS}#accept`, { fn: `${PEER}#handle-accept`, to: toOther, said: ({ args }) => args }],
  [`${CHANNELS}#send`, { fn: `${PEER}#handle-message`, to: toOther, said: ({ args }) => args }],
  [`${CHANNELS}#close`, { fn: HANDLE_CLOSE, to: toOther, said: ({ args }) => closing(args) }],
  // They leave as messages do, for the host alone.
  ['theater:messaging/topics@0.1#subscribe', toNobody],
  ['theater:messaging/topics@0.1#unsubscribe', toNobody],
  // They leave for the network.
  ['theater:http/websocket@0.1#send', toNobody],
  ['theater:http/websocket@0.1#close', toNobody],
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

/** The message that a call is; null where it is none. @param sender the actor that made it */
export function letterOf(
  { fn, args, outcome }: Contents['call'],
  sender: string | null,
  hash: Hash,
): Letter | null {
  const carrier = carriers.get(track(fn))
  if (carrier === undefined) return null
  const call: Saying = { args: items(args), answer: answerIn(outcome), sender }
  const said = carrier.said(call)
  const [first] = said
  return {
    to: carrier.to(call),
    fn: carrier.fn,
    message: said.length === 0 ? null : digestOf(said, hash),
    channel: first !== undefined && carrier.fn.startsWith(PEER) ? textOf(first) : null,
  }
}

/** What a successful call was answered with. */
function answerIn(outcome: Contents['call']['outcome']): Uint8Array | undefined {
  const [result] = listIn(outcome?.result)
  const [tag, answer] = listIn(result)
  return numberIn(tag) === 0 ? answer : undefined
}

/** How a turn says that a channel was closed which nobody has closed; `undefined`: it does not say that. */
export function lostIn(fn: string, args: readonly Uint8Array[]): 'stopped' | 'undelivered' | undefined {
  if (track(fn) !== HANDLE_CLOSE) return undefined
  const which = numberIn(listIn(args[2])[0])
  if (which === 2) return 'stopped'
  return which === 3 ? 'undelivered' : undefined
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
