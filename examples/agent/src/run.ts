import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ManifestActor } from '@theater/cli'
import { ChainError } from '@theater/event-chain'
import { component } from '@theater/example-kit/components'
import { clock, counted, megabytes, number, Screen } from '@theater/example-kit/screen'
import { shown } from '@theater/example-kit/shown'
import { printable } from '@theater/handler-log'
import { TheaterError, type Theater } from '@theater/runtime'
import type { Report } from '../actors/report.ts'
import { baseOf, begin, interrupted } from './begin.ts'
import { agent, frugal, httpOf, paramsOf, SECRET, written } from './cast.ts'
import { inWords } from './grants.ts'
import { STAND_IN_KEY, startModel } from './model.ts'
import type { Model } from './model.ts'
import { help, readOptions } from './options.ts'
import type { Options } from './options.ts'
import { home } from './paths.ts'
import { exportAll, verifyAll } from './proof.ts'
import { showRecord } from './record.ts'
import { search } from './search.ts'
import { Stage } from './stage.ts'
import { short, Watch } from './watch.ts'

/** Runs the example; the number is the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args, process.env)
  if (options === 'help') console.log(help)
  else if ('wrong' in options) console.error(`${options.wrong}\n\n${help}`)
  else {
    const screen = new Screen()
    return perform(options, screen).catch((error: unknown) => failed(error, screen))
  }
  return options === 'help' ? 0 : 2
}

async function perform(options: Options, screen: Screen): Promise<number> {
  const time = clock()
  screen.title('Theater: an agent that nobody has to trust asks a model, within a grant and a budget')

  screen.heading('Build')
  const bytes = await build(screen)
  await using stage = await Stage.take(options.data, options.fresh)
  if (stage === undefined) {
    throw new Error(
      `another process runs an agent in ${options.data}. Wait for it, or name another folder with --data.`,
    )
  }
  const before = await interrupted(stage)
  const key = keyOf(options)
  await using model =
    options.modelUrl === undefined ? await standIn(options, key ?? '', before && baseOf(before)) : undefined
  const base = options.modelUrl ?? model?.base ?? ''
  const { question, model: named } = options
  const actor = agent(await written(), { base, model: named, question, keyed: key !== undefined })
  screen.line()
  for (const [i, word] of inWords(actor).entries())
    screen.line(`${(i === 0 ? actor.id : '').padEnd(9)}  may ${word}`)

  screen.heading(`Run: it asks ${model === undefined ? base : 'a stand-in for a model, on this machine'}`)
  const secrets = key === undefined ? {} : { [SECRET]: key }
  const watch = new Watch(screen)
  const theater = await begin(stage, { actor, component: bytes, secrets }, before, watch, screen)
  const report = await play(theater, stage, actor, bytes)
  if (report.outcome === 'failed' || report.outcome === 'none') {
    throw new Error(`the agent has no answer: ${report.reason ?? 'its turn did not come to its end'}`)
  }
  screen.line(
    screen.style(
      'dim',
      `${counted(report.rounds, 'round')}, ${number(report.tokens)} tokens by the model's count`,
    ),
  )
  for (const label of report.notes) {
    screen.line()
    screen.line(`The note ${screen.style('bold', short(label, 60))}:`)
    const text = String(await stage.ask(actor.id, 'note', label.replace(/^notes\//, '')))
    for (const line of text.trimEnd().split('\n')) screen.line(line === '' ? '' : `  ${printable(line)}`)
  }

  screen.heading('What it asked, what it was told, what it was refused: read back from the record')
  await showRecord(stage.store, actor.id, screen)

  screen.heading('Budget: the same agent with less to use up')
  const small = frugal(actor)
  watch.brief = true
  await showStops(theater, stage, small, bytes, screen)

  screen.heading('Verify: every agent runs again over its record')
  const actors = [actor, ...small].map(({ id }) => id)
  await verifyAll(stage, actors, screen)

  screen.heading('Export: all of it in one file')
  await exportAll(stage, actors, screen)

  screen.heading('Search every byte for the key')
  await searchAll(stage, key, actor, screen)
  if (model !== undefined) {
    const { answered, unauthorized } = model.requests
    screen.line(
      `the stand-in saw it ${counted(answered, 'time')}, and ${counted(unauthorized, 'request')} without it`,
    )
  }

  writeFileSync(stage.files.finished, `${new Date().toISOString()}\n`)
  screen.line()
  screen.line(screen.style(['bold', 'green'], `All of it held, in ${time()}.`))
  screen.line()
  const data = shown(options.data)
  screen.line(screen.style('dim', `npx theater replay agent --data ${data}`))
  screen.line(screen.style('dim', `npx theater chain agent --data ${data}`))
  screen.line(screen.style('dim', `npx theater verify ${shown(stage.files.car)}`))
  return 0
}

async function build(screen: Screen): Promise<Uint8Array> {
  const time = clock()
  screen.working('building agent, which takes some seconds')
  const { bytes, now } = await component(home(), 'agent')
  const how = now ? `built in ${time()}` : 'already built from this source'
  screen.line(`agent      ${megabytes(bytes.length)}  ${screen.style(now ? 'green' : 'dim', how)}`)
  return bytes
}

/** The key that requests carry; `undefined`: none. */
function keyOf({ secret, modelUrl }: Options): string | undefined {
  if (secret !== undefined) return process.env[secret]
  return modelUrl === undefined ? STAND_IN_KEY : undefined
}

