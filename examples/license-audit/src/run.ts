import { writeFileSync } from 'node:fs'
import { TheaterError } from '@theater/runtime'
import { inWords } from './grants.ts'
import { begin, cast } from './begin.ts'
import { component } from './components.ts'
import type { Built } from './components.ts'
import { help, readOptions } from './options.ts'
import type { Options } from './options.ts'
import { home, shown } from './paths.ts'
import { audit, show } from './audit.ts'
import { probe } from './probe.ts'
import { exportBoth, tamper, verifyBoth } from './proof.ts'
import { clock, heading, line, megabytes, style, title, working } from './screen.ts'
import { Stage } from './stage.ts'
import { Watch } from './watch.ts'

/** Runs the example; the number is the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') console.log(help)
  else if ('wrong' in options) console.error(`${options.wrong}\n\n${help}`)
  else return perform(options).catch(failed)
  return options === 'help' ? 0 : 2
}

async function perform(options: Options): Promise<number> {
  const time = clock()
  // Names of files are part of a bundle, and so of what tells one source from another.
  process.chdir(home())
  title('Theater: two untrusted actors audit the licences of what is installed here')

  heading('Build')
  const actors = await cast(options)
  const built = new Map<string, Built>()
  for (const { id } of actors) built.set(id, await build(id))
  line()
  for (const { id, grants } of actors) {
    for (const [i, word] of inWords(grants).entries()) line(`${(i === 0 ? id : '').padEnd(9)}  may ${word}`)
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
  await begin(stage, actors, built, options, watch)
  const status = await audit(stage, watch)
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
  line(style(['bold', 'green'], `All of it held, in ${time()}.`))
  line()
  const data = shown(options.data)
  line(style('dim', `npx theater call reporter summary --data ${data}`))
  line(style('dim', `npx theater chain auditor --data ${data}`))
  line(style('dim', `npx theater verify ${shown(stage.files.car)}`))
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
