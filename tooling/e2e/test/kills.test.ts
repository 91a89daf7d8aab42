import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyStructure } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import {
  cast,
  drive,
  jobs,
  lostOrDoubled,
  missing,
  recordedOutcome,
  records,
  undone,
  unknown,
} from './support/busy.ts'
import { Stage, verdicts, World } from './support/courier.ts'

/** How many hosts are killed. `THEATER_KILLS=1000` for a long run; `THEATER_SEED` for another one. */
const KILLS = Number(process.env['THEATER_KILLS'] ?? 36)
const SEED = Number(process.env['THEATER_SEED'] ?? 1)
const KILLS_PER_LIFE = 3
const JOBS = 15

const folder = mkdtempSync(join(tmpdir(), 'theater-kills-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Where a host is killed: around a write of its store, or so many milliseconds after its actors are there. */
type Point = { readonly write: number; readonly when: 'before' | 'after' } | { readonly ms: number }

/** The same numbers for the same seed: mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

function pointOf(pick: (below: number) => number, host: number): Point {
  if (host % 3 === 2) return { ms: pick(60) }
  // The first host makes the actors; of a later one the first writes are the takeover of what was left.
  return { write: 1 + pick(host === 0 ? 90 : 25), when: pick(2) === 0 ? 'before' : 'after' }
}

/** Runs a host until it is killed. `false`: it was done before. */
async function kill(file: string, point: Point): Promise<boolean> {
  const host = new URL('support/crash-busy.ts', import.meta.url).pathname
  const where = 'write' in point ? [String(point.write), point.when] : []
  const child = spawn(process.execPath, ['--conditions=theater-source', host, file, String(JOBS), ...where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  if ('ms' in point) child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), point.ms))
  const [code, signal] = (await ended) as [number | null, string | null]
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the host ended by itself, with ${code ?? signal}`)
  return code !== 0
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').filter(Boolean) : []
}

/** What the hosts told their caller and the record does not say. */
async function forgotten(store: Store, file: string): Promise<string[]> {
  const record = await records(store)
  return lines(`${file}.told`).flatMap((line) => {
    const [n, outcome] = JSON.parse(line) as [number, string]
    return recordedOutcome(record, jobs(JOBS)[n]!) === outcome ? [] : [`job ${n} was answered ${outcome}`]
  })
}

/** What is wrong with what a killed host left. */
async function wrongWithRest(file: string): Promise<unknown[]> {
  await using store = sqliteStore(file, { readOnly: true })
  const wrong: unknown[] = await forgotten(store, file)
  for (const { chain, label } of await store.list()) {
    const report = await verifyStructure(store.read(chain), { unfinished: 'allow' })
    if (!report.ok) wrong.push([label, report])
  }
  // Some is still under way, but nothing came twice, and nothing that was not sent.
  return [...wrong, ...lostOrDoubled(await records(store)).filter((line) => !line.endsWith('never arrived'))]
}

/** Goes on with what the last host left until all is done, and says what is wrong with the whole. */
async function wrongInTheEnd(file: string): Promise<unknown[]> {
  await using store = sqliteStore(file)
  const world = new World()
  {
    const before = await records(store)
    await using stage = await Stage.open({ store, world })
    for (const id of cast) if (before[id] === undefined) await stage.spawn(id)
    await stage.idle()
    await drive(stage, missing(before, jobs(JOBS)))
  }
  const record = await records(store)
  return [
    ...(await forgotten(store, file)),
    ...lostOrDoubled(record),
    ...undone(record, [...lines(`${file}.did`), ...world.did]),
    ...unknown(record),
    ...missing(record, jobs(JOBS)).map(({ n }) => `job ${n} was not done`),
    ...Object.entries(await verdicts(store)).filter(([, verdict]) => verdict !== 'verified'),
  ]
}

describe('hosts that are killed', () => {
  it(
    `leave nothing lost, nothing doubled and nothing unproven (${KILLS} kills)`,
    { timeout: 60_000 + KILLS * 5000 },
    async () => {
      const pick = random(SEED)
      const lives = Array.from({ length: Math.ceil(KILLS / KILLS_PER_LIFE) }, (_, life) => ({
        life,
        points: Array.from({ length: KILLS_PER_LIFE }, (_host, host) => pointOf(pick, host)),
      }))
      const failures: unknown[] = []
      let killed = 0
      const live = async (): Promise<void> => {
        for (let next = lives.shift(); next !== undefined; next = lives.shift()) {
          const { life, points } = next
          const file = join(folder, `${life}.db`)
          for (const [host, point] of points.entries()) {
            if (!(await kill(file, point))) break
            killed++
            const wrong = await wrongWithRest(file)
            if (wrong.length > 0)
              failures.push({ seed: SEED, life, points: points.slice(0, host + 1), wrong })
          }
          const wrong = await wrongInTheEnd(file)
          if (wrong.length > 0) failures.push({ seed: SEED, life, points, wrong })
        }
      }
      // As many at once as the smallest machine has cores.
      await Promise.all([live(), live()])
      expect(failures).toEqual([])
      expect(killed).toBeGreaterThan(KILLS / 2)
    },
  )
})
