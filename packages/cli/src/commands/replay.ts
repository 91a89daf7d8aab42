import { hex } from '@theater/event-chain'
import { printable } from '@theater/handler-log'
import { replayInThread } from '@theater/replay/node'
import type { Doing, Reached, Verdict } from '@theater/replay'
import { readCarried, withCarried } from '../carried.ts'
import { readComponentFile } from '../component-file.ts'
import { CliError } from '../errors.ts'
import { EventSayer } from '../event-json.ts'
import { deed, eventLine } from '../event-line.ts'
import { exits } from '../exits.ts'
import { nearest } from '../nearest.ts'
import type { Output } from '../output.ts'
import type { LimitFlags } from '../options.ts'
import { progress } from '../progress.ts'
import { Subjects } from '../subjects.ts'
import type { Subject } from '../subjects.ts'
import { count, counted } from '../table.ts'
import { TurnTally, turnLine } from '../turn-line.ts'
import { exitOf, explain, looks, verdictJson } from '../verdict.ts'
import { cacheOf, limitsOf } from '../verifier.ts'

/** Options of `theater replay`. */
export interface ReplayFlags extends LimitFlags {
  readonly data: string
  /** Which chain of a file. */
  readonly actor?: string
  /** Where it begins, or nearest before. @default with the first event */
  readonly from?: number
  /** Files of snapshots. */
  readonly snapshot: readonly string[]
  /** The last event that is taken from the record. @default the last there is */
  readonly until?: number
  /** Shows every event, not the turns alone. */
  readonly events?: true
  readonly component?: string
  readonly maxSeconds?: number
}

/**
 * `theater replay`: runs a component again over its record and shows what it does as it does it. It runs no handler,
 * opens nothing and writes nothing.
 */
export async function replay(name: string, flags: ReplayFlags, output: Output): Promise<number> {
  if (flags.snapshot.length > 0 && flags.from === undefined)
    throw new CliError(
      'usage',
      'a snapshot is for a re-run that does not begin with the first event: --from N says where it does',
    )
  const carried = await readCarried(flags.snapshot)
  const component = flags.component === undefined ? undefined : await readComponentFile(flags.component)
  await using subjects = new Subjects(flags.data)
  output.status(`reading ${name}`)
  const found = chosen(await subjects.find(name), name, flags.actor)
  // What was archived is before it.
  const isHere = flags.from !== undefined && flags.from >= (found.info?.archived?.base ?? 0)
  const subject = withCarried(isHere ? found : await subjects.whole(found), carried)
  output.endStatus()
  const { source = subject.upTo, size } = subject
  const { until = size - 1 } = flags
  if (source !== undefined && until >= size) {
    throw new CliError('usage', `there is no event ${until}: ${subject.name} has the events 0 to ${size - 1}`)
  }
  if (flags.from !== undefined && flags.from > until)
    throw new CliError('usage', `it cannot begin with event ${flags.from} and stop after ${until}`)
  if (source === undefined) return tell(subject, subject.verdict, output)
  const show = new Show(subject, flags, output)
  const cache = await cacheOf(flags.data, (text) => output.note(text))
  try {
    const { verdict, next } = await replayInThread(source, {
      maxSeconds: flags.maxSeconds,
      // What others wrote there is read; nothing is added.
      cache: cache && { ...cache, put: () => Promise.resolve() },
      component,
      tombstones: subject.tombstones,
      limits: limitsOf(flags),
      ...(flags.until !== undefined && { until }),
      ...(flags.from !== undefined && { from: flags.from }),
      reached: show.reached,
      signal: show.signal,
    })
    show.end()
    const came = first(subject.verdict, verdict, flags.until)
    return await tell(subject, came, output, flags.until === undefined ? undefined : { show, next })
  } catch (error) {
    if (show.signal.aborted) return exits.done
    throw error
  } finally {
    output.endStatus()
  }
}

/** What comes first in a record: what its file was found to be while it was read, or what the re-run came to. */
function first(read: Verdict | undefined, rerun: Verdict, until = Infinity): Verdict {
  if (read === undefined || read.verdict === 'verified') return rerun
  if (rerun.verdict === 'diverged' && rerun.index < read.index) return rerun
  return rerun.verdict === 'verified' && until < read.index ? rerun : read
}

