// Builds the guests of the kit again, with their digests. `pnpm --filter @theater/actor guests:rebuild [NAME…]`
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '../src/build.ts'

const guests = join(import.meta.dirname, '../../../tooling/guests')
const names = process.argv.length > 2 ? process.argv.slice(2) : ['kit-counter']

for (const name of names) {
  const folder = join(guests, name)
  const { digest, imports, exports } = await build({
    entry: join(folder, 'actor.ts'),
    out: join(folder, `${name}.wasm`),
  })
  writeFileSync(join(folder, 'SHA256SUMS'), `${digest.slice('sha256:'.length)}  ${name}.wasm\n`)
  console.log(JSON.stringify({ name, digest, imports, exports }))
}
