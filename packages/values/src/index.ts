/**
 * WIT types and their values: checked, written as canonical bytes, read back strictly, compared, printed.
 *
 * @example
 * ```ts
 * import { cidOf, compileType, formatCid, noHandles, Reader, sha256, toJson, Writer } from '@theater/values'
 * import type { ValType } from '@theater/values'
 *
 * const entry: ValType = {
 *   kind: 'record',
 *   fields: [
 *     { name: 'file-name', type: { kind: 'string' } },
 *     { name: 'size', type: { kind: 'u64' } },
 *     { name: 'body', type: { kind: 'option', payload: { kind: 'list', element: { kind: 'u8' } } } },
 *   ],
 * }
 * const codec = compileType(entry)
 *
 * const out = new Writer()
 * codec.write({ fileName: 'LICENSE', size: 2n, body: new Uint8Array([104, 105]) }, out, noHandles)
 * console.log(out.bytes().toHex())
 * console.log(formatCid(cidOf('dag-cbor', sha256(out.bytes()))))
 *
 * const value = codec.read(new Reader(out.bytes()), noHandles)
 * console.log(JSON.stringify(toJson(value, entry)))
 * ```
 *
 * @module
 */
export * from './types.ts'
export { ValueError, type ValueErrorCode } from './errors.ts'
export { exhausted, type Exhausted } from './exhausted.ts'
export { Writer } from './writer.ts'
export { MAX_DEPTH, Reader } from './reader.ts'
export { noHandles, type CompileOptions, type Handles, type ValueCodec } from './codec-types.ts'
export { compileType, MAX_TYPE_DEPTH } from './codec.ts'
export { compileFunction, type FunctionCodec, type FunctionOptions } from './function.ts'
export { decodeData, encodeData, items, skip, writeData, type Data } from './data.ts'
export { CID_LENGTH, cidOf, formatCid, isCid, Link, link, parseCid, splitCid, type Codec } from './cid.ts'
export { hashInto, sha256, type Hash } from './hash.ts'
export { camelCase } from './names.ts'
export { equal } from './equal.ts'
export { hasHandle, partsOf } from './parts.ts'
export { checkModel, functionId } from './model-check.ts'
export { decodeModel, encodeModel } from './model.ts'
export { fromJson, toJson, type DescribeResource } from './json.ts'
export { isTaggedOption } from './shape.ts'
export { surelyValid } from './surely-valid.ts'
