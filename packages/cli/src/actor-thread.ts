/** What the thread of the actors is made of, where they have one of their own. */
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { ListenAddress, ListenOptions } from '@theater/handler-http'
import type { ThreadSetup } from '@theater/runtime/thread'
import { loadHandlers } from './contributed.ts'
import type { HandlerModule } from './contributed.ts'
import type { DataPaths } from './data-folder.ts'
import { disposeHandlers, makeHandlers } from './handlers.ts'
import type { Residing } from './manifest.ts'
import { secretsOf } from './secrets.ts'
import type { SecretSources } from './secrets.ts'
import { checkpointsOf } from './witnesses.ts'

/** What that thread is given. */
export interface ActorThreadData {
  readonly paths: DataPaths
  /** Where requests come in; it tells the address. */
  readonly listen: ListenOptions | undefined
  readonly secrets: SecretSources
  readonly maxActors: number | undefined
  readonly residing: Residing
  /** Of handlers of others. */
  readonly modules: readonly HandlerModule[]
}

/** What the thread tells of the requests that come in, and of itself. */
export type ThreadNews =
  | { readonly listening: ListenAddress }
  | { readonly unanswered: string }
  /** Another host has taken the store over; and what was said of it. */
  | { readonly lost: string }

export default async function actorThread(
  { paths, listen, secrets, maxActors, residing, modules }: ActorThreadData,
  tell: (news: ThreadNews) => void,
): Promise<ThreadSetup> {
  const handlers = await makeHandlers({
    store: paths.store,
    listen: listen && {
      at: listen,
      onListen: (listening) => tell({ listening }),
      onUnanswered: (unanswered) => tell({ unanswered }),
    },
    secrets: secretsOf(process.env, secrets),
    contributed: await loadHandlers(modules),
  })
  const store = sqliteStore(paths.chains)
  return {
    store,
    checkpoints: await checkpointsOf(paths, store),
    handlers,
    cache: await diskCache(paths.cache),
    ...(maxActors !== undefined && { maxActors }),
    ...residing,
    lost: ({ cause }) => tell({ lost: cause instanceof Error ? cause.message : '' }),
    // Requests under way are answered before the actors go.
    closing: () => disposeHandlers(handlers.filter(({ name }) => name === 'http')),
  }
}
