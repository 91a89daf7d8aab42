import { type Guards, off } from './patch.ts'

/** What keeps a guest at the requests that it was granted. */
export const http: Guards = {
  // Every address is one of the public internet.
  'http-addresses': [
    {
      file: 'handler-http/src/address.ts',
      text: "  const [bare = ''] = address.split('%')\n",
      with: "  if (address !== '') return true\n  const [bare = ''] = address.split('%')\n",
    },
  ],
  'http-connected-address': [
    {
      file: 'handler-http/src/network.ts',
      text: 'if (socket.remoteAddress !== undefined && this.#isPublic(socket.remoteAddress))',
      with: 'if (true)',
    },
  ],
  'http-origins': [
    {
      file: 'handler-http/src/origin.ts',
      text: "if (outer.host === '*' || outer.host === inner.host) return true",
      with: 'if (true) return true',
    },
    off('handler-http/src/origin.ts', 'if (outer.scheme !== inner.scheme || outer.port !== inner.port)'),
  ],
  'http-authority': [
    off(
      'handler-http/src/outgoing-request.ts',
      "if (authority !== undefined && originOf('http', authority) === undefined)",
    ),
  ],
  'http-paths': [
    {
      file: 'handler-http/src/path.ts',
      text: "  if (!path.startsWith('/')) return false\n",
      with: "  if (path.startsWith('/')) return true\n",
    },
  ],
  'http-request-line': [
    off('handler-http/src/outgoing-request.ts', 'if (path !== undefined && !isPath(path))'),
  ],
  'http-methods': [
    {
      file: 'handler-http/src/grant.ts',
      text: "return methods.includes(method) || methods.includes('*')",
      with: 'return true',
    },
  ],
  'http-tunnel': [
    {
      file: 'handler-http/src/grant.ts',
      text: "return method !== 'CONNECT' && !/[a-z]/.test(method)",
      with: 'return true',
    },
  ],
  'http-field-values': [off('handler-http/src/fields.ts', 'if (!isValue(value))')],
  'http-forbidden-fields': [off('handler-http/src/fields.ts', 'if (isForbidden(key, value))')],
  'http-length': [
    { file: 'handler-http/src/outgoing.ts', text: '  checkLength(request)\n', with: '' },
    {
      file: 'handler-http/src/outflow.ts',
      text: 'const limit = Math.min(most, declared ?? most)',
      with: 'const limit = declared === undefined ? most : most',
    },
    off(
      'handler-http/src/outflow.ts',
      'if (this.#end === undefined && declared !== undefined && declared !== this.#written) {',
    ),
  ],
  'http-client-url': [
    {
      file: 'handler-http/src/client-request.ts',
      text: 'origin === undefined || !isPath(pathWithQuery) ?',
      with: 'origin === undefined ?',
    },
  ],
  'http-client-fields': [
    {
      file: 'handler-http/src/client-request.ts',
      text: 'isForbidden(key, text) || HOSTS.has(key) ?',
      with: 'false ?',
    },
  ],
  'http-client-bytes': [
    {
      file: 'handler-http/src/client.ts',
      text: 'return wish === 0 ? limit : Math.min(wish, limit)',
      with: 'return wish === 0 ? limit : wish',
    },
  ],
  'http-header-bytes': [off('handler-http/src/outgoing.ts', "if (sizeOf(fields) > limits['header-bytes'])")],
  'http-field-bytes': [off('handler-http/src/fields.ts', 'if (sizeOf(fields) > MAX_BYTES)')],
  'http-totals': [
    {
      file: 'handler-http/src/totals.ts',
      text: 'return this.#requests > 0 && this.#bytes > 0',
      with: 'return this.#bytes > 0',
    },
  ],
}
