import { expect, test } from 'vitest'
import { hasHandle, partsOf } from '../src/index.ts'
import type { ValType } from '../src/index.ts'

const u8: ValType = { kind: 'u8' }
const text: ValType = { kind: 'string' }
const resource = { side: 'import', interface: 'a:b/c', name: 'r' } as const
const handle: ValType = { kind: 'own', resource }

/** Every way to be made of two types, or of the first alone. */
const made = (a: ValType, b: ValType): readonly (readonly [ValType, readonly ValType[]])[] => [
  [{ kind: 'list', element: a }, [a]],
  [{ kind: 'option', payload: a }, [a]],
  [{ kind: 'result', ok: a, err: b }, [a, b]],
  [{ kind: 'result', ok: null, err: b }, [b]],
  [{ kind: 'result', ok: null, err: null }, []],
  [{ kind: 'tuple', elements: [a, b] }, [a, b]],
  [
    {
      kind: 'record',
      fields: [
        { name: 'x', type: a },
        { name: 'y', type: b },
      ],
    },
    [a, b],
  ],
  [
    {
      kind: 'variant',
      cases: [
        { name: 'x', type: null },
        { name: 'y', type: b },
      ],
    },
    [b],
  ],
  [{ kind: 'enum', cases: ['x'] }, []],
  [{ kind: 'flags', names: ['x'] }, []],
  [u8, []],
  [handle, []],
]

test('a type is made of its parts, in order', () => {
  for (const [type, parts] of made(u8, text)) expect(partsOf(type)).toEqual(parts)
})

test('a type holds resources where a part of it does, however deep', () => {
  expect([handle, { kind: 'borrow', resource } as const].map(hasHandle)).toEqual([true, true])
  for (const [type] of made(u8, text)) expect(hasHandle(type)).toBe(type === handle)
  for (const [type, parts] of made(handle, handle)) {
    const holds = parts.length > 0 || type === handle
    expect(hasHandle(type)).toBe(holds)
    expect(hasHandle({ kind: 'list', element: { kind: 'option', payload: type } })).toBe(holds)
  }
})
