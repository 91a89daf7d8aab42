/**
 * What couriers are told: actors that do what their messages say. A turn is a list of steps, and what each of them answered is read
 * by the same list.
 */
const HOST = 'test:courier/host'

/** The host side of couriers, but for what it does: `defineHandler({ ...courierHandler, bind })`. */
export const courierHandler = {
  name: 'courier',
  interfaces: [HOST],
  grant: { type: 'object', additionalProperties: false },
  functions: {
    [`${HOST}#mark`]: { mode: 'async', effect: 'idempotent' },
    [`${HOST}#once`]: { mode: 'async', effect: 'once' },
    [`${HOST}#peek`]: { mode: 'async', effect: 'read' },
    [`${HOST}#quit`]: { mode: 'sync', effect: 'none' },
  },
  within: (): true => true,
  authorize: (): true => true,
  rests: (): true => true,
} as const

/** One thing that a courier does, and how what it answers is read. */
export interface Step {
  readonly bytes: Uint8Array
  readonly read?: (input: Input, asked: readonly Steps[]) => unknown
  /** What a request has its receiver do. */
  readonly asks?: Steps
}

/** What a turn does. */
export type Steps = readonly Step[]

const sendErrors = ['denied', 'unknown-actor', 'not-served', 'too-large', 'outbox-full']
const requestErrors = [
  'denied',
  'unknown-actor',
  'not-served',
  'too-large',
  'mailbox-full',
  'stopped',
  'timeout',
  'deadlock',
  'trapped',
  'outcome-unknown',
  'failed',
]

export const send = (to: string, steps: Steps): Step => ({
  bytes: code('s', text(to), sized(encode(steps))),
  read: (input) => {
    const which = input.byte()
    return which === 0 ? 'sent' : sendErrors[which - 1]
  },
})

/** Starts a request; the first of a turn is 0. */
export const request = (to: string, steps: Steps, ms = 60_000): Step => ({
  bytes: code('r', text(to), number(ms), sized(encode(steps))),
  asks: steps,
})

/** Waits for the answer of a request. */
export const finish = (which: number): Step => ({
  bytes: code('f', number(which)),
  read: (input, asked) => {
    const error = input.byte()
    if (error > 0) return requestErrors[error - 1]
    return decode(asked[which] ?? [], input.take(input.number()))
  },
})

/** The first request of a turn and its answer. */
export const ask = (to: string, steps: Steps, ms?: number): Steps => [request(to, steps, ms), finish(0)]
export const drop = (which: number): Step => ({ bytes: code('d', number(which)) })
/** An idempotent effect. */
export const mark = (n: number): Step => ({ bytes: code('m', number(n)), read: (input) => input.number() })
/** An effect that may happen once. */
export const once = (n: number): Step => ({
  bytes: code('o', number(n)),
  read: (input) => {
    const trouble = input.byte()
    return trouble === 0 ? input.number() : ['denied', 'outcome-unknown'][trouble - 1]
  },
})
/** A look outside; waits where the world has a gate of that number. */
export const peek = (n: number): Step => ({ bytes: code('p', number(n)), read: (input) => input.number() })
/** Waits on a timer. */
export const sleep = (ms: number): Step => ({ bytes: code('w', number(ms)) })
export const add = (n: number): Step => ({ bytes: code('+', number(n)) })
export const get: Step = { bytes: code('g'), read: (input) => input.number() }
export const fail: Step = { bytes: code('e') }
export const trap: Step = { bytes: code('t') }
export const quit = (status: number): Step => ({ bytes: code('q', number(status)) })

export function encode(steps: Steps): Uint8Array {
  return Buffer.concat(steps.map(({ bytes }) => bytes))
}

/** What the steps of a turn answered. */
export function decode(steps: Steps, bytes: Uint8Array): unknown[] {
  const input = new Input(bytes)
  const asked = steps.flatMap(({ asks }) => (asks === undefined ? [] : [asks]))
  return steps.flatMap(({ read }) => (read === undefined ? [] : [read(input, asked)]))
}

class Input {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: number): Uint8Array {
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  byte(): number {
    return this.take(1)[0] ?? 0
  }

  number(): number {
    return Buffer.from(this.take(4)).readUInt32LE()
  }
}

function code(letter: string, ...operands: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(letter), ...operands])
}

function number(n: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(n)
  return bytes
}

function sized(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([number(bytes.length), bytes])
}

function text(value: string): Uint8Array {
  return sized(Buffer.from(value))
}
