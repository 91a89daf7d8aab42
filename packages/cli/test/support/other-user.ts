import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Whom `asOther` runs as, where the tests are root, who may write everywhere. */
export const other = 65_534

/** Runs the command as somebody who may not write what is root's; undefined where that cannot be. */
export function asOther(args: readonly string[], cwd: string) {
  const who = process.getuid?.() === 0 ? { uid: other, gid: other } : {}
  const env = { PATH: process.env['PATH'], HOME: cwd }
  const run = (...rest: readonly string[]) =>
    spawnSync(process.execPath, rest, { cwd, env, encoding: 'utf8', ...who })
  // Where the sources are may be nobody else's business.
  if (run('--conditions=theater-source', main, '--version').status !== 0) return undefined
  return run('--conditions=theater-source', main, ...args)
}

/** Runs the command where no file may be longer than so many blocks of 512 bytes, as on a disk without room. */
export function withoutRoom(blocks: number, args: readonly string[], cwd: string) {
  const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" --conditions=theater-source "$@"`
  return spawnSync('sh', ['-c', limited, process.execPath, main, ...args], { cwd, encoding: 'utf8' })
}
