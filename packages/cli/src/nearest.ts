/** The candidate that `name` was most likely meant to be; `undefined` when none is near. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  // Two slips in a short word make another word.
  let limit = Math.min(3, Math.ceil(name.length / 3) + 1)
  for (const candidate of candidates) {
    const found = distance(name.toLowerCase(), candidate.toLowerCase())
    if (found < limit) {
      limit = found
      best = candidate
    }
  }
  return best
}

/** Single characters put in, taken out, changed or swapped with the next. */
function distance(a: string, b: string): number {
  // Long names are nobody's slip of the pen, and the table is quadratic.
  if (a.length > 64 || b.length > 64) return Infinity
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(i - 2, j - 2) + 1)
      row.push(least)
    }
  }
  return at(a.length, b.length)
}
