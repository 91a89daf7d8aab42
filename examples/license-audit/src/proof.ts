import { createWriteStream } from 'node:fs'
import { copyFile, open, readFile, rename, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { exportCar, openCar } from '@theater/event-chain/car'
import { makeSeal } from '@theater/event-chain/log'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { componentLoader, steps, verifyCar } from '@theater/replay/node'
import type { GraphReport, Verdict } from '@theater/replay/node'
import { shown } from '@theater/example-kit/shown'
import { counted, megabytes, number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'

const actors = ['auditor', 'reporter']

/** The chains of both actors. */
async function chains(stage: Stage): Promise<readonly Uint8Array[]> {
  const infos = await Promise.all(actors.map((actor) => stage.chain(actor)))
  return infos.flatMap((info) => (info === undefined ? [] : [info.chain]))
}

/** How many turns of the reporter's were HTTP requests. */
async function answeredTurns({ store }: Stage): Promise<number> {
  const info = await store.find('reporter')
  if (info === undefined) return 0
  let turns = 0
  for await (const { kind, fn } of steps({ store, chain: info.chain }, { hash: sha256 })) {
    if (kind === 'turn' && /^(?:theater:http\/request|wasi:http\/incoming)-handler@/.test(fn ?? '')) turns++
  }
  return turns
}

/** Writes both chains into one file, with all that is needed to run them again, and with what was signed of them. */
export async function exportBoth(stage: Stage, requests: number, screen: Screen): Promise<void> {
  const { car } = stage.files
  const both = await chains(stage)
  const seal = await makeSeal(stage.store, both, sha256)
  await pipeline(exportCar(stage.store, both, { hash: sha256, seal }), createWriteStream(`${car}.new`))
  await rename(`${car}.new`, car)
  const { size } = await stat(car)
  const what = 'both records, what was read, both components, the checkpoint'
  screen.line(`${screen.style('bold', shown(car))}  ${megabytes(size)}: ${what}`)
  const answered = await answeredTurns(stage)
  screen.line(
    `${counted(answered, 'HTTP request')} answered by the reporter: each is in its record, with the whole answer`,
  )
  if (answered < requests) throw new Error(`${counted(requests, 'HTTP request')} reached the reporter`)
}

/** Changes one byte in a copy of the file, and shows who notices, and where. */
export async function tamper(stage: Stage, screen: Screen): Promise<void> {
  const { car, tampered } = stage.files
  const target = await findTarget(stage)
  const at = (await readFile(car)).indexOf(target.body) + target.offset
  await copyFile(car, tampered)
  const file = await open(tampered, 'r+')
  try {
    await file.write(Buffer.from([target.to]), 0, 1, at)
  } finally {
    await file.close()
  }
  screen.line(`byte ${number(at)} of ${screen.style('bold', shown(tampered))}`)
  screen.line(target.story)
  screen.working('checking the copy')
  const report = await check(tampered, stage)
  for (const verdict of report.verdicts) {
    const look = verdict.verdict === 'verified' ? 'green' : 'red'
    screen.line(
      `${(verdict.actor ?? '?').padEnd(9)}  ${screen.style(['bold', look], verdict.verdict)}  ${screen.style('dim', said(verdict))}`,
    )
  }
  const refused = report.verdicts.find(({ actor }) => actor === 'auditor')
  if (refused?.verdict !== 'broken' || refused.index !== target.seq) {
    throw new Error(`the changed byte lies in event ${target.seq}, and the verdict is ${refused?.verdict}`)
  }
}

async function check(path: string, { cache }: Stage): Promise<GraphReport> {
  await using source = await fileSource(path)
  const car = await openCar(source, { hash: sha256 })
  return await verifyCar(car, { load: componentLoader({ cache }), hash: sha256 })
}

interface Target {
  readonly seq: number
  readonly body: Uint8Array
  readonly offset: number
  readonly to: number
  readonly story: string
}

/** A byte in the middle of the record: of what the auditor read in a package.json, if there is one. */
async function findTarget(stage: Stage): Promise<Target> {
  const info = await stage.chain('auditor')
  if (info === undefined) throw new Error('there is no record of the auditor')
  let seq = Math.floor(info.size / 2)
  let first: Target | undefined
  const words = Buffer.from('"license": "')
  for await (const { body } of stage.store.read(info.chain, seq)) {
    if (body !== null) {
      const bytes = Buffer.from(body)
      const found = bytes.indexOf(words)
      const offset = found === -1 ? bytes.length - 1 : found + words.length
      const to = (bytes[offset] ?? 0) ^ 1
      const was = bytes.toString('latin1', offset, bytes.indexOf(0x22, offset))
      const now = `${String.fromCharCode(to)}${was.slice(1)}`
      const story =
        found === -1
          ? `which is in event ${number(seq)} of the auditor`
          : `event ${number(seq)}, in which the auditor read a package.json: "license": "${was}" becomes "${now}"`
      const target = { seq, body, offset, to, story }
      if (found !== -1 && /^[\w.-]{2,20}$/.test(was)) return target
      first ??= target
    }
    seq++
  }
  if (first === undefined) throw new Error('the record has no bodies')
  return first
}

function said(verdict: Verdict): string {
  return verdict.verdict === 'verified'
    ? counted(verdict.size, 'event')
    : `at event ${number(verdict.index)}: ${verdict.message.replace(/^event \d+: /, '')}`
}
