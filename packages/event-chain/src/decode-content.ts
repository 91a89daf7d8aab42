import { decodeData, Link, Reader, splitCid } from '@theater/values'
import type { Codec, Data, Json } from '@theater/values'
import type { Cause, Contents, Genesis, Grants, Message, Outcome } from './contents.ts'
import { broken, messageOf } from './errors.ts'
import { FORMAT } from './header.ts'
import { abortCodes, trapCodes } from './kinds.ts'
import type { AbortCode, Kind } from './kinds.ts'

type Decoders = { readonly [K in Kind]: (input: Reader) => Contents[K] }

const decoders: Decoders = {
  genesis: readGenesis,
  seed(input) {
    tuple(input, 1)
    return { seed: bytes32(input.byteString()) }
  },
  turn(input) {
    tuple(input, 6)
    return {
      fn: input.text(),
      args: readArray(input),
      sender: input.nullNext() ? null : input.text(),
      cause: readCause(input),
      time: input.uint(),
      made: readMade(input),
    }
  },
  call(input) {
    tuple(input, 5)
    return {
      fn: input.text(),
      args: readArray(input),
      ask: readJson(input),
      fuel: readCounter(input),
      outcome: input.nullNext() ? null : readOutcome(input),
    }
  },
  result(input) {
    tuple(input, 2)
    return { call: input.uint(), outcome: readOutcome(input) }
  },
  drop(input) {
    tuple(input, 2)
    return { resource: input.uint(), fuel: readCounter(input) }
  },
  send(input) {
    tuple(input, 1)
    return { call: input.uint() }
  },
  return(input) {
    tuple(input, 2)
    return { result: readResult(input), fuel: readCounter(input) }
  },
  trap(input) {
    tuple(input, 2)
    return { code: readCode(input, trapCodes), fuel: readCounter(input) }
  },
  abort(input) {
    const n = input.array()
    const code: AbortCode = readCode(input, abortCodes)
    if (n !== (code === 'exited' ? 3 : 2)) throw new Malformed(`an abort ${code} of ${n} items`)
    return { code, call: readCounter(input), status: n === 3 ? input.int() : null }
  },
  grant(input) {
    tuple(input, 1)
    return { grants: readJsonMap(decodeData(input)) }
  },
  resume(input) {
    tuple(input, 1)
    return { epoch: input.uint() }
  },
  stop(input) {
    tuple(input, 1)
    return { reason: input.text() }
  },
}

/**
 * Decodes an event's content, strictly; byte strings, arguments and results are views into `bytes`. The values inside
 * arguments and results are only stepped over: their types are not known here.
 *
 * @param index The event's place, for the error
 * @throws ChainError `broken` with reason `content`
 */
export function decodeContent<K extends Kind>(kind: K, bytes: Uint8Array, index?: number): Contents[K] {
  try {
    const input = new Reader(bytes)
    const content = decoders[kind](input)
    input.finish()
    return content
  } catch (error) {
    throw broken('content', `the content is not that of a ${kind} (${messageOf(error)})`, index, error)
  }
}

/** Bytes that have another shape than the schema's; always turned into a ChainError before it leaves this file. */
class Malformed extends Error {}

function tuple(input: Reader, length: number): void {
  const n = input.array()
  if (n !== length) throw new Malformed(`${n} items where ${length} belong`)
}

function readArray(input: Reader): Uint8Array {
  const from = input.offset
  if (input.peekMajor() !== 4) throw new Malformed('arguments that are not an array')
  input.skip()
  return input.since(from)
}

function readResult(input: Reader): Uint8Array {
  const from = input.offset
  const n = input.array()
  if (n > 1) throw new Malformed(`a result of ${n} values`)
  if (n === 1) input.skip()
  return input.since(from)
}

function readCounter(input: Reader): number | null {
  return input.nullNext() ? null : input.uint()
}

function readCode<C extends string>(input: Reader, codes: readonly C[]): C {
  const text = input.text()
  const code = codes.find((c) => c === text)
  if (code === undefined) throw new Malformed('a code that is not known here')
  return code
}

function readOutcome(input: Reader): Outcome {
  tuple(input, 4)
  const result = readResult(input)
  const elapsed = input.uint()
  const made = readMade(input)
  const flags = input.uint()
  if (flags > 3) throw new Malformed(`flags ${flags}`)
  return { result, elapsed, made, denied: (flags & 1) !== 0, closed: (flags & 2) !== 0 }
}

function readMade(input: Reader): readonly (Json | null)[] {
  const n = input.array()
  const made: (Json | null)[] = []
  for (let i = 0; i < n; i++) made.push(readJson(input))
  return made
}

