/**
 * Turns one guard off, in this process and its threads: `node --import '…/disarm.ts?guard=NAME'`.
 *
 * The source of the guard is changed while Node loads it. So the packages have no switch for it, and what people install has
 * neither this nor anything that it could hold on to.
 */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { patched, patchesOf } from './guards.ts'

const guard = new URL(import.meta.url).searchParams.get('guard') ?? ''
const patches = patchesOf(guard)

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const { pathname } = new URL(url)
    const mine = patches.filter(({ file }) => pathname.endsWith(`/packages/${file}`))
    if (mine.length === 0) return loaded
    const source = Buffer.from(loaded.source as Uint8Array).toString()
    return {
      ...loaded,
      source: mine.reduce((text, patch) => patched(text, patch, fileURLToPath(url)), source),
    }
  },
})
