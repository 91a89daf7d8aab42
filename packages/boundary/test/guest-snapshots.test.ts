import type { Component, Prepared } from '@theater/component'
import { guest } from '@theater/guests'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Boundary, decodeSnapshot, encodeSnapshot, segments } from '../src/index.ts'
import type { GuestHandle, Snapshot, TheaterEvent } from '../src/index.ts'
import { identity, load, restore, TestActor } from './support/actor.ts'

const BANK = 'test:bank/bank@1.0.0#'
const host = { imports: { 'test:bank/host': { destroyed: () => undefined } } }

let component: Component
beforeAll(async () => {
  component = await load(guest('bank'))
})

function stateOf(boundary: Boundary): Uint8Array {
  const snapshot = boundary.snapshot()
  if ('none' in snapshot) throw new Error(`${snapshot.none}: ${snapshot.message}`)
  return encodeSnapshot(snapshot)
}

/** What the host holds of the guest's, as whoever calls has it. */
interface Held {
  readonly accounts: GuestHandle[]
  readonly tokens: GuestHandle[]
}

/** One call, chosen by numbers among those that what is held allows. */
async function step(actor: TestActor, { accounts, tokens }: Held, [which, a, n]: Choice): Promise<unknown> {
  const call = (fn: string, ...args: unknown[]): Promise<unknown> => actor.value(`${BANK}${fn}`, ...args)
  const take = (from: GuestHandle[]): GuestHandle => from.splice(a % from.length, 1)[0] as GuestHandle
  const lend = (): GuestHandle => accounts[a % accounts.length] as GuestHandle
  const made = async (into: GuestHandle[], fn: string, ...args: unknown[]): Promise<unknown> => {
    const handle = (await call(fn, ...args)) as GuestHandle | undefined
    if (handle !== undefined) into.push(handle)
    return handle?.guest
  }
  // jco finds no resource whose representation is 0.
  if (which === 0) return made(tokens, 'mint', n + 1)
  if (which === 1) return made(accounts, 'find', n % 3)
  if (which === 2 && tokens.length > 0) return call('spend', take(tokens))
  if (which === 3 && accounts.length > 1)
    return made(accounts, '[static]account.merge', take(accounts), take(accounts))
  if (which === 4 && accounts.length > 0) return call('close', take(accounts))
  if (which === 5 && accounts.length > 0) return call('[method]account.add', lend(), n)
  if (which === 6 && accounts.length > 0) return call('[method]account.withdraw', lend(), n)
  if (which === 7 && accounts.length > 0) return call('balance', lend())
  return made(accounts, '[constructor]account', n)
}

type Choice = readonly [which: number, a: number, n: number]
const choices = fc.array(fc.tuple(fc.nat(9), fc.nat(5), fc.nat(50)), { minLength: 2, maxLength: 14 })

async function fresh(prepared: Prepared): Promise<Boundary> {
  const boundary = new Boundary({ component, prepared, ...identity({}) })
  await boundary.instantiate([], { complete: true })
  return boundary
}

/** The states after each turn from a place in the record on. */
async function goOn(
  boundary: Boundary,
  events: readonly TheaterEvent[],
  from: number,
): Promise<Uint8Array[]> {
  const states: Uint8Array[] = []
  for await (const segment of segments([...events])) {
    if (segment.kind !== 'turn' || segment.turn.seq < from) continue
    const end = await boundary.rerun(segment.turn, segment.events)
    if (end.tag !== 'return') throw new Error(`event ${segment.turn.seq}: ${end.tag}`)
    states.push(stateOf(boundary))
  }
  return states
}

describe('a snapshot of an actor whose resources the host holds', () => {
  it('goes on from the end of every turn as the actor did, on any plan, and live', async () => {
    const plans = [
      await component.prepare({ mode: 'sync' }),
      await component.prepare({ mode: 'jspi', asyncImports: [] }),
    ]
    await fc.assert(
      fc.asyncProperty(choices, choices, async (before, after) => {
        const actor = await TestActor.start(component, host)
        const held: Held = { accounts: [], tokens: [] }
        const taken: { readonly bytes: Uint8Array; readonly seq: number; readonly held: Held }[] = []
        for (const choice of before) {
          await step(actor, held, choice)
          const { accounts, tokens } = held
          const kept = { accounts: [...accounts], tokens: [...tokens] }
          taken.push({ bytes: stateOf(actor.boundary), seq: actor.log.events.length, held: kept })
        }
        const { events } = actor.log
        for (const prepared of plans) {
          expect(await goOn(await fresh(prepared), events, 0)).toEqual(taken.map(({ bytes }) => bytes))
          for (const [i, { bytes, seq }] of taken.entries()) {
            const boundary = await fresh(prepared)
            restore(boundary, bytes, { component, prepared })
            expect(stateOf(boundary)).toEqual(bytes)
            expect(await goOn(boundary, events, seq)).toEqual(taken.slice(i + 1).map((later) => later.bytes))
          }
        }
        const last = taken.at(-1)
        if (last === undefined) return
        const { actor: short } = await actor.revive(host, last.seq, last)
        const { actor: whole } = await actor.revive(host)
        for (const one of [short, whole]) {
          const own = { accounts: [...last.held.accounts], tokens: [...last.held.tokens] }
          for (const choice of after) await step(one, own, choice)
        }
        expect(short.log.print).toBe(whole.log.print)
        expect(stateOf(short.boundary)).toEqual(stateOf(whole.boundary))
        expect(await short.differs()).toBeUndefined()
      }),
      { numRuns: 15 },
    )
  })

  it('is refused where it says what its instance does not have', async () => {
    const actor = await TestActor.start(component, host)
    await actor.value(`${BANK}[constructor]account`, 5)
    await actor.value(`${BANK}[constructor]account`, 6)
    await actor.value(`${BANK}mint`, 7)
    const snapshot = actor.boundary.snapshot() as Snapshot
    const [first, second, token] = snapshot.handles.guest
    if (first === undefined || second === undefined || token === undefined) throw new Error('three are held')
    const forged: (typeof snapshot.handles.guest)[] = [
      [{ ...first, handle: 99 }],
      [{ ...first, handle: 0 }],
      [{ ...first, table: token.table }],
      [{ ...first, table: 7 }],
      [{ ...token, type: first.type }],
      [first, { ...second, handle: first.handle }],
      [second, first],
      [{ ...token, n: snapshot.handles.nextGuest }],
    ]
    const refused = async (held: typeof snapshot.handles.guest): Promise<unknown> => {
      const boundary = await fresh(actor.parts.prepared)
      const bytes = encodeSnapshot({ ...snapshot, handles: { ...snapshot.handles, guest: held } })
      const read = decodeSnapshot(bytes, actor.parts)
      return 'none' in read ? read : boundary.restore(read)
    }
    expect(await refused(snapshot.handles.guest)).toBeUndefined()
    for (const held of forged) expect(await refused(held)).toMatchObject({ none: 'misfit' })
  })
})
