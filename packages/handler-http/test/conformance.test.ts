import type { AnyHandler, Binding } from '@theater/handler'
import type { Guest, GuestCall, SampleCall } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { afterAll } from 'vitest'
import { http, type HttpGrant, type Outgoing } from '../src/index.ts'
import { atLarge } from './at-large.ts'
import { bodyOf, bytes, serve } from './support.ts'

const TYPES = 'wasi:http/types@0.2'
const STREAMS = 'wasi:io/streams@0.2'
const POLL = 'wasi:io/poll@0.2'
const HANDLE = 'wasi:http/outgoing-handler@0.2#handle'
const CLIENT = 'theater:http/client@0.1'

type Made = (fn: string) => unknown

const method = (name: string): string => `${TYPES}#[method]${name}`
const fixed = (name: string): string => `${TYPES}#[static]${name}`
const make = (name: string): string => `${TYPES}#[constructor]${name}`
const type = (name: string): string => `${TYPES}#${name}`

/** What each world was told to change, by the secret that its requests carry. */
const changes = new Map<string, string[]>()
const server = await serve(async (req, res) => {
  const body = await bodyOf(req)
  if (req.method !== 'GET')
    changes.get(String(req.headers['x-world']))?.push(`${req.method} ${req.url} ${body}`)
  res.end(body)
})
afterAll(() => server[Symbol.asyncDispose]())

const entry: Outgoing = {
  origin: server.origin,
  methods: ['*'],
  paths: ['/'],
  headers: { 'x-world': { secret: 'WORLD' } },
  'private-network': true,
  // So that a POST is made again after a crash.
  'idempotency-key': true,
}
const narrow: HttpGrant = { out: [{ ...entry, methods: ['GET'], paths: ['/a', '/b'] }] }

/** What the newest future, or the newest trailers, answered with. */
function got(made: Made, fn: string): unknown {
  const answer = made(fn) as { readonly val?: { readonly tag: string; readonly val?: unknown } } | undefined
  return answer?.val?.tag === 'ok' ? answer.val.val : undefined
}

const ms = 60_000_000_000n

const clientCalls: readonly SampleCall[] = [
  {
    fn: `${CLIENT}#start`,
    args: () => [
      { method: 'POST', url: `${server.origin}/c?d=e`, headers: [['X-D', '6']], body: bytes('seven') },
      { timeoutMs: 60_000, bodyBytes: 1000 },
    ],
    refusedUnder: narrow,
    makes: `${CLIENT}#exchange`,
    resumes: true,
  },
  { fn: `${CLIENT}#[static]exchange.finish`, args: (made) => [made(`${CLIENT}#start`)] },
]

const calls: readonly SampleCall[] = [
  { fn: make('fields'), args: () => [], makes: type('fields') },
  ...['set', 'append', 'get', 'has', 'entries', 'clone', 'delete'].map((name): SampleCall => {
    const more: Readonly<Record<string, readonly unknown[]>> = {
      set: ['x-a', [bytes('1'), bytes('2')]],
      append: ['X-A', bytes('3')],
      get: ['x-a'],
      has: ['x-a'],
      delete: ['x-a'],
    }
    const makes = name === 'clone' ? { makes: type('fields') } : {}
    return {
      fn: method(`fields.${name}`),
      args: (made) => [made(make('fields')), ...(more[name] ?? [])],
      ...makes,
    }
  }),
  { fn: fixed('fields.from-list'), args: () => [[['x-b', bytes('4')]]], makes: type('fields') },

  { fn: make('request-options'), args: () => [], makes: type('request-options') },
  ...['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout'].flatMap((name): SampleCall[] => [
    { fn: method(`request-options.set-${name}`), args: (made) => [made(make('request-options')), ms] },
    { fn: method(`request-options.${name}`), args: (made) => [made(make('request-options'))] },
  ]),

  {
    fn: make('outgoing-request'),
    args: (made) => [made(fixed('fields.from-list'))],
    makes: type('outgoing-request'),
  },
  ...(
    [
      ['method', { tag: 'post' }],
      ['path-with-query', '/c?d=e'],
      ['scheme', { tag: 'HTTP' }],
      ['authority', server.authority],
    ] as const
  ).flatMap(([name, value]): SampleCall[] => [
    { fn: method(`outgoing-request.set-${name}`), args: (made) => [made(make('outgoing-request')), value] },
    { fn: method(`outgoing-request.${name}`), args: (made) => [made(make('outgoing-request'))] },
  ]),
  {
    fn: method('outgoing-request.headers'),
    args: (made) => [made(make('outgoing-request'))],
    makes: type('fields'),
  },
  {
    fn: method('outgoing-request.body'),
    args: (made) => [made(make('outgoing-request'))],
    makes: type('outgoing-body'),
  },
  {
    fn: method('outgoing-body.write'),
    args: (made) => [made(method('outgoing-request.body'))],
    makes: `${STREAMS}#output-stream`,
  },
  {
    fn: HANDLE,
    args: (made) => [made(make('outgoing-request')), made(make('request-options'))],
    refusedUnder: narrow,
    makes: type('future-incoming-response'),
  },
  { fn: fixed('outgoing-body.finish'), args: (made) => [made(method('outgoing-request.body')), undefined] },
  {
    fn: method('future-incoming-response.subscribe'),
    args: (made) => [made(HANDLE)],
    makes: `${POLL}#pollable`,
  },
]

