/** What the theaters of the thread benchmark are made of, on either side. */
import { sqliteStore } from '@theater/event-chain/sqlite'
import type { TheaterOptions } from '@theater/runtime'

export default (path: string): TheaterOptions => ({ store: sqliteStore(path) })
