import { mkdirSync } from 'node:fs'
import { build } from '@theater/actor/build'

/** A TypeScript actor of `actors/`, built where it, or the kit, is not what it was. */
export async function builtActor(name: string): Promise<Uint8Array> {
  const cache = new URL('../node_modules/.cache/', import.meta.url).pathname
  mkdirSync(cache, { recursive: true })
  const entry = new URL(`../actors/${name}.ts`, import.meta.url).pathname
  return (await build({ entry, cache })).bytes
}
