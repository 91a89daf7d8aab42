import { readComponentFile } from '../component-file.ts'
import { exits } from '../exits.ts'
import type { Exit } from '../exits.ts'
import type { Output } from '../output.ts'
import type { VerifyFlags } from '../options.ts'
import { Subjects } from '../subjects.ts'
import type { Subject } from '../subjects.ts'
import { exitOf, printGraph, printVerdicts, verdictJson } from '../verdict.ts'
import { judge, limitsOf } from '../verifier.ts'

/** `theater verify`: proves records by running their components again. It runs no handler and writes to no record. */
export async function verify(names: readonly string[], flags: VerifyFlags, output: Output): Promise<number> {
  const component = flags.component === undefined ? undefined : await readComponentFile(flags.component)
  await using subjects = new Subjects(flags.data)
  const found: Subject[] = []
  for (const name of names) {
    output.status(`reading ${name}`)
    found.push(...(await subjects.find(name)))
  }
  const { verdicts, graph, componentUsed } = await judge(found, {
    maxSeconds: flags.maxSeconds,
    data: flags.data,
    component,
    limits: limitsOf(flags),
    progress: (text) => output.status(text),
  })
  output.endStatus()
  if (output.json) for (const verdict of verdicts) await output.result(verdictJson(verdict), () => '')
  else await printVerdicts(found, verdicts, output)
  printGraph(found, graph, output)
  if (component !== undefined && !componentUsed) {
    output.note(output.styleNote('yellow', `no chain is one of the component ${flags.component}`))
  }
  return verdicts.map(({ verdict }) => exitOf(verdict)).reduce(worse, exits.done)
}

/** An accusation outweighs what is not known, and what is no chain at all outweighs both. */
function worse(a: Exit, b: Exit): Exit {
  const order: readonly Exit[] = [exits.done, exits.inconclusive, exits.diverged, exits.broken]
  return order.indexOf(b) > order.indexOf(a) ? b : a
}
