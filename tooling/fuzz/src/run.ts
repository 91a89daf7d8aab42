/** Runs inputs in a process that another one watches. */
import { type ChildProcess, fork } from 'node:child_process'
import type { TargetName, Tried } from './target.ts'

/** What a child is asked: inputs of a seed, from one on. */
export interface Asked {
  readonly target: TargetName
  readonly seed: number
  readonly from: number
  readonly count: number
  /** Whether each is told of before it begins: slower, and says which one ends the child. */
  readonly step: boolean
}

/** What a child says: that an input begins, what came of some in a row, that it is through. */
export type Told =
  | { readonly tag: 'begin'; readonly at: number }
  | { readonly tag: 'tried'; readonly from: number; readonly tried: readonly Tried[] }
  | { readonly tag: 'done' }

/** One input for which something did not hold. */
export interface Find {
  readonly target: TargetName
  readonly seed: number
  readonly at: number
  readonly what: string
}

/** What came of a run. */
export interface Counts {
  inputs: number
  accepted: number
  readonly finds: Find[]
  readonly marks: Record<string, number>
}

/** How a run goes. */
export interface RunOptions {
  readonly target: TargetName
  readonly seed: number
  /** @default no limit */
  readonly seconds?: number
  /** @default no limit */
  readonly inputs?: number
  readonly onFind?: (find: Find) => void
  readonly onTried?: (counts: Counts) => void
}

/** How long one input may take before it is taken to hang. */
const HANG_MS = 30_000
/** How many inputs are looked at one by one, once one of them ended the child. */
const STEPS = 20_000
/** Finds of one run: a target that is quite broken says the same all the time. */
const MAX_FINDS = 50

/** Runs inputs until the time is over, or as many as there are to be. */
export async function fuzz({ target, seed, seconds, inputs, onFind, onTried }: RunOptions): Promise<Counts> {
  const counts: Counts = { inputs: 0, accepted: 0, finds: [], marks: {} }
  const until = performance.now() + (seconds ?? Infinity) * 1000
  const found = (at: number, what: string): void => {
    const find = { target, seed, at, what }
    counts.finds.push(find)
    onFind?.(find)
  }
  let next = 0
  let step = false
  while (next < (inputs ?? Infinity) && performance.now() < until && counts.finds.length < MAX_FINDS) {
    const count = step ? STEPS : Math.min((inputs ?? Infinity) - next, 1_000_000)
    const end = await some({ target, seed, from: next, count, step }, until, (tried) => {
      for (const { accepted, marks = [], find } of tried) {
        counts.inputs++
        if (accepted) counts.accepted++
        for (const mark of marks) counts.marks[mark] = (counts.marks[mark] ?? 0) + 1
        if (find !== undefined) found(next, find)
        next++
      }
      onTried?.(counts)
      return counts.finds.length < MAX_FINDS
    })
    if (end === 'over') break
    if (end === 'done') {
      if (step) found(next, 'one of the inputs before it ended the process, and not again')
      step = false
    } else if (step) {
      counts.inputs++
      found(next, end.how)
      next++
      step = false
    } else step = true
  }
  return counts
}

type End = 'done' | 'over' | { readonly how: string }

/** Runs inputs in one child until they are done, the time is over, or it hangs or ends. */
async function some(asked: Asked, until: number, tried: (some: readonly Tried[]) => boolean): Promise<End> {
  const child = start()
  const { promise, resolve } = Promise.withResolvers<End>()
  let hang: NodeJS.Timeout | undefined
  const watch = (): void => {
    clearTimeout(hang)
    hang = setTimeout(() => resolve({ how: `it hangs: more than ${HANG_MS / 1000} s` }), HANG_MS)
  }
  const over =
    until === Infinity ? undefined : setTimeout(() => resolve('over'), Math.max(0, until - performance.now()))
  child.on('message', (told: Told) => {
    watch()
    if (told.tag === 'done') resolve('done')
    else if (told.tag === 'tried' && !tried(told.tried)) resolve('over')
  })
  child.on('exit', (code, signal) => resolve({ how: `the process ended: ${signal ?? `code ${code}`}` }))
  watch()
  child.send(asked)
  const end = await promise
  clearTimeout(hang)
  clearTimeout(over)
  child.removeAllListeners('message')
  await stop(child)
  return end
}

function start(): ChildProcess {
  return fork(new URL('./child.ts', import.meta.url), {
    execArgv: ['--conditions=theater-source', '--max-old-space-size=1500'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', process.env['DEBUG'] === undefined ? 'ignore' : 'inherit', 'ipc'],
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.removeAllListeners('exit')
  child.once('exit', () => resolve())
  child.kill('SIGKILL')
  await promise
}
