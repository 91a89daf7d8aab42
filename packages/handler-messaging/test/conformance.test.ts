import { defineHandler } from '@theater/handler'
import { guest } from '@theater/guests'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { fakeActor } from '@theater/handler-conformance'
import type { Deed } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import { messaging } from '../src/index.ts'
import type { MessagingGrant } from '../src/index.ts'
import fc from 'fast-check'
import { atLarge } from './at-large.ts'

const CLIENT = 'theater:messaging/client@0.1'
const CHANNELS = 'theater:messaging/channels@0.1'
const TOPICS = 'theater:messaging/topics@0.1'
const message = { format: 'text/plain', body: new Uint8Array([1, 2, 3]) }
const answered = { tag: 'answered', val: { tag: 'ok', val: message } } as const

/** What the actor that answers, `echo`, imports beside what it exports. */
const log = defineHandler({
  name: 'log',
  interfaces: ['theater:actor/log@0.1'],
  grant: { type: 'object', additionalProperties: false },
  functions: { 'theater:actor/log@0.1#log': { mode: 'sync', effect: 'none' } },
  within: () => true,
  authorize: () => true,
  bind: () => ({ imports: {} }),
  inert: () => ({ imports: { 'theater:actor/log@0.1': { log: () => {} } } }),
})

/** What was done, in the words of asks. */
type Done = Readonly<Record<string, string>>

const ids = fc.stringMatching(/^@?[ab.]{1,3}$/)
const news = (before: unknown, after: unknown): readonly Done[] =>
  (after as readonly Done[]).slice((before as readonly Done[]).length)

/** Whatever says something to somebody: what leaves is what was asked for, and nothing else. */
const deed: fc.Arbitrary<Deed> = fc
  .tuple(
    fc.constantFrom(
      `${CLIENT}#send`,
      `${CLIENT}#request`,
      `${TOPICS}#publish`,
      `${TOPICS}#subscribe`,
      `${CHANNELS}#open`,
    ),
    ids,
  )
  .map(([fn, to]) => ({
    fn,
    args: () => [to, message, 1000],
    did: news,
    // Its refusal is an answer of `finish`: the request is made all the same, and does not leave.
    ...(fn.endsWith('request') && {
      needs: (grant) => messaging().authorize(grant as MessagingGrant, { request: to }) === true,
    }),
  }))

conformance({
  name: 'messaging',
  make: () => {
    const done: Done[] = []
    const known = new Map([[1, Promise.resolve(answered)]])
    return {
      handler: messaging(),
      actor: (id) =>
        fakeActor({
          id,
          known,
          onSend: (to) => void done.push({ send: to }),
          onRequest: (to) => (done.push({ request: to }), answered),
          onPublish: (topic) => (done.push({ publish: topic }), []),
          onSubscribe: (topic, fn) => void (fn !== undefined && done.push({ subscribe: topic })),
          onChannel: (step, to) => void (step === 'open' && done.push({ send: to })),
        }),
      state: () => [...done],
    }
  },
  deeds: { deed },
  bare: messaging,
  atLarge,
  grants: [
    { to: ['*'], publish: ['*'], subscribe: ['*'] },
    { to: ['a*', 'b'], publish: ['news/*'] },
    { to: ['actor', 'b'], publish: ['news/a'] },
    { to: ['a'] },
  ],
  guest: {
    component: relayGuest('messaging'),
    exportOf: relayed,
    trap: TRAP,
    others: [{ id: 'reporter', component: guest('echo') }],
    handlers: [log],
  },
  least: {},
  refusable: [
    `${CLIENT}#send`,
    `${CLIENT}#[static]pending.finish`,
    `${TOPICS}#publish`,
    `${TOPICS}#subscribe`,
    `${CHANNELS}#open`,
  ],
  calls: [
    { fn: `${CLIENT}#send`, args: () => ['reporter', message], refusedUnder: { to: ['other'] } },
    {
      fn: `${CLIENT}#request`,
      args: () => ['reporter', message, 1000],
      refusedUnder: { to: ['reporter2', 'report'] },
      makes: `${CLIENT}#pending`,
      resumes: true,
    },
    {
      fn: `${CLIENT}#[static]pending.finish`,
      args: (made) => [made(`${CLIENT}#request`)],
      refusedUnder: { to: [] },
    },
    { fn: `${TOPICS}#subscribe`, args: () => ['news'], refusedUnder: { publish: ['*'], subscribe: ['new'] } },
    {
      fn: `${TOPICS}#subscriptions`,
      args: () => [],
      listing: (answer) => answer as readonly string[],
    },
    {
      fn: `${TOPICS}#publish`,
      // The actor is subscribed to another one: what it publishes is no turn of its own.
      args: () => ['weather', message],
      refusedUnder: { to: ['*'], subscribe: ['*'], publish: ['weather/*'] },
    },
    { fn: `${TOPICS}#unsubscribe`, args: () => ['news'] },
    { fn: `${CHANNELS}#open`, args: () => ['reporter', message], refusedUnder: { to: ['other'] } },
    { fn: `${CHANNELS}#list`, args: () => [], listing: (answer) => answer as readonly string[] },
    { fn: `${CHANNELS}#accept`, args: (made) => [made(`${CHANNELS}#open`)] },
    { fn: `${CHANNELS}#send`, args: (made) => [made(`${CHANNELS}#open`), message] },
    { fn: `${CHANNELS}#close`, args: (made) => [made(`${CHANNELS}#open`), undefined] },
  ],
})
