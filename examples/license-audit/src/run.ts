import { writeFileSync } from 'node:fs'
import { ChainError } from '@theater/event-chain'
import { TheaterError } from '@theater/runtime'
import { inWords } from './grants.ts'
import { begin, cast, found } from './begin.ts'
import { component } from '@theater/example-kit/components'
import type { Built } from '@theater/example-kit/components'
import { help, readOptions } from './options.ts'
import type { Options } from './options.ts'
import { home } from './paths.ts'
import { shown } from '@theater/example-kit/shown'
import { audit, show } from './audit.ts'
import { fetchReport } from './fetch.ts'
import type { Npm } from '@theater/example-kit/npm'
import { probe } from './probe.ts'
import { exportBoth, tamper } from './proof.ts'
import { clock, megabytes, Screen } from '@theater/example-kit/screen'
import { checkPort, keepServing } from './serve.ts'
import { sign } from './sign.ts'
import { Stage } from './stage.ts'
import { verifyElsewhere } from './stranger.ts'
import { Watch } from './watch.ts'

/** Runs the example; the number is the exit code. */
export async function run(args: readonly string[], npm: Npm): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') console.log(help)
  else if ('wrong' in options) console.error(`${options.wrong}\n\n${help}`)
  else {
    const screen = new Screen()
    return perform(options, npm, screen).catch((error: unknown) => failed(error, screen))
  }
  return options === 'help' ? 0 : 2
}

async function perform(options: Options, npm: Npm, screen: Screen): Promise<number> {
  const time = clock()
  const { serve } = options
  if (serve !== undefined) await checkPort(serve)
  screen.title('Theater: two untrusted actors audit the licences of what is installed here')

  screen.heading('Build')
  const actors = await cast(options)
  const components = new Map<string, Built>()
  for (const { id } of actors) components.set(id, await build(id, screen))
  screen.line()
  for (const { id, grants } of actors) {
    for (const [i, word] of inWords(grants).entries())
      screen.line(`${(i === 0 ? id : '').padEnd(9)}  may ${word}`)
  }

  screen.heading('Audit: one turn for each package')
  await using stage = await Stage.take(options.data, options.fresh)
  if (stage === undefined) {
    screen.line(
      screen.style(
        'red',
        `another process runs an audit in ${options.data}. Wait for it, or name another folder with --data.`,
      ),
    )
    return 1
  }
  const watch = new Watch(options, screen)
  stage.log = watch.take
  const play = { actors, components }
  const before = await found(stage, play)
  if (serve !== undefined && before?.finished === true && before.same) {
    screen.line('It was finished before, and is served again. --fresh makes a new one.')
    await keepServing(stage, serve, npm, screen)
    return 0
  }
  await begin(stage, play, before, watch, screen)
  const status = await audit(stage, watch, screen)
  await show(stage, status, screen)

  screen.heading('Fetch the report from the reporter, over HTTP: one turn for each request')
  const requests = await fetchReport(stage, screen)
  await stage.closeDoor()

  screen.heading('Sign: one checkpoint over all records of this host')
  await sign(stage.hostLog, screen)

  screen.heading('Export: both records in one file, with what was signed of them')
  await exportBoth(stage, requests, screen)

  screen.heading('Verify: another process, which has the file and the public key')
  await verifyElsewhere(
    { car: stage.files.car, key: stage.hostLog.key.toString(), data: options.data },
    screen,
  )

  screen.heading('Change one byte in a copy: it is refused')
  await tamper(stage, screen)

  screen.heading('Try to leave the directory: that is refused, and recorded')
  await probe(stage, screen)

  writeFileSync(stage.files.finished, `${new Date().toISOString()}\n`)
  screen.line()
  screen.line(screen.style(['bold', 'green'], `All of it held, in ${time()}.`))
  screen.line()
  const data = shown(options.data)
  screen.line(screen.style('dim', `npx theater call reporter summary --data ${data}`))
  screen.line(screen.style('dim', `npx theater chain auditor --data ${data}`))
  screen.line(
    screen.style(
      'dim',
      `npx theater verify ${shown(stage.files.car)} --key $(npx theater key --data ${data})`,
    ),
  )
  if (serve !== undefined) {
    screen.heading('Serve the report')
    await keepServing(stage, serve, npm, screen)
  }
  return 0
}

async function build(actor: string, screen: Screen): Promise<Built> {
  const time = clock()
  screen.working(`building ${actor}, which takes some seconds`)
  const built = await component(home(), actor)
  const size = megabytes(built.bytes.length)
  const how = built.now ? `built in ${time()}` : 'already built from this source'
  screen.line(`${actor.padEnd(9)}  ${size}  ${screen.style(built.now ? 'green' : 'dim', how)}`)
  return built
}

function failed(error: unknown, screen: Screen): number {
  const damaged = ChainError.is(error) || (TheaterError.is(error) && error.code === 'cannot-resume')
  const expected = TheaterError.is(error) || (error instanceof Error && error.constructor === Error)
  screen.line()
  screen.line(screen.style('red', error instanceof Error ? error.message : String(error)))
  if (damaged) screen.line('npm start -- --fresh forgets what is recorded and begins a new audit.')
  else if (!expected) console.error(error)
  return 1
}
