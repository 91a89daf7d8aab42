import { decodeEvent } from '@theater/event-chain'
import type { Cause } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'
import { encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { expect, it } from 'vitest'
import { checkGraph } from './support/graph-in-parts.ts'
import { draft, forge, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'
import { genesis } from './support/genesis.ts'

const head = [genesis('a'), draft('seed', { seed: new Uint8Array(32) })]
const ret = draft('return', { result: Uint8Array.of(0x81, 0x81, 0), fuel: null })
const trap = draft('trap', { code: 'guest', fuel: null })
const send = (call: number): Draft => draft('send', { call })
const said = (text: string): Data => ['text/plain', new TextEncoder().encode(text)]
const turn = (fn: string, args: Data, time: number, cause: Cause | null = null): Draft =>
  draft('turn', { fn, args: encodeData(args), sender: null, cause, time, made: [] })
const go = (time = 0): Draft => turn('go', [], time)

function call(fn: string, args: Data, answer: readonly Data[]): Draft {
  const outcome = { result: encodeData([answer]), elapsed: 0, made: [], denied: false, closed: false }
  const id = `theater:timer/timers@0.1.0#${fn}`
  return draft('call', { fn: id, args: encodeData(args), ask: null, fuel: null, outcome })
}

const once = (id: number, due: number): Draft => call('once', [[0, due], said('x')], [0, [id, due, []]])
const every = (id: number, ms: number): Draft => call('every', [ms, said('x')], [0, [id, ms, [ms]]])
const cancel = (id: number): Draft => call('cancel', [id], [0])

function fired(
  cause: Cause,
  {
    id = 3,
    due = 100,
    missed = 0,
    time = due,
    text = 'x',
  }: {
    readonly id?: number
    readonly due?: number
    readonly missed?: number
    readonly time?: number
    readonly text?: string
  } = {},
): Draft {
  return turn('theater:timer/target@0.1.0#fired', [[id, due, missed], said(text)], time, cause)
}

async function causeOf({ store, chain }: ChainSource, seq: number): Promise<Cause> {
  for await (const stored of store.read(chain, seq, seq + 1))
    return { chain, seq, hash: (await decodeEvent(stored, seq)).hash }
  throw new TypeError(`there is no event ${seq}`)
}

/** What is found of a chain that goes on after an event 4 with which a timer leaves; event 6 is the next. */
async function found(
  set: Draft,
  rest: (cause: Cause) => readonly Draft[],
  {
    end = ret,
    hidden = () => false,
  }: { readonly end?: Draft; readonly hidden?: (seq: number) => boolean } = {},
): Promise<string> {
  const before = [...head, go(), set, send(3), end]
  const cause = await causeOf(await forge(before), 4)
  const source = withhold(await forge([...before, ...rest(cause)]), hidden)
  const { held, unchecked, faults } = await checkGraph([source])
  const [fault] = faults
  if (fault !== undefined) return `${fault.index}: ${fault.message}`
  return `${held} held${unchecked.map(({ index, why }) => `, ${index} ${why}`).join('')}`
}

it('holds where each time that a timer is due fires once', async () => {
  expect(await found(once(3, 100), (cause) => [fired(cause), ret])).toBe('1 held')
  const all = (cause: Cause) => [
    fired(cause),
    ret,
    fired(cause, { due: 200, time: 250 }),
    trap,
    fired(cause, { due: 500, missed: 2, time: 512 }),
    ret,
  ]
  expect(await found(every(3, 100), all)).toBe('3 held')
})

it('does not hold for a timer that fires twice, too often, for another time, or before it is due', async () => {
  const gone = 'event 4 sets no timer that is still to fire: it was cancelled, or has fired'
  expect(await found(once(3, 100), (cause) => [fired(cause), ret, fired(cause), ret])).toBe(`8: ${gone}`)
  const other = 'the timer 3 fires for another time than it is due'
  for (const [firing, message] of [
    [{ due: 200 }, other],
    [{ due: 200, missed: 2 }, other],
    [{ due: 150 }, other],
    [{ due: 100, time: 99 }, 'the timer 3 fires before it is due'],
    [{ id: 4 }, 'event 4 sets the timer 3, not 4'],
    [{ text: 'y' }, 'the timer 3 was set with another message'],
  ] as const)
    expect(await found(every(3, 100), (cause) => [fired(cause, firing), ret])).toBe(`6: ${message}`)
  expect(await found(every(3, 100), (cause) => [fired(cause), ret, fired(cause), ret])).toBe(`8: ${other}`)
  expect(await found(once(3, 100), (cause) => [fired(cause, { due: 200, missed: 1 }), ret])).toBe(
    `6: ${other}`,
  )
})

it('does not hold for a timer that was cancelled, never left, or is none', async () => {
  const gone = 'event 4 sets no timer that is still to fire: it was cancelled, or has fired'
  const cancelled = (cause: Cause) => [go(), cancel(3), send(7), ret, fired(cause), ret]
  expect(await found(every(3, 100), cancelled)).toBe(`10: ${gone}`)
  const undone = (cause: Cause) => [go(), cancel(3), send(7), trap, fired(cause), ret]
  expect(await found(every(3, 100), undone)).toBe('1 held')
  expect(await found(every(3, 100), (cause) => [fired(cause), ret], { end: trap })).toBe(`6: ${gone}`)
  const elsewhere = (cause: Cause) => [fired({ ...cause, chain: new Uint8Array(32) }), ret]
  expect(await found(once(3, 100), elsewhere)).toBe('6: a timer fires by an event of another chain')
  expect(await found(once(3, 100), (cause) => [fired({ ...cause, seq: 2 }), ret])).toContain(
    '6: event 2 sets no timer',
  )
  const forged = (cause: Cause) => [fired({ ...cause, hash: new Uint8Array(32) }), ret]
  expect(await found(once(3, 100), forged)).toBe('6: the cause is another event 4 than that of a')
})

it('accuses nobody of what is withheld', async () => {
  const firings = (cause: Cause) => [
    fired(cause),
    ret,
    fired(cause, { due: 200 }),
    ret,
    fired(cause, { due: 300 }),
    ret,
  ]
  for (const hidden of [3, 4])
    expect(await found(every(3, 100), firings, { hidden: (seq) => seq === hidden })).toBe(
      '0 held, 6 withheld, 8 withheld, 10 withheld',
    )
  expect(await found(every(3, 100), firings, { hidden: (seq) => seq === 8 })).toBe('2 held')
})
