import type { Asked } from './asked.ts'

/** The most redirects that are followed, https://fetch.spec.whatwg.org/#http-redirect-fetch. */
export const mostRedirects = 20

const statuses = [301, 302, 303, 307, 308]
const ofBody = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type']
const ofOrigin = ['authorization', 'cookie', 'proxy-authorization']

/**
 * The request that an answer sends its client on with; `undefined` where it does not. Whoever is asked next has to be
 * granted like any other.
 *
 * @throws TypeError where it leads to no address, or a body that was read once would have to be sent again
 */
export function redirected(request: Asked, status: number, location: string | null): Asked | undefined {
  if (!statuses.includes(status) || location === null) return undefined
  const from = new URL(request.url)
  const to = new URL(location, from)
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw new TypeError(`${request.url} redirects to ${to.protocol}, which fetch does not know`)
  // What follows the # stays, as in a browser.
  if (to.hash === '') to.hash = from.hash
  const asGet =
    status === 303
      ? request.method !== 'GET' && request.method !== 'HEAD'
      : status < 303 && request.method === 'POST'
  if (!asGet && request.body !== null)
    throw new TypeError(`${request.url} redirects with ${status}, and the body cannot be sent again`)
  const headers = new Headers(request.headers)
  if (asGet) for (const name of ofBody) headers.delete(name)
  if (to.origin !== from.origin) for (const name of ofOrigin) headers.delete(name)
  return { method: asGet ? 'GET' : request.method, url: to.href, headers, body: null }
}
