/** A guest that answers requests with header fields of its choice. */
import { fromCore } from '@theater/guests/wat'

const FIELDS = 1024
const TABLE = 512
const ANSWER = 256

const WIT = `package test:whole;
world guest { import theater:http/websocket@0.1.0; export theater:http/request-handler@0.1.0; }
package theater:http@0.1.0 {
  interface websocket { %list: func() -> list<string>; }
  interface request-handler {
    type fields = list<u8>;
    record request { method: string, url: string, headers: fields, body: list<u8> }
    record response { status: u16, headers: fields, body: list<u8> }
    handle: func(request: request) -> response;
  }
}`

/** Answers with the fields whose number the body is, as one digit. */
export function answering(fields: readonly string[]): Promise<Uint8Array> {
  let at = FIELDS
  const data = fields.map((text) => {
    const place = { at, length: text.length, text }
    at += text.length
    return place
  })
  const hex = (bytes: Uint8Array): string => bytes.toHex().replaceAll(/../g, String.raw`\$&`)
  const table = new Uint8Array(new Uint32Array(data.flatMap(({ at: from, length }) => [from, length])).buffer)
  return fromCore(
    `(module
      ;; Who imports nothing of a handler is not bound to it.
      (import "theater:http/websocket@0.1.0" "list" (func (param i32)))
      (memory (export "memory") 2)
      (global $free (mut i32) (i32.const 32768))
      (data (i32.const ${TABLE}) "${hex(table)}")
      (data (i32.const ${FIELDS}) "${hex(Buffer.from(fields.join(''), 'latin1'))}")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
      (func (export "theater:http/request-handler@0.1.0#handle")
        (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (local $entry i32)
        (local.set $entry (i32.add (i32.const ${TABLE})
          (i32.mul (i32.sub (i32.load8_u (local.get 6)) (i32.const 48)) (i32.const 8))))
        (i32.store16 (i32.const ${ANSWER}) (i32.const 200))
        (i32.store offset=4 (i32.const ${ANSWER}) (i32.load (local.get $entry)))
        (i32.store offset=8 (i32.const ${ANSWER}) (i32.load offset=4 (local.get $entry)))
        (i32.const ${ANSWER})))`,
    WIT,
    'guest',
  )
}
