import { WitError } from '@theater/handler'
import type { AnyHandler, Binding } from '@theater/handler'
import type { Json } from '@theater/values'
import { describe, expect, test } from 'vitest'
import { laws, runtimeLaws, violated } from '../src/index.ts'
import type { Subject } from '../src/index.ts'
import { boxSubject, replace } from './box.ts'
import type { Mutation } from './box.ts'

const BOX = 'test:box/boxes@0.1'
const [put, open] = [`${BOX}#put`, `${BOX}#open`]
const change =
  (fn: string, to: object) =>
  (good: AnyHandler['functions']): AnyHandler['functions'] => ({ ...good, [fn]: { ...good[fn]!, ...to } })
let times = 0

/** A subject whose world looks different whenever it is looked at. */
const restless = (good: Subject): Subject => ({
  ...good,
  make: async () => ({ ...(await good.make()), state: () => times++ }),
})
/** A `put` that answers, and does something to the host. */
const puts = (deed: () => unknown): Mutation => ({
  binding: (good) => replace(good, { put: async () => void deed() }),
})

/** Each breaks the law it stands under. */
const mutants: Readonly<Record<string, readonly Mutation[]>> = {
  'recorded, it is re-run without its handler, to the same head': [
    // Its guest is answered nothing.
    {
      subject: (good) => ({
        ...good,
        guest: { ...good.guest!, calls: [{ fn: open, args: () => ['nobody'] }] },
      }),
    },
    { binding: (good) => replace(good, { names: () => [1] }) },
    { binding: (good) => ({ ...good, describe: () => ({ at: new Date() }) as never }) },
    { subject: (good) => ({ ...good, calls: good.calls.slice(-1) }) },
  ],
  'an actor comes back from its record without its handler being asked': [
    // Whoever looks at all of it changes the world.
    {
      handler: (good, names) =>
        Object.defineProperty({ ...good }, 'more', { enumerable: true, get: () => names.add('x') }),
    },
    { subject: restless },
  ],
  'what an actor holds goes on live after a restart': [
    // What was let go of takes with it what others resume from.
    (() => {
      const over = new WeakSet<object>()
      return {
        binding: (good: Binding, names: Set<string>) => ({
          ...good,
          resume: (type: string, description: Json) =>
            over.has(names) ? undefined : good.resume?.(type, description),
          async [Symbol.asyncDispose]() {
            over.add(names)
          },
        }),
      }
    })(),
    { binding: (good) => ({ ...good, resume: () => undefined }) },
    { binding: (good) => ({ ...good, resume: () => ({ name: () => 7 }) }) },
    { binding: (good) => ({ ...good, describe: () => undefined }) },
  ],
  'what an actor holds goes on live after a trap': [
    {
      binding(good) {
        let resumed = 0
        return { ...good, resume: (...args) => (resumed++ > 0 ? undefined : good.resume?.(...args)) }
      },
    },
    { binding: (good) => ({ ...good, resume: () => undefined }) },
    { binding: (good) => ({ ...good, resume: () => ({}) }) },
  ],
  'a refused call is an event that says so, and has no effect': [
    { handler: (good) => ({ ...good, authorize: () => true }) },
    { functions: change(put, { ask: undefined }) },
    {
      functions: (good, names) => change(put, { deny: () => (names.add('x'), new WitError('denied')) })(good),
    },
    { functions: change(put, { deny: () => new WitError('no-such-case') }) },
  ],
  "a number of one actor's resource is nothing to another actor": [
    {
      // A call that takes no resource, and says that it does.
      subject: (good) => ({
        ...good,
        calls: [...good.calls, { fn: open, args: (made) => (made(open) === undefined ? [] : ['a']) }],
      }),
    },
  ],
  'nothing a guest calls ends or alters the host': [
    {
      binding: (good, names, actor) =>
        replace(good, {
          // Only a hostile name finds it.
          async put(name: string) {
            actor.signal.throwIfAborted()
            if (name.includes('\0')) throw new TypeError('a NUL')
            names.add(name)
          },
        }),
    },
    puts(() => process.exit(1)),
    puts(() => process.chdir('/')),
    puts(() => void (process.exitCode = 9)),
    puts(() => void (process.env['THEATER_MUTANT'] = String(times++))),
    puts(() => Object.defineProperty(globalThis, `mutant${times++}`, { value: 1, configurable: true })),
    puts(() => Object.assign(Map.prototype, { [`mutant${times++}`]: 1 })),
  ],
}

describe('every law of guests', () => {
  test('has a mutant', () => {
    expect(Object.keys(mutants)).toEqual(runtimeLaws.map((law) => law.name))
  })

  test('says nothing of a subject without a guest', async () => {
    const { guest: _, ...subject } = boxSubject()
    for (const law of runtimeLaws) await expect(law.run(subject)).resolves.toBeUndefined()
  })

  describe.each(runtimeLaws)('$name', (law) => {
    test.each(mutants[law.name]!.map((mutant, index) => ({ index, mutant })))(
      'catches mutant $index',
      async ({ mutant }) => {
        const { exitCode } = process
        const folder = process.cwd()
        await expect(law.run(boxSubject(mutant))).rejects.toBeInstanceOf(Error)
        process.exitCode = exitCode
        process.chdir(folder)
      },
    )
  })
})

describe('a broken handler of boxes, which a guest has', () => {
  test.each(runtimeLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const mutant = mutants[name]![name.startsWith('a refused call is an event') ? 3 : 0]!
    const broken: string[] = []
    for (const law of [...laws, ...runtimeLaws]) broken.push(...(await violated([law], boxSubject(mutant))))
    expect(broken).toEqual([name])
  })
})

test('names of laws are different', () => {
  const names = [...laws, ...runtimeLaws].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
