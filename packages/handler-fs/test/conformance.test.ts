import type { AnyHandler, HandlerFunction } from '@theater/handler'
import type { Guest, GuestCall, SampleCall, Subject } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { Descriptor } from '../src/descriptor.ts'
import { errno, fs, putTree, type Backend, type Handle } from '../src/index.ts'
import { names, worlds } from './support.ts'
import { atLarge } from './at-large.ts'

const GET = 'wasi:filesystem/preopens@0.2#get-directories'
const TYPES = 'wasi:filesystem/types@0.2'
const fn = (name: string): string => `${TYPES}#[method]descriptor.${name}`
const keep = { tag: 'no-change' }
const bytes = new Uint8Array([1, 2, 3])

type Made = (fn: string) => unknown

const root = (made: Made): unknown => (made(GET) as [object, string][] | undefined)?.[0]?.[0]
/** The file that was opened; under a grant for reading there is none, and the mount is asked instead. */
const file = (made: Made): unknown => made(fn('open-at')) ?? root(made)

const readOnly = { mounts: { '/data': { host: 'data', rights: 'r' } } }

/**
 * The laws' caller describes what a call answers with, not what is in a list, as mounts are: here the boundary is that
 * describes them.
 */
function described(handler: AnyHandler): AnyHandler {
  const functions = Object.entries(handler.functions).map(([name, declared]): [string, HandlerFunction] => {
    if (declared.ask === undefined) return [name, declared]
    const live = (arg: unknown): unknown => (arg instanceof Descriptor ? arg.describe() : arg)
    return [name, { ...declared, ask: (call) => declared.ask?.({ ...call, args: call.args.map(live) }) }]
  })
  return { ...handler, functions: Object.fromEntries(functions) }
}

/** Everything in a directory, all but when it was last read. */
function dump(backend: Backend, directory: Handle): unknown {
  const { entries } = backend.list(directory, 1000)
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type }) => {
      const handle = backend.step(directory, name)
      const { links, size, modified } = backend.stat(handle)
      const about = [name, type, type === 'directory' ? '' : `${links} ${size}`, String(modified)]
      if (type === 'directory') return [...about, dump(backend, handle)]
      if (type === 'symbolic-link') return [...about, backend.readLink(directory, name)]
      const opened = backend.openFile(handle, { read: true, write: false, append: false, durable: 'no' })
      const content = backend.read(opened, 1000, 0n)
      backend.close(opened)
      backend.close(handle)
      return [...about, content]
    })
}

const calls: readonly SampleCall[] = [
  { fn: GET, args: () => [] },
  { fn: `${TYPES}#filesystem-error-code`, args: () => [{}] },
  {
    fn: fn('open-at'),
    args: (made) => [root(made), {}, 'new', { create: true }, { read: true, write: true }],
    refusedUnder: readOnly,
    makes: `${TYPES}#descriptor`,
    resumes: true,
  },
  { fn: fn('write'), args: (made) => [file(made), bytes, 0n], refusedUnder: readOnly },
  { fn: fn('set-size'), args: (made) => [file(made), 9n], refusedUnder: readOnly },
  {
    fn: fn('set-times'),
    args: (made) => [file(made), keep, { tag: 'timestamp', val: { seconds: 1n, nanoseconds: 0 } }],
    refusedUnder: readOnly,
  },
  {
    fn: fn('write-via-stream'),
    args: (made) => [file(made), 0n],
    refusedUnder: readOnly,
    makes: 'wasi:io/streams@0.2#output-stream',
  },
  {
    fn: fn('append-via-stream'),
    args: (made) => [file(made)],
    refusedUnder: readOnly,
    makes: 'wasi:io/streams@0.2#output-stream',
  },
  { fn: fn('read'), args: (made) => [file(made), 9n, 0n] },
  {
    fn: fn('read-via-stream'),
    args: (made) => [file(made), 0n],
    makes: 'wasi:io/streams@0.2#input-stream',
    resumes: true,
  },
  ...['get-flags', 'get-type', 'stat', 'metadata-hash', 'sync', 'sync-data'].map((name) => ({
    fn: fn(name),
    args: (made: Made) => [file(made)],
  })),
  { fn: fn('advise'), args: (made) => [file(made), 0n, 1n, 'normal'] },
  { fn: fn('is-same-object'), args: (made) => [file(made), root(made)] },
  {
    fn: fn('set-times-at'),
    args: (made) => [root(made), {}, 'new', keep, { tag: 'now' }],
    refusedUnder: readOnly,
  },
  { fn: fn('create-directory-at'), args: (made) => [root(made), 'directory'], refusedUnder: readOnly },
  { fn: fn('symlink-at'), args: (made) => [root(made), 'new', 'symlink'], refusedUnder: readOnly },
  { fn: fn('readlink-at'), args: (made) => [root(made), 'symlink'] },
  {
    fn: fn('link-at'),
    args: (made) => [root(made), {}, 'new', root(made), 'linked'],
    refusedUnder: readOnly,
  },
  {
    fn: fn('rename-at'),
    args: (made) => [root(made), 'linked', root(made), 'renamed'],
    refusedUnder: readOnly,
  },
  { fn: fn('stat-at'), args: (made) => [root(made), {}, 'renamed'] },
  { fn: fn('metadata-hash-at'), args: (made) => [root(made), {}, 'renamed'] },
  {
    fn: fn('read-directory'),
    args: (made) => [root(made)],
    makes: `${TYPES}#directory-entry-stream`,
    listing: () => [],
  },
  {
    fn: `${TYPES}#[method]directory-entry-stream.read-directory-entry`,
    args: (made) => [made(fn('read-directory'))],
  },
  {
    fn: fn('read-directory'),
    args: (made) => [root(made)],
    listing: (answer) => names({ readDirectory: () => answer } as never),
  },
  { fn: fn('unlink-file-at'), args: (made) => [root(made), 'renamed'], refusedUnder: readOnly },
  { fn: fn('remove-directory-at'), args: (made) => [root(made), 'directory'], refusedUnder: readOnly },
]

