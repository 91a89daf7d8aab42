import { WitError } from '@theater/handler'
import type { TheaterStoreBlobs, TheaterStoreLabels } from '@theater/wit'
import type { Hash, PutOutcome, SetOutcome } from './backend.ts'

/** Why a call of blobs did nothing, `theater:store/blobs.error` as lifted. */
export type BlobError = TheaterStoreBlobs.Error

/** Why a call of labels did nothing, `theater:store/labels.error` as lifted. */
export type LabelError = TheaterStoreLabels.Error

/** A {@link BlobError} for throwing. */
export function blobError(error: BlobError): WitError<BlobError> {
  return new WitError<BlobError>(error)
}

/** A {@link LabelError} for throwing. */
export function labelError(error: LabelError): WitError<LabelError> {
  return new WitError<LabelError>(error)
}

/** Returns when the bytes were stored, else throws the guest's error. */
export function checkPut(put: PutOutcome): void {
  switch (put.tag) {
    case 'stored':
      return
    case 'full':
      throw blobError({ tag: 'quota', val: BigInt(put.left) })
  }
}

/** Returns when the label was set, else throws the guest's error. */
export function checkSet(set: SetOutcome, maxLabels: number): void {
  switch (set.tag) {
    case 'set':
      return
    case 'conflict':
      throw labelError({ tag: 'conflict', val: set.current })
    case 'full':
      throw labelError({ tag: 'quota', val: BigInt(maxLabels) })
  }
}

/** Whether bytes have the length of a sha-256. */
export function isHash(hash: Hash): boolean {
  return hash.byteLength === 32
}

/** Whether a text is a label's name: 1 to 256 of `a-z A-Z 0-9 . _ - /`, no segment of it empty, `.` or `..`. */
export function isName(name: string): boolean {
  if (name.length > 256 || !/^[A-Za-z0-9._/-]+$/.test(name)) return false
  return name.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
}