function readCause(input: Reader): Cause | null {
  if (input.nullNext()) return null
  tuple(input, 3)
  return { chain: bytes32(input.byteString()), seq: input.uint(), hash: bytes32(input.byteString()) }
}

function readJson(input: Reader): Json {
  return toJson(decodeData(input))
}

/** Plain data without bytes, links and big integers. Checked in place: what JSON has not is refused, never changed. */
function toJson(data: Data): Json {
  if (typeof data === 'bigint') throw new Malformed('an integer beyond 2^53')
  if (typeof data !== 'object' || data === null) return data
  if (data instanceof Uint8Array || Link.is(data)) throw new Malformed('bytes or a link where JSON belongs')
  for (const item of Array.isArray(data) ? data : Object.values(data)) toJson(item)
  return data as Json
}

function readJsonMap(data: Data | undefined): Grants {
  return toJson(asMap(data)) as Grants
}

function asMap(data: Data | undefined): { readonly [key: string]: Data } {
  if (
    typeof data !== 'object' ||
    data === null ||
    Array.isArray(data) ||
    data instanceof Uint8Array ||
    Link.is(data)
  ) {
    throw new Malformed('something else where a map belongs')
  }
  return data as { readonly [key: string]: Data }
}

const genesisKeys =
  'actor cause component derive format grants jco limits meter nan params parent theater time wit'.split(' ')

function readGenesis(input: Reader): Genesis {
  tuple(input, 1)
  const map = asMap(decodeData(input))
  const keys = Object.keys(map)
  const isOptional = (key: string): boolean => key === 'instance'
  for (const key of keys)
    if (!genesisKeys.includes(key) && !isOptional(key)) throw new Malformed(`a key that genesis has not`)
  if (keys.filter((key) => !isOptional(key)).length !== genesisKeys.length)
    throw new Malformed('a key is missing')
  const { nan, instance } = map
  // What is the rule where nothing is said is never said: one meaning, one encoding.
  if (instance !== undefined && instance !== 'turn') throw new Malformed('instance is not turn')
  if (nan !== 'canonical' && nan !== 'native') throw new Malformed('nan is neither canonical nor native')
  const format = asCounter(map['format'])
  if (format !== FORMAT) throw new Malformed(`format ${format}`)
  return {
    actor: asText(map['actor']),
    cause: orNull(map['cause'], asCause),
    component: asLink(map['component'], 'raw'),
    derive: asCounter(map['derive']),
    format,
    grants: readJsonMap(map['grants']),
    ...(instance !== undefined && { instance }),
    jco: asText(map['jco']),
    limits: readJsonMap(map['limits']),
    meter: orNull(map['meter'], asMeter),
    nan,
    params: orNull(map['params'], asMessage),
    parent: orNull(map['parent'], asText),
    theater: asText(map['theater']),
    time: asCounter(map['time']),
    wit: asLink(map['wit'], 'dag-cbor'),
  }
}

function orNull<T>(data: Data | undefined, read: (data: Data | undefined) => T): T | null {
  return data === null ? null : read(data)
}

function asText(data: Data | undefined): string {
  if (typeof data !== 'string') throw new Malformed('something else where text belongs')
  return data
}

function asCounter(data: Data | undefined): number {
  if (typeof data !== 'number' || !Number.isSafeInteger(data) || data < 0) {
    throw new Malformed('something else where a counter belongs')
  }
  return data
}

function asBytes(data: Data | undefined): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new Malformed('something else where bytes belong')
  return data
}

function asLink(data: Data | undefined, codec: Codec): Uint8Array {
  if (!Link.is(data) || splitCid(data.cid).codec !== codec) throw new Malformed(`no link to a ${codec} block`)
  return data.cid
}

function asItems(data: Data | undefined, length: number): readonly Data[] {
  if (!Array.isArray(data) || data.length !== length) throw new Malformed(`no array of ${length}`)
  return data
}

function asCause(data: Data | undefined): Cause {
  const [chain, seq, hash] = asItems(data, 3)
  return { chain: bytes32(asBytes(chain)), seq: asCounter(seq), hash: bytes32(asBytes(hash)) }
}

function asMeter(data: Data | undefined): { readonly name: string; readonly version: string } {
  const [name, version] = asItems(data, 2)
  return { name: asText(name), version: asText(version) }
}

function asMessage(data: Data | undefined): Message {
  const [format, body] = asItems(data, 2)
  return { format: asText(format), body: asBytes(body) }
}

function bytes32(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32) throw new Malformed(`${bytes.length} bytes where 32 belong`)
  return bytes
}
