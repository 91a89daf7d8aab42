import { decode, isCounter, isLink, isShallow } from './cbor.ts'
import type { Item, Link } from './cbor.ts'

/** What the page calls broken: the event, and why. */
export class Broken extends Error {
  readonly index: number
  readonly reason: string

  constructor(index: number, reason: string) {
    super(`event ${index}: ${reason}`)
    this.index = index
    this.reason = reason
  }
}

const kinds = [
  'genesis',
  'seed',
  'turn',
  'call',
  'result',
  'drop',
  'send',
  'return',
  'trap',
  'abort',
  'grant',
  'resume',
  'stop',
]
const traps = ['guest', 'out-of-fuel', 'depth', 'memory', 'unsupported']
const aborts = [
  'stopped',
  'handler-fault',
  'host-value',
  'deadline',
  'host-memory',
  'host-stack',
  'outcome-unknown',
  'exited',
  'turn-deadline',
  'turn-events',
  'turn-bytes',
  'unresponsive',
]
const genesisKeys = [
  'actor',
  'cause',
  'component',
  'derive',
  'format',
  'grants',
  'jco',
  'limits',
  'meter',
  'nan',
  'params',
  'parent',
  'theater',
  'time',
  'wit',
]

export interface Header {
  readonly chain: Buffer
  readonly epoch: number
  readonly seq: number
  readonly kind: string
  readonly prev: Buffer | null
  readonly body: Buffer
}

/** Reads the header of an event. @throws Broken */
export function readHeader(bytes: Uint8Array, index: number): Header {
  let item: Item
  try {
    item = decode(bytes)
  } catch {
    throw new Broken(index, 'header')
  }
  const [version, chain, epoch, seq, kind, prev, body, ...rest] = Array.isArray(item)
    ? (item as readonly Item[])
    : []
  const links = (link: Item | undefined): link is Link => isLink(link) && link.codec === 'dag-cbor'
  if (!Array.isArray(item) || item.length !== 7 || !isCounter(version)) throw new Broken(index, 'header')
  if (version !== 1) throw new Broken(index, 'version')
  const right =
    Buffer.isBuffer(chain) && chain.length === 32 && isCounter(epoch) && isCounter(seq) && isCounter(kind)
  if (!right || rest.length > 0 || !links(body) || !(prev === null || links(prev)))
    throw new Broken(index, 'header')
  const name = kinds[kind]
  if (name === undefined) throw new Broken(index, 'kind')
  return { chain, epoch, seq, kind: name, prev: prev === null ? null : prev.digest, body: body.digest }
}

const isJson = (item: Item | undefined): boolean => isShallow(item) && isPlain(item)
const isPlain = (item: Item | undefined): boolean =>
  item === null ||
  typeof item === 'string' ||
  typeof item === 'boolean' ||
  typeof item === 'number' ||
  (Array.isArray(item) && item.every(isPlain)) ||
  (item instanceof Map && [...item.values()].every(isPlain)) ||
  (typeof item === 'object' && 'float' in item)
const isJsonMap = (item: Item | undefined): boolean => item instanceof Map && isJson(item)
const orNull = (item: Item | undefined, is: (item: Item | undefined) => boolean): boolean =>
  item === null || is(item)
const isText = (item: Item | undefined): boolean => typeof item === 'string'
export const isBytes =
  (length: number) =>
  (item: Item | undefined): boolean =>
    Buffer.isBuffer(item) && item.length === length
const isList = (item: Item | undefined): boolean => Array.isArray(item) && isShallow(item)
const isResult = (item: Item | undefined): boolean =>
  Array.isArray(item) && item.length < 2 && item.every((value) => isShallow(value))
const isMade = (item: Item | undefined): boolean => Array.isArray(item) && item.every(isJson)
const isCause = (item: Item | undefined): boolean => shaped(item, [isBytes(32), isCounter, isBytes(32)])
const isOutcome = (item: Item | undefined): boolean =>
  shaped(item, [isResult, isCounter, isMade, (flags) => isCounter(flags) && flags < 4])
const isCode =
  (codes: readonly string[]) =>
  (item: Item | undefined): boolean =>
    typeof item === 'string' && codes.includes(item)
const isInteger = (item: Item | undefined): boolean => typeof item === 'number'
const isRaw =
  (codec: string) =>
  (item: Item | undefined): boolean =>
    isLink(item) && item.codec === codec

export function shaped(
  item: Item | undefined,
  parts: readonly ((item: Item | undefined) => boolean)[],
): boolean {
  return Array.isArray(item) && item.length === parts.length && parts.every((is, i) => is(item[i]))
}

const nullOr =
  (is: (item: Item | undefined) => boolean) =>
  (item: Item | undefined): boolean =>
    orNull(item, is)

export const shapes: Readonly<Record<string, (item: Item) => boolean>> = {
  genesis: (item) => shaped(item, [isGenesis]),
  seed: (item) => shaped(item, [isBytes(32)]),
  turn: (item) => shaped(item, [isText, isList, nullOr(isText), nullOr(isCause), isCounter, isMade]),
  call: (item) => shaped(item, [isText, isList, isJson, nullOr(isCounter), nullOr(isOutcome)]),
  result: (item) => shaped(item, [isCounter, isOutcome]),
  drop: (item) => shaped(item, [isCounter, nullOr(isCounter)]),
  send: (item) => shaped(item, [isCounter]),
  return: (item) => shaped(item, [isResult, nullOr(isCounter)]),
  trap: (item) => shaped(item, [isCode(traps), nullOr(isCounter)]),
  abort: (item) =>
    shaped(item, [isCode(aborts.filter((code) => code !== 'exited')), nullOr(isCounter)]) ||
    shaped(item, [isCode(['exited']), nullOr(isCounter), isInteger]),
  grant: (item) => shaped(item, [isJsonMap]),
  resume: (item) => shaped(item, [isCounter]),
  stop: (item) => shaped(item, [isText]),
}

export function isGenesis(item: Item | undefined): boolean {
  if (!(item instanceof Map) || !isShallow(item)) return false
  const instance = item.has('instance') ? 1 : 0
  if (item.size !== genesisKeys.length + instance || (instance === 1 && item.get('instance') !== 'turn'))
    return false
  const is: Readonly<Record<string, (item: Item | undefined) => boolean>> = {
    actor: isText,
    cause: nullOr(isCause),
    component: isRaw('raw'),
    derive: isCounter,
    format: (format) => format === 1,
    grants: isJsonMap,
    jco: isText,
    limits: isJsonMap,
    meter: nullOr((meter) => shaped(meter, [isText, isText])),
    nan: isCode(['canonical', 'native']),
    params: nullOr((params) => shaped(params, [isText, (body) => Buffer.isBuffer(body)])),
    parent: nullOr(isText),
    theater: isText,
    time: isCounter,
    wit: isRaw('dag-cbor'),
  }
  return genesisKeys.every((key) => is[key]?.(item.get(key)) === true)
}

/** Whether bytes are the content of an event of a kind. */
export function isContent(kind: string, bytes: Uint8Array): boolean {
  try {
    return shapes[kind]?.(decode(bytes, 520)) === true
  } catch {
    return false
  }
}
