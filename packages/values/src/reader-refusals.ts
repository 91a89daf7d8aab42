import { ValueError } from './errors.ts'

/** The names of the major types of CBOR. */
export const MAJOR = [
  'unsigned integer',
  'negative integer',
  'byte string',
  'text',
  'array',
  'map',
  'tag',
  'simple value or float',
] as const

/** Returns `value` if plain data has it as a double: finite, and not a whole number that an integer would carry. */
export function canonicalDouble(value: number): number {
  if (!Number.isFinite(value))
    throw new ValueError('not-canonical', 'NaN or an infinity, which DAG-CBOR has not')
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    throw new ValueError('not-canonical', `${value} as a float; it is an integer`)
  }
  return value
}

/** The refusal of bytes that end too early. */
export function truncated(): ValueError {
  return new ValueError('truncated', 'the bytes end inside a value')
}

/** The refusal of another item than the one expected, by its first byte. */
export function unexpected(expected: string, initial: number): ValueError {
  const code = initial === 0xf9 || initial === 0xfa ? 'not-canonical' : 'wrong-type'
  return new ValueError(
    code,
    `${expected} expected, found ${MAJOR[initial >> 5]} (head ${initial.toString(16)})`,
  )
}
