import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { WitError } from '@theater/handler'
import type { AnyHandler, Binding, InputStream, OutputStream, Pollable } from '@theater/handler'
import { fakeActor } from '../fake-actor.ts'
import { isObject } from '../caller.ts'
import { Peer } from './peer.ts'
import type { HttpLaw, HttpMay, HttpSubject } from './subject.ts'

export const TYPES = 'wasi:http/types@0.2'
export const OUTGOING = 'wasi:http/outgoing-handler@0.2'
export const HANDLE = `${OUTGOING}#handle`

/** `fields`, as lifted. */
export interface Fields {
  readonly get: (name: string) => readonly Uint8Array[]
  readonly has: (name: string) => boolean
  readonly set: (name: string, values: readonly Uint8Array[]) => void
  readonly delete: (name: string) => void
  readonly append: (name: string, value: Uint8Array) => void
  readonly entries: () => readonly (readonly [string, Uint8Array])[]
  readonly clone: () => Fields
}

interface Variant {
  readonly tag: string
  readonly val?: unknown
}

export interface Body {
  readonly write: () => OutputStream
}

export interface Request {
  readonly body: () => Body
  readonly method: () => Variant
  readonly setMethod: (method: Variant) => void
  readonly pathWithQuery: () => string | undefined
  readonly setPathWithQuery: (path: string | undefined) => void
  readonly scheme: () => Variant | undefined
  readonly setScheme: (scheme: Variant | undefined) => void
  readonly authority: () => string | undefined
  readonly setAuthority: (authority: string | undefined) => void
  readonly headers: () => Fields
}

export interface Options {
  readonly connectTimeout: () => bigint | undefined
  readonly setConnectTimeout: (duration: bigint | undefined) => void
  readonly firstByteTimeout: () => bigint | undefined
  readonly setFirstByteTimeout: (duration: bigint | undefined) => void
  readonly betweenBytesTimeout: () => bigint | undefined
  readonly setBetweenBytesTimeout: (duration: bigint | undefined) => void
}

export interface IncomingBody {
  readonly stream: () => InputStream
}

interface Incoming {
  readonly headers: () => Fields
  readonly consume: () => IncomingBody
}

export interface Response extends Incoming {
  readonly status: () => number
}

export interface IncomingRequest extends Incoming {
  readonly method: () => Variant
  readonly pathWithQuery: () => string | undefined
  readonly scheme: () => Variant | undefined
  readonly authority: () => string | undefined
}

export interface Answer {
  readonly statusCode: () => number
  readonly setStatusCode: (status: number) => void
  readonly headers: () => Fields
  readonly body: () => Body
}

type Result<T> = { readonly tag: 'ok'; readonly val: T } | { readonly tag: 'err'; readonly val: Variant }
export interface Future<T> {
  readonly subscribe: () => Pollable
  readonly get: () => { readonly tag: 'ok'; readonly val: Result<T> } | { readonly tag: 'err' } | undefined
}

interface Imports {
  readonly [OUTGOING]: {
    readonly handle: (request: Request, options?: Options) => Promise<Future<Response>>
  }
  readonly [TYPES]: {
    readonly httpErrorCode: (error: unknown) => Variant | undefined
    readonly '[constructor]fields': () => Fields
    readonly '[static]fields.from-list': (entries: readonly (readonly [string, Uint8Array])[]) => Fields
    readonly '[constructor]request-options': () => Options
    readonly '[constructor]outgoing-request': (headers: Fields) => Request
    readonly '[static]outgoing-body.finish': (body: Body, trailers?: Fields) => Promise<void>
    readonly '[static]incoming-body.finish': (body: IncomingBody) => Future<Fields | undefined>
    readonly '[constructor]outgoing-response': (headers: Fields) => Answer
    readonly '[static]response-outparam.set': (
      param: object,
      response: { readonly tag: 'ok' | 'err'; readonly val: unknown },
    ) => void
  }
}

export type Entries = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

/** What a request is made of. */
export interface Said {
  readonly method?: string
  readonly path?: string
  readonly headers?: Entries
}

const never = new AbortController().signal

/** One actor, as a guest sees `wasi:http`: called as the boundary calls it. */
export class Guest implements AsyncDisposable {
  readonly binding: Binding
  readonly types: Imports[typeof TYPES]
  readonly handler: AnyHandler
  readonly #handle: Imports[typeof OUTGOING]['handle']

  constructor(handler: AnyHandler, binding: Binding) {
    // What the handler declares has been held against its types by the laws of any handler.
    const imports = binding.imports as unknown as Imports
    this.handler = handler
    this.binding = binding
    this.types = imports[TYPES]
    this.#handle = imports[OUTGOING].handle
  }

  /** Passes a request on, whether or not it is granted. */
  readonly perform = (request: Request, options?: Options): Promise<Future<Response>> =>
    this.#handle(request, options)

  fields(entries: Entries = {}): Fields {
    const list = Array.isArray(entries)
      ? (entries as readonly (readonly [string, string])[])
      : Object.entries(entries)
    return this.types['[static]fields.from-list'](list.map(([name, value]) => [name, bytes(value)] as const))
  }

