#!/usr/bin/env node
// An old Node gets a sentence, not a syntax error: only this file is read before it is known to be new enough.
if (Number.parseInt(process.versions.node, 10) < 26) {
  console.error(`create-theater: Node 26 or later is needed, this is ${process.version}`)
  process.exit(2)
}
const { main } = await import('../dist/main.js')
process.exitCode = await main(process.argv.slice(2))
