/** What a guest does to other actors, and to get more of them, or of authority, than it has. */
import { createHash } from 'node:crypto'
import { guest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { relayed, relayGuest } from '@theater/guests/relay'
import { cli } from '@theater/handler-cli'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { store } from '@theater/handler-store'
import { supervisor } from '@theater/handler-supervisor'
import type { Json } from '@theater/values'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { type Called, outcomeOf, spawned, stage, type Stage } from '../stage.ts'

const SEND = relayed('theater:messaging/client@0.1#send')
const PUBLISH = relayed('theater:messaging/topics@0.1#publish')
const SUBSCRIBE = relayed('theater:messaging/topics@0.1#subscribe')
const [OPEN, SAY, ACCEPT, CLOSE] = ['open', 'send', 'accept', 'close'].map((name) =>
  relayed(`theater:messaging/channels@0.1#${name}`),
) as [string, string, string, string]
const SPAWN = relayed('theater:supervisor/children@0.1#spawn')
const message = (bytes = 2): unknown => ({ format: 'text/plain', body: new Uint8Array(bytes) })

/** A component that does nothing. */
const nothing = core({
  code: '(func (export "run") (result i32) (i32.const 7))',
  exports: ['(func (export "run") (result u32) (canon lift (core func $i "run")))'],
})

const nothingBytes = await assemble(nothing)

const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const named = (bytes: Uint8Array): string => `sha256:${Buffer.from(digest(bytes)).toString('hex')}`

const parent = relayGuest('parent')
const child = guest('echo')
const grants = {
  supervisor: { components: [named(child), named(parent)] },
  messaging: { to: ['boss'] },
  store: { rights: ['read'] },
}

/** An actor that may make others: four of them, counting those that these make. */
async function family(attempt: (made: Stage) => Promise<Outcome>): Promise<Outcome> {
  await using made = await stage(parent, {
    handlers: [supervisor(), messaging(), store(), log(), cli()],
    grants,
    limits: { descendants: 4 },
  })
  await made.theater.addComponent(child)
  await made.theater.addComponent(parent)
  await made.theater.addComponent(other)
  return await attempt(made)
}

/** A component of the host's that nobody was granted. */
const other = guest('hello')

const spawn = (made: Stage, component: Uint8Array, given: unknown, limits = {}): Promise<Called> =>
  made.call(SPAWN, [
    digest(component),
    message(0),
    typeof given === 'string' ? given : JSON.stringify(given),
    limits,
  ])

/** A guest that sends to whom it is told, and a neighbour. */
async function sending(
  attempt: (made: Stage) => Promise<Outcome>,
  options: Parameters<typeof stage>[1] = {},
): Promise<Outcome> {
  await using made = await stage(relayGuest('messaging'), {
    handlers: [messaging({ maxMessageBytes: 1000 }), log()],
    grants: { messaging: { to: ['friend-*'] } },
    ...options,
  })
  for (const id of ['friend-1', 'stranger']) await made.theater.spawn({ id, component: guest('echo') })
  return await attempt(made)
}

const common = { class: 'actors' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'actors/a-fork-bomb',
    guard: 'descendants',
    code: 'limit',
    attempt: () =>
      family(async (made) => {
        for (let i = 0; i < 8; i++) {
          const born = await spawn(made, child, {})
          if (born.value === undefined) return outcomeOf(born)
        }
        return through('it made eight, of four')
      }),
  },
  {
    ...common,
    id: 'actors/a-fork-bomb-by-way-of-children',
    guard: 'descendants',
    code: 'limit',
    // Each child asks for as many of its own as its parent has left, and more.
    attempt: () =>
      family(async (made) => {
        const born = await spawn(
          made,
          parent,
          { supervisor: grants.supervisor, messaging: grants.messaging },
          { descendants: 100 },
        )
        return born.value === undefined ? outcomeOf(born) : through('its child may make a hundred')
      }),
  },
  {
    ...common,
    id: 'actors/a-child-that-holds-more-than-its-parent',
    guard: 'narrowing',
    code: 'bad-grants',
    attempt: () =>
      family((made) =>
        variants(
          [
            { store: { rights: ['read', 'write'] } },
            { messaging: { to: ['*'] } },
            { log: {} },
            { supervisor: { components: [named(other)] } },
          ],
          async (given) => {
            const born = await spawn(made, child, given)
            return born.value === undefined
              ? outcomeOf(born)
              : through(`its child has ${JSON.stringify(given)}`)
          },
        ),
      ),
  },
  {
    ...common,
    id: 'actors/grants-that-are-not-json',
    guard: 'grant-text',
    code: 'bad-grants',
    attempt: () =>
      family((made) =>
        variants(
          [
            '',
            '{',
            '[]',
            '"x"',
            'null',
            `${'['.repeat(50_000)}`,
            '{"store":{"rights":["read"]},"store":{"rights":["read"]}}',
            '{"__proto__":{"store":{}}}',
            '{"constructor":{}}',
            '{"toString":{}}',
            '{"hasOwnProperty":{}}',
          ],
          async (given) => {
            const born = await spawn(made, child, given)
            return born.value === undefined
              ? outcomeOf(born)
              : through(`${given.slice(0, 40)} was taken for grants`)
          },
        ),
      ),
  },
  {
    ...common,
    id: 'actors/a-child-of-what-was-not-granted',
    guard: 'components-granted',
    code: 'denied',
    attempt: () =>
      family(async (made) => {
        const born = await spawn(made, other, {})
        return born.err === 'denied'
          ? stopped('denied')
          : through(`it went on to make it: ${born.err ?? String(born.value)}`)
      }),
  },
  {
    ...common,
    id: 'actors/stopping-the-child-of-another',
    guard: 'own-children',
    code: 'not-my-child',
    attempt: () =>
      family(async (made) => {
        await made.theater.spawn({ id: 'neighbour', component: nothingBytes })
        const ended = await made.call(relayed('theater:supervisor/children@0.1#stop'), ['neighbour'])
        const { failed } = await made.call('run', [], 'neighbour')
        return failed === undefined ? outcomeOf(ended) : through('the neighbour was stopped')
      }),
  },
  {
    ...common,
    id: 'actors/a-message-to-whom-it-may-not-send',
    guard: 'receivers',
    code: 'denied',
    attempt: () =>
      sending((made) =>
        variants(['stranger', 'friend', 'FRIEND-1', '', '*', '../friend-1', '__proto__'], async (to) => {
          const sent = await made.call(SEND, [to, message()])
          return sent.err === 'denied'
            ? stopped('denied')
            : through(`it was sent on to ${to}: ${sent.err ?? 'sent'}`)
        }),
      ),
  },
  {
    ...common,
    id: 'actors/what-is-published-where-it-may-not',
    guard: 'receivers',
    code: 'denied',
    attempt: () =>
      sending((made) =>
        variants(['secret', 'friend-1', '*', '', '__proto__'], async (topic) => {
          for (const call of [made.call(PUBLISH, [topic, message()]), made.call(SUBSCRIBE, [topic])]) {
            const said = await call
            if (said.err !== 'denied') return through(`it has the topic ${topic}: ${said.err ?? 'done'}`)
          }
          return stopped('denied')
        }),
      ),
  },
  {
    ...common,
    id: 'actors/a-channel-of-others',
    guard: 'channel-ends',
    code: 'not-open',
    attempt: () =>
      sending(async (made) => {
        const component = relayGuest('messaging')
        for (const id of ['friend-2', 'friend-3'])
          await made.theater.spawn({ id, component, grants: { messaging: { to: ['*'] } } })
        const opened = await made.theater.call('friend-2', OPEN, ['friend-3', message()])
        const { val: name } = opened as { readonly val: string }
        return await variants(
          [name, name.replace('friend-2', 'guest'), 'friend-2/friend-3', '/'],
          async (channel) => {
            for (const call of [
              made.call(SAY, [channel, message()]),
              made.call(ACCEPT, [channel]),
              made.call(CLOSE, [channel, undefined]),
            ]) {
              const said = await call
              if (said.err !== 'not-open')
                return through(`it has the channel ${channel}: ${said.err ?? 'done'}`)
            }
            return stopped('not-open')
          },
        )
      }),
  },
  {
    ...common,
    id: 'actors/a-message-without-end',
    guard: 'message-bytes',
    code: 'too-large',
    attempt: () => sending(async (made) => outcomeOf(await made.call(SEND, ['friend-1', message(5000)]))),
  },
  {
    ...common,
    id: 'actors/an-id-that-leads-somewhere',
    guard: 'actor-ids',
    code: 'bad-id',
    attempt: () =>
      variants(['../other', 'a/b', '', 'A', 'a b', 'a\0', 'x'.repeat(129), 'a~1', 'é'], async (id) => {
        await using made = await stage(nothing)
        try {
          await made.theater.spawn({ id, component: nothingBytes })
          return through(`there is an actor ${JSON.stringify(id)}`)
        } catch (error) {
          return stopped(String(Reflect.get(Object(error), 'code')))
        }
      }),
  },
  {
    ...common,
    id: 'actors/an-import-that-was-not-granted',
    guard: 'unmet-imports',
    code: 'unmet-import',
    attempt: () =>
      variants([relayGuest('messaging'), relayGuest('store')], (component) =>
        spawned(stage(component, { handlers: [messaging(), store()], grants: {} })),
      ),
  },
  {
    ...common,
    id: 'actors/a-grant-with-another-key',
    guard: 'grant-schemas',
    code: 'bad-grant',
    attempt: () =>
      variants(
        [
          '{"rights":["read"],"right":"write"}',
          '{"rights":[],"constructor":1}',
          '{"rights":[],"__proto__":1}',
        ],
        (grant) =>
          spawned(
            stage(relayGuest('store'), { handlers: [store()], grants: { store: JSON.parse(grant) as Json } }),
          ),
      ),
  },
  {
    ...common,
    id: 'actors/a-grant-for-what-objects-have',
    guard: 'grant-handlers',
    code: 'bad-grant',
    attempt: () =>
      variants(['constructor', 'toString', 'hasOwnProperty'], (name) =>
        spawned(stage(nothing, { handlers: [store()], grants: { [name]: {} } })),
      ),
  },
  {
    ...common,
    id: 'actors/a-grant-above-the-ceiling',
    guard: 'ceiling',
    code: 'bad-grant',
    attempt: () =>
      variants([{ store: { rights: ['read'] } }, {}] as const, (ceiling) =>
        spawned(
          stage(relayGuest('store'), {
            handlers: [store()],
            grants: { store: { rights: ['read', 'write'] } },
            ceiling,
          }),
        ),
      ),
  },
  {
    ...common,
    id: 'actors/a-limit-that-is-none',
    guard: 'limits-known',
    code: 'bad-limit',
    attempt: () =>
      variants([{ handels: 5 }, { toString: 5 }, { constructor: 5 }] as never[], (limits) =>
        spawned(stage(nothing, { limits })),
      ),
  },
  {
    ...common,
    id: 'actors/a-limit-that-is-no-number',
    guard: 'limits-whole',
    code: 'bad-limit',
    attempt: () =>
      variants(
        [
          { handles: Number.NaN },
          { handles: Infinity },
          { handles: -1 },
          { handles: 0.5 },
          { handles: '9' },
        ] as never[],
        (limits) => spawned(stage(nothing, { limits })),
      ),
  },
]
