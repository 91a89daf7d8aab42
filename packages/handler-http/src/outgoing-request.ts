import type { Json } from '@theater/values'
import type { WasiHttpTypes } from '@theater/wit'
import { plainError } from './errors.ts'
import { Fields } from './fields.ts'
import { isSent, isToken, type HttpAsk } from './grant.ts'
import { originOf } from './origin.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { Outflow } from './outflow.ts'
import { withoutQuery } from './path.ts'
import { Resource, type Session } from './session.ts'

/** `wasi:http/types.method` as lifted. */
export type Method = WasiHttpTypes.Method

/** `wasi:http/types.scheme` as lifted. */
export type Scheme = WasiHttpTypes.Scheme

/** The longest path with query, and the longest authority, that a request takes. */
const MAX_URI = 64 * 1024

/** The name of a method on the wire. */
export function methodName(method: Method): string {
  return method.tag === 'other' ? method.val : method.tag.toUpperCase()
}

/** `wasi:http/types.outgoing-request`. */
export class OutgoingRequest extends Resource {
  readonly #session: Session
  readonly #headers: Fields
  readonly #lost: boolean
  #method: Method = { tag: 'get' }
  #path: string | undefined
  #scheme: Scheme | undefined
  #authority: string | undefined
  #outflow: Outflow | undefined

  /** @param lost it comes back after a restart without what was set on it */
  constructor(session: Session, headers: Fields, lost = false) {
    super(session)
    this.#session = session
    this.#headers = headers.freeze()
    this.#lost = lost || headers.isLost
  }

  /** Whether something that the guest set may be missing: such a request is not made. */
  get isLost(): boolean {
    return this.#lost
  }

  /** The body, where the guest asked for one. */
  get outflow(): Outflow | undefined {
    return this.#outflow
  }

  /** The fields as they are sent. */
  get fields(): Fields {
    return this.#headers
  }

  /** Where it goes; `undefined` while it does not say, or says nothing that can be asked for. */
  get target(): HttpAsk | undefined {
    const scheme = this.#scheme?.tag ?? 'HTTPS'
    if (this.#lost || this.#authority === undefined || scheme === 'other') return undefined
    if (!isSent(methodName(this.#method))) return undefined
    const origin = originOf(scheme === 'HTTP' ? 'http' : 'https', this.#authority)
    if (origin === undefined) return undefined
    return { method: methodName(this.#method), origin, path: withoutQuery(this.pathOnWire) }
  }

  /** Its path with query as it is sent: a path is never empty (RFC 9112, 3.2.1). */
  get pathOnWire(): string {
    const path = this.#path ?? ''
    return path.startsWith('/') ? path : `/${path}`
  }

  /** Where it goes, for asks. */
  describe(): Json {
    return this.target ?? { request: this.#lost ? 'lost' : 'incomplete' }
  }

  body(): OutgoingBody {
    if (this.#outflow !== undefined || this.#lost) throw plainError('the body was taken')
    const { limits, totals } = this.#session
    this.#outflow = new Outflow({
      bytes: limits['request-bytes'],
      totals,
      declared: this.#headers.declaredLength,
      // What says how long it is cannot have trailers (RFC 9112, 6.3), and to leave them out would be to say something else than the guest.
      trailerBytes: this.#headers.declaredLength === undefined ? limits['header-bytes'] : 0,
      trailersTooLong: (val) => ({ tag: 'HTTP-request-trailer-section-size', val }),
      tooLong: (size) => ({ tag: 'HTTP-request-body-size', val: BigInt(size) }),
    })
    return new OutgoingBody(this.#session, this.#outflow)
  }

  method(): Method {
    return this.#method
  }

  setMethod(method: Method): void {
    this.#check()
    if (method.tag === 'other' && !isToken(method.val)) throw plainError('not a method')
    this.#method = method
  }

  pathWithQuery(): string | undefined {
    return this.#path
  }

  setPathWithQuery(path: string | undefined): void {
    this.#check()
    if (path !== undefined && !isPath(path)) throw plainError('not a path with query')
    this.#path = path
  }

  scheme(): Scheme | undefined {
    return this.#scheme
  }

  setScheme(scheme: Scheme | undefined): void {
    this.#check()
    if (scheme?.tag === 'other' && !/^[A-Za-z][A-Za-z0-9+.-]{0,63}$/.test(scheme.val))
      throw plainError('not a scheme')
    this.#scheme = scheme
  }

  authority(): string | undefined {
    return this.#authority
  }

  setAuthority(authority: string | undefined): void {
    this.#check()
    if (authority !== undefined && originOf('http', authority) === undefined)
      throw plainError('not a host and port')
    this.#authority = authority
  }

  headers(): Fields {
    return new Fields(this.#session, this.#headers.list, this.#headers.isLost ? 'lost' : 'immutable')
  }

  /** Not sent: what is written to its body leads nowhere. */
  [Symbol.dispose](): void {
    this.#outflow?.fail({ tag: 'connection-terminated' })
  }

  #check(): void {
    if (this.#lost) throw plainError('a request of before a restart')
  }
}

/** A path that begins with `/` or is empty, and a query, in visible ASCII without a fragment. */
export function isPath(path: string): boolean {
  return path.length <= MAX_URI && /^(?:[/?][\u0021\u0022\u0024-\u007e]*)?$/.test(path)
}
