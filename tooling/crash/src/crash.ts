import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { actors } from './stage.ts'
import type { Durabilities } from './stage.ts'
import { Life } from './life.ts'
import type { Load } from './plan.ts'
import { boundaries, random } from './points.ts'
import type { Point } from './points.ts'
import type { Finding } from './records.ts'
import { World } from './server.ts'

/** How hosts are killed. */
export interface CrashOptions {
  readonly kills: number
  readonly seed: number
  /** How many lives are lived at once. @default 2 */
  readonly together?: number
  /**
   * Which lives there are: `process`, whose hosts are killed; `power`, whose machines lose power too; `mixed`, two of the first for
   * one of the second.
   * @default 'mixed'
   */
  readonly lives?: 'mixed' | 'process' | 'power'
  /** Whether the system syncs when it says that it has; where it does not, lives of `power` show it. @default true */
  readonly honest?: boolean
  /** Hears how far it is. */
  readonly progress?: (line: string) => void
  /** Hears of what must not be, and where it happened. */
  readonly found?: (finding: Finding & { readonly life: string; readonly points: readonly Point[] }) => void
}

/** What came of it. All but `kills` has to be 0. */
export interface CrashReport {
  readonly kills: number
  /** What was acknowledged or sent and is not there, and what was not done in the end. */
  readonly lost: number
  /** Messages that arrived, and effects that were done, more than once. */
  readonly twice: number
  /** Effects without an intent, and messages that nobody sent. */
  readonly unintended: number
  /** Chains that do not open, are broken, or are not what their components do. */
  readonly unverified: number
}

const load: Load = { jobs: 12, payments: 4, timers: 4 }
const KILLS_PER_LIFE = 4
const LATEST_MS = 400

const killed: Durabilities = {}
/** `b` beside the others: what it caused in them, and they in it, has to fit together. */
const powerless: Durabilities = { a: 'disk', b: 'process', c: 'disk', payer: 'disk', waker: 'memory' }

/**
 * Kills hosts until so many are killed, and says what was wrong with what they left and with what became of it. After each kill all chains
 * are checked by structure; at the end of each life, of four kills, everything is done that is left to do, and every chain is run again.
 */
export async function crash(options: CrashOptions): Promise<CrashReport> {
  const {
    kills,
    seed,
    together = 2,
    lives = 'mixed',
    honest = true,
    progress = () => undefined,
    found = () => undefined,
  } = options
  const pick = random(seed)
  const folder = mkdtempSync(join(tmpdir(), 'theater-crash-'))
  const report = { kills: 0, lost: 0, twice: 0, unintended: 0, unverified: 0 }
  await using world = await World.open()
  const lifeOf = (name: string, power: boolean, below: (n: number) => number): Life =>
    new Life({
      ...load,
      name,
      folder,
      world,
      power,
      honest,
      pick: below,
      durabilities: power ? powerless : killed,
    })
  try {
    const counts = await lifeOf('whole', false, pick).run(null)
    if (counts === 'killed') throw new Error('a host was killed by somebody else')
    const all = boundaries(counts, pick)
    /** The first hosts of lives come to one boundary after the other. Their successors come to as many as are left to do. */
    const boundary = (life: number, host: number): Point =>
      all[((life + (host * all.length) / KILLS_PER_LIFE) % all.length) | 0] as Point
    const covered = new Set<Point>()
    progress(`a host of ${actors.length} actors comes to ${all.length} boundaries`)
    let begun = 0
    const live = async (): Promise<void> => {
      while (report.kills < kills) {
        const n = begun++
        const power = lives === 'power' || (lives === 'mixed' && n % 3 === 2)
        const name = `${power ? 'power' : 'process'}-${n}`
        const own = random(seed * 1_000_003 + n)
        const life = lifeOf(name, power, own)
        const points: Point[] = []
        const note = (findings: readonly Finding[]): void => {
          for (const finding of findings) {
            report[finding.kind]++
            found({ ...finding, life: name, points })
          }
        }
        for (let host = 0; host < KILLS_PER_LIFE && report.kills < kills; host++) {
          // Every other host dies at random: at whatever it is at, in the middle of a system call too.
          const point: Point = host % 2 === 0 ? boundary(n, host) : { at: 'time', ms: own(LATEST_MS) }
          // Whoever is about to be killed counts, so that no more are than were asked for.
          report.kills++
          const ended = await life.run(point)
          if (ended !== 'killed') {
            report.kills--
            break
          }
          if (point.at !== 'time') covered.add(point)
          points.push(point)
          note(await life.rest())
          progress(`${report.kills} of ${kills} kills, ${covered.size} of ${all.length} boundaries`)
        }
        note(await life.end())
      }
    }
    await Promise.all(Array.from({ length: together }, live))
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