/** The chain that is meant. */
function chosen(found: readonly Subject[], name: string, actor: string | undefined): Subject {
  const names = found.map((subject) => subject.name)
  const listed = names.map(printable).join(', ')
  const fitting = actor === undefined ? found : found.filter((subject) => subject.name === actor)
  const [one, another] = fitting
  if (one === undefined) {
    const near = actor === undefined ? undefined : nearest(actor, names)
    const right = near === undefined ? `Actors: ${listed || 'none'}.` : `Did you mean ${near}?`
    throw new CliError('usage', `there is no actor ${JSON.stringify(actor)} in ${name}. ${right}`)
  }
  if (another === undefined) return one
  if (actor !== undefined) throw new CliError('usage', `${name} has more than one record of ${actor}`)
  throw new CliError('usage', `${name} has ${found.length} records; name one with --actor: ${listed}`)
}

/** Shows events and turns while the component runs. */
class Show {
  readonly tally = new TurnTally()
  readonly #control = new AbortController()
  readonly #subject: Subject
  readonly #events: boolean
  readonly #width: number
  readonly #output: Output
  #sayer: EventSayer | undefined

  constructor(subject: Subject, { events, until }: ReplayFlags, output: Output) {
    this.#subject = subject
    this.#events = events === true
    this.#width = String(until ?? subject.size - 1).length
    this.#output = output
  }

  /** Aborted once nobody reads what is shown. */
  get signal(): AbortSignal {
    return this.#control.signal
  }

  readonly reached: Reached = (event, describer) => {
    this.#sayer ??= new EventSayer(describer)
    const said = this.#sayer.say(event)
    const turn = this.tally.take(said)
    let read = true
    // The component goes on meanwhile, and may never end its turn: nobody waits for whoever reads.
    if (this.#events) {
      read = this.#output.resultNow(said, () => eventLine(said, this.#width, this.#output))
    } else if (turn !== undefined) {
      read = this.#output.resultNow(turn, () => turnLine(turn, this.#width, this.#output))
    } else if (event.seq % 64 === 0) {
      const { name, size } = this.#subject
      this.#output.status(progress('re-running', name, event.seq, size))
    }
    if (!read) this.#control.abort()
  }

  /** Shows the turn that has not ended. */
  end(): void {
    const { open } = this.tally
    if (open !== undefined && !this.#events)
      this.#output.resultNow(open, () => turnLine(open, this.#width, this.#output))
  }

  /** Where the re-run stopped, for people. */
  stopped(next: Doing | undefined, at: number): string[] {
    const { open, lastCalls } = this.tally
    if (next === undefined) return [`stopped after event ${count(at)}, between two turns`]
    const where =
      open === undefined
        ? 'while it is instantiated'
        : `in turn ${open.turn}, which called ${printable(open.fn ?? '?')}, after ${counted(open.calls, 'call')}`
    const last = lastCalls.at(-1)
    const waits = last?.seq === at && last.detail?.['intent'] === true
    const calls = this.#events ? [] : lastCalls.map((one) => `  ${eventLine(one, this.#width, this.#output)}`)
    return [
      ...calls,
      `stopped after event ${count(at)}, ${where}`,
      `  ${waits ? 'it waits for the answer to' : 'it goes on with'}  ${deed(next.actual)}`,
    ]
  }
}

/** Prints what the re-run came to. */
async function tell(
  subject: Subject,
  verdict: Verdict | undefined,
  output: Output,
  stopped?: { readonly show: Show; readonly next: Doing | undefined },
): Promise<number> {
  if (verdict === undefined) return exits.done
  const next = stopped?.next
  const json = { ...verdictJson(verdict), next: next === undefined ? null : { ...next } }
  await output.result(json, () => {
    const name = output.style('bold', printable(subject.name))
    const lines: string[] = []
    if (verdict.verdict === 'verified') {
      if (stopped !== undefined) lines.push(...stopped.show.stopped(next, verdict.size - 1))
      const head = verdict.head === null ? '' : `, head ${hex(verdict.head).slice(0, 12)}`
      const what = output.style(looks.verified, 'verified')
      lines.push(`${name}: ${what}, ${counted(verdict.size, 'event')}${head}`)
      // That it ends there is what was asked for.
      if (stopped === undefined) lines.push(...explain(name, verdict, output))
    } else lines.push(...explain(name, verdict, output))
    return lines.join('\n')
  })
  return exitOf(verdict.verdict)
}
