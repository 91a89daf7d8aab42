import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { WitError, type Binding, type InputStream, type OutputStream, type Pollable } from '@theater/handler'
import { fakeActor, type FakeActor } from '@theater/handler-conformance'
import { http, type ErrorCode, type HttpGrant, type HttpImports, type HttpOptions } from '../src/index.ts'

const TYPES = 'wasi:http/types@0.2'
const OUTGOING = 'wasi:http/outgoing-handler@0.2'

const never = new AbortController().signal
const utf8 = new TextEncoder()

/** A server on loopback, closed with its connections. */
export interface Local extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  readonly authority: string
  /** The server itself, where it speaks HTTP. */
  readonly http?: Server
}

async function listen(server: Server | TcpServer, close: () => Promise<void> | void): Promise<Local> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const authority = `127.0.0.1:${port}`
  return {
    port,
    authority,
    origin: `http://${authority}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      await close()
      await closed
    },
  }
}

/** An HTTP server on loopback. */
export async function serve(listener: (...args: Parameters<RequestListener>) => unknown): Promise<Local> {
  const server = createServer((...args) => void listener(...args))
  return { ...(await listen(server, () => server.closeAllConnections())), http: server }
}

/** As {@link serve}, over TLS. */
export function serveTls(
  certificate: { readonly key: string; readonly cert: string },
  listener: (...args: Parameters<RequestListener>) => unknown,
): Promise<Local> {
  const server = createTlsServer(certificate, (...args) => void listener(...args))
  return listen(server, () => server.closeAllConnections())
}

/** A server on loopback that speaks whatever it is told. */
export function serveTcp(connected: (socket: Socket) => void): Promise<Local> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    connected(socket)
  })
  return listen(server, () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** A server that tells who got through to it. */
export function untouched(): { readonly reached: readonly string[]; readonly listening: Promise<Local> } {
  const reached: string[] = []
  const listening = serve((req, res) => {
    reached.push(`${req.method} ${req.url}`)
    res.end('reached')
  })
  return { reached, listening }
}

/** The whole body of a request that a server got. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks = (await request.toArray()) as Buffer[]
  return Buffer.concat(chunks).toString()
}

/** One actor with a grant, called as the boundary calls it: grant check, then handler. */
export interface Client extends AsyncDisposable {
  readonly binding: Binding<HttpImports>
  readonly types: HttpImports[typeof TYPES]
  readonly actor: FakeActor
  readonly grant: HttpGrant
  readonly handle: (request: Request, options?: object) => Promise<Future>
}

type Types = HttpImports[typeof TYPES]
export type Request = ReturnType<Types['[constructor]outgoing-request']>
export type Future = Awaited<ReturnType<HttpImports[typeof OUTGOING]['handle']>>
export type Response = Extract<NonNullable<ReturnType<Future['get']>>, { tag: 'ok' }>['val'] & { tag: 'ok' }

/** Binds the handler for an actor. */
export async function client(grant: HttpGrant, options: HttpOptions = {}): Promise<Client> {
  const handler = http(options)
  const actor = fakeActor({ id: 'actor' })
  const binding = await handler.bind(actor, grant)
  const declared = handler.functions[`${OUTGOING}#handle`]
  return {
    binding,
    actor,
    grant,
    types: binding.imports[TYPES],
    async handle(request, wishes) {
      const fn = `${OUTGOING}#handle`
      const described = binding.current?.(`${TYPES}#outgoing-request`, request)
      const ask = declared?.ask?.({ fn, args: [described, null] })
      const verdict = ask === undefined ? true : handler.authorize(grant, ask)
      if (verdict !== true && ask !== undefined) throw declared?.deny?.({ fn, ask, refusal: verdict })
      return binding.imports[OUTGOING].handle(request, wishes)
    },
    async [Symbol.asyncDispose]() {
      await binding[Symbol.asyncDispose]?.()
    },
  }
}

