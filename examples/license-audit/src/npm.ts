import { readFileSync } from 'node:fs'

/**
 * Ends this process, as hard, when npm that started it is killed. Without this a killed `npm start` would go on unseen,
 * and the next one would find the audit taken. npm starts a shell and the shell this process, so both are watched.
 */
export function endWithNpm(): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
  const shell = process.ppid
  const npm = parentOf(shell)
  setInterval(() => {
    if (process.ppid !== shell || parentOf(shell) !== npm) process.kill(process.pid, 'SIGKILL')
  }, 50).unref()
}

/** Known on Linux only; elsewhere shells become what they start. */
function parentOf(pid: number): string | undefined {
  try {
    // "PID (NAME) STATE PARENT …", where the name may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]
  } catch {
    return undefined
  }
}
