/**
 * Assembles every guest again. `--check` only compares; otherwise components and digests are written.
 * `node src/rebuild.ts [--check]`
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { watGuests, watSource } from './index.ts'
import { assemble } from './wat.ts'

const check = process.argv.includes('--check')
const folder = new URL('../wat/', import.meta.url)
const lines: string[] = []
let different = 0

for (const name of watGuests()) {
  const bytes = await assemble(watSource(name))
  const digest = createHash('sha256').update(bytes).digest('hex')
  lines.push(`${digest}  ${name}.wasm\n`)
  const file = new URL(`${name}.wasm`, folder)
  if (!check) writeFileSync(file, bytes)
  else if (!readFileSync(file).equals(bytes)) {
    different++
    console.error(`${name}.wasm is not what ${name}.wat assembles to`)
  }
}

const sums = new URL('SHA256SUMS', folder)
if (!check) writeFileSync(sums, lines.join(''))
else if (readFileSync(sums, 'utf8') !== lines.join('')) {
  different++
  console.error('SHA256SUMS does not fit the components')
}
console.log(`${lines.length} guests ${check ? 'compared' : 'built'}, ${different} different`)
process.exitCode = different === 0 ? 0 : 1
