import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fakeActor } from '../fake-actor.ts'
import { drop, Guest, HANDLE, SECRET, taken, TYPES } from './guest.ts'
import { Peer } from './peer.ts'
import type { HttpLaw, HttpMay } from './subject.ts'

/** A request that a guest might make: of the server that is granted, or of another. */
interface Wish {
  readonly granted: boolean
  readonly method: string
  readonly path: string
  readonly query: string
}

const wish: fc.Arbitrary<Wish> = fc.record({
  granted: fc.constantFrom(true, true, false),
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PROPFIND'),
  path: fc
    .array(fc.constantFrom('/api', '/apiary', '/x', '/..', '/.', '/%2e%2e', '//', '/%61pi', '\\x', ';a'), {
      minLength: 1,
      maxLength: 3,
    })
    .map((parts) => parts.join('').replace(/^[^/]/, '/')),
  query: fc.constantFrom('', '?q=/../api', '?'),
})

const may: fc.Arbitrary<HttpMay> = fc.record({
  methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', '*', '*'), { minLength: 1, maxLength: 2 }),
  paths: fc.uniqueArray(fc.constantFrom('/', '/api', '/api/', '/x'), { minLength: 1, maxLength: 2 }),
  secret: fc.constantFrom('x-key', 'authorization'),
})

/** The law that what is said of a request and what becomes of it are the same. */
export const lawsOfHttpAuthority: readonly HttpLaw[] = [
  {
    name: 'what authorize refuses never leaves, and what it allows arrives as it was made, redirects too',
    async run(subject) {
      await using granted = await Peer.open('HTTP/1.1 204 No Content\r\n\r\n')
      await using other = await Peer.open('HTTP/1.1 204 No Content\r\n\r\n')
      const handler = subject.make(SECRET)
      let made = 0
      const allowed: string[] = []
      await fc.assert(
        fc.asyncProperty(may, wish, wish, async (said, first, hop) => {
          const grant = subject.grant(granted.origin, said)
          await using guest = new Guest(handler, await handler.bind(fakeActor(), grant as never))
          // The second as a program goes on that was sent elsewhere: by the text of a location, which need not be what it was.
          const location = new URL(`${(hop.granted ? granted : other).origin}${hop.path}${hop.query}`)
          const next = { ...hop, path: location.pathname, query: location.search }
          for (const { granted: here, method, path, query } of [first, next]) {
            const peer = here ? granted : other
            const mark = String((made += 1))
            const request = guest.request(peer, {
              method,
              path: `${path}${query}`,
              headers: { 'x-mark': mark },
            })
            const described = guest.binding.current?.(`${TYPES}#outgoing-request`, request)
            const ask = handler.functions[HANDLE]?.ask?.({ fn: HANDLE, args: [described, null] })
            assert.ok(ask, `${method} ${path} asks for nothing`)
            const verdict = handler.authorize(grant as never, ask)
            const shown = `${JSON.stringify(ask)} under ${JSON.stringify(grant)}`
            const outcome = await guest.perform(request).catch(() => undefined)
            if (verdict !== true) {
              if (outcome !== undefined) drop(outcome)
              assert.equal(outcome, undefined, `${shown}: ${verdict.refused}, and it is made`)
              continue
            }
            assert.ok(outcome !== undefined, `${shown}: granted, and not made`)
            assert.ok(here, `${shown}: another server than the one that was granted`)
            assert.equal((await taken(outcome)).tag, 'ok', `${shown}: granted, and does not arrive`)
            const head = granted.heads.find((one) => one.includes(`x-mark: ${mark}\r\n`)) ?? ''
            assert.ok(
              head.startsWith(`${method} ${path}${query} HTTP/1.1\r\n`),
              `${shown}: arrives as ${head}`,
            )
            assert.ok(head.includes(`${said.secret}: ${SECRET}\r\n`), `${shown}: arrives without its secret`)
            allowed.push(mark)
          }
        }),
        { seed: 0x7468_6561, numRuns: subject.runs ?? 150 },
      )
      const marks = (peer: Peer): readonly string[] =>
        peer.heads.map((head) => /x-mark: ([0-9]+)/.exec(head)?.[1] ?? '')
      assert.deepEqual(marks(granted), allowed)
      assert.deepEqual(marks(other), [])
      assert.ok(allowed.length > 0 && allowed.length < made, `${allowed.length} of ${made}`)
      await handler[Symbol.asyncDispose]?.()
    },
  },
]
