import { hex } from '@theater/event-chain'
import type { Cosignature } from '@theater/event-chain/log'
import { printable } from '@theater/handler-log'
import type { GraphReport, Inconclusive, Signed, Verdict } from '@theater/replay'
import type { Json } from '@theater/values'
import { short } from './actor-table.ts'
import { deeds } from './event-line.ts'
import { exits } from './exits.ts'
import type { Exit } from './exits.ts'
import type { Output, Style } from './output.ts'
import type { Subject } from './subjects.ts'
import { count, counted, table } from './table.ts'

/** What one level of a verification came to. */
type Level = 'pass' | 'fail' | 'none'

/** What the re-run came to; `tail`: it passed, and did not begin with genesis. */
type ExecutionLevel = Level | 'tail'

/** A verdict as `theater verify --json` prints it. */
export type VerdictJson = {
  /** The chain's id; null where not even that can be read. */
  readonly chain: string | null
  readonly verdict: Verdict['verdict']
  readonly events: number
  readonly head: string | null
  /** The event that does not fit; of an inconclusive one, the first that could not be verified. */
  readonly at: number | null
  /** Why it is broken or inconclusive. */
  readonly code: string | null
  readonly expected: Json
  readonly actual: Json
  readonly levels: {
    readonly structure: Level
    readonly signature: Level
    readonly execution: ExecutionLevel
  }
  readonly actor: string | null
  /** How many of its events, from the first, are under a checkpoint that one of the keys signed; null without keys. */
  readonly signed: number | null
  /** Which of the witnesses that were named cosigned that checkpoint, and when; null where none was. */
  readonly witnessed: readonly WitnessedJson[] | null
  /** Events whose bodies are not here, and that a tombstone says were erased. */
  readonly redacted: readonly number[]
  /** The event that the re-run began with; null where it began with genesis. */
  readonly from: number | null
}

/** A witness that cosigned a checkpoint, as `theater verify --json` prints it. */
export type WitnessedJson = {
  readonly name: string
  readonly id: string
  /** Seconds since the epoch. */
  readonly time: number
}

/** A cosignature in its public shape. */
export function witnessedJson({ by, time }: Cosignature): WitnessedJson {
  return { name: by.name, id: by.id, time }
}

/** A verdict in its public shape. */
export function verdictJson(
  verdict: Verdict,
  signed?: Pick<Signed, 'level' | 'size'>,
  witnessed?: readonly Cosignature[],
): VerdictJson {
  const { chain, actor, size, head } = verdict
  const parted = partedIn(verdict)
  return {
    chain: chain === null ? null : hex(chain),
    verdict: verdict.verdict,
    events: size,
    head: head === null ? null : hex(head),
    at: verdict.verdict === 'verified' ? null : verdict.index,
    code: codeOf(verdict),
    expected: parted?.expected ?? null,
    actual: parted?.actual ?? null,
    levels: levelsOf(verdict, signed?.level ?? 'none'),
    actor,
    signed: signed?.size ?? null,
    witnessed: witnessed?.map(witnessedJson) ?? null,
    redacted: verdict.redacted ?? [],
    from: verdict.from ?? null,
  }
}

/** Where record and component part: what either says. */
function partedIn(verdict: Verdict): Inconclusive['parted'] {
  return verdict.verdict === 'diverged'
    ? verdict
    : verdict.verdict === 'inconclusive'
      ? verdict.parted
      : undefined
}

function codeOf(verdict: Verdict): string | null {
  switch (verdict.verdict) {
    case 'broken':
      return verdict.reason
    case 'inconclusive':
      return verdict.code
    case 'verified':
    case 'diverged':
      return null
  }
}

function levelsOf(verdict: Verdict, signature: Level): VerdictJson['levels'] {
  const rerun = verdict.from === undefined ? 'pass' : 'tail'
  switch (verdict.verdict) {
    case 'verified':
      return { structure: 'pass', signature, execution: rerun }
    case 'diverged':
      return { structure: 'pass', signature, execution: 'fail' }
    case 'broken':
      // That somebody else signed it says nothing of how it hangs together.
      return verdict.reason === 'signature' || verdict.reason === 'checkpoint'
        ? { structure: 'pass', signature, execution: 'none' }
        : { structure: 'fail', signature, execution: 'none' }
    case 'inconclusive':
      return { structure: 'pass', signature, execution: isOfSignatures(verdict.code) ? rerun : 'none' }
  }
}

/** Whether a re-run was done, and it is the signatures that lack. */
function isOfSignatures(code: string): boolean {
  return code === 'unsigned' || code === 'unwitnessed'
}

