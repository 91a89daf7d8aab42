/** What a guest, or whoever talks to one, does to fill what has room for so much only. */
import { relayed, relayGuest } from '@theater/guests/relay'
import { fromCore } from '@theater/guests/wat'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { timer } from '@theater/handler-timer'
import type { Limits } from '@theater/runtime'
import { type Escape, type Outcome, stopped, through } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { door, MIGRATION, waiting } from '../hostile/waiting.ts'
import { type Called, host, outcomeOf, spawned, stage } from '../stage.ts'

const common = { class: 'floods' } as const
const ONCE = relayed('theater:timer/timers@0.1#once')
const SEND = relayed('theater:messaging/client@0.1#send')
const text = { format: 'text/plain', body: new Uint8Array(2) }

/** A world of one export, in WIT that is the contract's own. */
const loads = (): Promise<Uint8Array> =>
  fromCore(
    `(module (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "theater:actor/migration@0.1.0#save") (result i32) (i32.const 64))
      (func (export "theater:actor/migration@0.1.0#load") (param i32 i32 i32 i32) (result i32) (i32.const 64)))`,
    MIGRATION,
    'moves',
  )

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'floods/messages-to-one-that-is-busy',
    guard: 'mailbox',
    code: 'mailbox-full',
    attempt: async () => {
      const { reached, open, run } = door()
      const handlers = [host('attack:host/api', { take: { mode: 'async', run } })]
      await using made = await stage(waiting, { handlers, limits: { mailbox: 3 } })
      const busy = made.call('run')
      await reached
      const calls = Array.from({ length: 8 }, () => made.call('count'))
      const first = await Promise.race([...calls, waits()])
      open()
      const answers = await Promise.all(calls)
      await busy
      return first === undefined ? through(`all ${answers.length} wait for it`) : outcomeOf(first)
    },
  },
  {
    ...common,
    id: 'floods/messages-that-nobody-takes',
    guard: 'outbox',
    code: 'outbox-full',
    attempt: async () => {
      const { reached, open, run } = door()
      const handlers = [messaging(), host('attack:host/api', { take: { mode: 'async', run } })]
      await using made = await stage(relayGuest('messaging'), {
        handlers,
        grants: { messaging: { to: ['*'] } },
        limits: { outbox: 3 },
      })
      await made.theater.spawn({
        id: 'busy',
        component: relayGuest('messaging'),
        grants: { messaging: { to: ['*'] } },
      })
      await made.theater.spawn({ id: 'waiting', component: await waitingReceiver(), grants: { host: {} } })
      // The first one keeps it busy for the others.
      const sent: Called[] = []
      for (let i = 0; i < 8; i++) {
        sent.push(await made.call(SEND, ['waiting', text]))
        if (i === 0) await reached
      }
      open()
      const refused = sent.find(({ err }) => err !== undefined)
      return refused === undefined ? through('eight wait, of three') : outcomeOf(refused)
    },
  },
  {
    ...common,
    id: 'floods/a-turn-that-waits-again-and-again',
    guard: 'turn-deadline',
    code: 'aborted: turn-deadline',
    success: 'hang',
    // Each wait is shorter than a call may be; there are as many of them as it likes.
    attempt: async () => {
      const wat = core({
        imports: [['take', '(func)', '']],
        code: '(func (export "run") (loop $l (call $take) (br $l)))',
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      const run = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
      const handlers = [host('attack:host/api', { take: { mode: 'async', run } })]
      const limits = { turnMs: 50, callMs: 60_000, turnEvents: 250_000, fuel: 1_000_000_000_000 }
      await using made = await stage(wat, { handlers, limits })
      return outcomeOf(await made.call('run'))
    },
  },
  {
    ...common,
    id: 'floods/lines-of-a-log',
    guard: 'log-rate',
    code: 'log-rate',
    attempt: async () => {
      await using made = await stage(relayGuest('log'), { handlers: [log()], limits: { logLines: 4 } })
      for (let i = 0; i < 40; i++)
        await made.call(relayed('theater:actor/log@0.1#log'), ['info', `line ${i}`, []])
      const codes = made.lines.flatMap(({ fields }) =>
        fields.filter(([key]) => key === 'code').map(([, code]) => code),
      )
      // A second may end in the middle of them.
      return made.lines.length < 40
        ? stopped([...new Set(codes)].join(', '))
        : through(`${made.lines.length} lines, of 4`)
    },
  },
  {
    ...common,
    id: 'floods/timers-by-the-million',
    guard: 'timers',
    code: 'too-many',
    attempt: () => timers({ timers: 3 }, 1),
  },
  {
    ...common,
    id: 'floods/bytes-that-timers-carry',
    guard: 'timer-bytes',
    code: 'too-large',
    attempt: () => timers({ timerBytes: 3000 }, 1000),
  },
  {
    ...common,
    id: 'floods/a-state-larger-than-it-may-be',
    guard: 'state-size',
    code: 'too-large',
    attempt: async () => {
      const state = { format: 'application/octet-stream', body: new Uint8Array(5000) }
      return spawned(stage(await loads(), { state, limits: { stateBytes: 1000 } }))
    },
  },
]

/** Sets one timer after another, each with so many bytes, under a grant that would let it have a million. */
async function timers(limits: Partial<Limits>, bytes: number): Promise<Outcome> {
  await using made = await stage(relayGuest('timer'), {
    handlers: [timer()],
    grants: { timer: { timers: 1_000_000 } },
    limits,
  })
  const message = { format: 'a/b', body: new Uint8Array(bytes) }
  for (let i = 0; i < 8; i++) {
    const set = await made.call(ONCE, [{ tag: 'after', val: 1_000_000_000n }, message])
    if (set.err !== undefined || set.failed !== undefined) return outcomeOf(set)
  }
  return through(`${made.theater.timers().length} timers`)
}

/** A receiver of sends whose turn waits until its host lets it go on. */
function waitingReceiver(): Promise<Uint8Array> {
  return fromCore(
    `(module (import "attack:host/api" "take" (func $take))
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "theater:messaging/receiver@0.1.0#handle-send") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
        (call $take) (i32.const 64)))`,
    `package attack:waits;
    interface unused {}
    world waits { import attack:host/api; export theater:messaging/receiver@0.1.0; }
    package attack:host { interface api { take: func(); } }
    package theater:actor@0.1.0 {
      interface types {
        type actor-id = string;
        record message { format: string, body: list<u8> }
        record failure { code: string, message: string, detail: option<message> }
        variant sender { host, actor(actor-id) }
      }
    }
    package theater:messaging@0.1.0 {
      interface receiver {
        use theater:actor/types@0.1.0.{sender, message, failure};
        handle-send: func(sender: sender, msg: message) -> result<_, failure>;
      }
    }`,
    'waits',
  )
}

/** Resolves to nothing when what was called before has had its turns of the event loop. */
async function waits(): Promise<undefined> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => void setImmediate(resolve))
  return undefined
}
