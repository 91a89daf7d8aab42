import assert from 'node:assert/strict'
import type { AnyHandler, Binding } from '@theater/handler'
import { inWorld } from '../caller.ts'
import type { Guest, GuestCall, Law, Subject } from '../subject.ts'
import { sources } from './guest-actor.ts'
import type { GuestActor, Played } from './guest-actor.ts'
import { lawOfGuests, Stage } from './stage.ts'

/** Laws of a handler whose actor was recorded: its re-run needs no handler, and goes on live with the same resources. */
export const lawsOfRecords: readonly Law[] = [
  lawOfGuests(
    'recorded, it is re-run without its handler, to the same head',
    async (subject, guest, calls) => {
      await inWorld(subject.make, async (world) => {
        await using stage = await Stage.open(subject, guest, world)
        const actor = await stage.spawn()
        const played = await actor.all(calls)
        assert.ok(
          played.some(({ tag }) => tag === 'answered'),
          'no call of the guest was answered',
        )
        await stage.verify(actor.id)
      })
    },
  ),

  lawOfGuests(
    'an actor comes back from its record without its handler being asked',
    async (subject, guest, calls) => {
      await inWorld(subject.make, async (world) => {
        await using stage = await Stage.open(subject, guest, world)
        const actor = await stage.spawn()
        const played = await actor.all(calls)
        const turns = played.filter(({ tag }) => tag === 'answered' || tag === 'err').length
        const before = await stage.state()
        const { state, events } = stage.info(actor.id)
        const asked: string[] = []
        await stage.restart(deaf(world.handler, asked))
        if (state === 'idle') await stage.wake(actor.id)
        const back = stage.info(actor.id)
        assert.equal(back.state, state, 'the actor did not come back')
        if (state === 'idle') {
          // Every turn of it was re-run, and the change of writer is all that the record got.
          assert.equal(back.recovery?.turns, turns, 'not every turn was re-run')
          assert.equal(back.events, events + 1)
        }
        assert.deepEqual(asked, [], 'the re-run asked the handler')
        assert.deepEqual(await stage.state(), before, 'the re-run changed the world')
      })
    },
  ),

  lawOfGuests('what an actor holds goes on live after a restart', (subject, guest, calls) =>
    goesOn(subject, guest, calls, (stage) => stage.restart()),
  ),

  lawOfGuests('what an actor holds goes on live after a trap', (subject, guest, calls) =>
    goesOn(subject, guest, calls, (_stage, actor) => actor.trap()),
  ),
]

/**
 * Makes the calls with an interruption before each, and holds every answer against that of an actor that nobody
 * interrupts: the same case, unless the call is on a resource that need not resume, or on what came of one.
 */
async function goesOn(
  subject: Subject,
  guest: Guest,
  calls: readonly GuestCall[],
  interrupt: (stage: Stage, actor: GuestActor) => Promise<void>,
): Promise<void> {
  const expected = await inWorld(subject.make, async (world) => {
    await using stage = await Stage.open(subject, guest, world)
    const actor = await stage.spawn()
    return await actor.all(calls)
  })
  await inWorld(subject.make, async (world) => {
    await using stage = await Stage.open(subject, guest, world)
    const actor = await stage.spawn()
    const broken = new Set<string>()
    for (const [index, sample] of calls.entries()) {
      await interrupt(stage, actor)
      const mayBreak = sample.breaks === true || usesMortal(calls, sample, actor)
      const mayLack = mayBreak || asksFor(sample, actor).some((fn) => broken.has(fn))
      const played = await actor.call(sample)
      const wanted = expected[index]
      assert.ok(wanted)
      if ((mayBreak && played.tag === 'err') || (mayLack && played.tag === 'skipped')) {
        broken.add(sample.fn)
        continue
      }
      assert.deepEqual(
        withoutValue(played),
        withoutValue(wanted),
        `call ${index}, ${sample.fn}, ends otherwise after an interruption`,
      )
    }
    await stage.verify(actor.id)
  })
}

/** The functions whose answers a call is made of, whether they answered or not. */
function asksFor(sample: GuestCall, { made }: GuestActor): readonly string[] {
  const asked: string[] = []
  sample.args((fn) => {
    asked.push(fn)
    return made(fn)
  })
  return asked
}

/** Whether a call is on a resource that need not resume. */
function usesMortal(calls: readonly GuestCall[], sample: GuestCall, actor: GuestActor): boolean {
  for (const fn of sources(sample, actor.made)) {
    if (calls.some((call) => call.fn === fn && call.makes !== undefined && call.resumes !== true)) return true
  }
  return false
}

/** Two worlds differ in times and hashes, so what was answered is not compared; whether it was, and each error is. */
function withoutValue(played: Played): unknown {
  return played.tag === 'answered' ? { tag: played.tag } : played
}

/** A handler that binds as the real one does, and notes whatever is asked of it. */
function deaf(handler: AnyHandler, asked: string[]): AnyHandler {
  const functions = Object.fromEntries(
    Object.entries(handler.functions).map(([fn, declared]) => {
      const heard = (what: string) => (): never => {
        asked.push(`${what} ${fn}`)
        throw new Error(`${fn} was asked while a record was re-run`)
      }
      return [fn, { ...declared, ...(declared.ask && { ask: heard('ask of') }) }]
    }),
  )
  return {
    ...handler,
    functions,
    bind: () => ({ imports: listener('', asked), resume: () => note('resume', asked) }) as Binding,
  }
}

/** An object all of whose properties are functions, or objects of functions, that throw. */
function listener(path: string, asked: string[]): object {
  return new Proxy(() => undefined, {
    get: (_target, key) =>
      typeof key === 'string' && key !== 'then' ? listener(`${path}.${key}`, asked) : undefined,
    apply: () => note(path, asked),
  })
}

function note(what: string, asked: string[]): never {
  asked.push(what)
  throw new Error(`${what} was called while a record was re-run`)
}
