/**
 * WIT types and their values: checked, written as canonical bytes, read back strictly, compared, printed.
 *
 * @module
 */
export * from './types.ts'
export { ValueError, type ValueErrorCode } from './errors.ts'
export { Writer } from './writer.ts'
export { MAX_DEPTH, Reader } from './reader.ts'
export { noHandles, type CompileOptions, type Handles, type ValueCodec } from './codec-types.ts'
export { compileType, MAX_TYPE_DEPTH } from './codec.ts'
export { compileFunction, type FunctionCodec, type FunctionOptions } from './function.ts'
export { decodeData, encodeData, items, skip, writeData, type Data } from './data.ts'
export { CID_LENGTH, cidOf, formatCid, isCid, Link, link, parseCid, splitCid, type Codec } from './cid.ts'
export { sha256, type Hash } from './hash.ts'
export { camelCase } from './names.ts'
export { equal } from './equal.ts'
export { checkModel, functionId } from './model-check.ts'
export { decodeModel, encodeModel } from './model.ts'
export { fromJson, toJson, type DescribeResource } from './json.ts'
export { isTaggedOption } from './shape.ts'
