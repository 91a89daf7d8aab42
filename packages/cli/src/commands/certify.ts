import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Component } from '@theater/component'
import { diskCache } from '@theater/component/node'
import { printable } from '@theater/handler-log'
import type { Json } from '@theater/values'
import { defaultCalls, parseCall, parseCalls, targetsOf, uncalled } from '../certify/calls.ts'
import type { WrittenCall } from '../certify/calls.ts'
import { certificate, importAnswers, verdictOf } from '../certify/certificate.ts'
import type { CertificateParts, CertificateVerdict, RunResult } from '../certify/certificate.ts'
import { Certifier, longer } from '../certify/certifier.ts'
import type { Found } from '../certify/certifier.ts'
import type { Difference } from '../certify/compare.ts'
import { parseGrant } from '../casting.ts'
import { factsOf, loadNamed, readComponentFile } from '../component-file.ts'
import { dataPaths, makeDataFolder, sharedCache } from '../data-folder.ts'
import { contributedBy } from '../contributed.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Exit } from '../exits.ts'
import { checkMet } from '../grant-advice.ts'
import { makeHandlers } from '../handlers.ts'
import type { Lifetime } from '../manifest.ts'
import { jsonLine } from '../output.ts'
import type { Output, Style } from '../output.ts'
import { short } from '../actor-table.ts'
import { componentName } from '../records.ts'
import { count, table } from '../table.ts'

/** Options of `theater certify`. */
export interface CertifyOptions {
  readonly data: string
  /** Where the certificate is written; by default into the data folder. */
  readonly out?: string
  /** `EXPORT JSON…` each. */
  readonly call: readonly string[]
  /** A file with such a call on each line. */
  readonly calls?: string
  /** `HANDLER` or `HANDLER={…}`. */
  readonly grant: readonly string[]
  /** `MODULE` or `MODULE={…}` of handlers of others. */
  readonly handler: readonly string[]
  readonly seconds: number
  /** How long an instance of the component lives. */
  readonly instance: Lifetime
}

/**
 * Handlers that reach nothing outside of a run: there is nobody else in it, and what it stores is gone with it. So they can be
 * granted in every run.
 */
const HERE: ReadonlySet<string> = new Set(['cli', 'log', 'messaging', 'store', 'supervisor'])

/** `theater certify`: whether a component does the same, event for event, however the engine runs it. */
export async function certify(file: string, options: CertifyOptions, output: Output): Promise<number> {
  const bytes = await readComponentFile(file)
  const others = await contributedBy(options.handler)
  await using place = await placeOf(options)
  const component = await loadNamed(file, bytes, { cache: await diskCache(place.cache) })
  // What engines may do in more than one way is refused before anything runs.
  const code = factsOf(file, bytes)
  const calls = await callsOf(component, options)
  const targets = targetsOf(component.model, calls, file)
  const given = Object.fromEntries(options.grant.map(parseGrant))
  const grants = { ...quietGrants(component), ...given }
  const handlers = await makeHandlers({ store: ':memory:', contributed: others.handlers })
  checkMet(file, component, handlers, grants)
  const { instance } = options
  const order = {
    component: bytes,
    file,
    calls,
    grants,
    instance,
    modules: others.modules,
    cache: place.cache,
  }
  const performs = Object.keys(given).some((handler) => !HERE.has(handler))
  const certifier = new Certifier(order, { seconds: options.seconds, performs }, output)
  const { first, runs, difference } = await certifier.run()
  const made = calls.map((call, i) => ({
    call: written(call),
    answer: first.answers[i] ?? null,
    fuel: first.fuel[i] ?? null,
  }))
  const left = uncalled(component.model, targets)
  const text = certificate({
    component,
    imports: importAnswers(component, handlers, grants),
    code,
    grants,
    instance,
    calls: made,
    uncalled: left,
    runs,
    difference,
  })
  const path = place.fileOf(component)
  await writeWhole(path, `${JSON.stringify(text, undefined, 2)}\n`)
  output.endStatus()
  const verdict = verdictOf({ runs, difference })
  if (output.json) await output.result({ summary: { ...text, file: path } }, () => '')
  else
    await output.text(
      describe({ component, verdict, calls: made, uncalled: left, runs, difference, path }, output),
    )
  const late = runs.filter((run) => run.code === 'time').length
  if (late > 0) {
    output.note(
      `${late} of ${runs.length} runs were not done within ${options.seconds} s, so nothing is known of those. ${longer(options.seconds)}`,
    )
  }
  return exitOf[verdict]
}

const exitOf: Readonly<Record<CertificateVerdict, Exit>> = {
  certified: exits.done,
  differs: exits.diverged,
  inconclusive: exits.inconclusive,
}

