/** Records that were changed: whatever is in a file, there are four verdicts, and what is verified is what the component does. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ComponentError } from '@theater/component'
import { ChainError, type Event, memoryStore, readEvents } from '@theater/event-chain'
import { bytesSource, exportCar, importCar, openCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { type ChainSource, componentLoader, type Verdict, verifyCar } from '@theater/replay/node'
import { type Change, copyChain, type Draft, relink } from '@theater/tamper'
import { decodeData, encodeData, equal, ValueError } from '@theater/values'
import { scramble } from '../bytes.ts'
import { changeData, changeScalar } from '../data.ts'
import type { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'

interface Original {
  readonly file: Uint8Array
  readonly drafts: readonly Draft[]
  readonly source: ChainSource
  readonly events: readonly Event[]
}

const files = [
  '../../../../packages/replay/test/spine.car',
  ...globSync('*.car', { cwd: fileURLToPath(new URL('../../corpus/chain/', import.meta.url)) })
    .toSorted()
    .map((name) => `../../corpus/chain/${name}`),
]

async function originalsOf(file: Uint8Array): Promise<Original[]> {
  const car = await openCar(bytesSource(file), { hash: sha256 })
  const found: Original[] = []
  for (const { chain } of car.chains) {
    if (chain === null) throw new Error('the corpus is damaged')
    const source = { store: car, chain }
    const { drafts } = await copyChain(source)
    found.push({ file, drafts, source, events: await Array.fromAsync(readEvents(car, chain)) })
  }
  return found
}

const originals = (
  await Promise.all(
    files.map((file) => originalsOf(new Uint8Array(readFileSync(new URL(file, import.meta.url))))),
  )
).flat()

const load = componentLoader()
/** What a re-run may cost. */
const limits = { maxTraps: 100, maxEvents: 100_000 }

/** A chain hashed again after some of its contents were changed, as a file. */
async function rehashed({ drafts, source }: Original, random: Random): Promise<Uint8Array> {
  let changes: Change[] = [...drafts]
  const times = random.chance(0.8) ? 1 : 2
  for (let i = 0; i < times; i++) {
    const at = random.below(changes.length)
    const change = changes[at]
    if (change === undefined) continue
    switch (random.below(16)) {
      case 0:
        changes.splice(at, 1)
        break
      case 1:
        changes.splice(random.below(changes.length), 0, change)
        break
      case 2:
        changes = changes.slice(0, at + 1)
        break
      case 3:
        changes.splice(at, 0, random.of(random.of(originals).drafts))
        break
      default:
        changes[at] = { ...change, content: changed(change.content, random) }
    }
  }
  const { store, chain } = relink(changes, source.store)
  const parts = await Array.fromAsync(exportCar(store, [chain]))
  return new Uint8Array(Buffer.concat(parts))
}

function changed(content: Uint8Array, random: Random): Uint8Array {
  const data = decodeData(content)
  return encodeData(random.chance(0.8) ? changeScalar(data, random) : changeData(data, random))
}

async function input(random: Random): Promise<Uint8Array> {
  const original = random.of(originals)
  if (random.chance(0.15)) return scramble(original.file, random)
  try {
    return await rehashed(original, random)
  } catch (error) {
    // What cannot be hashed, or written to a file, is no record at all.
    if (!ChainError.is(error) && !ValueError.is(error)) throw error
    return scramble(original.file, random)
  }
}

/** What a component puts out; all else comes from outside, and may be anything. */
const outputs: ReadonlySet<string> = new Set(['call', 'drop', 'send', 'return', 'trap'])

/** What a component put out at an event; what else the event says is an input. */
function outputOf({ kind, content }: Event): unknown {
  if (content === null) return undefined
  if (kind !== 'call') return content
  const { fn, args, fuel } = content
  return { fn, args, fuel }
}

/** Two records of a component that are the same up to an event part at an input, and at nothing else. */
function partAtOutput(one: readonly Event[], other: readonly Event[]): string | undefined {
  for (const [i, event] of one.entries()) {
    const was = other[i]
    if (was === undefined) return undefined
    if (event.kind === was.kind && equal(event.content, was.content)) continue
    if (!outputs.has(event.kind) || !outputs.has(was.kind)) return undefined
    if (event.kind === was.kind && equal(outputOf(event), outputOf(was))) return undefined
    return `event ${i} is another ${was.kind} than after the same inputs before, and is verified`
  }
  return undefined
}

const codes: Readonly<Record<Verdict['verdict'], true>> = {
  verified: true,
  diverged: true,
  broken: true,
  inconclusive: true,
}

async function run(file: Uint8Array): Promise<Tried> {
  const marks: string[] = []
  try {
    const car = await openCar(bytesSource(file), { hash: sha256 })
    const { verdicts } = await verifyCar(car, { load, limits })
    for (const verdict of verdicts) {
      marks.push(verdict.verdict)
      if (codes[verdict.verdict] !== true)
        return { accepted: false, find: `a fifth verdict: ${verdict.verdict}` }
      if (verdict.verdict !== 'verified' || verdict.chain === null) continue
      const events = await Array.fromAsync(readEvents(car, verdict.chain))
      for (const original of originals) {
        const find = partAtOutput(events, original.events)
        if (find !== undefined) return { accepted: true, find, marks }
      }
    }
    await importCar(car, memoryStore(), { hash: sha256 }).catch((error: unknown) => {
      if (!ChainError.is(error)) throw error
    })
    return { accepted: verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === 'verified'), marks }
  } catch (error) {
    if (!ChainError.is(error) && !ComponentError.is(error)) throw error
    return { accepted: false, marks: [...marks, `refused: ${error.code}`] }
  }
}

/** Its inputs are CAR files. */
export const target: Target = { input, run }
