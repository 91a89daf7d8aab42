import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, prepare } from '@theater/actor/build'

/** A component, built from one of an example's actors. */
export interface Built {
  readonly bytes: Uint8Array
  /** Whether it was built now; else it was there, from the same source. */
  readonly now: boolean
}

/**
 * Builds `actors/NAME.ts` of an example into its `dist`, unless what is there was built from this very source. Bundling takes a tenth of a second and
 * shows every change, also one in the kit or in a library; adding the engine takes seconds.
 */
export async function component(example: string, actor: string): Promise<Built> {
  const dist = join(example, 'dist')
  const entry = join(example, 'actors', `${actor}.ts`)
  const out = join(dist, `${actor}.wasm`)
  const stamp = join(dist, `${actor}.json`)
  const { source, world } = await prepare({ entry })
  const from = sha256(JSON.stringify([source, world, engineVersion()]))
  const known = existsSync(out) && existsSync(stamp) ? new Uint8Array(readFileSync(out)) : undefined
  if (known !== undefined && readFileSync(stamp, 'utf8') === stampOf(from, known))
    return { bytes: known, now: false }
  const { bytes } = await build({ entry })
  mkdirSync(dist, { recursive: true })
  // Whoever is killed here leaves what the next start can tell from a good build.
  writeFileSync(`${out}.new`, bytes)
  renameSync(`${out}.new`, out)
  writeFileSync(stamp, stampOf(from, bytes))
  return { bytes, now: true }
}

function stampOf(source: string, component: Uint8Array): string {
  return `${JSON.stringify({ source, component: sha256(component) })}\n`
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Another version of the engine makes another component of the same source. */
function engineVersion(): string {
  const kit = dirname(fileURLToPath(import.meta.resolve('@theater/actor/package.json')))
  const file = join(kit, 'node_modules', '@bytecodealliance', 'componentize-js', 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
  return version
}
