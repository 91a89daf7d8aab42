import { messagingLaws, violated } from '@theater/handler-conformance'
import type { MessagingSubject } from '@theater/handler-conformance'
import { messagingConformance } from '@theater/handler-conformance/vitest'
import { WitError } from '@theater/handler'
import type { ActorContext, AnyHandler, Ask, Reply } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { messaging } from '../src/index.ts'

const right: MessagingSubject = {
  name: 'messaging',
  make: (maxMessageBytes, maxTimeoutMs) => messaging({ maxMessageBytes, maxTimeoutMs }),
  grant: (may) => may as never,
}

messagingConformance(right)

/*
 * One broken handler for each law: a right one with one thing changed, which breaks that law and no other.
 */

type Call = (...args: readonly any[]) => any

/** What is wrong: functions by their names, given the right one first; or what it authorises. */
interface Wrong {
  readonly calls?: Readonly<Record<string, (self: Call, args: readonly any[]) => unknown>>
  readonly authorize?: (ask: Ask) => true | undefined
  readonly resume?: () => object | undefined
  /** What the handler takes a receiver's answer for. */
  readonly reply?: (reply: Reply) => Reply
}

const FINISH = 'client#[static]pending.finish'

/** The right answer, with another error in the place of one. */
function instead(call: () => unknown, tag: string, other: string): unknown {
  const change = (thrown: unknown): never => {
    if (!WitError.is(thrown) || (thrown.payload as { tag: string }).tag !== tag) throw thrown
    throw new WitError({ tag: other })
  }
  try {
    const value = call()
    return value instanceof Promise ? value.catch(change) : value
  } catch (thrown) {
    return change(thrown)
  }
}

const broken: Readonly<Record<string, Wrong>> = {
  'a send is a call of handle-send, with the sender that the host vouches for': {
    calls: {
      'client#send': (send, [to, { format, body }]) => send(to, { format, body: body.slice().fill(0x62) }),
    },
  },
  'a send that cannot be taken is an error of its own case': {
    calls: { 'client#send': (send, args) => instead(() => send(...args), 'not-served', 'unknown-actor') },
  },
  'a message beyond the limit is too large, and does not leave': {
    calls: { 'channels#close': (close, [channel]) => close(channel, undefined) },
  },
  'a request is a call of handle-request, and more than one runs at once': {
    calls: {
      'client#request': (request, [to, msg, ms]) => request(to === 'b' ? 'a' : to, msg, ms),
    },
  },
  'the time of a request is what was asked for, and at most the host’s': {
    calls: { 'client#request': (request, [to, msg, ms]) => request(to, msg, ms === 1 ? 2 : ms) },
  },
  'a request that its grant does not cover does not leave, and is denied when it is finished': {
    calls: { [FINISH]: (finish, args) => instead(() => finish(...args), 'denied', 'timeout') },
  },
  'finish answers what the receiver answered, or why it did not': {
    calls: { [FINISH]: (finish, args) => instead(() => finish(...args), 'deadlock', 'timeout') },
  },
  'what a receiver answers that is no message, or too large, is outcome-unknown': {
    reply: (reply) => {
      const said = reply.tag === 'answered' ? (reply.val as any) : undefined
      return said?.val?.body?.length > 20
        ? { tag: 'answered', val: { tag: 'ok', val: { ...said.val, body: said.val.body.slice(0, 1) } } }
        : reply
    },
  },
  'dropping a pending gives its request up, and finishing it does not': {
    calls: {
      'client#request': async (request, args) => {
        const pending = await request(...args)
        if (args[2] === 1 && args[0] === 'a') pending[Symbol.dispose] = () => undefined
        return pending
      },
    },
  },
  'a pending resumes where its request is known, and is outcome-unknown where it is not': {
    resume: () => undefined,
  },
  'a publish answers with those whom the host names, and is an error where it names none': {
    calls: { 'topics#publish': (publish, args) => publish(...args).slice(1) },
  },
  'a subscription begins and ends where the host lets it, and is listed': {
    calls: { 'topics#unsubscribe': () => undefined },
  },
  'an open answers with the name that the host gives, or why there is no channel': {
    calls: { 'channels#open': (open, args) => instead(() => open(...args), 'too-many', 'not-served') },
  },
  'what is done with a channel is what the host is asked for, and not-open where it is not': {
    calls: { 'channels#accept': () => undefined },
  },
  'a grant covers what it names, by its whole name or a beginning, for what it names it for': {
    authorize: (ask) => (ask['subscribe'] === 'a-1' ? true : undefined),
  },
}

function wrongSubject(wrong: Wrong): MessagingSubject {
  return { ...right, make: (...limits) => wrongHandler(right.make(...limits), wrong) }
}

function wrongHandler(good: AnyHandler, { calls = {}, authorize, resume, reply }: Wrong): AnyHandler {
  return {
    ...good,
    authorize: (grant, ask) => authorize?.(ask) ?? good.authorize(grant, ask),
    async bind(actor, grant) {
      const request: ActorContext['request'] = (...args) => {
        const pending = actor.request(...args)
        return reply === undefined ? pending : { ...pending, reply: pending.reply.then(reply) }
      }
      const binding = await good.bind({ ...actor, request }, grant)
      const imports = Object.entries(binding.imports as Record<string, Record<string, Call>>).map(
        ([track, functions]) => {
          const name = /\/([a-z-]+)@/.exec(track)?.[1] ?? track
          const changed = Object.entries(functions).map(([fn, run]) => {
            const change = calls[`${name}#${fn}`]
            return [fn, change === undefined ? run : (...args: readonly any[]) => change(run, args)]
          })
          return [track, Object.fromEntries(changed)]
        },
      )
      return { ...binding, imports: Object.fromEntries(imports), ...(resume !== undefined && { resume }) }
    },
  }
}

describe('a broken handler of messaging', () => {
  test('there is one for each law', () => {
    expect(Object.keys(broken).toSorted()).toEqual(messagingLaws.map(({ name }) => name).toSorted())
  })

  test('with nothing broken breaks no law', async () => {
    expect(await violated(messagingLaws, wrongSubject({}))).toEqual([])
  })

  test.each(Object.entries(broken))('breaks one law and no other: %s', async (name, wrong) => {
    expect(await violated(messagingLaws, wrongSubject(wrong))).toEqual([name])
  })
})
