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
  readonly #agents = new Map<boolean, Agent>()

  /** @param lookup how names are resolved */
  constructor(limits: HttpLimits, lookup: LookupFunction = systemLookup as LookupFunction) {
    this.#limits = limits
    this.#lookup = lookup
  }

  /** Whoever makes requests. The two kinds share no connection. */
  dispatcher(privateToo: boolean): Dispatcher {
    let agent = this.#agents.get(privateToo)
    if (agent === undefined) {
      agent = new Agent({
        connect: privateToo
          ? this.#connector(this.#lookup)
          : publicOnly(this.#connector(checked(this.#lookup))),
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
}

/** A resolver that gives public addresses only: of one answer, which is the one that is connected to. */
function checked(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error !== null) return callback(error, address, family)
      if (!Array.isArray(address)) {
        if (isPublicAddress(address)) return callback(null, address, family)
        return callback(new ProhibitedAddress(), '', 0)
      }
      const allowed = address.filter((one) => isPublicAddress(one.address))
      if (allowed.length === 0) return callback(new ProhibitedAddress(), '', 0)
      return callback(null, allowed)
    })
  }
}

/**
 * A connector that also looks at what it is connected to, whoever chose it, before anything is written: an address in the
 * place of a name is never resolved.
 */
function publicOnly(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !isPublicAddress(host)) {
      queueMicrotask(() => callback(new ProhibitedAddress(), null))
      return
    }
    connector(options, (...[error, socket]) => {
      if (error !== null || socket === null) return callback(error ?? new ProhibitedAddress(), null)
      if (socket.remoteAddress !== undefined && isPublicAddress(socket.remoteAddress))
        return callback(null, socket)
      socket.destroy()
      return callback(new ProhibitedAddress(), null)
    })
  }
}