const STREAMS = 'wasi:io/streams@0.2'
const POLL = 'wasi:io/poll@0.2'
const ENTRIES = `${TYPES}#[method]directory-entry-stream.read-directory-entry`
const input = (name: string): string => `${STREAMS}#[method]input-stream.${name}`
const output = (name: string): string => `${STREAMS}#[method]output-stream.${name}`

/** The same calls by way of a component, with numbers for handles, and what a program does with streams. */
const guestCalls: readonly GuestCall[] = [
  // No stream of these calls fails, so there is no error to ask about; this number is forged.
  { fn: `${TYPES}#filesystem-error-code`, args: () => [1] },
  ...calls
    .filter(({ fn: name }) => name !== `${TYPES}#filesystem-error-code`)
    // An iteration is not begun again.
    .map((call) => (call.fn === ENTRIES ? { ...call, breaks: true as const } : call)),
  { fn: output('check-write'), args: (made) => [made(fn('append-via-stream'))] },
  { fn: output('write'), args: (made) => [made(fn('append-via-stream')), bytes], refusedUnder: readOnly },
  { fn: output('flush'), args: (made) => [made(fn('append-via-stream'))] },
  { fn: output('blocking-flush'), args: (made) => [made(fn('append-via-stream'))] },
  {
    fn: output('blocking-write-and-flush'),
    args: (made) => [made(fn('write-via-stream')), bytes],
    refusedUnder: readOnly,
  },
  { fn: output('write-zeroes'), args: (made) => [made(fn('write-via-stream')), 4n], refusedUnder: readOnly },
  { fn: input('read'), args: (made) => [made(fn('read-via-stream')), 2n], breaks: true },
  { fn: input('blocking-read'), args: (made) => [made(fn('read-via-stream')), 2n], breaks: true },
  { fn: input('skip'), args: (made) => [made(fn('read-via-stream')), 1n], breaks: true },
  {
    fn: output('splice'),
    args: (made) => [made(fn('write-via-stream')), made(fn('read-via-stream')), 1n],
    refusedUnder: readOnly,
    breaks: true,
  },
  {
    fn: input('subscribe'),
    args: (made) => [made(fn('read-via-stream'))],
    makes: `${POLL}#pollable`,
  },
  { fn: `${POLL}#[method]pollable.ready`, args: (made) => [made(input('subscribe'))] },
  { fn: `${POLL}#[method]pollable.block`, args: (made) => [made(input('subscribe'))] },
  { fn: `${POLL}#[drop]pollable`, args: (made) => [made(input('subscribe'))] },
  { fn: `${STREAMS}#[drop]input-stream`, args: (made) => [made(fn('read-via-stream'))] },
  { fn: `${STREAMS}#[drop]output-stream`, args: (made) => [made(fn('append-via-stream'))] },
  { fn: `${TYPES}#[drop]directory-entry-stream`, args: (made) => [made(fn('read-directory'))] },
  { fn: `${TYPES}#[drop]descriptor`, args: (made) => [made(fn('open-at'))] },
]

const guest: Guest = {
  component: relayGuest('fs'),
  exportOf: relayed,
  trap: TRAP,
  calls: guestCalls,
  givers: [GET],
}

/** What is the same whatever lies under the mounts. */
const common = {
  bare: () => described(fs()),
  atLarge,
  least: { mounts: {} },
  refusable: ['read', 'write', 'open-at', 'stat-at', 'rename-at', 'symlink-at', 'sync'].map(fn),
  neverRefused: [
    // Reading what is below a mount that there is.
    ...[
      'read',
      'read-via-stream',
      'read-directory',
      'stat',
      'stat-at',
      'readlink-at',
      'metadata-hash',
      'metadata-hash-at',
      'sync',
      'sync-data',
    ].map(fn),
    // A stream that may not be read or written is not opened; they are refused under a grant that was narrowed since.
    ...Object.keys(fs().functions).filter((id) => id.startsWith('wasi:io/streams@0.2#')),
  ],
} satisfies Partial<Subject>

