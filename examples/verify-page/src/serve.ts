/** `pnpm --filter @theater/example-verify-page start [PORT]` */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { servePage } from './server.ts'

const folder = join(import.meta.dirname, '../dist')
const port = Number(process.argv[2] ?? 0)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(
    `"${process.argv[2]}" is not a port. Give a number up to 65535, or nothing for any that is free.`,
  )
  process.exit(2)
}
if (!existsSync(join(folder, 'index.html'))) {
  console.error(
    'The page is not built: run `turbo run build --filter @theater/example-verify-page` at the root of the repository.',
  )
  process.exit(2)
}
const { url } = await servePage(folder, port)
console.log(`${url}  (Ctrl+C ends it)`)
