import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Counters } from './counters.ts'
import { compare } from './http.ts'
import type { HttpRow } from './http.ts'
import { HttpThread } from './http-thread.ts'
import type { Budget } from './measure.ts'

/** What is asked for: so many clients at once, of so many counters. */
const loads = [
  { clients: 1, counters: 1 },
  { clients: 1, counters: 100 },
  { clients: 64, counters: 1 },
  { clients: 64, counters: 100 },
] as const

/** Makes counters in a folder; they end with the stack. */
type Make = (stack: AsyncDisposableStack, folder: string) => Promise<Counters>

/** Asks durable counters, the first of which are the baseline. */
export async function durableRows(
  makes: readonly Make[],
  { rounds, seconds }: Budget,
  show: (row: HttpRow) => void,
): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack()
  const thread = stack.use(new HttpThread())
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const all: Counters[] = []
  for (const make of makes) all.push(await make(stack, folder))
  const summary: Record<string, number> = {}
  for (const { clients, counters } of loads) {
    const ways = all.map(({ name, url }) => ({
      name,
      run: (n: number, atOnce: number) =>
        thread.ask(
          Array.from({ length: counters }, (_, i) => url(i)),
          n,
          atOnce,
        ),
    }))
    const name = `${clients} at once, ${counters === 1 ? 'one counter' : `${counters} counters`}`
    for (const row of await compare(name, ways, clients, { rounds, seconds: seconds / loads.length })) {
      show(row)
      summary[row.name] = row.ours
    }
  }
  return summary
}
