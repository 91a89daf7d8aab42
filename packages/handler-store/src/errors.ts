import { WitError } from '@theater/handler'
import type {
  TheaterStoreBlobs,
  TheaterStoreLabels,
  TheaterStoreTransfers,
  WasiKeyvalueStore,
} from '@theater/wit'
import type { AppendOutcome, Hash, PutOutcome, SetOutcome } from './backend.ts'

/** Why a call of blobs did nothing, `theater:store/blobs.error` as lifted. */
export type BlobError = TheaterStoreBlobs.Error

/** Why a call of labels did nothing, `theater:store/labels.error` as lifted. */
export type LabelError = TheaterStoreLabels.Error

/** Why a call of transfers did nothing, `theater:store/transfers.error` as lifted. */
export type TransferError = TheaterStoreTransfers.Error

/** A {@link TransferError} for throwing. */
export function transferError(error: TransferError): WitError<TransferError> {
  return new WitError<TransferError>(error)
}

/** Why a call of keyvalue did nothing: a case of `wasi:keyvalue/store.error`, or, in words, one that it has no case for. */
export type KeyvalueFault =
  | 'no-such-store'
  | 'access-denied'
  | 'damaged'
  | 'quota'
  | 'too-large'
  | 'bad-key'
  | 'not-a-number'
  | 'overflow'
  | 'outcome-unknown'
  | 'closed'

/** A `wasi:keyvalue/store.error` for throwing. @param why more about it, for people */
export function keyvalueError(fault: KeyvalueFault, why = ''): WitError<WasiKeyvalueStore.Error> {
  switch (fault) {
    case 'no-such-store':
    case 'access-denied':
      return new WitError<WasiKeyvalueStore.Error>({ tag: fault })
    case 'damaged':
    case 'quota':
    case 'too-large':
    case 'bad-key':
    case 'not-a-number':
    case 'overflow':
    case 'outcome-unknown':
    case 'closed':
      return new WitError<WasiKeyvalueStore.Error>({ tag: 'other', val: `${fault}: ${why}` })
  }
}

/** A {@link BlobError} for throwing. Each is a case of a {@link TransferError} too. */
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

/** What became of the bytes of an upload; throws the guest's error where there is none. */
export function checkAppend(append: AppendOutcome): PutOutcome {
  switch (append.tag) {
    case 'stored':
    case 'full':
      return append
    case 'gone':
      throw transferError({ tag: 'closed' })
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

/** Whether a text names a bucket: as a label, or not at all, which is a bucket too. */
export function isBucket(name: string): boolean {
  return name === '' || isName(name)
}
