import type { Cosignature, VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { checkSeal, withSignature } from '@theater/replay'
import type { Signed, Verdict } from '@theater/replay'
import { printable } from '@theater/handler-log'
import { readCarried, withCarried } from '../carried.ts'
import { readComponentFile } from '../component-file.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Exit } from '../exits.ts'
import { publicKeys, witnessKeys } from '../host-key.ts'
import { joinSubjects } from '../join-subjects.ts'
import type { Output } from '../output.ts'
import type { VerifyFlags } from '../options.ts'
import { isProof, verifyProofFile } from '../proof-file.ts'
import { Subjects } from '../subjects.ts'
import type { Subject } from '../subjects.ts'
import { count } from '../table.ts'
import { stamp } from '../timers.ts'
import { exitOf, printGraph, printVerdicts, verdictJson } from '../verdict.ts'
import { judge, limitsOf } from '../verifier.ts'

/** `theater verify`: proves records by running their components again. It runs no handler and writes to no record. */
export async function verify(names: readonly string[], flags: VerifyFlags, output: Output): Promise<number> {
  const keys = await publicKeys(flags.key)
  const witnesses = await witnessKeys(flags.witness)
  if (witnesses.length > 0 && keys.length === 0)
    throw new CliError(
      'usage',
      'a witness cosigns what a host signed: --key KEY says whose signature is trusted',
    )
  if (flags.snapshot.length > 0 && flags.from === undefined)
    throw new CliError(
      'usage',
      'a snapshot is for a re-run that does not begin with the first event: --from N says where it does',
    )
  const proofs = names.filter(isProof)
  for (const file of proofs) await verifyProofFile(file, { keys, witnesses, since: flags.since }, output)
  const records = names.filter((name) => !isProof(name))
  if (records.length === 0) return exits.done
  const carried = await readCarried(flags.snapshot)
  const component = flags.component === undefined ? undefined : await readComponentFile(flags.component)
  await using subjects = new Subjects(flags.data)
  const named: Subject[] = []
  for (const name of records) {
    output.status(`reading ${name}`)
    named.push(...(await subjects.find(name)))
  }
  const found = (await joinSubjects(named)).map((subject) => withCarried(subject, carried))
  const {
    verdicts: judged,
    graph,
    componentUsed,
  } = await judge(found, {
    maxSeconds: flags.maxSeconds,
    data: flags.data,
    component,
    limits: limitsOf(flags),
    from: flags.from,
    progress: (text) => output.status(text),
    note: (text) => output.note(text),
  })
  output.endStatus()
  const signed = keys.length === 0 ? undefined : await signatures(found, judged, { keys, witnesses })
  const verdicts = signed?.map(({ verdict }) => verdict) ?? judged
  if (output.json) {
    for (const [i, verdict] of verdicts.entries())
      await output.result(verdictJson(verdict, signed?.[i], signed?.[i]?.cosigned), () => '')
  } else await printVerdicts(found, verdicts, output)
  for (const [i, one] of (signed ?? []).entries()) {
    const { by, size } = one
    if (by === undefined) continue
    const all = size === verdicts[i]?.size ? 'to its end' : `up to event ${count(size - 1)}`
    const name = printable(found[i]?.name ?? '')
    output.note(`${name}: signed ${all} by ${by.name}, key ${by.id}`)
    for (const { by: witness, time } of one.cosigned ?? [])
      output.note(`${name}: cosigned by ${witness.name}, key ${witness.id}, ${stamp(time * 1000)}`)
  }
  for (const { name, partial, size, info } of found)
    if (partial && info !== undefined && info.archived === undefined)
      output.note(
        `${printable(name)}: an archived part, up to event ${count(size - 1)}; what comes behind it was not given`,
      )
  printGraph(found, graph, output)
  if (component !== undefined && !componentUsed) {
    output.note(output.styleNote('yellow', `no chain is one of the component ${flags.component}`))
  }
  return verdicts.map(({ verdict }) => exitOf(verdict)).reduce(worse, exits.done)
}

/** What is known of who signed a chain, and who cosigned that; undefined where nobody was asked for. */
type Attested = Signed & { readonly cosigned: readonly Cosignature[] | undefined }

/** Holds verdicts against what was signed with keys that are trusted, and what witnesses cosigned. */
async function signatures(
  subjects: readonly Subject[],
  verdicts: readonly Verdict[],
  { keys, witnesses }: { readonly keys: readonly VerifierKey[]; readonly witnesses: readonly VerifierKey[] },
): Promise<Attested[]> {
  return Promise.all(
    verdicts.map(async (verdict, i) => {
      const { seal = null, state = null } = (await subjects[i]?.sealed()) ?? {}
      const check = await checkSeal(seal, keys, sha256, witnesses)
      const found = check?.ok === true ? check.cosigned : []
      const cosigned = witnesses.length === 0 ? undefined : found
      return { ...withSignature(verdict, check, state), cosigned }
    }),
  )
}

/** An accusation outweighs what is not known, and what is no chain at all outweighs both. */
function worse(a: Exit, b: Exit): Exit {
  const order: readonly Exit[] = [exits.done, exits.inconclusive, exits.diverged, exits.broken]
  return order.indexOf(b) > order.indexOf(a) ? b : a
}
