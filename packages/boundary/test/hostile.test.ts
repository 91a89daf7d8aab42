import { fromCore } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { load, show, TestActor } from './support/actor.ts'

/** Types that are one core i32, and what they make of one that is out of range. */
const TYPES = {
  bool: 'bool',
  u8: 'u8',
  s8: 's8',
  u16: 'u16',
  s16: 's16',
  char: 'char',
  enum: 'size',
  flags: 'bits',
} as const
const names = Object.keys(TYPES) as (keyof typeof TYPES)[]

const guest = fromCore(
  `(module
    ${names.map((name) => `(import "test:raw/host" "take-${name}" (func $take-${name} (param i32)))`).join('\n')}
    (import "test:raw/host" "take-text" (func $take-text (param i32 i32)))
    (import "test:raw/host" "take-list" (func $take-list (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "ok\\ff\\fe\\c3(")
    ${names
      .map(
        (name) => `(func (export "give-${name}") (param i32) (result i32) (local.get 0))
    (func (export "pass-${name}") (param i32) (call $take-${name} (local.get 0)))`,
      )
      .join('\n')}
    (func (export "pass-text") (param i32 i32) (call $take-text (local.get 0) (local.get 1)))
    (func (export "pass-list") (param i32 i32) (call $take-list (local.get 0) (local.get 1))))`,
  `package test:raw;
  interface types { enum size { small, large } flags bits { one, two, three } }
  interface host {
    use types.{size, bits};
    ${names.map((name) => `take-${name}: func(x: ${TYPES[name]});`).join('\n')}
    take-text: func(x: string);
    take-list: func(x: list<u32>);
  }
  world raw {
    use types.{size, bits};
    import host;
    ${names.map((name) => `export give-${name}: func(raw: u32) -> ${TYPES[name]}; export pass-${name}: func(raw: u32);`).join('\n')}
    export pass-text: func(at: u32, length: u32);
    export pass-list: func(at: u32, length: u32);
  }`,
  'raw',
)

describe('what a guest makes up', async () => {
  const component = await load(await guest)
  const seen: unknown[] = []
  const take = (x: unknown): void => void seen.push(x)
  const start = (): Promise<TestActor> =>
    TestActor.start(component, {
      imports: {
        'test:raw/host': Object.fromEntries(
          [...names, 'text', 'list'].map((name) => [`take${name[0]?.toUpperCase()}${name.slice(1)}`, take]),
        ),
      },
    })

  it.each(names)('%s out of range is a value of the type or a trap, both ways and again', async (name) => {
    for (const raw of [0, 1, 2, 7, 8, 127, 128, 255, 256, 300, 65_536, 0xd800, 0x11_0000, 0xffff_ffff]) {
      const outcomes: unknown[] = []
      for (const way of ['give', 'pass']) {
        const actor = await start()
        seen.length = 0
        const end = await actor.turn(`${way}-${name}`, raw)
        expect(['return', 'trap guest']).toContain(end.tag === 'return' ? end.tag : show(end))
        expect(await actor.differs()).toBeUndefined()
        outcomes.push(end.tag === 'return' ? (way === 'give' ? end.value : seen[0]) : end.tag)
      }
      // What comes out does not depend on which side it comes out of.
      expect(outcomes[0]).toEqual(outcomes[1])
    }
  })

  // Where the canonical ABI traps, jco's glue replaces what is no UTF-8, and cuts a list off at the end of memory: the same
  // on every engine, so a re-run agrees, and nothing of the host's is in it.
  it.each([
    ['text', 0, 2, 'ok'],
    ['text', 0, 6, 'ok\ufffd\ufffd\ufffd('],
    ['text', 65_535, 2, 'trap guest'],
    ['text', 0, 0xffff_ffff, 'trap guest'],
    ['text', 0xffff_ffff, 0, 'trap guest'],
    ['list', 0, 0, new Uint32Array()],
    ['list', 65_532, 2, new Uint32Array(1)],
    ['list', 2, 1, 'trap guest'],
    ['list', 64, 0x4000_0001, new Uint32Array(16_368)],
    ['list', 0xffff_fffc, 0, new Uint32Array()],
  ])('a %s at %i of length %i', async (name, at, length, expected) => {
    const actor = await start()
    seen.length = 0
    const end = await actor.turn(`pass-${name}`, at, length)
    expect(end.tag === 'return' ? seen[0] : show(end)).toEqual(expected)
    expect(await actor.differs()).toBeUndefined()
  })
})