/** The exit code of a verdict. */
export function exitOf(verdict: Verdict['verdict']): Exit {
  switch (verdict) {
    case 'verified':
      return exits.done
    case 'diverged':
      return exits.diverged
    case 'broken':
      return exits.broken
    case 'inconclusive':
      return exits.inconclusive
  }
}

/** How a verdict looks. */
export const looks: Readonly<Record<Verdict['verdict'], Style>> = {
  verified: 'green',
  diverged: 'red',
  broken: 'red',
  inconclusive: 'yellow',
}

/** Prints verdicts for people: a table, and under it what there is to say of which chain. */
export async function printVerdicts(
  subjects: readonly Subject[],
  verdicts: readonly Verdict[],
  output: Output,
): Promise<void> {
  const columns = [
    { title: 'ACTOR' },
    { title: 'VERDICT' },
    { title: 'EVENTS', align: 'right' },
    { title: 'TURNS', align: 'right' },
    { title: 'HEAD' },
  ] as const
  const nameOf = (i: number): string => output.style('bold', printable(subjects[i]?.name ?? ''))
  const rows = verdicts.map((verdict, i) => [
    nameOf(i),
    output.style(looks[verdict.verdict], wordOf(verdict)),
    count(verdict.size),
    verdict.verdict === 'verified' ? count(verdict.turns + verdict.undone) : '',
    verdict.head === null ? '' : short(hex(verdict.head)),
  ])
  await output.text(table(columns, rows, (text) => output.style('dim', text)))
  const said = verdicts.flatMap((verdict, i) => explain(nameOf(i), verdict, output))
  if (said.length > 0) await output.text(`\n${said.join('\n')}`)
}

/** No table calls verified what is verified in part. */
function wordOf({ verdict, from }: Verdict): string {
  return verdict === 'verified' && from !== undefined ? `verified from ${count(from)} on` : verdict
}

/** Says, to whoever watches, what is known of the messages between the chains. */
export function printGraph(
  subjects: readonly Subject[],
  { held, uncheckedCounts: { 'not-given': absent, withheld }, outside }: Omit<GraphReport, 'verdicts'>,
  output: Output,
): void {
  if (held > 0) output.note(`${counted(held, 'message')} arrived as sent`)
  if (absent > 0) {
    const of = subjects.length === 1 ? 'another chain' : 'chains'
    output.note(
      `${counted(absent, 'message')} came from ${of} that ${subjects.length === 1 ? 'was' : 'were'} not given, or broken: not checked`,
    )
  }
  if (withheld > 0)
    output.note(`${counted(withheld, 'message')} could not be compared: what they carried is withheld`)
  if (outside.length > 0)
    output.note(
      `${counted(outside.length, 'channel')} with the program around the actors, which has no record: what was told on ${outside.length === 1 ? 'it' : 'them'} is not checked`,
    )
}

/** Says what there is to say of a verdict, beside what a table has. */
export function explain(name: string, verdict: Verdict, output: Output): string[] {
  switch (verdict.verdict) {
    case 'verified': {
      const lines =
        verdict.undone > 0
          ? [`${name}: ${count(verdict.undone)} of its turns ended in a trap, an abort or an exit`]
          : []
      if (verdict.from !== undefined)
        lines.unshift(`${name}: verified from event ${count(verdict.from)} on; ${before(verdict)}`)
      if (!verdict.finished) lines.push(`${name}: the record ends within a turn, and is verified up to there`)
      return lines
    }
    case 'diverged': {
      return [
        `${name}: ${output.style('red', `diverged at event ${verdict.index}`)}: ${printable(verdict.message)}`,
        ...partedLines(verdict),
      ]
    }
    case 'broken':
      return [
        `${name}: ${output.style('red', `broken at event ${verdict.index}`)} (${verdict.reason}): ${printable(verdict.message)}`,
      ]
    case 'inconclusive': {
      const lines = [
        `${name}: ${output.style('yellow', `inconclusive from event ${verdict.index}`)} (${verdict.code}): ${printable(verdict.message)}`,
      ]
      const { parted } = verdict
      if (parted !== undefined) lines.push(...partedLines(parted))
      else if (verdict.from !== undefined) lines.push(`${name}: ${before(verdict)}`)
      return lines
    }
  }
}

function partedLines({
  expected,
  actual,
}: Pick<Extract<Verdict, { verdict: 'diverged' }>, 'expected' | 'actual'>): string[] {
  const [said, did] = deeds(expected, actual)
  return [`  the record says   ${said}`, `  the component did ${did}`]
}

/** What is not proven of a record whose re-run did not begin with its first event. */
function before({ from = 0, unproven }: Verdict): string {
  return unproven === true
    ? `the state before event ${count(from)} was taken from a snapshot that nobody proved`
    : `what is before was not run, and leaves no state: each turn has an instance of its own`
}