const SOCKETS = 'theater:http/websocket@0.1'
/** Calls on a connection that is none: those that are have a test of their own. */
const onSockets: readonly SampleCall[] = [
  { fn: `${SOCKETS}#send`, args: () => ['nobody', { tag: 'text', val: 'hello' }] },
  { fn: `${SOCKETS}#close`, args: () => ['nobody', 1000, ''] },
  { fn: `${SOCKETS}#list`, args: () => [] },
]

const ofResponse = (response: (made: Made) => unknown): readonly SampleCall[] => [
  { fn: method('incoming-response.status'), args: (made) => [response(made)] },
  {
    fn: method('incoming-response.headers'),
    args: (made) => [response(made)],
    makes: type('fields'),
    resumes: true,
  },
  { fn: method('incoming-response.consume'), args: (made) => [response(made)], makes: type('incoming-body') },
]

const trailers: readonly SampleCall[] = [
  {
    fn: fixed('incoming-body.finish'),
    args: (made) => [made(method('incoming-response.consume'))],
    makes: type('future-trailers'),
  },
  {
    fn: method('future-trailers.subscribe'),
    args: (made) => [made(fixed('incoming-body.finish'))],
    makes: `${POLL}#pollable`,
  },
  { fn: method('future-trailers.get'), args: (made) => [made(fixed('incoming-body.finish'))] },
]

/** The binding that was made last. Without a server nobody is asked, so what a server gives comes from a description. */
let last: Binding | undefined
const resumed = (name: string, description: object): unknown =>
  last?.resume?.(type(name), description as never)
const fields = { fields: [['x-c', '5']], kept: true }

/** Calls on what comes from the network, as it is after a restart; the true ones are the guest's. */
const onResumed: readonly SampleCall[] = [
  { fn: `${TYPES}#http-error-code`, args: () => [{}] },
  { fn: method('future-incoming-response.get'), args: () => [resumed('future-incoming-response', {})] },
  ...ofResponse(() => resumed('incoming-response', { status: 200, ...fields })),
  {
    fn: method('incoming-body.stream'),
    args: () => [resumed('incoming-body', {})],
    makes: `${STREAMS}#input-stream`,
  },
  {
    fn: fixed('incoming-body.finish'),
    args: () => [resumed('incoming-body', {})],
    makes: type('future-trailers'),
  },
  ...trailers.slice(1),
  ...['method', 'path-with-query', 'scheme', 'authority', 'headers', 'consume'].map((name) => ({
    fn: method(`incoming-request.${name}`),
    args: () => [resumed('incoming-request', { method: 'GET', path: '/', ...fields })],
  })),
  {
    fn: make('outgoing-response'),
    args: (made) => [made(method('fields.clone'))],
    makes: type('outgoing-response'),
  },
  ...(
    [['set-status-code', 404], ['status-code'], ['headers'], ['body']] as readonly (readonly [
      string,
      unknown?,
    ])[]
  ).map(([name, ...more]) => ({
    fn: method(`outgoing-response.${name}`),
    args: (made: Made) => [made(make('outgoing-response')), ...more],
  })),
  {
    fn: fixed('response-outparam.set'),
    args: (made) => [resumed('response-outparam', {}), { tag: 'ok', val: made(make('outgoing-response')) }],
  },
]

