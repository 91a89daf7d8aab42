import type { Actor } from './actor.ts'
import type { Letter } from './mailbox.ts'

/** The exports of who has WebSocket connections. */
const HANDLER = 'theater:http/websocket-handler@0.1'

/** The export that is asked for a connection, by its name within its track. */
export const HANDLE_CONNECT = `${HANDLER}#handle-open`
/** The export that hears that a connection is closed, by its name within its track. */
export const HANDLE_DISCONNECT = `${HANDLER}#handle-close`

/** Whether an export is one of who has WebSocket connections. */
export function isSocket(fn: string): boolean {
  return fn.startsWith(`${HANDLER}#`)
}

/**
 * The WebSocket connections that an actor knows to be open, by name. What it says follows from the actor's record, so that
 * whoever comes after a host that ended can tell the actor which are gone.
 */
export class Connections {
  readonly #open = new Set<string>()

  get size(): number {
    return this.#open.size
  }

  get names(): IterableIterator<string> {
    return this.#open.values()
  }

  has(connection: string): boolean {
    return this.#open.has(connection)
  }

  /** Knows again that one is open. */
  restore(connection: string): void {
    this.#open.add(connection)
  }

  /** A turn begins in which the actor hears of a connection. @param fn by its name within its track */
  heard(fn: string, connection: string): void {
    if (fn === HANDLE_CONNECT) this.#open.add(connection)
    else if (fn === HANDLE_DISCONNECT) this.#open.delete(connection)
  }

  /** The actor has closed it, or was asked in a turn that came to nothing. */
  forget(connection: string): void {
    this.#open.delete(connection)
  }
}

/** Whether what waits for an actor's turn is still to be taken: of a connection that it has closed nothing is. */
export function isWanted({ connections }: Actor, { fn, args: [connection] }: Letter): boolean {
  if (!isSocket(fn) || fn === HANDLE_CONNECT || typeof connection !== 'string') return true
  return connections.has(connection)
}
