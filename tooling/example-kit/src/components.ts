import { join } from 'node:path'
import { build } from '@theater/actor/build'

/** A component, built from one of an example's actors. */
export interface Built {
  readonly bytes: Uint8Array
  /** Whether it was built now; else it was there, from the same source. */
  readonly now: boolean
}

/**
 * Builds `actors/NAME.ts` of an example into its `dist`, unless it was built from this very source before. Bundling takes a tenth of a second and
 * shows every change, also one in the kit or in a library; adding the engine takes seconds.
 *
 * @param wit files of the example with interfaces that the actor imports
 */
export async function component(example: string, actor: string, wit: readonly string[] = []): Promise<Built> {
  const dist = join(example, 'dist')
  const { bytes, cached } = await build({
    entry: join(example, 'actors', `${actor}.ts`),
    out: join(dist, `${actor}.wasm`),
    cache: join(dist, 'builds'),
    wit: wit.map((file) => join(example, file)),
  })
  return { bytes, now: !cached }
}
