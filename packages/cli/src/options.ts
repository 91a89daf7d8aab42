import { InvalidArgumentError, Option } from 'commander'
import { CliError } from './errors.ts'

/** Which data folder. */
export function dataOption(): Option {
  return new Option('--data <DIR>', 'the data folder').default('.theater')
}

/** Takes an option that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** The most fuel of a re-run. */
export function maxFuel(): Option {
  return new Option('--max-fuel <N>', 'the most fuel that genesis may allow a turn, or the start').argParser(
    index,
  )
}

/** The most memory of a re-run. */
export function maxMemory(): Option {
  return new Option('--max-memory <BYTES>', 'the most memory that genesis may allow the component').argParser(
    index,
  )
}

/** The most events of a chain. */
export function maxEvents(): Option {
  return new Option('--max-events <N>', 'the most events of a chain').argParser(index)
}

/** The most turns that are undone. */
export function maxTraps(): Option {
  return new Option(
    '--max-traps <N>',
    'the most turns that trapped or were aborted: each costs a rebuild',
  ).argParser(index)
}

/** A number that counts something. */
export function index(text: string): number {
  const n = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(n))
    throw new InvalidArgumentError('A whole number of at least 0 is needed.')
  return n
}

/** A time. */
export function seconds(text: string): number {
  const n = Number(text)
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text) || n <= 0)
    throw new InvalidArgumentError('A number above 0 is needed.')
  return n
}

/** An actor's id. @throws CliError `usage` */
export function actorId(text: string): string {
  if (/^[a-z0-9._:-]{1,128}$/.test(text)) return text
  throw new CliError('usage', `${JSON.stringify(text)} is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`)
}
