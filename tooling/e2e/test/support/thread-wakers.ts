/** What a thread of wakers is made of: the module that `openThread` starts it with. */
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { timer } from '@theater/handler-timer'
import type { ThreadSetup } from '@theater/runtime/thread'
import { cache } from './actors.ts'

/** The store of such a thread. */
export function storeIn(folder: string): ReturnType<typeof sqliteStore> {
  return sqliteStore(join(folder, 'theater.db'))
}

export default ({ folder }: { readonly folder: string }): ThreadSetup => ({
  store: storeIn(folder),
  handlers: [timer()],
  cache,
})
