/** Verdicts in words. What comes out of a file is put beside them, never into them. */
import type { InconclusiveCode, Verdict } from '@theater/replay'

/** What a verdict means, for somebody who sees one for the first time. */
export const meaning: Readonly<Record<Verdict['verdict'], string>> = {
  verified:
    'The record is intact, and running the component again over its inputs gave every output again, in order.',
  diverged:
    'The component does not do what the record says. Whoever recorded it changed something, or made it up.',
  broken:
    'This is not an intact record: whoever recorded it or handed it on changed it, or this copy was damaged.',
  inconclusive: 'It can be neither confirmed nor refuted here. This accuses nobody.',
}

/** Why a chain is inconclusive. */
const because: Readonly<Record<InconclusiveCode, string>> = {
  withheld: 'something that is needed to run it was left out of the file',
  redacted: 'an event was erased',
  'limits-above-mine': 'it takes more than this page is ready to spend',
  'host-stack': 'the stack of this browser is smaller than the one it was recorded on',
  'meter-version': 'it was recorded under rules that this version of the page does not have',
  'no-component': 'the component is not in the file, or this version cannot load it',
  'no-snapshot': 'there is no snapshot to begin with',
  'from-snapshot': 'the record, or the snapshot that it was run from, is not right',
  unsigned: 'nobody who is trusted signed all of it',
  unwitnessed: 'a witness that was asked for did not cosign it',
}

/** Where a verdict points to. */
export function place(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'verified':
      return ''
    case 'diverged':
    case 'broken':
      return `at event ${count(verdict.index)}`
    case 'inconclusive':
      return verdict.index === 0 ? 'from the start' : `from event ${count(verdict.index)} on`
  }
}

/** The reason of a verdict, of which the words may be the file's own. */
export function reason(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'verified':
      return ''
    case 'inconclusive':
      return `${because[verdict.code]}: ${bare(verdict.message)}`
    case 'diverged':
    case 'broken':
      return bare(verdict.message)
  }
}

function bare(message: string): string {
  return message.replace(/^event \d+: /, '')
}

/** A number as people write it. */
function count(n: number): string {
  return new Intl.NumberFormat('en').format(n)
}

/** So many of something. */
export function counted(n: number, what: string): string {
  return `${count(n)} ${n === 1 ? what : `${what}s`}`
}

/** A size as people write it. */
export function size(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte')
  const units = ['kB', 'MB', 'GB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
