import { readdirSync, readFileSync } from 'node:fs'

/** Ends what is left of the group that a process led. Its own number may be somebody else's by now. */
export function killGroup(pid: number): void {
  signal(-pid, 'SIGKILL')
}

/**
 * Ends a process that has not ended yet and leads its own group, all of that group, and on Linux whatever else came from it and has not been left
 * by its parents: each is stopped before its children are looked for, so none is made meanwhile.
 */
export function killTree(pid: number): void {
  const seen = new Set<number>()
  let open = [pid]
  // A tree that grows faster than it is walked has a bottom all the same: who is stopped makes no more.
  for (let depth = 0; open.length > 0 && depth < 1000; depth++) {
    for (const one of open) {
      seen.add(one)
      signal(one, 'SIGSTOP')
    }
    open = childrenOf(new Set(open)).filter((one) => !seen.has(one))
  }
  killGroup(pid)
  for (const one of seen) signal(one, 'SIGKILL')
}

/** The processes whose parent is one of these; none where the system does not say. */
function childrenOf(parents: ReadonlySet<number>): number[] {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => parents.has(parentOf(pid) ?? -1))
}

function parentOf(pid: number): number | undefined {
  try {
    // "PID (NAME) STATE PARENT …", where the name may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')
    return Number(fields?.[1])
  } catch {
    return undefined
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}
