/** The module of a thread of actors whose handler loops for ever where a guest has it do so. */
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { ThreadSetup } from '@theater/runtime/thread'
import { host } from '../stage.ts'

export default (path: string): ThreadSetup => ({
  store: sqliteStore(path),
  handlers: [
    host('attack:host/api', {
      take: {
        run: () => {
          for (;;);
        },
      },
    }),
  ],
})
