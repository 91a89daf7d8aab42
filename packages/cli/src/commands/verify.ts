import { readFile } from 'node:fs/promises'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Exit } from '../exits.ts'
import type { Output } from '../output.ts'
import type { VerifyFlags } from '../program.ts'
import { Subjects } from '../subjects.ts'
import type { Subject } from '../subjects.ts'
import { printVerdicts, verdictJson } from '../verdict.ts'
import type { Judged } from '../verdict.ts'
import { Verifier } from '../verifier.ts'

/** `theater verify`: proves records by running their components again. It runs no handler and writes to no record. */
export async function verify(names: readonly string[], flags: VerifyFlags, output: Output): Promise<number> {
  const component = flags.component === undefined ? undefined : await readComponent(flags.component)
  await using subjects = new Subjects(flags.data)
  const verifier = new Verifier({
    data: flags.data,
    component,
    limits: {
      ...(flags.maxFuel !== undefined && { maxFuel: flags.maxFuel }),
      ...(flags.maxMemory !== undefined && { maxMemory: flags.maxMemory }),
      ...(flags.maxEvents !== undefined && { maxEvents: flags.maxEvents }),
      ...(flags.maxTraps !== undefined && { maxTraps: flags.maxTraps }),
    },
    progress: (text) => output.status(text),
  })
  const found: Subject[] = []
  for (const name of names) {
    output.status(`reading ${name}`)
    found.push(...(await subjects.find(name)))
  }
  const judged: Judged[] = []
  for (const subject of found) {
    const verdict = await verifier.judge(subject)
    output.endStatus()
    judged.push({ subject, verdict })
    if (output.json) await output.result(verdictJson(verdict), () => '')
  }
  if (!output.json) await printVerdicts(judged, output)
  return judged.map(({ verdict }) => exitOf(verdict.verdict)).reduce(worse, exits.done)
}

async function readComponent(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    throw new CliError('usage', `--component ${file} cannot be read`, { cause })
  }
}

function exitOf(verdict: Judged['verdict']['verdict']): Exit {
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

/** An accusation outweighs what is not known, and what is no chain at all outweighs both. */
function worse(a: Exit, b: Exit): Exit {
  const order: readonly Exit[] = [exits.done, exits.inconclusive, exits.diverged, exits.broken]
  return order.indexOf(b) > order.indexOf(a) ? b : a
}
