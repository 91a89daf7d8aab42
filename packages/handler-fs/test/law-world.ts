import type { FsWorld } from '@theater/handler-conformance'
import { entry, fs, memory, type Backend } from '../src/index.ts'

/** What the laws of `wasi:filesystem` want to find, in memory. */
export function lawWorld(): FsWorld & { readonly backend: Backend } {
  const backend = memory({
    data: {
      'a.txt': 'hello',
      sub: { 'b.txt': 'world' },
      'to-a': entry('symbolic-link', 'a.txt'),
      'to-sub': entry('symbolic-link', 'sub'),
      loop: entry('symbolic-link', 'loop'),
      out: entry('symbolic-link', '../outside'),
      absolute: entry('symbolic-link', '/etc'),
    },
    outside: {},
  })
  return {
    backend,
    handler: fs({ backend }),
    grant: (rights) => ({ mounts: { '/data': { host: '/data', rights } } }),
    state: () => undefined,
  }
}