/** Starts the stand-in: where it was for a run that was interrupted, since that is what was granted. */
async function standIn({ crashAfter }: Options, key: string, before: string | undefined): Promise<Model> {
  const port = before === undefined ? 0 : Number(new URL(before).port)
  const onRequest = (count: number): void => {
    if (count === crashAfter) process.kill(process.pid, 'SIGKILL')
  }
  try {
    return await startModel({ key, port, onRequest })
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'EADDRINUSE') throw error
    throw new Error(
      `the run that was interrupted asked at port ${port}, which somebody else has now. --fresh begins a new one.`,
    )
  }
}

/** Makes an actor, if it is not there from before, and waits until it has nothing to do. */
async function play(
  theater: Theater,
  stage: Stage,
  actor: ManifestActor,
  component: Uint8Array,
): Promise<Report> {
  const { id, grants, params, limits } = actor
  if (!theater.actors().some((one) => one.id === id)) {
    await theater.spawn({ id, component, grants, limits, ...(params !== undefined && { params }) })
  }
  await theater.idle()
  return (await stage.ask(id, 'last')) as Report
}

/** Has agents with small budgets run into them. */
async function showStops(
  theater: Theater,
  stage: Stage,
  actors: readonly ManifestActor[],
  bytes: Uint8Array,
  screen: Screen,
): Promise<void> {
  const rows: string[][] = []
  for (const actor of actors) {
    const { 'total-requests': requests = 0, 'total-bytes': size = 0 } = httpOf(actor).limits ?? {}
    const { outcome, reason, rounds } = await play(theater, stage, actor, bytes)
    const how = reason === null ? outcome : short(reason, 80)
    rows.push([
      actor.id,
      number(requests),
      number(size),
      number(paramsOf(actor).rounds),
      `round ${rounds}: ${outcome === 'stopped' ? screen.style('yellow', how) : how}`,
    ])
  }
  screen.table(['ACTOR', 'REQUESTS>', 'BYTES>', 'ROUNDS>', 'STOPPED IN'], rows)
  screen.line(screen.style('dim', 'requests and bytes are the host’s to count, rounds its own'))
}

/** Shows that neither the key nor what lies beside the workspace is anywhere in the data folder. */
async function searchAll(
  stage: Stage,
  key: string | undefined,
  actor: ManifestActor,
  screen: Screen,
): Promise<void> {
  const { folder } = stage.files
  const beside = /^PAYMENT_PIN=(.+)$/m.exec(await readFile(home('secrets.env'), 'utf8'))?.[1]
  for (const [what, text] of [
    ['the key', key],
    ['the PIN in secrets.env', beside],
  ] as const) {
    if (text === undefined) continue
    const { where, files, bytes } = search(folder, text)
    if (where.length > 0) throw new Error(`${what} stands in ${where.map(shown).join(', ')}`)
    const none = screen.style(['bold', 'green'], `in none of ${counted(files, 'file')}`)
    screen.line(`${what}: ${none}, ${megabytes(bytes)}; as it is, as base64, as hex`)
  }
  // A search that finds nothing shows nothing, unless it finds what is there.
  const { where } = search(folder, paramsOf(actor).question)
  if (where.length === 0) throw new Error('the search does not even find the question')
  screen.line(screen.style('dim', `the question, to compare: in ${counted(where.length, 'file')}`))
}

function failed(error: unknown, screen: Screen): number {
  const damaged = ChainError.is(error) || (TheaterError.is(error) && error.code === 'cannot-resume')
  const expected = TheaterError.is(error) || (error instanceof Error && error.constructor === Error)
  screen.line()
  screen.line(screen.style('red', error instanceof Error ? printable(error.message) : String(error)))
  if (damaged) screen.line('--fresh forgets what is recorded and begins a new run.')
  else if (!expected) console.error(error)
  return 1
}