  /** A request to a peer. */
  request(peer: Peer, { method = 'GET', path = '/', headers }: Said = {}): Request {
    const request = this.types['[constructor]outgoing-request'](this.fields(headers))
    request.setMethod(METHODS.has(method) ? { tag: method.toLowerCase() } : { tag: 'other', val: method })
    request.setScheme({ tag: 'HTTP' })
    request.setAuthority(peer.authority)
    request.setPathWithQuery(path)
    return request
  }

  /** A request without a body, on its way. */
  send(peer: Peer, said: Said = {}, options?: Options): Promise<Future<Response>> {
    return this.perform(this.request(peer, said), options)
  }

  /** A request with a body that is whole before it leaves. */
  async post(peer: Peer, said: Said, body: string, trailers?: Entries): Promise<Future<Response>> {
    const request = this.request(peer, { method: 'POST', ...said })
    const out = request.body()
    out.write().write(bytes(body))
    await this.finish(out, trailers)
    return this.perform(request)
  }

  finish(body: Body, trailers?: Entries): Promise<void> {
    return this.types['[static]outgoing-body.finish'](body, trailers && this.fields(trailers))
  }

  /** What is after a body. */
  async trailers(body: IncomingBody): Promise<Result<Fields | undefined>> {
    return taken(this.types['[static]incoming-body.finish'](body))
  }

  /** The code that a stream failed with. */
  codeIn(error: unknown): string | undefined {
    assert.ok(isObject(error) && error['tag'] === 'last-operation-failed', `the stream is ${inspect(error)}`)
    return this.types.httpErrorCode(error['val'])?.tag
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.binding[Symbol.asyncDispose]?.()
  }
}

const METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '),
)

/** What a future came to. */
export async function taken<T>(future: Future<T>): Promise<Result<T>> {
  await future.subscribe().wait(never)
  const got = future.get()
  assert.ok(got?.tag === 'ok', 'a future that is ready gives nothing')
  return got.val
}

/** The response that a request came to. */
export async function answered(future: Future<Response>): Promise<Response> {
  const got = await taken(future)
  if (got.tag === 'err') assert.fail(`the request failed: ${got.val.tag}`)
  return got.val
}

/** The error that a request came to; `answered` where it came to a response. */
export async function failed(future: Future<unknown>): Promise<string> {
  const got = await taken(future)
  return got.tag === 'ok' ? 'answered' : got.val.tag
}

/** Everything that a stream gives, and the error that ends it; `closed` is its end. */
export async function drained(stream: InputStream): Promise<readonly [text: string, error: unknown]> {
  let read = ''
  for (;;) {
    try {
      read += text(await stream.blockingRead(65_536, never))
    } catch (error) {
      if (!WitError.is(error)) throw error
      return [read, (error.payload as Variant).tag === 'closed' ? 'closed' : error.payload]
    }
  }
}

/** Writes as `blocking-write-and-flush` does. */
export async function write(stream: OutputStream, what: string): Promise<void> {
  stream.write(bytes(what))
  await stream.blockingFlush(never)
}

/** The name of the error that a call ends with: of a variant its case, `refused` for one without a payload; `undefined`: it answered. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (!WitError.is(error)) throw error
    const { payload } = error
    return payload === undefined ? 'refused' : isObject(payload) ? payload['tag'] : payload
  }
}

/** The payload of the error that a call ends with. */
export async function payloadOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  return undefined
}

/** The guest drops what it holds. */
export function drop(object: object): void {
  ;(object as Partial<Disposable>)[Symbol.dispose]?.()
}

/** Code points below 256 as bytes. */
export function bytes(what: string): Uint8Array {
  return new Uint8Array(Buffer.from(what, 'latin1'))
}

export function text(what: Uint8Array): string {
  return Buffer.from(what).toString('latin1')
}

/** Names and values of fields. */
export function listed(fields: Fields | undefined): readonly (readonly [string, string])[] {
  return fields?.entries().map(([name, value]) => [name, text(value)] as const) ?? []
}

/** What the secret of the laws is. */
export const SECRET = 'sk-of-the-laws'

interface Place {
  readonly guest: Guest
  readonly peer: Peer
  /** Another actor of the same handler, or the same one after a restart. */
  readonly another: () => Promise<Guest>
}

type Run = (place: Place) => Promise<void>

/** A law about one actor and the server that it may ask. */
export function law(name: string, ...rest: readonly [Run] | readonly [HttpMay, Run]): HttpLaw {
  const [may, run] = rest.length === 1 ? [{}, rest[0]] : rest
  return { name, run: (subject) => atPlace(subject, may, run) }
}

async function atPlace(subject: HttpSubject, may: HttpMay, run: Run): Promise<void> {
  const handler = subject.make(SECRET)
  await using peer = await Peer.open()
  const guests: Guest[] = []
  const another = async (): Promise<Guest> => {
    const actor = fakeActor({ id: `actor-${guests.length}` })
    const guest = new Guest(handler, await handler.bind(actor, subject.grant(peer.origin, may) as never))
    guests.push(guest)
    return guest
  }
  try {
    await run({ guest: await another(), peer, another })
  } finally {
    for (const guest of guests) await guest[Symbol.asyncDispose]()
    await handler[Symbol.asyncDispose]?.()
  }
}
