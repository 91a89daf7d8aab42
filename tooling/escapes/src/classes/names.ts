/** Names that every object of the language has, or that change it, wherever a name comes from outside: each is a name like any. */
import { inspect } from 'node:util'
import { relayed, relayGuest } from '@theater/guests/relay'
import { kitGuest } from '@theater/guests/kit'
import { assemble } from '@theater/guests/wat'
import { cli } from '@theater/handler-cli'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { store } from '@theater/handler-store'
import type { Json } from '@theater/values'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { type Called, host, stage, type Stage } from '../stage.ts'

const common = { class: 'names' } as const

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  'valueOf',
  '__defineGetter__',
]
/** Those that ids and topics may be: they have no capitals. */
const SMALL = ['__proto__', 'constructor', 'prototype', '__proto__.x', 'constructor.prototype']

const nothing = await assemble(
  core({
    code: '(func (export "run") (result i32) (i32.const 7))',
    exports: ['(func (export "run") (result u32) (canon lift (core func $i "run")))'],
  }),
)

/** What all objects have; whoever adds something is found out by it. */
const shared = (): string =>
  JSON.stringify(
    [Object, Array, Function, Map, Promise].map((one) => [
      Object.getOwnPropertyNames(one.prototype).toSorted(),
      Object.getOwnPropertyNames(one).toSorted(),
    ]),
  )

