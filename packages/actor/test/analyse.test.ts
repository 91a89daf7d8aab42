import { describe, expect, test } from 'vitest'
import { BuildError } from '@theater/actor/build'
import { analyse } from '../src/build/analyse.ts'

const imports = `import { defineActor } from '@theater/actor'\n`
const shape = (source: string): unknown => analyse('actor.ts', imports + source)

function thrown(call: () => unknown): BuildError {
  try {
    call()
  } catch (error) {
    if (BuildError.is(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('the shape of an actor', () => {
  test('is read from its definition', () => {
    expect(
      shape(`export default defineActor({ uses: ['fs', 'log'], state: 0, init() {}, messages: {} })`),
    ).toEqual({
      uses: ['log', 'fs'],
      state: true,
      init: true,
      messages: true,
      subscriptions: false,
      channels: false,
      websocket: false,
      childEnded: false,
      timers: false,
      fetch: false,
    })
    expect(shape('export default defineActor({ messages: { ...others } })')).toEqual({
      uses: [],
      state: false,
      init: false,
      messages: true,
      subscriptions: false,
      channels: false,
      websocket: false,
      childEnded: false,
      timers: false,
      fetch: false,
    })
    expect(shape('export default defineActor({ async fetch(ctx, request) {} })')).toMatchObject({
      fetch: true,
    })
  })

  test.for([
    `const actor = defineActor({ state: 0 })\nexport default actor`,
    `const actor = defineActor({ state: 0 })\nexport { actor as default }`,
    `export const actor = defineActor({ state: 0 })\nexport default actor`,
    `export default (defineActor({ state: 0 } as const) satisfies object)`,
    `import * as kit from '@theater/actor'\nexport default kit.defineActor({ 'state': 0 })`,
    `export default defineActor<number>({ state: 0 })`,
  ])('is found in %s', (source) => {
    expect(shape(source)).toMatchObject({ state: true })
  })

  test.for([
    [
      'export const actor = defineActor({})',
      'actor.ts: this file has no default export, and an actor is one: a call of defineActor',
    ],
    ['export default class {}', 'actor.ts:2:1: the default export of an actor must be a call of defineActor'],
    ['export default {}', 'actor.ts:2:16: the default export'],
    [
      'const options = {}\nexport default defineActor(options)',
      'actor.ts:3:16: theater build reads the definition',
    ],
    ['export default defineActor({ ...options })', 'actor.ts:2:30: theater build reads'],
    ['export default defineActor({ [key]: 1 })', 'a part that is computed'],
    ['export default defineActor({ uses })', 'uses must be a list of string literals, written out here'],
    ['export default defineActor({ uses: [name] })', 'actor.ts:2:37: uses must be a list of string literals'],
    [
      `export default defineActor({ uses: ['network'] })`,
      `actor.ts:2:37: there is no capability 'network'\n  2 | export default defineActor({ uses: ['network'] })\n    |                                     ^^^^^^^^^\n  There are: self, log,`,
    ],
    ['export default defineActor({', 'cannot be parsed'],
  ] as const)('is not found in %s', ([source, message]) => {
    const error = thrown(() => shape(source))
    expect(error.code).toBe('entry')
    expect(error.message).toContain(message)
  })
})
