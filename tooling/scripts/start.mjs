// `npm start`: the main job, examples/license-audit, on the Node that the repository brings.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'
import { root } from './workspace.mjs'

const example = 'examples/license-audit'
if (!existsSync(join(root, example, 'package.json'))) {
  console.error(
    `start: ${example} is not in this checkout, so there is nothing to start. \`npm test\` runs every check.`,
  )
  process.exit(1)
}
process.exit(await run('pnpm', ['--silent', '--filter', `./${example}`, 'start', ...process.argv.slice(2)]))
