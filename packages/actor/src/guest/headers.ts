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

/** Headers as `theater:http/request-handler` writes them: on lines. @param check throws for a name that is not to be among them */
export function linesOf(headers: Headers, check: (name: string) => void): string {
  let lines = ''
  headers.forEach((value, name) => {
    check(name)
    lines += `${name}: ${value}\r\n`
  })
  return lines
}

/** Fields that it has written. */
export function fieldsIn(bytes: Uint8Array): [string, string][] {
  const fields: [string, string][] = []
  const lines = latin1(bytes).split('\r\n')
  // By their numbers: to go through a list takes the engine longer than to take a line apart. The last one is empty.
  for (let i = 0; i < lines.length - 1; i++) {
    const line = lines[i]!
    const colon = line.indexOf(':')
    fields.push([line.substring(0, colon), line.substring(colon + 1)])
  }
  return fields
}

/** Lines as bytes; undefined where they are those of UTF-8. */
export function latin1Of(lines: string): Uint8Array | undefined {
  // oxlint-disable-next-line no-control-regex
  return /[^\0-\x7f]/.test(lines) ? bytesOf(lines) : undefined
}

/** A loop is what the engine is slow at, and hardly any header has another letter than ASCII, which UTF-8 has too. */
function latin1(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  return text.length === bytes.length && !text.includes('\ufffd') ? text : textOf(bytes)
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
