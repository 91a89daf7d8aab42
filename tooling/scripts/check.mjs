// `pnpm check`: format, lint, references, the manifest's schema, types, what nobody uses, tarballs, import table. Runs all of them, even after a failure.
import { pathToFileURL } from 'node:url'
import { run } from './run.mjs'

/** @type {[name: string, command: string, args: string[]][]} */
const checks = [
  ['format', 'oxfmt', ['--check']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['references', 'node', ['tooling/scripts/references.mjs', '--check']],
  ['schema', 'node', ['--conditions=theater-source', 'tooling/scripts/schema.mjs', '--check']],
  ['types', 'tsc', ['-b']],
  ['unused', 'knip', ['--cache', '--treat-config-hints-as-errors']],
  // After the types, which write what is packed: a tarball is made again only if a file in it is another one.
  ['tarballs', 'turbo', ['run', 'tarball', '--output-logs=errors-only', '--log-order=grouped']],
]
/** @type {[string, string, string[]]} */
const importTable = ['import table', 'vitest', ['run', 'tooling/checks/']]

/** Runs the checks one after the other and returns `{ passed, failed }`, lists of their names. */
export async function check({ withImportTable }) {
  const passed = []
  const failed = []
  for (const [name, command, args] of withImportTable ? [...checks, importTable] : checks) {
    console.log(`check: ${name} (${command} ${args.join(' ')})`)
    const code = await run(command, args)
    ;(code === 0 ? passed : failed).push(name)
  }
  return { passed, failed }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed } = await check({ withImportTable: true })
  console.log(
    failed.length
      ? `check: failed: ${failed.join(', ')}`
      : `check: ${passed.length} of ${passed.length} hold`,
  )
  process.exit(failed.length ? 1 : 0)
}
