import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { sameModel } from './model.ts'
import { guests, type Result, settle } from './result.ts'

/**
 * Builds the guests of the TypeScript kit. The kit's own code is in their bytes, and is not what changes a guest: what the
 * components import and export is compared.
 */
export async function kitGuests(write: boolean): Promise<readonly Result[]> {
  const results: Result[] = []
  const names = readdirSync(guests).filter((name) => existsSync(join(guests, name, 'actor.ts')))
  for (const name of names) {
    const folder = join(guests, name)
    const out = mkdtempSync(join(tmpdir(), 'theater-kit-'))
    try {
      const file = join(out, `${name}.wasm`)
      await build({ entry: join(folder, 'actor.ts'), out: file })
      const bytes = new Uint8Array(readFileSync(file))
      const committed = join(folder, `${name}.wasm`)
      const same = existsSync(committed) && (await sameModel(bytes, readFileSync(committed)))
      const note = 'the kit is part of the bytes: only imports and exports were compared'
      if (write) results.push(...settle(folder, [{ name, bytes }], true))
      else results.push({ name, state: same ? 'same' : 'different', note })
    } finally {
      rmSync(out, { recursive: true })
    }
  }
  return results
}