for (const { name, world } of worlds) {
  conformance({
    name: `fs, ${name}`,
    make: () => {
      const { backend, root: base } = world()
      return {
        handler: described(fs({ backend, base })),
        state: () => dump(backend, backend.openRoot(base)),
      }
    },
    broken: () => {
      const { backend, root: base } = world()
      const fail = (): never => {
        throw errno('EIO', 'disk')
      }
      const dead = Object.fromEntries(
        Object.keys(backend).map((method) => [method, fail]),
      ) as unknown as Backend
      const alive = { openRoot: backend.openRoot.bind(backend), close: backend.close.bind(backend) }
      return {
        handler: described(fs({ backend: { ...dead, ...alive }, base })),
        state: () => undefined,
      }
    },
    ...common,
    grants: [
      { mounts: { '/data': { host: 'data', rights: 'rw' } } },
      { mounts: { '/data': { host: './data/sub', rights: 'rw' }, '/more': { host: 'data', rights: 'r' } } },
      { mounts: { '/': { host: 'data/sub/deep', rights: 'r' } } },
    ],
    calls,
    guest,
  })
}

const store = new Map<string, Uint8Array>()
const key = (cid: Uint8Array): string => Buffer.from(cid).toString('hex')
const frozen = worlds[0]!.world()
const tree = await putTree(
  { put: async (cid, bytes) => void store.set(key(cid), bytes) },
  frozen.backend,
  `${frozen.root}/data`,
)
const looking = {
  mounts: {
    '/data': { host: 'data', rights: 'r' },
    '/log': { host: 'outside', rights: 'r' },
    '/tree': { tree },
  },
}
const nth = (made: Made, index: number): unknown =>
  (made(GET) as [object, string][] | undefined)?.[index]?.[0]
const log = (made: Made): unknown => nth(made, 1)
const inTree = (made: Made): unknown => nth(made, 2)

/** What is done besides in a directory that may be added to, and in a tree. */
const mixedCalls: readonly SampleCall[] = [
  ...calls,
  { fn: fn('create-directory-at'), args: (made) => [log(made), 'new'], refusedUnder: looking },
  { fn: fn('symlink-at'), args: (made) => [log(made), 'secret', 'link'], refusedUnder: looking },
  {
    fn: fn('link-at'),
    args: (made) => [log(made), {}, 'secret', log(made), 'linked'],
    refusedUnder: looking,
  },
  {
    fn: fn('open-at'),
    args: (made) => [log(made), {}, 'lines', { create: true }, { read: true, write: true }],
    refusedUnder: looking,
    makes: `${TYPES}#descriptor`,
    resumes: true,
  },
  { fn: fn('get-flags'), args: (made) => [file(made)] },
  {
    fn: fn('append-via-stream'),
    args: (made) => [made(fn('open-at'))],
    makes: `${STREAMS}#output-stream`,
  },
  {
    fn: fn('open-at'),
    args: (made) => [inTree(made), {}, 'sub/b.txt', {}, { read: true }],
    makes: `${TYPES}#descriptor`,
    resumes: true,
  },
  { fn: fn('read'), args: (made) => [file(made), 9n, 0n] },
  { fn: fn('stat'), args: (made) => [file(made)] },
  { fn: fn('metadata-hash'), args: (made) => [file(made)] },
  { fn: fn('is-same-object'), args: (made) => [file(made), inTree(made)] },
  { fn: fn('sync'), args: (made) => [file(made)] },
  { fn: fn('readlink-at'), args: (made) => [inTree(made), 'to-sub'] },
  {
    fn: fn('read-directory'),
    args: (made) => [inTree(made)],
    listing: (answer) => names({ readDirectory: () => answer } as never),
  },
  {
    fn: fn('read-via-stream'),
    args: (made) => [file(made), 0n],
    makes: `${STREAMS}#input-stream`,
    resumes: true,
  },
]

conformance({
  name: 'fs, a quota, a directory to add to, a tree',
  make: () => {
    const { backend, root: base } = worlds[0]!.world()
    return {
      handler: described(fs({ backend, base, trees: { get: async (cid) => store.get(key(cid)) } })),
      state: () => [
        dump(backend, backend.openRoot(base)),
        [...store].map(([cid, bytes]) => [cid, bytes.slice()]),
      ],
    }
  },
  ...common,
  grants: [
    {
      mounts: {
        '/data': { host: 'data', rights: 'rw', quota: { bytes: 1000, files: 1000, handles: 1000 } },
        '/log': { host: 'outside', rights: 'ra' },
        '/tree': { tree },
      },
    },
    {
      mounts: {
        '/data': { host: 'data', rights: 'ra', quota: { bytes: 5, files: 1, handles: 2 } },
        '/log': { host: 'outside', rights: 'ra', quota: { files: 0 } },
        '/tree': { tree, path: 'sub' },
      },
    },
  ],
  calls: mixedCalls,
  guest: {
    ...guest,
    calls: [
      { fn: `${TYPES}#filesystem-error-code`, args: () => [1] },
      ...mixedCalls
        .filter(({ fn: name }) => name !== `${TYPES}#filesystem-error-code`)
        .map((call) => (call.fn === ENTRIES ? { ...call, breaks: true as const } : call)),
    ],
  },
})
