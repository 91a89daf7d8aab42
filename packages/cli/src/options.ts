import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { durabilities } from './durability.ts'
import { CliError } from './errors.ts'

/** Which data folder. */
export function dataOption(): Option {
  return new Option('--data <DIR>', 'the data folder').default('.theater')
}

/** Whether the folder begins anew. */
export function freshOption(): Option {
  return new Option('--fresh', 'forgets every record of the data folder first')
}

/** @param what `a grant`, and whose */
export function grantOption(what = 'a grant'): Option {
  return several('--grant <HANDLER[=JSON]>', what)
}

/** Environment variables. */
export function envOption(): Option {
  return several('--env <NAME[=VALUE]>', 'an environment variable')
}

/** Handlers of others: a flag and no key of a manifest, for a manifest loads no code into the host. */
export function handlerOption(): Option {
  return several(
    '--handler <MODULE[=JSON]>',
    "somebody else's handler: a file or package whose code this host runs",
  )
}

function several(flags: string, about: string): Option {
  return new Option(flags, `${about}; may be given several times`)
    .argParser<readonly string[]>(collect)
    .default([], 'none')
}

/** Takes an option that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** The component of a re-run, and what it may take. */
export function rerunOptions(command: Command): Command {
  return command
    .option('--component <FILE.wasm>', 'the component, where the file does not hold it')
    .option('--max-fuel <N>', 'the most fuel that genesis may allow a turn, or the start', index)
    .option('--max-memory <BYTES>', 'the most memory that genesis may allow the component', index)
    .option('--max-events <N>', 'the most events of a chain', index)
    .option(
      '--max-traps <N>',
      'the most turns that trapped or were aborted, where each costs a rebuild',
      index,
    )
    .option('--max-seconds <N>', 'how long it may take without getting on', seconds)
}

/** A number that counts something. */
export function index(text: string): number {
  const n = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(n))
    throw new InvalidArgumentError('A whole number of at least 0 is needed.')
  return n
}

/** Numbers of an argument that takes several. */
export function indices(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, index(text)]
}

/** How many actors there are to be of one component. */
export function instances(text: string): number {
  const n = Number(text)
  if (!/^[0-9]+$/.test(text) || n < 1 || n > 1000)
    throw new InvalidArgumentError('A whole number from 1 to 1000 is needed.')
  return n
}

/** A time. */
export function seconds(text: string): number {
  const n = Number(text)
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text) || n <= 0)
    throw new InvalidArgumentError('A number above 0 is needed.')
  return n
}

/** Whether actors have a thread of their own, and how long that may take to answer. */
export function answerOption(): Option {
  return new Option(
    '--answer <SECONDS>',
    'runs the actors in a thread of their own, and ends it where it does not answer for so long',
  ).argParser(answerSeconds)
}

/** How many actors stay in memory. */
export function residentOption(): Option {
  return new Option(
    '--resident <N>',
    'how many actors stay in memory while they have nothing to do; by default 1000',
  ).argParser(residents)
}

/** After how long they leave it all the same. */
export function idleOption(): Option {
  return new Option(
    '--idle <SECONDS>',
    'after how long an actor that has nothing to do leaves memory all the same; by default never',
  ).argParser(idleSeconds)
}

function residents(text: string): number {
  const n = index(text)
  if (n > 2_147_483_647) throw new InvalidArgumentError('A whole number up to 2147483647 is needed.')
  return n
}

function idleSeconds(text: string): number {
  const n = seconds(text)
  if (n > 2_147_483) throw new InvalidArgumentError('A number up to 2147483 is needed.')
  return n
}

/** What of actors survives a crash. */
export function durabilityOption(): Option {
  return new Option(
    '--durability <DURABILITY>',
    'what of actors survives a crash: memory, nothing for sure; process, all of it when the process ends, as where nothing is said; disk, also when the machine does',
  ).choices(durabilities)
}

/** Seconds of the command line in milliseconds; undefined where there are none. */
export function milliseconds(given: number | undefined): number | undefined {
  return given === undefined ? undefined : Math.ceil(given * 1000)
}

function answerSeconds(text: string): number {
  const n = seconds(text)
  if (n < 0.1 || n > 2_147_483) throw new InvalidArgumentError('A number from 0.1 to 2147483 is needed.')
  return n
}

/** Whether an actor can be called that. */
export function isActorId(text: string): boolean {
  return /^[a-z0-9._:-]{1,128}$/.test(text)
}

/** An actor's id. @throws CliError `usage` */
export function actorId(text: string): string {
  if (isActorId(text)) return text
  throw new CliError('usage', `${JSON.stringify(text)} is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`)
}

/** What a re-run may take, as the command line gives it. */
export interface LimitFlags {
  readonly maxFuel?: number
  readonly maxMemory?: number
  readonly maxEvents?: number
  readonly maxTraps?: number
}

/** The options of `theater verify`. */
export interface VerifyFlags extends LimitFlags {
  readonly data: string
  readonly maxSeconds?: number
  readonly component?: string
  readonly key: readonly string[]
  /** Public keys of witnesses that have to have cosigned. */
  readonly witness: readonly string[]
  /** A checkpoint that somebody kept. */
  readonly since?: string
  /** The event at which the re-run begins, with a snapshot. */
  readonly from?: number
  /** Files of snapshots. */
  readonly snapshot: readonly string[]
}
