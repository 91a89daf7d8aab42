import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ComponentMaps, showFrames } from '../src/component-maps.ts'
import { folder } from './support/theater.ts'

const component = `sha256:${'ab'.repeat(32)}`

/** Line 1 of the module is line 1 of own.ts; line 2 is line 5, column 3, of the kit's; line 3 is line 8 of own.ts. */
const MAP = {
  version: 3,
  file: 'a.wasm',
  sources: ['src/own.ts', 'kit.ts'],
  names: [],
  mappings: 'AAAA;ACIE;ADGF',
  ignoreList: [1],
  x_theater: { component, module: 'actor.js' },
}

function maps(map: unknown = MAP): ComponentMaps {
  const made = new ComponentMaps(join(folder(), 'maps'))
  made.keep(JSON.stringify(map), component, process.cwd())
  made.know('a', component)
  return made
}

describe('the frames of a stack', () => {
  it('are those of the actor’s own sources, with names that a person knows', () => {
    const stack =
      'serve/dispatch/add<@actor.js:1:4\nkit@actor.js:2:1\nasync*later@actor.js:3:1\nstart@/tmp/x/init.js:9:9\n'
    expect(maps().frames('a', stack)).toEqual([
      { name: 'add', file: 'src/own.ts', line: 1, column: 1 },
      { name: 'later', file: 'src/own.ts', line: 8, column: 1 },
    ])
  })

  it('have the names that stand in the source, where the bundler put numbers behind them', () => {
    // The map says that what is called in line 3 is named `check`.
    const made = maps({ ...MAP, names: ['check'], mappings: 'AAAA;ACIE;ADGFA' })
    const names = (stack: string): readonly string[] | undefined =>
      made.frames('a', stack)?.map(({ name }) => name)
    expect(names('check2@actor.js:1:4\nadd@actor.js:3:1')).toEqual(['check', 'add'])
    expect(names('checked2@actor.js:1:4\nadd@actor.js:3:1')).toEqual(['checked2', 'add'])
    expect(names('check2@actor.js:1:4\nkit@actor.js:2:1\nadd@actor.js:3:1')).toEqual(['check2', 'add'])
  })

  it('are those of the kit where there are no others', () => {
    expect(maps().frames('a', 'f@actor.js:2:1')).toEqual([{ name: 'f', file: 'kit.ts', line: 5, column: 3 }])
  })

  it.for([
    ['text', 'it went wrong'],
    ['a stack and more', 'f@actor.js:1:1\nand more'],
    ['another engine’s', 'at f (actor.js:1:1)'],
    ['a place that is not there', 'f@actor.js:900:1'],
    ['another module', 'f@other.js:1:1'],
    ['a number that is none', `f@actor.js:${'9'.repeat(400)}:1`],
    ['nothing', ''],
  ] as const)('are not found in %s', ([, stack]) => {
    expect(maps().frames('a', stack)).toBeUndefined()
  })

  it('are not known of an actor of another component, or without a map', () => {
    const made = maps()
    made.know('b', `sha256:${'cd'.repeat(32)}`)
    expect(made.frames('b', 'f@actor.js:1:1')).toBeUndefined()
    expect(made.frames('c', 'f@actor.js:1:1')).toBeUndefined()
    expect([made.has('a'), made.has('b'), made.has('c')]).toEqual([true, false, false])
  })

  it.for([
    ['text', 'map'],
    ['null', null],
    ['no mappings', { ...MAP, mappings: 1 }],
    ['no sources', { ...MAP, sources: 'own.ts' }],
    ['nothing of a component', { ...MAP, x_theater: undefined }],
    ['of another component', { ...MAP, x_theater: { component: 'sha256:00', module: 'actor.js' } }],
  ] as const)('are not known by a map that is %s', ([, map]) => {
    expect(maps(map).frames('a', 'f@actor.js:1:1')).toBeUndefined()
  })

  it('are few, and say how many more', () => {
    const frames = Array.from({ length: 40 }, (_, line) => ({ name: 'f', file: 'a.ts', line, column: 1 }))
    const lines = showFrames(frames)
    expect(lines).toHaveLength(13)
    expect(lines.at(0)).toBe('at f (a.ts:0:1)')
    expect(lines.at(-1)).toBe('and 28 more')
  })
})

it('a map that lies beside a component is kept if it is of that component', () => {
  const cwd = folder()
  const made = new ComponentMaps(join(cwd, 'maps'))
  made.adopt(join(cwd, 'none.wasm'), component)
  writeFileSync(
    join(cwd, 'a.wasm.map'),
    JSON.stringify({ ...MAP, x_theater: { component: 'x', module: 'y' } }),
  )
  made.adopt(join(cwd, 'a.wasm'), component)
  expect(readdirSync(cwd)).not.toContain('maps')
  writeFileSync(join(cwd, 'a.wasm.map'), JSON.stringify(MAP))
  made.adopt(join(cwd, 'a.wasm'), component)
  made.know('a', component)
  // Its sources are relative to where it lay.
  expect(made.frames('a', 'f@actor.js:1:1')?.[0]?.file).toBe(join(cwd, 'src/own.ts'))
})
