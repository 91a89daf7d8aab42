import { fail } from './errors.ts'
import type { FsQuota } from './grant.ts'

/** What one actor has used of one mount. It goes on over restarts of the actor, and ends with the host. */
export class Usage {
  bytes = 0
  files = 0
}

/** The quota of one mount, as it is being used. Every refusal is `quota`, and nothing was done then. */
export class Meter {
  readonly #quota: FsQuota
  readonly #usage: Usage
  #handles = 0

  constructor(quota: FsQuota = {}, usage: Usage = new Usage()) {
    this.#quota = quota
    this.#usage = usage
  }

  /** Makes sure that one more descriptor, stream or listing may be open. */
  room(): void {
    const { handles } = this.#quota
    if (handles !== undefined && this.#handles >= handles)
      throw fail('quota', `more than ${handles} open handles of one mount`)
  }

  opened(): void {
    this.#handles++
  }

  closed(): void {
    this.#handles--
  }

  /**
   * Counts bytes that are about to be written, and the zeros that appear between the end of the file and them.
   *
   * @param offset `undefined`: the end
   * @param size the size of the file, asked for only where it matters
   */
  write(length: number, offset: number | undefined, size: () => bigint): void {
    const { bytes } = this.#quota
    if (bytes === undefined || length === 0) return
    const gap = offset === undefined ? 0 : Math.max(0, offset - Number(size()))
    this.#spend(length + gap, bytes)
  }

  /** Counts the zeros that a file is about to grow by. */
  resize(to: number, size: () => bigint): void {
    const { bytes } = this.#quota
    if (bytes !== undefined) this.#spend(Math.max(0, to - Number(size())), bytes)
  }

  /** Makes a name, if one more is left. What fails is not counted. */
  make<T>(make: () => T): T {
    const { files } = this.#quota
    if (files !== undefined && this.#usage.files >= files)
      throw fail('quota', `more than ${files} names made in one mount`)
    const made = make()
    this.#usage.files++
    return made
  }

  #spend(length: number, limit: number): void {
    if (length > limit - this.#usage.bytes)
      throw fail('quota', `more than ${limit} bytes written in one mount`)
    this.#usage.bytes += length
  }
}
