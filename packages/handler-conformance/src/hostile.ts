/**
 * Values that a guest or a damaged record may bring to where a handler expects something else. No text has unpaired
 * surrogates: the boundary replaces them before anybody looks.
 */
const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  2 ** 32 - 1,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0n,
  2n ** 64n - 1n,
  -(2n ** 63n),
  '',
  'a',
  'actor',
  '*',
  '.',
  '..',
  '/',
  '../../etc/passwd',
  'a/../b',
  '/absolute',
  'nul\u0000',
  'line\nbreak',
  '\u001b[2J',
  '\u{10ffff}',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(100_000),
  new Uint8Array(),
  new Uint8Array(32),
  new Uint8Array(33),
  new Float64Array([Number.NaN]),
  [],
  [[]],
  ['a', 'b'],
  [['', '']],
  {},
  Object.create(null),
  { tag: 'ok', val: undefined },
  { tag: 'err', val: null },
  { tag: '__proto__' },
  { to: {}, id: [], mount: 1, path: null, stdio: {} },
  JSON.parse('{"__proto__": {"to": "a"}, "constructor": {"name": 1}}'),
]

/** Lists of hostile arguments: each value alone at each place, then mixtures; always the same. */
export function hostileArguments(): readonly (readonly unknown[])[] {
  const lists: (readonly unknown[])[] = [[]]
  for (const value of HOSTILE) {
    lists.push([value], ['a', value], [{}, 'a', value], [value, value, value, value, value, value])
  }
  const random = generator(0x7468_6561)
  for (let n = 0; n < 500; n += 1) {
    lists.push(Array.from({ length: random(7) }, () => HOSTILE[random(HOSTILE.length)]))
  }
  return lists
}

/** Hostile values of plain data: what a record may say a resource was. */
export function hostileData(): readonly unknown[] {
  return HOSTILE.filter(
    (value) => value === null || ['string', 'boolean', 'object'].includes(typeof value),
  ).filter((value) => !ArrayBuffer.isView(value))
}

/** Freezes a value and all in it, so that whoever changes it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

/** A small generator of whole numbers below a bound (mulberry32), so that a failure can be had again. */
function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}