/** Each name is taken for itself: what came of it, where that is not what comes of any name. */
async function itself(
  names: readonly string[],
  attempt: (name: string) => Promise<string | undefined>,
): Promise<Outcome> {
  const before = shared()
  return variants(names, async (name) => {
    const wrong = await attempt(name)
    if (shared() !== before) return through(`${name} has changed what all objects have`)
    return wrong === undefined ? stopped('a name like any') : through(`${name}: ${wrong}`)
  })
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const unless = (holds: boolean, what: unknown): string | undefined => (holds ? undefined : inspect(what))

async function withStage(made: Promise<Stage>, attempt: (made: Stage) => Promise<Outcome>): Promise<Outcome> {
  await using one = await made
  return await attempt(one)
}

const call = (made: Stage, fn: string, ...args: unknown[]): Promise<Called> => made.call(relayed(fn), args)

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'names/of-actors',
    guard: 'engine',
    code: 'a name like any',
    attempt: () =>
      withStage(
        stage(relayGuest('messaging'), { handlers: [messaging()], grants: { messaging: { to: ['*'] } } }),
        (made) =>
          itself(SMALL, async (id) => {
            const before = await call(made, 'theater:messaging/client@0.1#send', id, {
              format: 'text/plain',
              body: bytes(''),
            })
            if (before.err !== 'unknown-actor') return `before there was one: ${inspect(before)}`
            await made.theater.spawn({ id, component: nothing })
            const called = await made.call('run', [], id)
            const sent = await call(made, 'theater:messaging/client@0.1#send', id, {
              format: 'text/plain',
              body: bytes(''),
            })
            return unless(called.value === 7 && sent.err === 'not-served', [called, sent])
          }),
      ),
  },
  {
    ...common,
    id: 'names/of-labels',
    guard: 'engine',
    code: 'a name like any',
    attempt: () =>
      withStage(
        stage(relayGuest('store'), {
          handlers: [store()],
          grants: { store: { rights: ['read', 'write', 'label'] } },
        }),
        (made) =>
          itself(SMALL, async (label) => {
            const put = await call(made, 'theater:store/blobs@0.1#put', bytes(label))
            const before = await call(made, 'theater:store/labels@0.1#get', label)
            const set = await call(made, 'theater:store/labels@0.1#set', label, undefined, put.value)
            const got = await call(made, 'theater:store/labels@0.1#get', label)
            return unless(
              before.value === undefined &&
                set.err === undefined &&
                set.failed === undefined &&
                inspect(got.value) === inspect(put.value),
              [put, before, set, got],
            )
          }),
      ),
  },
  {
    ...common,
    id: 'names/of-topics',
    guard: 'engine',
    code: 'a name like any',
    attempt: () =>
      withStage(
        stage(relayGuest('messaging'), {
          handlers: [messaging()],
          grants: { messaging: { to: [], publish: ['*'], subscribe: ['*'] } },
        }),
        (made) =>
          itself(SMALL, async (topic) => {
            const message = { format: 'text/plain', body: bytes('') }
            const before = await call(made, 'theater:messaging/topics@0.1#publish', topic, message)
            const subscribed = await call(made, 'theater:messaging/topics@0.1#subscribe', topic)
            const after = await call(made, 'theater:messaging/topics@0.1#publish', topic, message)
            await made.theater.idle()
            return unless(
              inspect(before.value) === '[]' &&
                subscribed.failed === undefined &&
                inspect(after.value) === "[ 'guest' ]",
              [before, subscribed, after],
            )
          }),
      ),
  },
  {
    ...common,
    id: 'names/of-headers',
    guard: 'engine',
    code: 'a name like any',
    attempt: async () => {
      const { http } = await import('@theater/handler-http')
      return withStage(
        stage(relayGuest('http'), { handlers: [http({ listen: false })], grants: { http: {} } }),
        (made) =>
          itself(NAMES, async (name) => {
            const types = 'wasi:http/types@0.2#'
            const { value: fields } = await call(made, `${types}[static]fields.from-list`, [
              ['a', bytes('1')],
            ])
            const before = await call(made, `${types}[method]fields.has`, fields, name)
            const set = await call(made, `${types}[method]fields.set`, fields, name, [bytes('2')])
            const got = await call(made, `${types}[method]fields.get`, fields, name)
            const entries = await call(made, `${types}[method]fields.entries`, fields)
            return unless(
              before.value === false &&
                set.err === undefined &&
                inspect(got.value) === inspect([bytes('2')]) &&
                (entries.value as unknown[]).length === 2,
              [before, set, got, entries],
            )
          }),
      )
    },
  },
  {
    ...common,
    id: 'names/of-variables',
    guard: 'engine',
    code: 'a name like any',
    attempt: () =>
      itself(NAMES, async (name) => {
        const env = JSON.parse(`{${JSON.stringify(name)}:"1"}`) as Json
        await using made = await stage(relayGuest('cli'), { handlers: [cli()], grants: { cli: { env } } })
        const got = await call(made, 'wasi:cli/environment@0.2#get-environment')
        return unless(inspect(got.value) === inspect([[name, '1']]), got)
      }),
  },
  {
    ...common,
    id: 'names/of-imports-and-exports',
    guard: 'engine',
    code: 'a name like any',
    // As they are in WIT: `toString` cannot be written, `to-string` becomes it.
    attempt: () =>
      itself(
        ['constructor', 'to-string', 'has-own-property', 'value-of', 'prototype', 'then'],
        async (name) => {
          const wat = core({
            imports: [[name, '(func (result u32))', '(result i32)']],
            code: `(func (export "run") (result i32) (call $${name}))`,
            exports: [`(func (export "${name}") (result u32) (canon lift (core func $i "run")))`],
          })
          await using made = await stage(wat, {
            handlers: [host('attack:host/api', { [name]: { run: () => 41 } })],
          })
          const called = await made.call(name)
          const verdict = await made.verify()
          return unless(called.value === 41 && verdict.verdict === 'verified', [called, verdict.verdict])
        },
      ),
  },
  {
    ...common,
    id: 'names/of-exports-that-there-are-not',
    guard: 'engine',
    code: 'a name like any',
    attempt: () =>
      withStage(stage(nothing), (made) =>
        itself([...NAMES, 'test:a/b#constructor', '#', ''], async (name) => {
          const called = await made.call(name)
          return unless(called.failed === 'not-served', called)
        }),
      ),
  },
  {
    ...common,
    id: 'names/of-messages',
    guard: 'kit',
    code: 'a name like any',
    attempt: () =>
      withStage(
        stage(kitGuest('kit-counter'), {
          handlers: [log(), messaging()],
          grants: { log: {}, messaging: { to: [] } },
        }),
        (made) =>
          itself(NAMES, async (name) => {
            const key = JSON.stringify(name)
            const typed = await told(made, `{"type":${key}}`)
            const beside = await told(made, `{"type":"get",${key}:{"count":9}}`)
            const inside = await told(made, `{"type":"add","body":{"by":1,${key}:{"by":9}}}`)
            const after = await told(made, '{"type":"get"}')
            const said = [typed, beside, inside, after]
            return unless(
              inspect(said) === inspect(['unknown-message', 'bad-message', 'bad-message', '0']),
              said,
            )
          }),
      ),
  },
]

/** What the kit answers to a request: the code of its failure, or the text of its reply. */
async function told(made: Stage, text: string): Promise<string> {
  const answer = await made.theater.request('guest', { format: 'application/json', body: bytes(text) })
  return 'ok' in answer ? new TextDecoder().decode(answer.ok.body) : answer.err.code
}
