import { writeFile } from 'node:fs/promises'
import { hex } from '@theater/event-chain'
import {
  latestCheckpoint,
  parseCheckpoint,
  parseNote,
  VerifierKey,
  verifyCosignatures,
} from '@theater/event-chain/log'
import type { WitnessFault, WitnessRecord } from '@theater/event-chain/log'
import { printable } from '@theater/handler-log'
import { readChains } from '../data-folder.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { notSigned } from '../proof-file.ts'
import { count } from '../table.ts'
import { stamp } from '../timers.ts'

/** Options of `theater checkpoint`. */
export interface CheckpointCommandOptions {
  readonly data: string
  readonly out?: string
}

/** How far a witness is, as `theater checkpoint --json` prints it. */
type WitnessJson = {
  readonly name: string
  readonly id: string
  /** Where it is asked; null for one that is asked no more. */
  readonly url: string | null
  /** How many entries of the log it cosigned last. */
  readonly size: number
  /** When, in seconds since the epoch; null before the first time. */
  readonly time: number | null
  /** Why it did not cosign when it was asked last. */
  readonly fault: { readonly code: WitnessFault['code']; readonly message: string } | null
}

/** `theater checkpoint`: what a host signed last, with the cosignatures of its witnesses, for whoever wants to keep it. */
export async function checkpoint({ data, out }: CheckpointCommandOptions, output: Output): Promise<number> {
  await using store = await readChains(data)
  const latest = await latestCheckpoint(store)
  if (latest === undefined) throw notSigned('there is no checkpoint yet')
  const { origin, size, root, note } = latest
  const witnesses: WitnessJson[] = []
  for (const record of await store.hostLog.witnesses()) witnesses.push(await witnessJson(record))
  if (out !== undefined) await writeFile(out, note)
  const json = { file: out ?? null, origin, size, root: hex(root), note, witnesses }
  await output.result(json, () =>
    out === undefined ? note.trimEnd() : `${output.style('bold', out)}  ${origin} at ${count(size)}`,
  )
  for (const one of witnesses) noteWitness(one, size, output)
  return exits.done
}

async function witnessJson({ key: text, url, note, fault }: WitnessRecord): Promise<WitnessJson> {
  const key = await VerifierKey.parse(text)
  const parsed = note === null ? undefined : parseNote(note)
  const [by] = parsed === undefined ? [] : await verifyCosignatures(parsed, [key])
  return {
    name: key.name,
    id: key.id,
    url,
    size: parsed === undefined || by === undefined ? 0 : parseCheckpoint(parsed.text).size,
    time: by?.time ?? null,
    fault: fault === null ? null : { ...fault },
  }
}

function noteWitness({ name, url, size, time, fault }: WitnessJson, of: number, output: Output): void {
  const when = time === null ? '' : `, ${stamp(time * 1000)}`
  const what =
    size === 0
      ? 'cosigned nothing yet'
      : `cosigned ${size === of ? 'all' : `${count(size)} of`} ${count(of)} entries${when}`
  const asked = url === null ? '; it is asked no more' : ''
  output.note(`${output.styleNote('bold', printable(name))} ${what}${asked}`)
  if (fault === null) return
  const style = fault.code === 'unreachable' ? 'yellow' : 'red'
  output.note(`  ${output.styleNote(style, fault.code)}: ${printable(fault.message)}`)
}
