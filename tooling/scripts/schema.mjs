// Keeps packages/cli/theater.schema.json, which editors read, equal to the schema that the command checks manifests with.
// `pnpm schema` writes it, `--check` only compares. Run with --conditions=theater-source.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { manifestSchema } from '@theater/cli'

const file = fileURLToPath(new URL('../../packages/cli/theater.schema.json', import.meta.url))

if (process.argv.includes('--check')) {
  if (!isDeepStrictEqual(read(), JSON.parse(JSON.stringify(manifestSchema)))) {
    console.error('schema: packages/cli/theater.schema.json is out of date. Run `pnpm schema`.')
    process.exit(1)
  }
} else {
  writeFileSync(file, `${JSON.stringify(manifestSchema, undefined, 2)}\n`)
  execFileSync('oxfmt', [file], { stdio: 'inherit' })
}

function read() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
