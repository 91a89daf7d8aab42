import { Compiler } from './codec.ts'
import type { Handles, ValueCodec } from './codec-types.ts'
import { ValueError } from './errors.ts'
import type { Reader } from './reader.ts'
import type { FunctionModel } from './types.ts'
import type { Writer } from './writer.ts'

/** Writes and reads the arguments and the result of one function. */
export interface FunctionCodec {
  /** Writes an array of the arguments; returns what to hand on. Throws ValueError, the path begins with `args`. */
  writeArgs(args: readonly unknown[], out: Writer, handles: Handles): readonly unknown[]
  /** Reads what `writeArgs` wrote. */
  readArgs(input: Reader, handles: Handles): unknown[]
  /**
   * Writes an array of the result, empty for a function without one; returns what to hand on. For a function that
   * returns `result<…>` the value is `{ tag: 'ok' | 'err', val }`. Throws ValueError, the path begins with `result`.
   */
  writeResult(value: unknown, out: Writer, handles: Handles): unknown
  /** Reads what `writeResult` wrote. */
  readResult(input: Reader, handles: Handles): unknown
}

/** Options of `compileFunction`. */
export interface FunctionOptions {
  /** Whether `writeArgs` hands on fresh copies; see `CompileOptions.copy`. @default false */
  readonly copyArgs?: boolean
  /** Whether `writeResult` hands on a fresh copy; see `CompileOptions.copy`. @default false */
  readonly copyResult?: boolean
}

/**
 * Compiles the codecs of one function.
 *
 * @throws ValueError `bad-model`.
 *
 * @example
 * ```ts
 * const codec = compileFunction(model.imports[0].functions[0], { copyResult: true })
 * const args = codec.writeArgs(['a'], out, handles)
 * ```
 */
export function compileFunction(fn: FunctionModel, options: FunctionOptions = {}): FunctionCodec {
  const args = new Compiler(options.copyArgs ?? false)
  const results = options.copyResult === options.copyArgs ? args : new Compiler(options.copyResult ?? false)
  const params = fn.params.map((param) => args.compile(param.type))
  const n = params.length
  const result = fn.result === null ? null : results.compile(fn.result)
  return {
    writeArgs(given, out, handles) {
      if (given.length !== n)
        throw new ValueError('wrong-type', `${given.length} arguments, not ${n}`, { path: 'args' })
      out.array(n)
      // oxlint-disable-next-line unicorn/no-new-array -- a list that grows is made twice, at every call
      const kept = new Array<unknown>(n)
      let i = 0
      try {
        for (; i < n; i++) kept[i] = (params[i] as ValueCodec).write(given[i], out, handles)
      } catch (error) {
        throw ValueError.within(`args[${i}]`, error)
      }
      return kept
    },
    readArgs(input, handles) {
      const kept: unknown[] = []
      let i = 0
      try {
        const found = input.array()
        if (found !== n) throw new ValueError('wrong-type', `${found} arguments, not ${n}`)
        for (; i < n; i++) kept.push((params[i] as ValueCodec).read(input, handles))
      } catch (error) {
        throw ValueError.within(`args[${i}]`, error)
      }
      return kept
    },
    writeResult(value, out, handles) {
      try {
        if (result === null) {
          if (value !== undefined)
            throw new ValueError('wrong-type', 'a value from a function without result')
          out.array(0)
          return undefined
        }
        out.array(1)
        return result.write(value, out, handles)
      } catch (error) {
        throw ValueError.within('result', error)
      }
    },
    readResult(input, handles) {
      try {
        const found = input.array()
        const expected = result === null ? 0 : 1
        if (found !== expected) throw new ValueError('wrong-type', `${found} results, not ${expected}`)
        return result === null ? undefined : result.read(input, handles)
      } catch (error) {
        throw ValueError.within('result', error)
      }
    },
  }
}
