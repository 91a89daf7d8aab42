import { Npm } from '@theater/example-kit/npm'
// Before the folder changes: paths are typed, and shown, from where this was started.
import '@theater/example-kit/shown'
import { home } from './paths.ts'

// Before anything that takes time to load: whoever kills npm does not wait for that.
new Npm('start', 'agent').watch()
// `npm run agent | head`: whoever reads has seen enough, which is no failure.
process.stdout.on('error', () => {})
// Names of files are part of a bundle, and so of what tells one source from another; the bundler asks for the folder as it is loaded.
process.chdir(home())
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2))
