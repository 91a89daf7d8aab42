import { ValueError } from './errors.ts'
import type { Reader } from './reader.ts'
import type { HandleType, ScalarKind } from './types.ts'
import type { Writer } from './writer.ts'

/** What resources are to whoever holds them: the boundary maps objects to numbers and back. */
export interface Handles {
  /** Writes the number of the resource `value` and returns what is handed on in its place; refuses what is none. */
  write(value: unknown, type: HandleType, out: Writer): unknown
  /** Returns the resource of a number that was read. */
  read(n: number, type: HandleType): unknown
}

/** Handles for types without resources: refuses every one. */
export const noHandles: Handles = Object.freeze({
  write(_value: unknown, type: HandleType): never {
    throw new ValueError('wrong-type', `no ${type.kind}<${type.resource.name}> can be written here`)
  },
  read(_n: number, type: HandleType): never {
    throw new ValueError('wrong-type', `no ${type.kind}<${type.resource.name}> can be read here`)
  },
})

/** Writes and reads the values of one type. */
export interface ValueCodec {
  /**
   * Checks a value, writes it, and returns the normalised value to hand on: NaN canonical, unpaired surrogates U+FFFD,
   * f32 rounded, -0 of an integer 0, flags complete. It is `value` itself where nothing had to change, unless the codec
   * was compiled with `copy`.
   *
   * When it throws, what it wrote so far stays in `out`: the caller truncates.
   *
   * @throws ValueError
   */
  write(value: unknown, out: Writer, handles: Handles): unknown
  /**
   * Reads one value, as jco lifts it.
   *
   * @throws ValueError
   */
  read(input: Reader, handles: Handles): unknown
}

/** Options of `compileType`. */
export interface CompileOptions {
  /**
   * Whether `write` always returns a fresh plain copy, each property read once. For values of a handler: an accessor that
   * answers differently the second time, or a buffer used again later, cannot make what is handed on differ from what was
   * recorded.
   *
   * @default false
   */
  readonly copy?: boolean
}

/** The scalar kinds whose lists are typed arrays. */
export type NumericKind = Exclude<ScalarKind, 'bool' | 'char' | 'string'>

const NUMERIC: ReadonlySet<string> = new Set<NumericKind>([
  'u8',
  's8',
  'u16',
  's16',
  'u32',
  's32',
  'u64',
  's64',
  'f32',
  'f64',
])

/** Whether a list of this kind is a typed array. */
export function isNumericKind(kind: string): kind is NumericKind {
  return NUMERIC.has(kind)
}
