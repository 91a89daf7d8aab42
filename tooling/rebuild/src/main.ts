/**
 * Builds the guests of tests again. `pnpm guests:rebuild [wat] [relay] [c] [kit] [--write]`
 *
 * Without names all kinds are built. Nothing is written without `--write`: each component is compared with the one
 * that is committed. Exits with 0 if none is different, 1 if one is, 2 for usage, 3 if a compiler is not to be had.
 */
import { cGuests } from './c-guests.ts'
import { kitGuests } from './kit-guests.ts'
import { relayGuests } from './relay-guests.ts'
import { type Result, Unavailable } from './result.ts'
import { watGuests } from './wat-guests.ts'

const KINDS: Readonly<Record<string, (write: boolean) => Promise<readonly Result[]>>> = {
  wat: watGuests,
  relay: relayGuests,
  c: cGuests,
  kit: kitGuests,
}

const names = process.argv.slice(2).filter((arg) => arg !== '--write')
const write = process.argv.includes('--write')
const unknown = names.find((name) => !Object.hasOwn(KINDS, name))

if (unknown === undefined) {
  process.exitCode = await rebuild(names.length === 0 ? Object.keys(KINDS) : names)
} else {
  console.error(`There are no guests of kind "${unknown}". Kinds: ${Object.keys(KINDS).join(', ')}.`)
  process.exitCode = 2
}

async function rebuild(kinds: readonly string[]): Promise<number> {
  const count = { same: 0, different: 0, written: 0 }
  let unavailable = false
  for (const kind of kinds) {
    try {
      for (const { name, state, note } of (await KINDS[kind]?.(write)) ?? []) {
        count[state]++
        console.log(`${state.padEnd(9)} ${kind}/${name}${note === undefined ? '' : ` (${note})`}`)
      }
    } catch (error) {
      if (!Unavailable.is(error)) throw error
      unavailable = true
      console.error(`not built ${kind}: ${error.message}`)
    }
  }
  console.log(`${count.same} the same, ${count.different} different, ${count.written} written`)
  return count.different > 0 ? 1 : unavailable ? 3 : 0
}
