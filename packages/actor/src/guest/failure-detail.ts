import { isBytes } from '../bytes.ts'
import type { Json } from '../json.ts'
import { decodeReply, type WireMessage } from '../message.ts'

/** The detail of a failure where it is JSON; other formats are not the kit's. */
export function detailOf(detail: WireMessage | undefined): Json | undefined {
  if (detail === undefined) return undefined
  try {
    const value = decodeReply(detail)
    return isBytes(value) ? undefined : value
  } catch {
    return undefined
  }
}
