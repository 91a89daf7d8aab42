import type { WasiHttpTypes } from '@theater/wit'

/** Headers as `wasi:http` has them. */
export function fieldsOf(headers: Headers): [string, Uint8Array][] {
  return [...headers].map(([name, value]) => [name, bytesOf(value)])
}

/** Headers as the web has them. */
export function headersOf(fields: WasiHttpTypes.Fields): Headers {
  const headers = new Headers()
  for (const [name, value] of fields.entries()) headers.append(name, textOf(value))
  return headers
}

/** Values are bytes, and text only by custom; Latin-1 keeps them as they are (https://fetch.spec.whatwg.org/#concept-header-value). */
function textOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