async function callsOf(
  { model }: Component,
  { call, calls }: CertifyOptions,
): Promise<readonly WrittenCall[]> {
  const named = call.map(parseCall)
  if (calls === undefined) return named.length === 0 ? defaultCalls(model) : named
  try {
    return [...parseCalls(await readFile(calls, 'utf8')), ...named]
  } catch (cause) {
    if (CliError.is(cause)) throw cause
    throw new CliError('usage', `${calls} cannot be read`, { cause })
  }
}

/** A command's streams and an actor's log: they reach nobody here. */
function quietGrants({ model }: Component): Record<string, Json> {
  const imports = (prefix: string): boolean => model.imports.some(({ name }) => name.startsWith(prefix))
  return { ...(imports('wasi:cli/') && { cli: {} }), ...(imports('theater:actor/log@') && { log: {} }) }
}

function written({ name, args }: WrittenCall): string {
  return [name, ...args.map((arg: Json) => jsonLine(arg))].join(' ')
}

interface Place extends AsyncDisposable {
  readonly cache: string
  fileOf(component: Component): string
}

/** Where things are kept: in the data folder, or where a file was named, with a cache for as long as it takes. */
async function placeOf({ data, out }: CertifyOptions): Promise<Place> {
  const paths = dataPaths(data)
  if (out === undefined) {
    await makeDataFolder(paths)
    return {
      cache: paths.cache,
      fileOf: ({ digest }) => join(paths.certificates, `${digest.toHex()}.json`),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
  if (!existsSync(dirname(resolve(out))))
    throw new CliError('usage', `there is no folder ${dirname(out)} to write into`)
  const shared = sharedCache()
  const cache = shared ?? (await mkdtemp(join(tmpdir(), 'theater-certify-')))
  return {
    cache,
    fileOf: () => out,
    [Symbol.asyncDispose]: () =>
      shared === undefined ? rm(cache, { recursive: true, force: true }) : Promise.resolve(),
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(resolve(path)), { recursive: true })
  const part = `${path}.${process.pid}.part`
  await writeFile(part, text)
  await rename(part, path)
}

interface Certified {
  readonly component: Component
  readonly verdict: CertificateVerdict
  readonly calls: CertificateParts['calls']
  readonly uncalled: readonly string[]
  readonly runs: readonly RunResult[]
  readonly difference: Found | null
  readonly path: string
}

const looks: Readonly<Record<CertificateVerdict, Style>> = {
  certified: 'green',
  differs: 'red',
  inconclusive: 'yellow',
}

const callColumns = [
  { title: 'CALL' },
  { title: 'FUEL', align: 'right' },
  { title: 'ANSWER IN THE FIRST RUN' },
] as const

const columns = [
  { title: 'TIER' },
  { title: 'HOW' },
  { title: 'STACK', align: 'right' },
  { title: 'EVENTS', align: 'right' },
  { title: 'HEAD' },
  { title: '' },
] as const

const whys: Readonly<Record<Difference['what'], string>> = {
  output: 'the component did something else',
  input: 'it was given something else, so the runs cannot be compared',
  host: "the engine's stack or memory was not enough in one of them",
}

function describe(
  { component, verdict, calls, uncalled: left, runs, difference, path }: Certified,
  output: Output,
): string {
  const dim = (text: string): string => output.style('dim', text)
  const answers = calls.map(({ call, answer, fuel }) => [
    printable(call),
    fuel === null ? '' : count(fuel),
    printable(jsonLine(answer)),
  ])
  const rows = runs.map(({ tier, how, stackMb, same, events, head, code }) => [
    tier,
    how,
    `${stackMb} MB`,
    events === null ? '' : count(events),
    head === null ? '' : short(head),
    same === true ? 'same' : output.style(same === false ? 'red' : 'yellow', code ?? 'differs'),
  ])
  const lines = [
    ...(answers.length === 0 ? [] : [table(callColumns, answers, dim), '']),
    table(columns, rows, dim),
    '',
    `${componentName(component.digest)}  ${output.style([looks[verdict], 'bold'], verdict)}`,
  ]
  if (difference !== null) {
    const { run, index, what, expected, actual } = difference
    lines.push(
      `run ${run} parts from the first at event ${index}: ${whys[what]}`,
      `  the first run  ${printable(jsonLine(expected))}`,
      `  run ${run}          ${printable(jsonLine(actual))}`,
    )
  }
  if (left.length > 0) lines.push(`not called, so nothing is known of: ${left.map(printable).join(', ')}`)
  lines.push(dim(path))
  return lines.join('\n')
}
