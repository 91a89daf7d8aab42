import assert from 'node:assert/strict'
import { WitError } from '@theater/handler'
import { decodeData, encodeData } from '@theater/values'
import type { Json } from '@theater/values'
import { Caller, inWorld, isObject } from './caller.ts'
import type { Outcome } from './caller.ts'
import { hostileData } from './hostile.ts'
import type { Law } from './subject.ts'

/** Cases that say that something is not there. */
const ABSENCE: readonly unknown[] = ['not-found', 'no-entry', 'none', 'unknown-actor']

/** Laws of what a binding does: isolation, resources, listings, failure, end. */
export const lawsOfEffects: readonly Law[] = [
  {
    name: 'it binds afresh for every actor',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const one = await Caller.bind(world, subject.grants[0], 'one')
        const other = await Caller.bind(world, subject.grants[0], 'other')
        assert.notEqual(one.binding, other.binding)
        assert.notEqual(one.binding.imports, other.binding.imports)
        const others: readonly unknown[] = Object.values(other.binding.imports)
        for (const [track, functions] of Object.entries(one.binding.imports)) {
          assert.ok(!others.includes(functions), `two actors share the functions of ${track}`)
        }
      })
    },
  },
  {
    name: 'two configurations do not touch',
    async run(subject) {
      await inWorld(subject.make, async (one) => {
        await inWorld(subject.make, async (other) => {
          const before = await other.state()
          await (await Caller.bind(one, subject.grants[0])).all(subject.calls)
          assert.deepEqual(await other.state(), before)
        })
      })
    },
  },
  {
    name: 'without a grant nothing is reached, and neither with empty options',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const before = await world.state()
        await Caller.inert(world)?.all(subject.calls)
        assert.deepEqual(await world.state(), before, 'an inert binding reached the world')
        await inWorld(
          () => ({ handler: subject.bare(), state: () => undefined }),
          async (bare) => {
            const caller = await Caller.bind(bare, subject.least)
            for (const sample of subject.calls) {
              let missing = false
              const args = sample.args((fn) => {
                const value = caller.made(fn)
                missing ||= value === undefined
                return value
              })
              const outcome = await caller.call(sample, args)
              // What needs an object that it could not get has no say.
              if (outcome.tag === 'fault' && !missing) throw outcome.error
            }
          },
        )
        assert.deepEqual(await world.state(), before, 'a handler without options reached the world')
      })
    },
  },
  {
    name: "a resource of one actor's binding is refused by another's",
    async run(subject) {
      for (const [index, sample] of subject.calls.entries()) {
        if (sample.fn.includes('#[method]')) continue
        await inWorld(subject.make, async (world) => {
          const one = await Caller.bind(world, subject.grants[0], 'one')
          await one.all(subject.calls.slice(0, index))
          const args = sample.args(one.made)
          if (!args.some((arg) => isObject(arg) && one.objects.includes(arg))) return
          const other = await Caller.bind(world, subject.grants[0], 'other')
          const outcome = await other.call(sample, args)
          assert.notEqual(outcome.tag, 'answered', `${sample.fn} took the resource of another actor`)
        })
      }
    },
  },
  {
    name: 'what resumes, resumes from its description alone',
    async run(subject) {
      for (const [index, sample] of subject.calls.entries()) {
        const { makes, resumes } = sample
        if (makes === undefined) continue
        await inWorld(subject.make, async (world) => {
          const before = await Caller.bind(world, subject.grants[0])
          const outcome = (await before.all(subject.calls.slice(0, index + 1))).at(-1)
          if (outcome?.tag !== 'answered') return
          const description = before.description(outcome.value)
          assert.ok(description !== undefined, `${sample.fn} makes no object`)
          const recorded = decodeData(encodeData(description)) as Json
          const after = await Caller.bind(world, subject.grants[0])
          const object = after.binding.resume?.(makes, recorded)
          if (resumes !== true) return
          assert.ok(isObject(object), `${sample.fn}: ${JSON.stringify(description)} does not resume`)
          assert.deepEqual(
            after.binding.describe?.(makes, object),
            recorded,
            'the resumed object is described otherwise',
          )
        })
      }
    },
  },
  {
    name: 'no description, however hostile, makes resume or closed throw',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const { binding } = await Caller.bind(world, subject.grants[0])
        const types = new Set(subject.calls.flatMap((call) => (call.makes === undefined ? [] : [call.makes])))
        for (const type of [...types, 'unknown:unknown/unknown@0.1#unknown']) {
          for (const description of hostileData()) {
            const object = binding.resume?.(type, description as Json)
            assert.ok(object === undefined || typeof object === 'object', `${type} resumes as no object`)
          }
        }
        for (const fn of [
          ...Object.keys(world.handler.functions),
          'unknown:unknown/unknown@0.1#[method]un.known',
        ]) {
          const error = binding.closed?.(fn)
          assert.ok(
            error === undefined || WitError.is(error),
            `${fn} on a closed handle has no error of an interface`,
          )
        }
      })
    },
  },
  {
    name: 'listings are ordered',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const caller = await Caller.bind(world, subject.grants[0])
        for (const sample of subject.calls) {
          const outcome = await caller.call(sample)
          if (sample.listing === undefined || outcome.tag !== 'answered') continue
          const names = sample.listing(outcome.value)
          const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          assert.deepEqual(names, sorted, `${sample.fn} lists in another order`)
        }
      })
    },
  },
  {
    name: 'a fault is never reported as absence',
    async run(subject) {
      const { broken } = subject
      if (broken === undefined) return
      await inWorld(broken, async (world) => {
        const caller = await Caller.bind(world, subject.grants[0])
        for (const sample of subject.calls) {
          const outcome = await caller.call(sample)
          const { effect } = caller.declared(sample.fn)
          if (effect === 'none' || outcome.tag === 'skipped') continue
          assert.notEqual(outcome.tag, 'answered', `${sample.fn} answers in a world where everything fails`)
          assert.ok(!isAbsence(outcome), `${sample.fn} tells a failure as an absence`)
        }
      })
    },
  },
  {
    name: 'abort rejects',
    async run(subject) {
      for (const [index, sample] of subject.calls.entries()) {
        await inWorld(subject.make, async (world) => {
          const caller = await Caller.bind(world, subject.grants[0])
          if (caller.declared(sample.fn).mode !== 'async') return
          await caller.all(subject.calls.slice(0, index))
          const args = sample.args(caller.made)
          const before = await world.state()
          caller.actor.end(new Error('the actor was ended by a law'))
          const outcome = await caller.call(sample, args)
          if (outcome.tag === 'skipped') return
          assert.equal(outcome.tag, 'fault', `${sample.fn} answers after the end of the actor`)
          assert.deepEqual(
            await world.state(),
            before,
            `${sample.fn} has an effect after the end of the actor`,
          )
        })
      }
    },
  },
  {
    name: 'dispose is idempotent',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const caller = await Caller.bind(world, subject.grants[0])
        await caller.all(subject.calls)
        for (const object of caller.objects) {
          const dispose = (object as Partial<Disposable>)[Symbol.dispose]
          dispose?.call(object)
          dispose?.call(object)
        }
        await caller.binding[Symbol.asyncDispose]?.()
        await caller.binding[Symbol.asyncDispose]?.()
        await world.handler[Symbol.asyncDispose]?.()
        await world.handler[Symbol.asyncDispose]?.()
      })
      const bare = subject.bare()
      await bare[Symbol.asyncDispose]?.()
      await bare[Symbol.asyncDispose]?.()
    },
  },
]

function isAbsence(outcome: Outcome): boolean {
  if (outcome.tag !== 'err') return false
  const { payload } = outcome
  return ABSENCE.includes(isObject(payload) ? payload['tag'] : payload)
}
