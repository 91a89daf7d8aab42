import { readFileSync } from 'node:fs'

/**
 * Watches npm where that started this process. Without this a killed `npm start` would go on unseen, and the next one would
 * find the data folder taken. npm starts a shell and the shell this process, so both are watched.
 */
export class Npm {
  readonly #scripts: readonly string[]
  /** Called when one of them has ended. Until somebody says otherwise this process ends then, as hard. */
  ended: () => void = () => process.kill(process.pid, 'SIGKILL')

  /** @param scripts the scripts of package.json that start this program */
  constructor(...scripts: readonly string[]) {
    this.#scripts = scripts
  }

  /** Begins to watch. */
  watch(): void {
    if (!this.#scripts.includes(process.env['npm_lifecycle_event'] ?? '')) return
    const shell = process.ppid
    const npm = parentOf(shell)
    const timer = setInterval(() => {
      if (process.ppid === shell && parentOf(shell) === npm) return
      clearInterval(timer)
      this.ended()
    }, 50)
    timer.unref()
  }
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
