import assert from 'node:assert/strict'
import { WitError } from '@theater/handler'
import type { AnyHandler, Ask, Effect, Refusal } from '@theater/handler'
import { decodeData, encodeData } from '@theater/values'
import type { Json } from '@theater/values'
import { Caller, inWorld } from './caller.ts'
import { deepFreeze, hostileArguments } from './hostile.ts'
import type { Law, Subject } from './subject.ts'

/** What a call may do to the world, the least first. */
const order: readonly Effect[] = ['none', 'read', 'idempotent', 'once']

/** Laws of grants and asks: total, pure, narrowing, and a refusal refuses. */
export const lawsOfAuthority: readonly Law[] = [
  {
    name: 'asks are total, and plain data',
    async run(subject) {
      const { functions } = subject.bare()
      const lists = hostileArguments()
      for (const [fn, declared] of Object.entries(functions)) {
        if (declared.ask === undefined) continue
        for (const args of lists) {
          const ask = declared.ask({ fn, args })
          assert.deepEqual(declared.ask({ fn, args }), ask, `${fn} asks twice differently`)
          if (ask !== undefined) plain(ask, fn)
        }
      }
    },
  },
  {
    name: 'what one call does is never more than what its function may do',
    async run(subject) {
      const { functions } = subject.bare()
      const lists = hostileArguments()
      for (const [fn, declared] of Object.entries(functions)) {
        if (declared.effectOf === undefined) continue
        for (const args of lists) {
          for (const grant of [undefined, ...allGrants(subject)]) {
            const effect = declared.effectOf({ fn, args }, grant)
            assert.equal(declared.effectOf({ fn, args }, grant), effect, `${fn} does this, then that`)
            assert.ok(order.includes(effect), `${fn} does ${String(effect)}`)
            assert.ok(
              order.indexOf(effect) <= order.indexOf(declared.effect),
              `${fn} does more than it declares`,
            )
          }
        }
      }
    },
  },
  {
    name: 'authorize is total and pure',
    async run(subject) {
      await inWorld(subject.make, async (world) => {
        const before = await world.state()
        for (const ask of await asks(subject)) {
          for (const grant of allGrants(subject)) {
            const first = authorize(world.handler, grant, ask)
            verdict(first)
            assert.deepEqual(authorize(world.handler, grant, ask), first, 'authorize says this, then that')
          }
        }
        assert.deepEqual(await world.state(), before, 'authorize changed the world')
      })
    },
  },
  {
    name: 'denials are errors of the interface',
    async run(subject) {
      const { functions } = subject.bare()
      const all = await asks(subject)
      for (const [fn, declared] of Object.entries(functions)) {
        for (const ask of all) {
          const error = declared.deny?.({ fn, ask, refusal: { refused: 'for a test' } })
          assert.ok(error === undefined || WitError.is(error), `${fn} denies with something else`)
        }
      }
    },
  },
  {
    name: 'within is reflexive and transitive',
    async run(subject) {
      const handler = subject.bare()
      const grants = allGrants(subject)
      for (const a of grants) {
        assert.equal(within(handler, a, a), true, `${JSON.stringify(a)} is not within itself`)
        for (const b of grants) {
          verdict(within(handler, a, b))
          for (const c of grants) {
            if (within(handler, a, b) === true && within(handler, b, c) === true) {
              assert.equal(
                within(handler, a, c),
                true,
                `${show(a)} in ${show(b)} in ${show(c)}, and not in the last`,
              )
            }
          }
        }
      }
      assert.equal(
        within(handler, subject.least, subject.grants[0]),
        true,
        'the least is not within the widest',
      )
    },
  },
  {
    name: 'what a grant covers, every grant around it covers',
    async run(subject) {
      const handler = subject.bare()
      const all = await asks(subject)
      for (const child of allGrants(subject)) {
        for (const parent of allGrants(subject)) {
          if (within(handler, child, parent) !== true) continue
          for (const ask of all) {
            if (authorize(handler, child, ask) !== true) continue
            assert.equal(
              authorize(handler, parent, ask),
              true,
              `${show(child)} covers ${show(ask)}, ${show(parent)} around it does not`,
            )
          }
        }
      }
    },
  },
  {
    name: 'a refused call has no effect',
    async run(subject) {
      for (const [index, sample] of subject.calls.entries()) {
        const grant = sample.refusedUnder
        if (grant === undefined) continue
        await inWorld(subject.make, async (world) => {
          const caller = await Caller.bind(world, grant)
          const earlier = subject.calls.slice(0, index)
          await caller.all(earlier)
          let args = sample.args(caller.made)
          if (args.length > 0 && args[0] === undefined) {
            // What it is a method of was made under a wider grant, as one that has been narrowed since.
            const wide = await Caller.bind(world, subject.grants[0])
            await wide.all(earlier)
            args = sample.args(wide.made)
          }
          const before = await world.state()
          const outcome = await caller.call(sample, args)
          assert.deepEqual(await world.state(), before, `${sample.fn} was refused and had an effect`)
          if (caller.declared(sample.fn).deny === undefined) return
          assert.ok(outcome.tag === 'err' && outcome.denied, `${sample.fn} was not refused: ${show(outcome)}`)
        })
      }
    },
  },
  {
    name: 'every refusal is sampled',
    async run(subject) {
      for (const [fn, declared] of Object.entries(subject.bare().functions)) {
        const sampled = subject.calls.some((call) => call.fn === fn && call.refusedUnder !== undefined)
        const excused = declared.deny === undefined || subject.neverRefused?.includes(fn) === true
        assert.ok(sampled || excused, `no sample of ${fn} is refused under any grant`)
      }
    },
  },
]

