/** What an entry takes beside its key and value, so that empty ones are not without end. */
const OVERHEAD = 64

/** How many bytes an entry of a bucket counts. */
export function entryBytes(key: string, value: Uint8Array): number {
  return Buffer.byteLength(key) + value.byteLength + OVERHEAD
}
