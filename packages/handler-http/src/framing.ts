import { isNamed, type Field } from './fields.ts'

/** What is known of a request's body when its header leaves. */
export interface BodyPlan {
  /** All of its bytes, where the guest has finished it; `undefined`: they come as they are written. */
  readonly whole: Uint8Array | undefined
  /** What its `content-length` says. */
  readonly declared: number | undefined
  /** What follows it, where that is known already. */
  readonly trailers: readonly Field[]
}

/** A header that says where its message ends. */
export interface Framed {
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** There is something to send after it. */
  readonly hasBody: boolean
  /** The body waits until the server says that it wants it. */
  readonly expects: boolean
}

/** Methods whose requests have no body as a rule, so that one without says nothing of it (RFC 9110, 8.6). */
const BARE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'])

/** What is said by the host, from what it knows, in place of the guest. */
const HOSTS: ReadonlySet<string> = new Set(['content-length', 'expect', 'trailer', 'te'])

/** What cannot follow a body, since it is needed before (RFC 9110, 6.5.1). */
const NO_TRAILER: ReadonlySet<string> = new Set(['content-length', 'expect', 'te', 'trailer'])

/**
 * The header of a request as it leaves: what the guest said, and how long the body is. Where one message ends and the next begins
 * is decided here alone.
 */
export function framed(
  method: string,
  authority: string,
  fields: readonly Field[],
  body: BodyPlan | undefined,
): Framed {
  const said = (name: string): string[] =>
    fields.filter((one) => isNamed(one, name)).map(([, value]) => value)
  const hasBody = body !== undefined && (body.whole?.length !== 0 || body.trailers.length > 0)
  const headers: Field[] = [['host', authority]]
  headers.push(...fields.filter(([name]) => !HOSTS.has(name.toLowerCase())))
  if (said('te').length > 0) headers.push(['te', 'trailers'], ['connection', 'keep-alive, te'])
  if (!hasBody) {
    if (!BARE.has(method) || said('content-length').length > 0) headers.push(['content-length', '0'])
    return { headers: headers.flat(), hasBody, expects: false }
  }
  const { whole, declared, trailers } = body
  const length = trailers.length > 0 ? undefined : (whole?.length ?? declared)
  if (length === undefined) {
    const names = whole === undefined ? said('trailer') : trailers.map(([name]) => name)
    if (names.length > 0) headers.push(['trailer', names.join(', ')])
    headers.push(['transfer-encoding', 'chunked'])
  } else headers.push(['content-length', String(length)])
  // Without a body there is nothing to wait with (RFC 9110, 10.1.1).
  const expects = said('expect').length > 0
  if (expects) headers.push(['expect', '100-continue'])
  return { headers: headers.flat(), hasBody, expects }
}

/** The trailers of a request as they leave: none that its header would have had to say, and none that are the host's to set. */
export function trailing(fields: readonly Field[], hosts: ReadonlySet<string>): readonly Field[] {
  return fields.filter(([name]) => !NO_TRAILER.has(name.toLowerCase()) && !hosts.has(name.toLowerCase()))
}
