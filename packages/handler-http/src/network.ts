import { isIP, type LookupFunction } from 'node:net'
import { lookup as systemLookup } from 'node:dns'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { isPublicAddress } from './address.ts'
import { ProhibitedAddress } from './failure.ts'
import type { HttpLimits } from './limits.ts'

/** The connections of one actor: of those that may only end at public addresses, and of the others. */
export class Network {
  readonly #limits: HttpLimits
  readonly #lookup: LookupFunction
  readonly #isPublic: (address: string) => boolean
  readonly #agents = new Map<boolean, Agent>()

  /**
   * @param lookup how names are resolved
   * @param isPublic which addresses the first kind may end at
   */
  constructor(
    limits: HttpLimits,
    lookup: LookupFunction = systemLookup as LookupFunction,
    isPublic: (address: string) => boolean = isPublicAddress,
  ) {
    this.#limits = limits
    this.#lookup = lookup
    this.#isPublic = isPublic
  }

  /** Whoever makes requests. The two kinds share no connection. */
  dispatcher(privateToo: boolean): Dispatcher {
    let agent = this.#agents.get(privateToo)
    if (agent === undefined) {
      agent = new Agent({
        connect: privateToo ? this.#connector(this.#lookup) : this.#publicOnly(),
        allowH2: false,
        pipelining: 1,
        maxHeaderSize: Math.max(1, this.#limits['header-bytes']),
        headersTimeout: 0,
        bodyTimeout: 0,
        strictContentLength: true,
      })
      this.#agents.set(privateToo, agent)
    }
    return agent
  }

  /** Closes every connection. */
  async end(): Promise<void> {
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  #connector(lookup: LookupFunction): buildConnector.connector {
    return buildConnector({ lookup, timeout: this.#limits['connect-ms'], allowH2: false })
  }

  /**
   * A connector that ends at public addresses only. It looks at what a name resolves to, in the one answer that is
   * connected to; at an address in the place of a name, which is never resolved; and before anything is written at what it
   * is connected to, whoever chose it.
   */
  #publicOnly(): buildConnector.connector {
    const connect = this.#connector(checked(this.#lookup, this.#isPublic))
    return (options, callback) => {
      const host = options.hostname.replaceAll(/^\[|\]$/g, '')
      if (isIP(host) !== 0 && !this.#isPublic(host)) {
        queueMicrotask(() => callback(new ProhibitedAddress(), null))
        return
      }
      connect(options, (...[error, socket]) => {
        if (error !== null || socket === null) return callback(error ?? new ProhibitedAddress(), null)
        if (socket.remoteAddress !== undefined && this.#isPublic(socket.remoteAddress))
          return callback(null, socket)
        socket.destroy()
        return callback(new ProhibitedAddress(), null)
      })
    }
  }
}

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
