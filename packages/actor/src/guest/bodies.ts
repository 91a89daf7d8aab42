import { isBytes } from '../bytes.ts'
import { replace } from './replace.ts'

/** What a body was made of. */
export type Made = string | Uint8Array

/** How many bytes are kept twice, so that they need not be read back. */
const SHORT = 65_536

/**
 * Remembers what the body of a `Response` was made of: to read it back from the engine, through a stream, takes as long as all else of a
 * short request.
 *
 * @returns what a response was made of that nobody has read; undefined where that is not known
 */
export function rememberBodies(globals: {
  Response?: typeof Response
}): (response: Response) => Made | undefined {
  const { Response: EngineResponse } = globals
  if (EngineResponse === undefined) return () => undefined
  const bodies = new WeakMap<object, Made>()
  const bound = new Proxy(EngineResponse, {
    construct(target, args: unknown[], newTarget) {
      const response = Reflect.construct(target, args, newTarget) as Response
      const body = args[0]
      if (typeof body === 'string') bodies.set(response, body)
      else if (isBytes(body) && body.length <= SHORT) bodies.set(response, new Uint8Array(body))
      return response
    },
  })
  replace(EngineResponse.prototype, 'constructor', bound)
  replace(EngineResponse, 'json', (data: unknown, init: ResponseInit = {}) => {
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new TypeError('the data of a Response is no JSON')
    const headers = new Headers(init.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    const { status = 200, statusText = '' } = init
    return new bound(text, { status, statusText, headers })
  })
  replace(globals, 'Response', bound)
  return (response) => (response.bodyUsed ? undefined : bodies.get(response))
}
