import { sha256 } from '@theater/event-chain/node'
import type { Entropy } from '@theater/runtime'

/** When everything happens in a run that is compared: the first millisecond of 2026. */
const TIME = Date.UTC(2026, 0, 1)

/**
 * Time that stands still, and bytes that are the same in every run: without them no two runs would have the same salts,
 * and so no two the same head. Timers are ready when they have been waited for, as ever.
 */
export function fixedEntropy(): Entropy {
  const counter = new DataView(new ArrayBuffer(4))
  let drawn = 0
  return {
    now: () => TIME,
    bytes(length) {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        counter.setUint32(0, drawn++)
        out.set(sha256(new Uint8Array(counter.buffer)).subarray(0, length - at), at)
      }
      return out
    },
  }
}
