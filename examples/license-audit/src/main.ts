import { endWithNpm } from './npm.ts'

// Before anything that takes time to load: whoever kills npm does not wait for that.
endWithNpm()
// `npm start | head`: whoever reads has seen enough, which is no failure.
process.stdout.on('error', () => {})
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2))
