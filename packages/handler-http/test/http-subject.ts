import type { HttpSubject } from '@theater/handler-conformance'
import { http, type HttpHandler } from '../src/index.ts'

const LONG = 600_000

/** The handler as the laws of `wasi:http` try it: no time of its own is over before a law is. */
export const subject: HttpSubject = {
  name: 'over node:http',
  make: (secret) =>
    http({
      secrets: { KEY: secret },
      limits: {
        'connect-ms': LONG,
        'first-byte-ms': LONG,
        'between-bytes-ms': LONG,
        'continue-ms': LONG,
        'total-ms': LONG,
        'answer-ms': LONG,
      },
      server: { headerMs: LONG, requestMs: LONG, idleMs: LONG, sendMs: LONG },
    }),
  grant: (origin, may) => ({
    out: [
      {
        origin,
        methods: may.methods ?? ['*'],
        paths: may.paths ?? ['/'],
        'private-network': true,
        ...(may.secret !== undefined && { headers: { [may.secret]: { secret: 'KEY' } } }),
      },
    ],
    limits: {
      ...(may.bytes !== undefined && { 'request-bytes': may.bytes, 'response-bytes': may.bytes }),
      ...(may.headerBytes !== undefined && { 'header-bytes': may.headerBytes }),
      ...(may.concurrent !== undefined && { concurrent: may.concurrent }),
      ...(may.firstByteMs !== undefined && { 'first-byte-ms': may.firstByteMs }),
    },
  }),
  serves: {
    grant: { serve: [{ path: '/' }] },
    port: (handler) => (handler as unknown as HttpHandler).address?.port ?? 0,
  },
}
