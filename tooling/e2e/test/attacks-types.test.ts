import { fromWit } from '@theater/guests/wat'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { store } from '@theater/handler-store'
import { describe, expect, it } from 'vitest'
import { codeOf, stage } from './support/attack.ts'

// A component brings its own types, and binding goes by name. What a guest says of a function that is not true of the
// interface is one attack each; what came of it is beside it.

const io = `package wasi:io@0.2.3 {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll { resource pollable { ready: func() -> bool; block: func(); } poll: func(in: list<borrow<pollable>>) -> list<u32>; }
  interface streams {
    use error.{error}; use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { write: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}`

const types = 'record message { format: string, body: list<u8> }'

interface Attack {
  readonly name: string
  /** The import or export, and the packages it takes. */
  readonly wit: string
  readonly world: string
  readonly fn: string
}

const attacks: readonly Attack[] = [
  {
    // The status was NaN: it could not be written, the turn stayed without an end, the next made the chain broken.
    name: 'an exit status that is a float',
    wit: 'package wasi:cli@0.2.3 { interface exit { exit-with-code: func(status-code: f64); } }',
    world: 'import wasi:cli/exit@0.2.3;',
    fn: 'wasi:cli/exit@0.2.3#exit-with-code',
  },
  {
    // It arrived without the field: the receiver's honest record carried another message than the sender's, `broken`.
    name: 'a request whose message has a field more',
    wit: `package theater:messaging@0.1.0 { interface client {
      record message { format: string, body: list<u8>, more: u32 }
      record failure { code: string, message: string, detail: option<message> }
      variant request-error { denied, unknown-actor, not-served, too-large(u64), mailbox-full, stopped, timeout, deadlock, trapped, outcome-unknown, failed(failure) }
      resource pending { finish: static func(p: pending) -> result<message, request-error>; }
      request: func(to: string, msg: message, timeout-ms: u32) -> pending;
    } }`,
    world: 'import theater:messaging/client@0.1.0;',
    fn: 'theater:messaging/client@0.1.0#request',
  },
  {
    // What was absent in the message was written into the receiver's record, and the sender's does not have it.
    name: 'a receiver of messages with an option more',
    wit: `package theater:messaging@0.1.0 { interface receiver {
      record message { format: string, body: list<u8>, more: option<u32> }
      record failure { code: string, message: string, detail: option<message> }
      variant sender { host, actor(string) }
      handle-send: func(sender: sender, msg: message) -> result<_, failure>;
    } }`,
    world: 'export theater:messaging/receiver@0.1.0;',
    fn: 'theater:messaging/receiver@0.1.0#handle-send',
  },
  {
    name: 'a message to a number',
    wit: `package theater:messaging@0.1.0 { interface client { ${types}
      variant send-error { denied, unknown-actor, not-served, too-large(u64), outbox-full(u32) }
      send: func(to: u32, msg: message) -> result<_, send-error>; } }`,
    world: 'import theater:messaging/client@0.1.0;',
    fn: 'theater:messaging/client@0.1.0#send',
  },
  {
    // A string has no byteLength: it was no bytes of the quota, and of no size that was too large.
    name: 'a blob that is text',
    wit: `package theater:store@0.1.0 { interface blobs {
      variant error { denied, not-found, damaged, too-large(u64), quota(u64), bad-hash }
      put: func(data: string) -> result<list<u8>, error>; } }`,
    world: 'import theater:store/blobs@0.1.0;',
    fn: 'theater:store/blobs@0.1.0#put',
  },
  {
    name: 'a log line whose level is text',
    wit: `package theater:actor@0.1.0 { interface log {
      log: func(level: string, message: string, fields: list<tuple<string, string>>); } }`,
    world: 'import theater:actor/log@0.1.0;',
    fn: 'theater:actor/log@0.1.0#log',
  },
  {
    // The grant was asked for the path '', and the handler got the list.
    name: 'a path that is a list',
    wit: `${io}
    package wasi:filesystem@0.2.3 { interface types {
      enum error-code { access }
      resource descriptor { create-directory-at: func(path: list<string>) -> result<_, error-code>; } } }`,
    world: 'import wasi:filesystem/types@0.2.3;',
    fn: 'wasi:filesystem/types@0.2.3#[method]descriptor.create-directory-at',
  },
  {
    // The object of a descriptor answered to the methods of a stream.
    name: 'a descriptor that says it is a stream',
    wit: `${io}
    package wasi:filesystem@0.2.3 { interface preopens { use wasi:io/streams@0.2.3.{output-stream};
      get-directories: func() -> list<tuple<output-stream, string>>; } }`,
    world: 'import wasi:io/streams@0.2.3; import wasi:filesystem/preopens@0.2.3;',
    fn: 'wasi:filesystem/preopens@0.2.3#get-directories',
  },
  {
    name: 'a poll of what is not pollable',
    wit: `package wasi:io@0.2.3 {
      interface error { resource error { to-debug-string: func() -> string; } }
      interface poll { use error.{error}; resource pollable { block: func(); } poll: func(in: list<borrow<error>>) -> list<u32>; }
    }`,
    world: 'import wasi:io/poll@0.2.3;',
    fn: 'wasi:io/poll@0.2.3#poll',
  },
  {
    // It went to the glue as it was, and became what the glue makes of a big integer there.
    name: 'a clock that gives text',
    wit: 'package wasi:clocks@0.2.3 { interface monotonic-clock { now: func() -> string; } }',
    world: 'import wasi:clocks/monotonic-clock@0.2.3;',
    fn: 'wasi:clocks/monotonic-clock@0.2.3#now',
  },
  {
    name: 'random bytes, minus one of them',
    wit: 'package wasi:random@0.2.3 { interface random { get-random-bytes: func(len: s64) -> list<u8>; } }',
    world: 'import wasi:random/random@0.2.3;',
    fn: 'wasi:random/random@0.2.3#get-random-bytes',
  },
]

describe('a guest that lies about the types of an interface is not made', () => {
  const grants = {
    fs: { mounts: {} },
    store: { rights: ['read', 'write', 'label'] },
    messaging: { to: ['*'] },
    log: {},
    cli: {},
  }

  it.each(attacks)('$name', async ({ wit, world, fn }) => {
    const component = await fromWit(`package attack:types;\n${wit}\nworld attack { ${world} }`, 'attack')
    const handlers = [fs(), store(), messaging(), log(), cli()]
    const refused = await stage(component, { handlers, grants }).catch((error: unknown) => error as Error)
    expect([codeOf(refused), Reflect.get(refused, 'message')]).toEqual([
      'bad-component',
      expect.stringContaining(`\`${fn}\` with other types than that interface has`),
    ])
  })

  it('and one that has them right, in another version of the track, is', async () => {
    const wit = `package attack:types;
      package wasi:cli@0.2.0 { interface exit { exit: func(status: result); } }
      package wasi:random@0.2.9 { interface random { get-random-u64: func() -> u64; } }
      world attack { import wasi:cli/exit@0.2.0; import wasi:random/random@0.2.9; }`
    await using made = await stage(await fromWit(wit, 'attack'), { handlers: [cli()] })
    expect(made.theater.actors()).toMatchObject([{ state: 'idle' }])
  })
})
