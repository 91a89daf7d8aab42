import { randomBytes } from 'node:crypto'
import { defineHandler } from '@theater/handler'
import type { Binding, Handler } from '@theater/handler'
import { authorize, randomGrant, within } from './grant.ts'
import type { RandomGrant } from './grant.ts'

const RANDOM = 'wasi:random/random@0.2'
const INSECURE = 'wasi:random/insecure@0.2'
const INSECURE_SEED = 'wasi:random/insecure-seed@0.2'

/** Where {@link random} draws. No option grants anything. */
export interface RandomOptions {
  /** As many bytes as are asked for, that nobody can guess. @default those of the machine */
  readonly bytes?: (length: number) => Uint8Array
}

/** The functions of `wasi:random`, as the boundary calls them. It lets no guest ask for more than a megabyte at once. */
export interface RandomImports {
  readonly [RANDOM]: {
    /** Random bytes. */
    readonly getRandomBytes: (length: bigint) => Uint8Array
    /** A random number. */
    readonly getRandomU64: () => bigint
  }
  readonly [INSECURE]: {
    /** Random bytes, as good as those of {@link RANDOM}. */
    readonly getInsecureRandomBytes: (length: bigint) => Uint8Array
    /** A random number, as good as those of {@link RANDOM}. */
    readonly getInsecureRandomU64: () => bigint
  }
  readonly [INSECURE_SEED]: {
    /** Two random numbers, for hash tables. */
    readonly insecureSeed: () => [bigint, bigint]
  }
}

/**
 * Makes the handler of live random numbers.
 *
 * @example
 * import { random } from '@theater/handler-random'
 *
 * const handler = random()
 * handler.within({ live: true }, { live: true }) // true
 */
export function random(options: RandomOptions = {}): Handler<RandomGrant, RandomImports> {
  const draw = options.bytes ?? ((length) => new Uint8Array(randomBytes(length)))
  const bytes = (length: bigint): Uint8Array => draw(Number(length))
  const u64 = (): bigint => {
    const drawn = draw(8)
    return new DataView(drawn.buffer, drawn.byteOffset).getBigUint64(0)
  }

  function bind(): Binding<RandomImports> {
    return {
      imports: {
        [RANDOM]: { getRandomBytes: bytes, getRandomU64: u64 },
        [INSECURE]: { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
        [INSECURE_SEED]: { insecureSeed: () => [u64(), u64()] },
      },
    }
  }

  return defineHandler<RandomGrant, RandomImports>({
    name: 'random',
    interfaces: [RANDOM, INSECURE, INSECURE_SEED],
    grant: randomGrant,
    functions: {
      [`${RANDOM}#get-random-bytes`]: { mode: 'sync', effect: 'read' },
      [`${RANDOM}#get-random-u64`]: { mode: 'sync', effect: 'read' },
      [`${INSECURE}#get-insecure-random-bytes`]: { mode: 'sync', effect: 'read' },
      [`${INSECURE}#get-insecure-random-u64`]: { mode: 'sync', effect: 'read' },
      [`${INSECURE_SEED}#insecure-seed`]: { mode: 'sync', effect: 'read' },
    },
    within,
    authorize,
    rests: () => true,
    bind,
  })
}
