// Removes what a build or a test run leaves, in every package. Keeps node_modules.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, workspaces } from './workspace.mjs'

for (const path of [root, ...workspaces().map((w) => w.path)]) {
  for (const name of ['dist', '.turbo', '.results', '.packed', '.tsbuildinfo', 'test/.tsbuildinfo']) {
    rmSync(join(path, name), { recursive: true, force: true })
  }
}
