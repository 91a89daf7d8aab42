import { encodeData } from '@theater/values'
import type { Json } from '@theater/values'

/** Whether two things are the same data, whatever the order of their keys. */
export function sameData(a: Json, b: Json): boolean {
  return Buffer.from(encodeData(a)).equals(encodeData(b))
}