const output = (name: string): string => `${STREAMS}#[method]output-stream.${name}`
const input = (name: string): string => `${STREAMS}#[method]input-stream.${name}`
const response = (made: Made): unknown => got(made, method('future-incoming-response.get'))
const stream = (made: Made): unknown => made(method('outgoing-body.write'))

/** The same by way of a component: a body that is written, an answer that is waited for and read. */
const guestCalls: readonly GuestCall[] = [
  // No stream of these calls fails, so there is no error to ask about; this number is forged.
  { fn: `${TYPES}#http-error-code`, args: () => [1] },
  ...onSockets,
  ...calls.flatMap((call): readonly GuestCall[] =>
    call.fn === fixed('outgoing-body.finish')
      ? [
          { fn: output('check-write'), args: (made) => [stream(made)] },
          { fn: output('write'), args: (made) => [stream(made), bytes('one')] },
          { fn: output('write-zeroes'), args: (made) => [stream(made), 2n] },
          { fn: output('flush'), args: (made) => [stream(made)] },
          { fn: output('blocking-flush'), args: (made) => [stream(made)] },
          { fn: output('blocking-write-and-flush'), args: (made) => [stream(made), bytes('two')] },
          { fn: `${STREAMS}#[drop]output-stream`, args: (made) => [stream(made)] },
          call,
        ]
      : [call],
  ),
  {
    fn: `${POLL}#[method]pollable.block`,
    args: (made) => [made(method('future-incoming-response.subscribe'))],
  },
  {
    fn: method('future-incoming-response.get'),
    args: (made) => [made(HANDLE)],
    makes: type('incoming-response'),
  },
  ...ofResponse(response),
  {
    fn: method('incoming-body.stream'),
    args: (made) => [made(method('incoming-response.consume'))],
    makes: `${STREAMS}#input-stream`,
  },
  { fn: input('blocking-read'), args: (made) => [made(method('incoming-body.stream')), 4n] },
  { fn: input('skip'), args: (made) => [made(method('incoming-body.stream')), 1n] },
  { fn: input('read'), args: (made) => [made(method('incoming-body.stream')), 1n] },
  { fn: `${STREAMS}#[drop]input-stream`, args: (made) => [made(method('incoming-body.stream'))] },
  ...trailers.slice(0, 2),
  { fn: `${POLL}#[method]pollable.block`, args: (made) => [made(method('future-trailers.subscribe'))] },
  ...trailers.slice(2),
  {
    fn: make('outgoing-response'),
    args: (made) => [made(method('fields.clone'))],
    makes: type('outgoing-response'),
  },
  ...onResumed.filter(({ fn }) => fn.startsWith(method('outgoing-response.'))),
  ...clientCalls,
  { fn: `${TYPES}#[drop]incoming-response`, args: (made) => [response(made)] },
  { fn: `${TYPES}#[drop]future-incoming-response`, args: (made) => [made(HANDLE)] },
]

const guest: Guest = {
  component: relayGuest('http'),
  exportOf: relayed,
  trap: TRAP,
  calls: guestCalls,
}

/** A handler whose bindings are noted. */
function noted(handler: ReturnType<typeof http>): AnyHandler {
  return {
    ...handler,
    bind: async (...args: Parameters<typeof handler.bind>) => (last = await handler.bind(...args)),
  }
}

let worlds = 0

conformance({
  name: 'http',
  make: () => {
    const world = `world-${++worlds}`
    changes.set(world, [])
    return { handler: noted(http({ secrets: { WORLD: world } })), state: () => changes.get(world) }
  },
  bare: () => noted(http()),
  atLarge,
  grants: [{ out: [entry] }, narrow, { out: [{ origin: server.origin, methods: ['GET'], paths: ['/a'] }] }],
  least: {},
  refusable: [HANDLE, `${CLIENT}#start`],
  calls: [...calls, ...onSockets, ...onResumed, ...clientCalls],
  guest,
})
