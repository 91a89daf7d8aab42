import { WitError } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { laws, runtimeLaws } from '../src/index.ts'
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
    { binding: (good) => replace(good, { names: () => [1] }) },
    { binding: (good) => ({ ...good, describe: () => ({ at: new Date() }) as never }) },
    { subject: (good) => ({ ...good, calls: good.calls.slice(-1) }) },
  ],
  'an actor comes back from its record without its handler being asked': [{ subject: restless }],
  'what an actor holds goes on live after a restart': [
    { binding: (good) => ({ ...good, resume: () => undefined }) },
    { binding: (good) => ({ ...good, resume: () => ({ name: () => 7 }) }) },
    { binding: (good) => ({ ...good, describe: () => undefined }) },
  ],
  'what an actor holds goes on live after a trap': [
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
    puts(() => process.exit(1)),
    puts(() => process.chdir('/')),
    puts(() => void (process.exitCode = 9)),
    puts(() => void (process.env['THEATER_MUTANT'] = String(times++))),
    puts(() => Object.defineProperty(globalThis, `mutant${times++}`, { value: 1, configurable: true })),
    puts(() => Object.assign(Map.prototype, { [`mutant${times++}`]: 1 })),
    {
      binding: (good) =>
        replace(good, {
          // Only a hostile name finds it.
          put: async (name: string) => {
            if (name.includes('\0')) throw new TypeError('a NUL')
          },
        }),
    },
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

test('names of laws are different', () => {
  const names = [...laws, ...runtimeLaws].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