/** Every grant that a subject names. */
export function allGrants(subject: Subject): readonly [Json, ...Json[]] {
  const refusing = subject.calls.flatMap((call) =>
    call.refusedUnder === undefined ? [] : [call.refusedUnder],
  )
  return [...subject.grants, subject.least, ...refusing]
}

/** What the samples ask for, and what hostile arguments ask for, each once. */
export async function asks(subject: Subject): Promise<readonly Ask[]> {
  const found = new Map<string, Ask>()
  const add = (ask: Ask | undefined): void => {
    if (ask !== undefined) found.set(JSON.stringify(ask), ask)
  }
  await inWorld(subject.make, async (world) => {
    const caller = await Caller.bind(world, subject.grants[0])
    for (const sample of subject.calls) {
      add(caller.ask(sample, sample.args(caller.made)))
      await caller.call(sample)
    }
  })
  const lists = hostileArguments()
  for (const [fn, declared] of Object.entries(subject.bare().functions)) {
    if (declared.ask !== undefined) for (const args of lists) add(declared.ask({ fn, args }))
  }
  add({})
  add({ unknown: null })
  return [...found.values()]
}

// The schema was checked before, which is what makes it sound to hand a grant over as the handler's own type.
function within(handler: AnyHandler, child: Json, parent: Json): true | Refusal {
  return handler.within(deepFreeze(child) as never, deepFreeze(parent) as never)
}

function authorize(handler: AnyHandler, grant: Json, ask: Ask): true | Refusal {
  return handler.authorize(deepFreeze(grant) as never, deepFreeze(ask))
}

function verdict(value: true | Refusal): void {
  if (value === true) return
  assert.deepEqual(Object.keys(value), ['refused'])
  assert.ok(typeof value.refused === 'string' && value.refused !== '', 'a refusal without a reason')
}

/** What goes into the record comes back the same. */
function plain(ask: Ask, fn: string): void {
  assert.deepEqual(
    decodeData(encodeData(ask)),
    JSON.parse(JSON.stringify(ask)),
    `${fn} asks for something else than data`,
  )
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)).slice(
    0,
    500,
  )
}
