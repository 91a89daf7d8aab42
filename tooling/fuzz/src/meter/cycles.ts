/**
 * Which calls go round in circles: `calls[i]` are the functions that function i calls. The answer says of a caller and a
 * callee whether the callee can reach the caller again.
 */
export function cycles(calls: readonly (readonly number[])[]): (caller: number, callee: number) => boolean {
  const reached = calls.map((_, from) => reach(calls, from))
  return (caller, callee) => reached[callee]?.has(caller) ?? false
}

function reach(calls: readonly (readonly number[])[], from: number): ReadonlySet<number> {
  const seen = new Set([from])
  for (const at of seen) for (const next of calls[at] ?? []) seen.add(next)
  return seen
}
