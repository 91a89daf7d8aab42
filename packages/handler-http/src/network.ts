import { lookup as systemLookup } from 'node:dns'
import type { Agent as Connections, ClientRequestArgs } from 'node:http'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as secure } from 'node:tls'
import { isPublicAddress } from './address.ts'
import { ProhibitedAddress } from './failure.ts'
import { Agent } from './node-http.ts'

/** How long a connection waits for another request, in milliseconds; less where its server says so. */
const IDLE_MS = 4000

/** The most connections to one origin that wait for another request. */
const IDLE_MOST = 8

/** What a request says of the connection that it wants. */
export interface Wanted extends ClientRequestArgs {
  /** Nobody wants it any more, though it may not be there yet. */
  readonly abandoned: AbortSignal
}

type Scheme = 'http:' | 'https:'
type Connected = (error: Error | null, socket: Socket) => void

/**
 * The connections of one actor: of those that may only end at public addresses, and of the others. The two share none, and
 * no two actors do: each has a network of its own, with no cookies, no credentials and no sessions of TLS in it.
 */
export class Network {
  readonly #lookup: LookupFunction
  readonly #isPublic: (address: string) => boolean
  readonly #pools = new Map<string, Pool>()

  /**
   * @param lookup how names are resolved
   * @param isPublic which addresses the first kind may end at
   */
  constructor(
    lookup: LookupFunction = systemLookup as LookupFunction,
    isPublic: (address: string) => boolean = isPublicAddress,
  ) {
    this.#lookup = lookup
    this.#isPublic = isPublic
  }

  /** The connections that requests are made over. */
  pool(scheme: Scheme, privateToo: boolean): Connections {
    const name = `${scheme} ${privateToo}`
    let pool = this.#pools.get(name)
    if (pool === undefined) {
      pool = new Pool(scheme, this.#lookup, privateToo ? () => true : this.#isPublic)
      this.#pools.set(name, pool)
    }
    return pool
  }

  /** Closes every connection. */
  end(): void {
    for (const pool of this.#pools.values()) pool.destroy()
    this.#pools.clear()
  }
}

/**
 * Connections that end at some addresses only. It looks at what a name resolves to, in the one answer that is connected to; at
 * an address in the place of a name, which is never resolved; and before anything is written, a greeting of TLS too, at what
 * it is connected to, whoever chose it.
 */
class Pool extends Agent {
  readonly #scheme: Scheme
  readonly #lookup: LookupFunction
  readonly #isPublic: (address: string) => boolean

  constructor(scheme: Scheme, lookup: LookupFunction, isPublic: (address: string) => boolean) {
    super({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: IDLE_MOST })
    this.#scheme = scheme
    this.#lookup = checked(lookup, isPublic)
    this.#isPublic = isPublic
  }

  override createConnection(wanted: ClientRequestArgs, connected?: Connected): undefined {
    const { host, port, abandoned } = wanted as Wanted
    if (typeof host !== 'string' || connected === undefined) throw new TypeError('nobody to connect to')
    if (isIP(host) !== 0 && !this.#isPublic(host)) {
      queueMicrotask(() => connected(new ProhibitedAddress(), NONE))
      return
    }
    const opening: Socket[] = []
    const settle = (error: Error | null, socket: Socket = NONE): void => {
      abandoned.removeEventListener('abort', abandon)
      if (error !== null) for (const one of opening) one.destroy()
      connected(error, socket)
    }
    const abandon = (): void => settle(new Error('nobody waits for this connection'))
    abandoned.addEventListener('abort', abandon, { once: true })
    const watch = (socket: Socket): Socket => {
      opening.unshift(socket)
      // Stays: it may fail at any time, and whoever uses it is told in another way.
      return socket.on('error', (error) => settle(error))
    }
    const socket = watch(connect({ host, port: Number(port), lookup: this.#lookup, noDelay: true }))
    socket.once('connect', () => {
      if (socket.remoteAddress !== undefined && this.#isPublic(socket.remoteAddress))
        return this.#scheme === 'http:' ? settle(null, socket) : secured()
      return settle(new ProhibitedAddress())
    })
    const secured = (): void => {
      const tls = secure({
        socket,
        host,
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
      })
      watch(tls).once('secureConnect', () => settle(null, tls))
    }
  }
}

/** What stands for a connection where there is none. */
const NONE = undefined as unknown as Socket

/** A resolver that gives public addresses only. */
function checked(lookup: LookupFunction, isPublic: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error !== null) return callback(error, address, family)
      if (!Array.isArray(address)) {
        if (isPublic(address)) return callback(null, address, family)
        return callback(new ProhibitedAddress(), '', 0)
      }
      const allowed = address.filter((one) => isPublic(one.address))
      if (allowed.length === 0) return callback(new ProhibitedAddress(), '', 0)
      return callback(null, allowed)
    })
  }
}
