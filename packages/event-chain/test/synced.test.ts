import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Of the machine, where it has one. */
const STRACE = 'strace'

/** What the system is asked by a writer of what is to be on the disk, in order; undefined where nobody can watch that. */
function watched(folder: string): string[] | undefined {
  const child = new URL('./synced-writer.ts', import.meta.url).pathname
  const trace = join(folder, 'trace')
  const watch = ['-f', '-y', '-qq', '-e', 'trace=fdatasync,fsync,pwrite64,write', '-o', trace]
  const args = [...watch, process.execPath, '--conditions=theater-source', child, join(folder, 'x.db')]
  const { status } = spawnSync(STRACE, args, { encoding: 'utf8' })
  if (status !== 0) return undefined
  return readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (/\b(pwrite64|write)\(\d+<[^>]*x\.db-wal>/.test(line)) return ['written']
      if (/\bf(data)?sync\(\d+<[^>]*x\.db-wal>\) += 0/.test(line)) return ['synced']
      // Where it went on in another thread meanwhile.
      if (/<\.\.\. f(data)?sync resumed>.*= 0/.test(line)) return ['synced']
      return line.includes('"acknowledged') ? ['acknowledged'] : []
    })
}

test('what is to be on the disk is synced behind its last write and before it is acknowledged, as the system sees it', ({
  skip,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'event-chain-synced-'))
  try {
    const seen = watched(folder)
    if (seen === undefined) return skip('there is no strace here, or it may not watch: nobody counted syncs')
    const acknowledged = seen.flatMap((what, i) => (what === 'acknowledged' ? [i] : []))
    expect(acknowledged).toHaveLength(5)
    for (const at of acknowledged) {
      const before = seen.slice(0, at)
      expect(before.lastIndexOf('synced')).toBeGreaterThan(before.lastIndexOf('written'))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
