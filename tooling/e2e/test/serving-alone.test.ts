import { memoryStore } from '@theater/event-chain'
import { fromCore } from '@theater/guests/wat'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { verdicts } from './support/courier.ts'

/** Answers each request with the same five bytes, which stand where the canonical ABI expects the response. */
const WAT = `(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\\c8\\00\\00\\00\\20\\00\\00\\00\\00\\00\\00\\00\\40\\00\\00\\00\\05\\00\\00\\00")
  (data (i32.const 64) "alone")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "theater:http/request-handler@0.1.0#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0)))`

const WIT = `package theater:http@0.1.0;
interface request-handler {
  type fields = list<u8>;
  record request { method: string, url: string, headers: fields, body: list<u8> }
  record response { status: u16, headers: fields, body: list<u8> }
  handle: func(request: request) -> response;
}
world guest { export request-handler; }`

it('an actor that imports nothing is served where it is granted, and comes back so; without a grant nobody listens', async () => {
  const component = await fromCore(WAT, WIT, 'guest')
  const store = memoryStore()
  const listened: unknown[] = []
  for (let host = 0; host < 2; host++) {
    await using handler = http()
    await using theater = await Theater.open({ store, cache, handlers: [handler] })
    if (theater.actors().length === 0) {
      await theater.spawn({ id: 'none', component })
      listened.push(handler.address)
      await theater.spawn({ id: 'alone', component, grants: { http: { serve: [{ path: '/' }] } } })
    }
    const response = await fetch(`${handler.address?.url}/`, { headers: { connection: 'close' } })
    expect([response.status, await response.text()]).toEqual([200, 'alone'])
  }
  expect(listened).toEqual([undefined])
  expect(await verdicts(store)).toMatchObject({ alone: 'verified', none: 'verified' })
})
