/** What a `fetch` asks for. A `Request` has all of it, and so has an {@link Asked}. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
}

const token = /^[!#$%&'*+\-.^_`|~\w]+$/
const known = /^(?:delete|get|head|options|post|put)$/i
const forbidden = /^(?:connect|trace|track)$/i

/**
 * Reads the arguments of `fetch`, as https://fetch.spec.whatwg.org/#dom-request says, without making a `Request` of what
 * is none: each has an `AbortSignal`, and the engine never forgets one.
 *
 * @throws TypeError
 */
export function asked(input: string | URL | Request, init: RequestInit): Asked {
  if (input instanceof Request) {
    if (Object.keys(init).length > 0) return new Request(input, init)
    if (input.bodyUsed) throw new TypeError('the body of this Request was read before')
    return input
  }
  const url = new URL(input)
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`${url.origin}: fetch takes no credentials in a URL; use a header`)
  const method = methodFrom(init.method ?? 'GET')
  const headers = new Headers(init.headers)
  const { body = null } = init
  if (body === null) return { method, url: url.href, headers, body }
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`a ${method} has no body`)
  // It makes a stream of all that can be a body, and knows the types of each.
  const made = new Response(body)
  const type = made.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return { method, url: url.href, headers, body: made.body }
}

function methodFrom(given: string): string {
  if (!token.test(given) || forbidden.test(given)) throw new TypeError(`fetch knows no method ${given}`)
  return known.test(given) ? given.toUpperCase() : given
}
