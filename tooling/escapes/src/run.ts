/** Runs attempts, each watched from another process: what one of them does to its host is part of what is found. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Escape, EscapeClass, Outcome } from './escape.ts'
import { patchesOf } from './guards.ts'

/** What a child is asked: to run one attempt. */
export interface Asked {
  readonly class: EscapeClass
  readonly id: string
}

/** What a child answers. */
export type Told =
  /** It has all that it needs, and begins. */
  | { readonly tag: 'begun' }
  | { readonly tag: 'outcome'; readonly outcome: Outcome }
  | { readonly tag: 'fault'; readonly message: string }

/** What was found of one attempt. */
export interface Finding {
  readonly id: string
  readonly class: EscapeClass
  readonly guard: string
  readonly stopped: boolean
  readonly code: string
  /** Whether that is what the catalogue says; with the guard off: whether it got through. */
  readonly ok: boolean
}

/** How long a child may take to begin. */
const STARTS_MS = 120_000

/** A process that runs attempts one after another. */
export class Runner implements AsyncDisposable {
  readonly #guard: string | undefined
  /**
   * Where a process keeps its transpiled components that has a guard of the loader turned off. A cache believes what it keeps: nobody
   * else may find there what that guard let through.
   */
  readonly #cache: string | undefined
  #child: ChildProcess | undefined

  /** @param guard the guard to turn off */
  constructor(guard?: string) {
    this.#guard = guard
    if (guard !== undefined && isOfLoader(guard))
      this.#cache = mkdtempSync(join(tmpdir(), 'theater-escapes-without-'))
  }

  /**
   * Runs one attempt.
   *
   * @param limitMs after which the process is taken to hang, and is ended
   */
  async run(escape: Escape, limitMs: number): Promise<Finding> {
    const { id, class: of, guard, code: expected, success } = escape
    const told = await this.#ask({ class: of, id }, limitMs)
    const found = ({ stopped, code }: Outcome, ok: boolean): Finding => ({
      id,
      class: of,
      guard,
      stopped,
      code,
      ok,
    })
    if (told === 'hang' || told === 'crash')
      return found({ stopped: false, code: told }, this.#guard !== undefined && told === success)
    if (told.tag !== 'outcome')
      return found(
        { stopped: false, code: told.tag === 'fault' ? `fault: ${told.message}` : told.tag },
        false,
      )
    const { outcome } = told
    return found(
      outcome,
      this.#guard === undefined ? outcome.stopped && outcome.code === expected : !outcome.stopped,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    if (this.#cache !== undefined) rmSync(this.#cache, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const { promise, resolve } = Promise.withResolvers<void>()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
    await promise
  }

  #start(): ChildProcess {
    const disarm = new URL('./disarm.ts', import.meta.url)
    disarm.searchParams.set('guard', this.#guard ?? '')
    const child = fork(new URL('./child.ts', import.meta.url), {
      execArgv: [
        '--conditions=theater-source',
        // A memory bomb that goes off ends the child sooner, and leaves the machine alone.
        '--max-old-space-size=700',
        ...(this.#guard === undefined ? [] : ['--import', disarm.href]),
      ],
      ...(this.#cache !== undefined && { env: { ...process.env, THEATER_CACHE: this.#cache } }),
      serialization: 'advanced',
      // What a crashing engine prints is no part of the answer.
      stdio: ['ignore', 'ignore', process.env['DEBUG'] === undefined ? 'ignore' : 'inherit', 'ipc'],
    })
    return child
  }

  async #ask(asked: Asked, limitMs: number): Promise<Told | 'hang' | 'crash'> {
    const child = (this.#child ??= this.#start())
    const { promise, resolve } = Promise.withResolvers<Told | 'hang' | 'crash'>()
    // What loads the child is no part of the attempt.
    let timer = setTimeout(() => resolve('hang'), limitMs + STARTS_MS)
    const answered = (told: Told): void => {
      if (told.tag !== 'begun') return resolve(told)
      clearTimeout(timer)
      timer = setTimeout(() => resolve('hang'), limitMs)
    }
    const ended = (): void => resolve('crash')
    child.on('message', answered).on('exit', ended)
    child.send(asked)
    const told = await promise
    clearTimeout(timer)
    child.off('message', answered).off('exit', ended)
    if (told === 'hang' || told === 'crash') await this.#end()
    return told
  }
}

/** Whether what a cache keeps may be other without a guard: `component` alone writes there, and imports nothing of ours but `values`. */
function isOfLoader(guard: string): boolean {
  return patchesOf(guard).some(({ file }) => /^(?:component|values)\//.test(file))
}
