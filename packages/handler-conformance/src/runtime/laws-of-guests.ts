import assert from 'node:assert/strict'
import type { Event } from '@theater/event-chain'
import { inWorld } from '../caller.ts'
import type { Guest, GuestCall, Law } from '../subject.ts'
import { sources } from './guest-actor.ts'
import type { GuestActor } from './guest-actor.ts'
import { hostileCalls } from './hostile-values.ts'
import { guarded } from './host-guard.ts'
import { lawOfGuests, Stage } from './stage.ts'

/** Laws of what a guest can do to a handler, its host and other actors: nothing that it was not granted. */
export const lawsOfGuests: readonly Law[] = [
  lawOfGuests('a refused call is an event that says so, and has no effect', async (subject, guest, calls) => {
    for (const [index, sample] of calls.entries()) {
      const grant = sample.refusedUnder
      if (grant === undefined) continue
      await inWorld(subject.make, async (world) => {
        await using stage = await Stage.open(subject, guest, world)
        const actor = await stage.spawn('actor', grant)
        await actor.all(calls.slice(0, index))
        const before = await stage.state()
        const { events: from } = stage.info(actor.id)
        const played = await actor.call(sample)
        assert.deepEqual(await stage.state(), before, `${sample.fn} was refused and had an effect`)
        if (played.tag === 'skipped') return
        if (world.handler.functions[sample.fn]?.deny !== undefined) {
          assert.equal(played.tag, 'err', `${sample.fn} was not refused with an error of its interface`)
          checkDenial(sample.fn, await stage.events(actor.id, from))
        }
        await stage.verify(actor.id)
      })
    }
  }),

  lawOfGuests(
    "a number of one actor's resource is nothing to another actor",
    async (subject, guest, calls) => {
      await inWorld(subject.make, async (world) => {
        await using stage = await Stage.open(subject, guest, world)
        const one = await stage.spawn('one')
        const other = await stage.spawn('other')
        for (const sample of calls) {
          if (!usesResource(guest, calls, sample, one)) {
            await one.call(sample)
            continue
          }
          const before = await stage.state()
          const played = await other.call(sample, sample.args(one.made))
          const taken = played.tag === 'answered' || played.tag === 'err'
          // A drop does not reach the handler; what a guest does to its own numbers is its own business.
          assert.ok(
            !taken || sample.fn.includes('#[drop]'),
            `${sample.fn} took the number of a resource that another actor holds`,
          )
          assert.deepEqual(
            await stage.state(),
            before,
            `${sample.fn} had an effect through another's resource`,
          )
          const mine = await one.call(sample)
          assert.notEqual(
            mine.tag,
            'trapped',
            `${sample.fn} traps after another actor tried to use its resource`,
          )
        }
      })
    },
  ),

  lawOfGuests('nothing a guest calls ends or alters the host', async (subject, guest, calls) => {
    const changed = await guarded(async () => {
      const seen = new Set<string>()
      for (const [index, sample] of calls.entries()) {
        if (seen.has(sample.fn)) continue
        seen.add(sample.fn)
        await inWorld(subject.make, async (world) => {
          await using stage = await Stage.open(subject, guest, world)
          await assault(stage, calls.slice(0, index), sample)
        })
      }
    })
    assert.deepEqual(changed, [], 'the host is not what it was')
    // And it still serves whoever is honest.
    await inWorld(subject.make, async (world) => {
      await using stage = await Stage.open(subject, guest, world)
      const actor = await stage.spawn()
      await actor.all(calls)
      await stage.verify(actor.id)
    })
  }),
]

/** Calls one function with everything that its types allow, on true and on forged resources. */
async function assault(stage: Stage, before: readonly GuestCall[], sample: GuestCall): Promise<void> {
  let lives = 0
  const fresh = async (): Promise<GuestActor> => {
    const actor = await stage.spawn(`actor-${++lives}`)
    await actor.all(needed(before, sample))
    return actor
  }
  let actor = await fresh()
  const types = actor.exported(sample.fn)?.params.map(({ type }) => type)
  if (types === undefined) return
  const lists = hostileCalls(types, sample.args(actor.made))
  for (const [index, args] of lists.entries()) {
    const played = await actor.call(sample, args)
    // Each trap makes the actor again from its record, which is why none gets long.
    if (played.tag === 'ended' || index % 16 === 15) {
      await stage.verify(actor.id)
      actor = await fresh()
    }
  }
  await stage.verify(actor.id)
}

/** Of the calls before one, those that make what it is on. */
function needed(before: readonly GuestCall[], sample: GuestCall): readonly GuestCall[] {
  const wanted = new Set<string>()
  const want = (call: GuestCall): void => {
    call.args((fn) => void wanted.add(fn))
  }
  want(sample)
  return before
    .toReversed()
    .filter((call) => {
      if (!wanted.has(call.fn)) return false
      want(call)
      return true
    })
    .toReversed()
}

/** Whether a call is on a resource of the actor, by its number. */
function usesResource(
  guest: Guest,
  calls: readonly GuestCall[],
  sample: GuestCall,
  actor: GuestActor,
): boolean {
  const givers = new Set([
    ...(guest.givers ?? []),
    ...calls.filter(({ makes }) => makes !== undefined).map(({ fn }) => fn),
  ])
  return [...sources(sample, actor.made)].some((fn) => givers.has(fn))
}

/** A refusal is one event: what was asked, and that it was refused. */
function checkDenial(fn: string, events: readonly Event[]): void {
  const name = fn.slice(fn.indexOf('#'))
  const calls = events.flatMap((event) => (event.kind === 'call' && event.content ? [event.content] : []))
  const call = calls.find((one) => one.fn.endsWith(name))
  assert.ok(call, `no event of ${fn}`)
  assert.ok(call.outcome?.denied === true, `the event of ${fn} does not say that it was refused`)
  assert.notEqual(call.ask, null, `the event of ${fn} does not say what was asked`)
}
