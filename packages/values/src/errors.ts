/**
 * What is wrong with a value, its bytes or a model:
 *
 * - `wrong-type`: the value has not the shape of its type (a promise, a string for a number, a missing field)
 * - `out-of-range`: a number outside its type
 * - `unknown-case`: no such case of an enum or variant, no such flag
 * - `not-canonical`: bytes that say the same in another way than the canonical one
 * - `not-data`: something DAG-CBOR cannot carry (undefined, NaN, an infinity, a function)
 * - `truncated`: the bytes end inside a value
 * - `trailing`: the bytes go on after the value
 * - `bad-utf8`: text that is not UTF-8
 * - `bad-cid`: not a CIDv1 of sha2-256 over `raw` or `dag-cbor`
 * - `bad-model`: types or functions that no component could have, or that have no JavaScript shape
 * - `too-deep`: nested beyond the limit
 * - `too-large`: larger than this engine can hold
 */
export type ValueErrorCode =
  | 'wrong-type'
  | 'out-of-range'
  | 'unknown-case'
  | 'not-canonical'
  | 'not-data'
  | 'truncated'
  | 'trailing'
  | 'bad-utf8'
  | 'bad-cid'
  | 'bad-model'
  | 'too-deep'
  | 'too-large'

const brand = '@theater/values/ValueError'

/**
 * Says that a value, its bytes or a model is refused, where in it, and why.
 *
 * @example
 * ```ts
 * try {
 *   compileType({ kind: 'u8' }).write(300, new Writer(), noHandles)
 * } catch (error) {
 *   if (ValueError.is(error)) console.log(error.code, error.message) // out-of-range 300 is not a u8
 * }
 * ```
 */
export class ValueError extends Error {
  override readonly name = 'ValueError'
  readonly brand = brand
  readonly code: ValueErrorCode
  /** What is wrong, without the place. */
  readonly reason: string
  #path: string

  constructor(code: ValueErrorCode, reason: string, options: { path?: string; cause?: unknown } = {}) {
    const path = options.path ?? ''
    super(compose(path, reason), 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.reason = reason
    this.#path = path
  }

  /** Where: `args[0].fields[2].size`; empty for the value itself. */
  get path(): string {
    return this.#path
  }

  /** Whether `error` is a ValueError, of this or another copy of the package. */
  static is(error: unknown): error is ValueError {
    return typeof error === 'object' && error !== null && 'brand' in error && error.brand === brand
  }

  /** Puts `segment` before the path of `error`, if it is a ValueError, and returns it. */
  static within(segment: string, error: unknown): unknown {
    if (error instanceof ValueError) {
      const rest = error.#path
      error.#path =
        rest === '' || rest.startsWith('[') || rest.startsWith('.') ? segment + rest : `${segment}.${rest}`
      error.message = compose(error.#path, error.reason)
    }
    return error
  }
}

function compose(path: string, reason: string): string {
  return path === '' ? reason : `${path.startsWith('.') ? path.slice(1) : path}: ${reason}`
}
