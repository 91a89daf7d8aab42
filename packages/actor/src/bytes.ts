/**
 * Whether a value is a `Uint8Array` of any realm. The engine's bindings live in a global of their own, so for what
 * comes from the host `instanceof` says no.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** The same bytes as a `Uint8Array` of this realm, so that an actor's own `instanceof` says yes. Nothing is copied. */
export function ownBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