/** A grant for everything at some origins, loopback too. */
export function everything(...origins: readonly string[]): HttpGrant {
  return {
    out: origins.map((origin) => ({ origin, methods: ['*'], paths: ['/'], 'private-network': true })),
  }
}

/** What a request is made of. */
export interface Made {
  readonly method?: string
  readonly scheme?: 'HTTP' | 'HTTPS'
  readonly authority: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

const STANDARD = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'] as const

/** Makes a request as a guest does, step by step. */
export function request(
  { types }: Client,
  { method = 'GET', scheme = 'HTTP', authority, path, headers = {} }: Made,
): Request {
  const fields = types['[static]fields.from-list'](
    Object.entries(headers).map(([name, value]) => [name, bytes(value)] as const),
  )
  const made = types['[constructor]outgoing-request'](fields)
  const tag = STANDARD.find((one) => one.toUpperCase() === method)
  made.setMethod(tag === undefined ? { tag: 'other', val: method } : { tag })
  made.setScheme({ tag: scheme })
  made.setAuthority(authority)
  made.setPathWithQuery(path)
  return made
}

/** UTF-8. */
export function bytes(text: string): Uint8Array {
  return utf8.encode(text)
}

/** The response to a request, or the error. */
export async function answer(future: Future): Promise<Response['val'] | ErrorCode> {
  await wait(future.subscribe())
  const got = future.get()
  if (got?.tag !== 'ok') throw new Error('the future was taken')
  return got.val.val
}

/** The response to a request; fails on an error. */
export async function response(future: Future): Promise<Response['val']> {
  const got = await answer(future)
  if ('tag' in got) throw new Error(`the request failed: ${got.tag}`)
  return got
}

/** The error that came of a request; fails on a response. */
export async function failure(future: Future): Promise<ErrorCode> {
  const got = await answer(future)
  if (!('tag' in got)) throw new Error(`the request was answered: ${got.status()}`)
  return got
}

/** Makes a request without a body and waits for what comes of it. */
export async function fetch(
  actor: Client,
  made: Made,
): Promise<{ status: number; text: string } | ErrorCode> {
  const got = await answer(await actor.handle(request(actor, made)))
  if ('tag' in got) return got
  const status = got.status()
  return { status, text: await text(got.consume().stream()) }
}

/** Waits as `pollable.block` does. */
export function wait(pollable: Pollable): Promise<void> {
  return pollable.wait(never)
}

/** Everything that a stream gives; throws what ends it otherwise than by its end. */
export async function text(stream: InputStream): Promise<string> {
  const parts: Uint8Array[] = []
  for (;;) {
    try {
      parts.push(await stream.blockingRead(4096, never))
    } catch (error) {
      if (isClosed(error)) return Buffer.concat(parts).toString()
      throw error
    }
  }
}

/** Writes as `blocking-write-and-flush` does. */
export async function write(stream: OutputStream, contents: Uint8Array): Promise<void> {
  let at = 0
  while (at < contents.length) {
    const room = stream.checkWrite()
    if (room === 0) await wait(stream.pollable)
    else {
      stream.write(contents.subarray(at, at + room))
      at += room
    }
  }
  await stream.blockingFlush(never)
}

function isClosed(error: unknown): boolean {
  return WitError.is(error) && (error.payload as { tag?: string }).tag === 'closed'
}

/** The payload of a WIT error; fails on anything else. */
function payload(error: unknown): unknown {
  if (!WitError.is(error)) throw error
  return error.payload
}

/** The payload of the WIT error that a call throws. */
export async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return payload(error)
  }
  throw new Error('nothing was thrown')
}

/** The HTTP error inside of a stream error. */
export function codeIn({ types }: Client, streamError: unknown): ErrorCode | undefined {
  const { tag, val } = streamError as { tag: string; val?: unknown }
  if (tag !== 'last-operation-failed') throw new Error(`the stream is ${tag}`)
  return types.httpErrorCode(val)
}
