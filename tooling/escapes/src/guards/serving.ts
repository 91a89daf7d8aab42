import { type Guards, off } from './patch.ts'

const listener = 'handler-http/src/listener.ts'

/** What keeps clients of an actor that answers HTTP at bay. */
export const serving: Guards = {
  'serve-header-time': [
    {
      file: listener,
      text: 'headersTimeout: Math.min(limits.headerMs, limits.requestMs),',
      with: 'headersTimeout: 0,',
    },
    { file: listener, text: 'requestTimeout: limits.requestMs,', with: 'requestTimeout: 0,' },
  ],
  'serve-header-bytes': [
    { file: listener, text: 'maxHeaderSize: limits.headerBytes,', with: 'maxHeaderSize: 1e8,' },
    {
      file: 'handler-http/src/visit.ts',
      text: "if (sizeOf(fields) > limits['header-bytes'])",
      with: 'if (false)',
    },
  ],
  'serve-pipelined': [{ file: listener, text: '|| onConnection > this.#limits.pipelined', with: '' }],
  'serve-connections': [
    {
      file: listener,
      text: 'server.maxConnections = limits.connections',
      with: 'server.maxConnections = 1e6',
    },
  ],
  'serve-own-names': [
    {
      file: 'handler-http/src/route.ts',
      text: "    host === 'localhost' ||\n",
      with: "    host !== '' ||\n",
    },
  ],
  'serve-fields': [
    off(
      'handler-http/src/whole.ts',
      'if (!isToken(name) || !isValue(value) || isForbidden(name, value)) return undefined',
    ),
  ],
  'serve-targets': [
    {
      file: 'handler-http/src/target.ts',
      text: 'const host = of(named)',
      with: "const host = of(named) ?? 'localhost'",
    },
  ],
}
