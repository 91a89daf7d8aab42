import type { Json } from '@theater/values'

/** The data with what a path names emptied: a list, or a map. */
export function emptied(data: Json, path: readonly string[]): Json {
  return changed(data, path, (value) => (Array.isArray(value) ? [] : {}))
}

/** The data without what a path names. */
export function without(data: Json, path: readonly string[]): Json {
  return changed(data, path, () => undefined)
}

/** The data with one key more in the object that a path names. */
export function withKey(data: Json, path: readonly string[], key: string, value: Json): Json {
  return changed(data, path, (object) =>
    Object.fromEntries([...Object.entries(object as { readonly [key: string]: Json }), [key, value]]),
  )
}

/** The data with some parts left out, as the numbers say, and as long as it stays valid. */
export function pruned(data: Json, picks: readonly number[], valid: (data: Json) => boolean): Json {
  let left = data
  // From the end, so that the places of the rest stay what they are.
  for (const [i, path] of parts(data).toReversed().entries()) {
    if ((picks[i % picks.length] ?? 0) > 2) continue
    const less = without(left, path)
    if (valid(less)) left = less
  }
  return left
}

/** The path of each part of some data. */
function parts(data: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof data !== 'object' || data === null) return []
  return Object.entries(data).flatMap(([key, part]: [string, Json]) => [
    [...path, key],
    ...parts(part, [...path, key]),
  ])
}

function changed(data: Json, path: readonly string[], change: (value: Json) => Json | undefined): Json {
  const [first, ...rest] = path
  if (first === undefined) return change(data) ?? null
  const step = (key: string, value: Json): readonly Json[] => {
    if (key !== first) return [value]
    const next = rest.length === 0 ? change(value) : changed(value, rest, change)
    return next === undefined ? [] : [next]
  }
  if (Array.isArray(data)) return data.flatMap((item, i) => [...step(String(i), item)])
  return Object.fromEntries(
    Object.entries(data as { readonly [key: string]: Json }).flatMap(([key, value]) =>
      step(key, value).map((next): [string, Json] => [key, next]),
    ),
  )
}
