/** Standard base64 with padding: RFC 4648, section 4. */
export function base64(bytes: Uint8Array): string {
  return bytes.toBase64()
}

/** The bytes of standard base64 in its one canonical form; undefined for anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch {
    return undefined
  }
}
