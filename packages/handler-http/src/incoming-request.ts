import type { Json } from '@theater/values'
import { plainError } from './errors.ts'
import { Fields, type Field } from './fields.ts'
import { IncomingBody } from './incoming-body.ts'
import { Inflow } from './inflow.ts'
import { methodName, type Method, type Scheme } from './outgoing-request.ts'
import { Resource, type Session } from './session.ts'

/** The most bytes of a body that go into the description of its request: a turn that goes on after a restart reads those. */
const DESCRIBED_BODY = 4096

/** What a received request says. */
export interface RequestHead {
  readonly method: Method
  readonly pathWithQuery: string | undefined
  readonly scheme: 'HTTP' | 'HTTPS' | undefined
  readonly authority: string | undefined
  readonly headers: readonly Field[]
}

const METHODS: ReadonlySet<string> = new Set<Method['tag']>([
  'get',
  'head',
  'post',
  'put',
  'delete',
  'connect',
  'options',
  'trace',
  'patch',
])

/** A method by its name on the wire. */
export function methodOf(name: string): Method {
  const tag = name.toLowerCase()
  return METHODS.has(tag) && name === name.toUpperCase() ? ({ tag } as Method) : { tag: 'other', val: name }
}

/** `wasi:http/types.incoming-request`. Without an inflow: one of before a restart. */
export class IncomingRequest extends Resource {
  readonly #session: Session
  readonly #head: RequestHead
  readonly #inflow: Inflow | undefined
  readonly #described: Uint8Array | undefined
  #consumed = false

  /** @param whole the body, where all of it is there */
  constructor(session: Session, head: RequestHead, inflow: Inflow | undefined, whole?: Uint8Array) {
    super(session)
    this.#session = session
    this.#head = head
    this.#inflow = inflow
    this.#described = whole !== undefined && whole.length <= DESCRIBED_BODY ? whole : undefined
  }

  /** As it comes back after a restart: with its body where that is short, else without. */
  static resume(session: Session, description: Json): IncomingRequest | undefined {
    const said = Object(description) as Readonly<Record<string, unknown>>
    const text = (key: string): string | undefined => {
      const value = said[key]
      return typeof value === 'string' ? value : undefined
    }
    const fields = Fields.resume(session, description)
    const method = text('method')
    if (fields === undefined || method === undefined) return undefined
    const scheme = text('scheme')
    const head: RequestHead = {
      method: methodOf(method),
      pathWithQuery: text('path'),
      scheme: scheme === 'HTTP' || scheme === 'HTTPS' ? scheme : undefined,
      authority: text('authority'),
      headers: fields.list,
    }
    const body = text('body')
    if (body === undefined) return new IncomingRequest(session, head, undefined)
    const whole = Uint8Array.fromBase64(body)
    return new IncomingRequest(session, head, Inflow.of(whole), whole)
  }

  describe(): Json {
    const { method, pathWithQuery, scheme, authority, headers } = this.#head
    return {
      method: methodName(method),
      ...(pathWithQuery !== undefined && { path: pathWithQuery }),
      ...(scheme !== undefined && { scheme }),
      ...(authority !== undefined && { authority }),
      fields: headers.map(([name, value]) => [name, value]),
      ...(this.#described !== undefined && { body: this.#described.toBase64() }),
    }
  }

  method(): Method {
    return this.#head.method
  }

  pathWithQuery(): string | undefined {
    return this.#head.pathWithQuery
  }

  scheme(): Scheme | undefined {
    return this.#head.scheme === undefined ? undefined : { tag: this.#head.scheme }
  }

  authority(): string | undefined {
    return this.#head.authority
  }

  headers(): Fields {
    return new Fields(this.#session, this.#head.headers, 'immutable')
  }

  consume(): IncomingBody {
    if (this.#consumed || this.#inflow === undefined) throw plainError('the body was taken')
    this.#consumed = true
    return new IncomingBody(this.#session, this.#inflow)
  }

  [Symbol.dispose](): void {
    if (!this.#consumed) this.#inflow?.cancel()
  }
}
