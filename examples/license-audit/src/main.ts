import { writeFileSync } from 'node:fs'
import { TheaterError } from '@theater/runtime'
import { begin, cast } from './begin.ts'
import { component } from './components.ts'
import type { Built } from './components.ts'
import { help, readOptions } from './options.ts'
import type { Options } from './options.ts'
import { home } from './paths.ts'
import { perform, show, Watch } from './perform.ts'
import { probe } from './probe.ts'
import { exportBoth, tamper, verifyBoth } from './proof.ts'
import { clock, heading, line, megabytes, style, title, working } from './screen.ts'
import { Stage } from './stage.ts'

const options = readOptions(process.argv.slice(2))
if (options === 'help') console.log(help)
else if ('wrong' in options) {
  console.error(`${options.wrong}\n\n${help}`)
  process.exitCode = 2
} else {
  endWithNpm()
  process.exitCode = await main(options).catch(failed)
}

async function main(options: Options): Promise<number> {
  const time = clock()
  // Names of files are part of a bundle, and so of what tells one source from another.
  process.chdir(home())
  title('Theater: two untrusted actors audit the licences of what is installed here')

  heading('Build')
  const actors = await cast(options)
  const built = new Map<string, Built>()
  for (const { id } of actors) built.set(id, await build(id))
  for (const { id, grants } of actors) {
    const names = Object.keys(grants)
    line(style('dim', `${id} is granted ${names.length === 0 ? 'nothing' : names.join(', ')}`))
  }

  heading('Audit')
  await using stage = await Stage.take(options.data)
  if (stage === undefined) {
    line(
      style(
        'red',
        `another process runs an audit in ${options.data}. Wait for it, or name another folder with --data.`,
      ),
    )
    return 1
  }
  const watch = new Watch(options)
  stage.log = watch.take
  const before = await begin(stage, actors, built, options)
  const status = await perform(stage, before)
  await show(stage, status)

  heading('Verify: both actors run again over their records')
  await verifyBoth(stage)

  heading('Export')
  await exportBoth(stage)

  heading('Change one byte in a copy')
  await tamper(stage)

  heading('Try to leave the directory')
  await probe(stage)

  writeFileSync(stage.files.finished, `${new Date().toISOString()}\n`)
  line()
  line(style('bold', `All of it held, in ${time()}.`))
  return 0
}

async function build(actor: string): Promise<Built> {
  const time = clock()
  working(`building ${actor}, which takes some seconds`)
  const built = await component(actor)
  const size = megabytes(built.bytes.length)
  const how = built.now ? `built in ${time()}` : 'already built from this source'
  line(`${actor.padEnd(9)}  ${size}  ${style(built.now ? 'green' : 'dim', how)}`)
  return built
}

function failed(error: unknown): number {
  const expected = TheaterError.is(error) || (error instanceof Error && error.constructor === Error)
  line()
  line(style('red', error instanceof Error ? error.message : String(error)))
  if (!expected) console.error(error)
  return 1
}

/** Started by npm, this process ends when npm is killed: nobody wants an audit that goes on unseen. */
function endWithNpm(): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }, 50).unref()
}
