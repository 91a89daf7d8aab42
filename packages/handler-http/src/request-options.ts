import { plainError } from './errors.ts'
import { Resource } from './session.ts'

/** `wasi:http/types.request-options`: wishes, in nanoseconds; the grant's limits are not exceeded by them. */
export class RequestOptions extends Resource {
  #connect: bigint | undefined
  #firstByte: bigint | undefined
  #betweenBytes: bigint | undefined
  /** They came back after a restart without what was set. */
  isLost = false

  connectTimeout(): bigint | undefined {
    return this.#connect
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.#check()
    this.#connect = duration
  }

  firstByteTimeout(): bigint | undefined {
    return this.#firstByte
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#check()
    this.#firstByte = duration
  }

  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#check()
    this.#betweenBytes = duration
  }

  #check(): void {
    if (this.isLost) throw plainError('options of before a restart')
  }
}

/** A wish in nanoseconds under a limit in milliseconds, in milliseconds. */
export function lowered(wish: bigint | undefined, limit: number): number {
  if (wish === undefined) return limit
  const ms = (wish + 999_999n) / 1_000_000n
  return ms < BigInt(limit) ? Number(ms) : limit
}
