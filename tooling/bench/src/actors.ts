import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { build } from '@theater/actor/build'

/** A TypeScript actor of `actors/`, built once. */
export async function builtActor(name: string): Promise<Uint8Array> {
  const folder = new URL('../node_modules/.cache/', import.meta.url)
  const out = new URL(`${name}.wasm`, folder)
  if (!existsSync(out)) {
    mkdirSync(folder, { recursive: true })
    process.stderr.write('building the TypeScript actor …\n')
    await build({ entry: new URL(`../actors/${name}.ts`, import.meta.url).pathname, out: out.pathname })
  }
  return new Uint8Array(readFileSync(out))
}
