import type { CacheBackend } from './backend.ts'

/** What a test can look into. */
export interface Kept {
  readonly values: Map<string, { readonly value: Uint8Array; readonly until: number }>
  readonly numbers: Map<string, bigint>
}

/** Keeps a cache in memory: the reference, and what tests run on. */
export function memory(
  kept: Kept = { values: new Map(), numbers: new Map() },
  now: () => number = Date.now,
): CacheBackend {
  const alive = (key: string): Uint8Array | undefined => {
    const found = kept.values.get(key)
    return found === undefined || found.until <= now() ? undefined : found.value.slice()
  }
  return {
    get: async (key) => alive(key),
    set: async (key, value, ttlMs) =>
      void kept.values.set(key, {
        value: value.slice(),
        until: ttlMs === undefined ? Infinity : now() + ttlMs,
      }),
    delete: async (key) => void kept.values.delete(key),
    async add(key, by) {
      const sum = (kept.numbers.get(key) ?? 0n) + BigInt(by)
      kept.numbers.set(key, sum)
      return sum
    },
    keys: async (prefix) => [...kept.values.keys()].filter((key) => key.startsWith(prefix) && alive(key)),
    [Symbol.asyncDispose]: async () => undefined,
  }
}
