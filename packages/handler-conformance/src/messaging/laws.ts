import assert from 'node:assert/strict'
import type { ChannelFailure, DeliveryFailure, Reply, TopicFailure } from '@theater/handler'
import { answer, LIMIT, message, site, TIMEOUT, CLIENT, CHANNELS, TOPICS } from './site.ts'
import type { Site } from './site.ts'
import type { MessagingLaw, MessagingSubject } from './subject.ts'

const FINISH = '[static]pending.finish'
const PENDING = `${CLIENT}#pending`
const SENDER = { tag: 'actor', val: 'auditor' }
const large = `! too-large ${LIMIT}`

const law = (name: string, run: (subject: MessagingSubject) => Promise<void>): MessagingLaw => ({ name, run })

async function finish({ client }: Site, to = 'reporter', ms = 100): Promise<unknown> {
  const pending = await client['request']?.(to, message(), ms)
  return answer(() => client[FINISH]?.(pending))
}

/** The laws of `theater:messaging`, one for each thing that its WIT asks of whoever serves it; the rest of what it says is the runtime's. */
export const messagingLaws: readonly MessagingLaw[] = [
  law('a send is a call of handle-send, with the sender that the host vouches for', async (subject) => {
    const { actor, client } = await site(subject)
    assert.equal(await answer(() => client['send']?.('reporter', message())), undefined)
    const [sent] = actor.sent
    assert.equal(actor.sent.length, 1)
    assert.deepEqual(
      [sent?.kind, sent?.to, sent?.fn],
      ['send', 'reporter', 'theater:messaging/receiver@0.1#handle-send'],
    )
    assert.deepEqual(sent?.args, [SENDER, message()])
  }),

  law('a send that cannot be taken is an error of its own case', async (subject) => {
    const cases: readonly (readonly [DeliveryFailure, string])[] = [
      [{ tag: 'unknown-actor' }, '! unknown-actor'],
      [{ tag: 'not-served' }, '! not-served'],
      [{ tag: 'stopped' }, '! not-served'],
      [{ tag: 'too-large', val: 7n }, '! too-large 7'],
      [{ tag: 'outbox-full', val: 9 }, '! outbox-full 9'],
    ]
    for (const [failure, expected] of cases) {
      const { client } = await site(subject, { onSend: () => failure })
      assert.equal(await answer(() => client['send']?.('reporter', message())), expected, failure.tag)
    }
  }),

  law('a message beyond the limit is too large, and does not leave', async (subject) => {
    const { actor, client, topics, channels } = await site(subject, { onPublish: () => ['a'] })
    const long = message(LIMIT + 1)
    assert.equal(await answer(() => client['send']?.('reporter', long)), large, 'send')
    const pending = await client['request']?.('reporter', long, 100)
    assert.equal(await answer(() => client[FINISH]?.(pending)), large, 'request')
    assert.equal(await answer(() => topics['publish']?.('news', long)), large, 'publish')
    assert.equal(await answer(() => channels['open']?.('reporter', long)), large, 'open')
    assert.equal(await answer(() => channels['send']?.('x', long)), large, 'send on a channel')
    const why = { code: 'a', message: 'b', detail: long }
    assert.equal(await answer(() => channels['close']?.('x', why)), large, 'close')
    assert.deepEqual(actor.sent, [])
    assert.equal(await answer(() => client['send']?.('reporter', message(LIMIT))), undefined, 'at the limit')
  }),

  law('a request is a call of handle-request, and more than one runs at once', async (subject) => {
    const never = new Promise<Reply>(() => undefined)
    const { actor, client } = await site(subject, { onRequest: () => never })
    await client['request']?.('a', message(), 100)
    await client['request']?.('b', message(), 200)
    assert.deepEqual(
      actor.sent.map(({ kind, to, fn, args }) => [kind, to, fn, args]),
      ['a', 'b'].map((to) => [
        'request',
        to,
        'theater:messaging/responder@0.1#handle-request',
        [SENDER, message()],
      ]),
    )
  }),

  law('the time of a request is what was asked for, and at most the host’s', async (subject) => {
    const { actor, client } = await site(subject)
    for (const ms of [0, 1, TIMEOUT, TIMEOUT + 1]) await client['request']?.('reporter', message(), ms)
    assert.deepEqual(
      actor.sent.map(({ timeoutMs }) => timeoutMs),
      [TIMEOUT, 1, TIMEOUT, TIMEOUT],
    )
  }),

  law(
    'a request that its grant does not cover does not leave, and is denied when it is finished',
    async (subject) => {
      const one = await site(subject, {}, { to: ['reporter'] })
      assert.equal(await finish(one, 'auditor'), '! denied')
      assert.deepEqual(one.actor.sent, [])
    },
  ),

  law('finish answers what the receiver answered, or why it did not', async (subject) => {
    const ok: Reply = { tag: 'answered', val: { tag: 'ok', val: message() } }
    assert.deepEqual(await finish(await site(subject, { onRequest: () => ok })), message())
    const failure = { code: 'no', message: 'not today' }
    const no: Reply = { tag: 'answered', val: { tag: 'err', val: failure } }
    assert.equal(await finish(await site(subject, { onRequest: () => no })), '! failed')
    for (const tag of [
      'unknown-actor',
      'not-served',
      'mailbox-full',
      'stopped',
      'timeout',
      'deadlock',
      'trapped',
      'outcome-unknown',
    ] as const)
      assert.equal(await finish(await site(subject, { onRequest: () => ({ tag }) })), `! ${tag}`)
  }),

  law('what a receiver answers that is no message, or too large, is outcome-unknown', async (subject) => {
    const odd: readonly unknown[] = [
      undefined,
      7,
      { tag: 'ok', val: { format: 1, body: new Uint8Array() } },
      { tag: 'ok', val: { format: 'x', body: [1] } },
      { tag: 'ok', val: message(LIMIT + 1) },
      { tag: 'err', val: { code: 'x' } },
    ]
    for (const val of odd) {
      const one = await site(subject, { onRequest: () => ({ tag: 'answered', val }) })
      assert.equal(await finish(one), '! outcome-unknown', JSON.stringify(val))
    }
  }),

  law('dropping a pending gives its request up, and finishing it does not', async (subject) => {
    const { actor, client } = await site(subject, { onRequest: () => ({ tag: 'timeout' }) })
    const dropped = (await client['request']?.('a', message(), 1)) as Disposable
    const finished = (await client['request']?.('a', message(), 1)) as Disposable
    dropped[Symbol.dispose]()
    await answer(() => client[FINISH]?.(finished))
    finished[Symbol.dispose]()
    assert.deepEqual(actor.cancelled, [1])
  }),

  law(
    'a pending resumes where its request is known, and is outcome-unknown where it is not',
    async (subject) => {
      const before = await site(subject)
      const pending = (await before.client['request']?.('reporter', message(), 1)) as object
      const description = before.binding.describe?.(PENDING, pending) ?? null
      const known = new Map([[1, Promise.resolve<Reply>({ tag: 'timeout' })]])
      const after = await site(subject, { known })
      const resumed = after.binding.resume?.(PENDING, description)
      assert.notEqual(resumed, undefined, 'it did not resume')
      assert.equal(await answer(() => after.client[FINISH]?.(resumed)), '! timeout')
      const { binding } = await site(subject)
      assert.equal(binding.resume?.(PENDING, description), undefined)
      assert.deepEqual(binding.closed?.(`${CLIENT}#${FINISH}`)?.payload, { tag: 'outcome-unknown' })
    },
  ),

  law(
    'a publish answers with those whom the host names, and is an error where it names none',
    async (subject) => {
      const { topics } = await site(subject, { onPublish: (topic) => [`${topic}-1`, `${topic}-2`] })
      assert.deepEqual(await answer(() => topics['publish']?.('news', message())), ['news-1', 'news-2'])
      const cases: readonly (readonly [TopicFailure, string])[] = [
        [{ tag: 'bad-topic' }, '! bad-topic'],
        [{ tag: 'outbox-full', val: 9 }, '! outbox-full 9'],
      ]
      for (const [failure, expected] of cases) {
        const one = await site(subject, { onPublish: () => failure })
        assert.equal(await answer(() => one.topics['publish']?.('news', message())), expected)
      }
    },
  ),

  law('a subscription begins and ends where the host lets it, and is listed', async (subject) => {
    const { actor, topics } = await site(subject)
    for (const topic of ['b', 'a']) assert.equal(await answer(() => topics['subscribe']?.(topic)), undefined)
    assert.deepEqual(await answer(() => topics['subscriptions']?.()), ['a', 'b'])
    assert.equal(await answer(() => topics['unsubscribe']?.('a')), undefined)
    assert.deepEqual(actor.subscribed, ['b'])
    const cases: readonly (readonly [TopicFailure, string])[] = [
      [{ tag: 'bad-topic' }, '! bad-topic'],
      [{ tag: 'not-served' }, '! not-served'],
      [{ tag: 'too-many', val: 3 }, '! too-many 3'],
    ]
    for (const [failure, expected] of cases) {
      const one = await site(subject, { onSubscribe: () => failure })
      assert.equal(await answer(() => one.topics['subscribe']?.('news')), expected)
    }
  }),

  law('an open answers with the name that the host gives, or why there is no channel', async (subject) => {
    const { channels } = await site(subject)
    assert.equal(await answer(() => channels['open']?.('peer', message())), 'peer/0')
    assert.deepEqual(await answer(() => channels['list']?.()), ['peer/0'])
    const cases: readonly (readonly [ChannelFailure, string])[] = [
      [{ tag: 'unknown-actor' }, '! unknown-actor'],
      [{ tag: 'not-served' }, '! not-served'],
      [{ tag: 'stopped' }, '! not-served'],
      [{ tag: 'too-large', val: 7n }, '! too-large 7'],
      [{ tag: 'outbox-full', val: 9 }, '! outbox-full 9'],
      [{ tag: 'too-many', val: 3 }, '! too-many 3'],
    ]
    for (const [failure, expected] of cases) {
      const one = await site(subject, { onChannel: () => failure })
      assert.equal(await answer(() => one.channels['open']?.('peer', message())), expected, failure.tag)
    }
  }),

  law(
    'what is done with a channel is what the host is asked for, and not-open where it is not',
    async (subject) => {
      const steps: string[] = []
      const { channels } = await site(subject, {
        onChannel: (step, name) => void steps.push(`${step} ${name}`),
      })
      await answer(() => channels['accept']?.('x'))
      await answer(() => channels['send']?.('x', message()))
      await answer(() => channels['close']?.('x', undefined))
      assert.deepEqual(steps, ['accept x', 'send x', 'close x'])
      for (const tag of ['not-open', 'stopped', 'unknown-actor', 'not-served'] as const) {
        const one = await site(subject, { onChannel: () => ({ tag }) })
        for (const [step, call] of [
          ['accept', () => one.channels['accept']?.('x')],
          ['send', () => one.channels['send']?.('x', message())],
          ['close', () => one.channels['close']?.('x', undefined)],
        ] as const)
          assert.equal(await answer(call), '! not-open', `${step}, ${tag}`)
      }
    },
  ),

  law(
    'a grant covers what it names, by its whole name or a beginning, for what it names it for',
    async (subject) => {
      const handler = subject.make(LIMIT, TIMEOUT)
      const asks = {
        to: (name: string) => handler.functions[`${CLIENT}#send`]?.ask?.({ fn: '', args: [name, message()] }),
        open: (name: string) =>
          handler.functions[`${CHANNELS}#open`]?.ask?.({ fn: '', args: [name, message()] }),
        publish: (name: string) =>
          handler.functions[`${TOPICS}#publish`]?.ask?.({ fn: '', args: [name, message()] }),
        subscribe: (name: string) =>
          handler.functions[`${TOPICS}#subscribe`]?.ask?.({ fn: '', args: [name] }),
      }
      const covers = (
        may: Parameters<MessagingSubject['grant']>[0],
        what: keyof typeof asks,
        name: string,
      ): boolean => {
        const ask = asks[what](name)
        assert.notEqual(ask, undefined, `${what} asks for nothing`)
        return handler.authorize(subject.grant(may) as never, ask ?? {}) === true
      }
      for (const entry of ['to', 'publish', 'subscribe'] as const)
        for (const what of ['to', 'open', 'publish', 'subscribe'] as const) {
          const same = entry === what || (entry === 'to' && what === 'open')
          assert.equal(covers({ [entry]: ['a-*', 'b'] }, what, 'a-1'), same, `${entry} for ${what}`)
          assert.equal(covers({ [entry]: ['a-*', 'b'] }, what, 'b'), same, `${entry} for ${what}`)
          for (const name of ['a', 'b1', 'xa-1'])
            assert.equal(covers({ [entry]: ['a-*', 'b'] }, what, name), false, `${entry} for ${what} ${name}`)
        }
    },
  ),
]
