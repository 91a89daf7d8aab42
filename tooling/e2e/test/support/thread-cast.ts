/** Actors in a thread that a test keeps from answering. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { openThread } from '@theater/runtime/thread'
import type { Restart, TheaterThread, ThreadOptions } from '@theater/runtime/thread'
import { decode, grants, message, verdicts } from './courier.ts'
import type { Steps } from './courier.ts'
import { GATES } from './thread-couriers.ts'
import type { Couriers } from './thread-couriers.ts'

/**
 * Many times what a machine with other things to do takes to answer; where it takes longer for once, another thread goes
 * on without anybody being named.
 */
const ANSWER_MS = 1500

const limits = { fuel: 1e12, startFuel: 1e12 }

/**
 * Counts, and keeps the thread: for ever, for some rounds, or when it was woken from a nap.
 *
 * @param start what stands in the module beside that
 */
export const looper = (start = ''): string => `(component
  (import "test:loop/host" (instance $host (export "nap" (func (param "gate" u32)))))
  (core func $nap (canon lower (func $host "nap")))
  (core module $m
    (import "host" "nap" (func $nap (param i32)))
    (global $count (mut i32) (i32.const 0))
    (func $spin (loop $again (br $again)))
    ${start}
    (func (export "add") (param i32) (result i32)
      (global.set $count (i32.add (global.get $count) (local.get 0)))
      (global.get $count))
    (func (export "burn") (param i64)
      (loop $again (br_if $again (i64.ne (i64.const 0) (local.tee 0 (i64.sub (local.get 0) (i64.const 1)))))))
    (func (export "nap") (param i32) (result i32) (call $nap (local.get 0)) (global.get $count))
    (func (export "nap-and-spin") (param i32) (call $nap (local.get 0)) (call $spin))
    (export "spin" (func $spin)))
  (core instance $i (instantiate $m (with "host" (instance (export "nap" (func $nap))))))
  (func (export "add") (param "n" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "burn") (param "rounds" u64) (canon lift (core func $i "burn")))
  (func (export "nap") (param "gate" u32) (result u32) (canon lift (core func $i "nap")))
  (func (export "nap-and-spin") (param "gate" u32) (canon lift (core func $i "nap-and-spin")))
  (func (export "spin") (canon lift (core func $i "spin"))))`

/** What a turn that kept the thread is told. */
export const unresponsive = (actor: string) => ({
  name: 'TheaterError',
  code: 'aborted',
  actor,
  detail: 'unresponsive',
})

/** A thread of couriers and loopers. */
export class Cast implements AsyncDisposable {
  readonly thread: TheaterThread
  readonly restarts: readonly Restart[]
  readonly #data: Couriers

  private constructor(thread: TheaterThread, data: Couriers, restarts: readonly Restart[]) {
    this.thread = thread
    this.restarts = restarts
    this.#data = data
  }

  static async open(options: Partial<ThreadOptions<Couriers>> = {}): Promise<Cast> {
    const folder = mkdtempSync(join(tmpdir(), 'theater-thread-'))
    const data = { folder, gates: new Int32Array(new SharedArrayBuffer(4 * GATES)) }
    return Cast.#over(data, options)
  }

  static async #over(data: Couriers, options: Partial<ThreadOptions<Couriers>>): Promise<Cast> {
    const restarts: Restart[] = []
    const thread = await openThread<Couriers>({
      module: new URL('thread-couriers.ts', import.meta.url),
      data,
      answerMs: ANSWER_MS,
      restarted: (restart) => restarts.push(restart),
      ...options,
    })
    return new Cast(thread, data, restarts)
  }

  /** The same actors in another thread. */
  async again(options: Partial<ThreadOptions<Couriers>> = {}): Promise<Cast> {
    await this.thread.close()
    return Cast.#over(this.#data, options)
  }

  get folder(): string {
    return this.#data.folder
  }

  async courier(...ids: string[]): Promise<void> {
    for (const id of ids) await this.thread.spawn({ id, component: cGuest('courier'), grants })
  }

  async looper(id: string, component: Uint8Array): Promise<void> {
    await this.thread.spawn({ id, component, grants: { naps: {} }, limits })
  }

  /** Has a courier do something; answers what its steps answered. */
  async run(id: string, steps: Steps): Promise<unknown> {
    const answer = await this.thread.request(id, message(steps), { timeoutMs: 200_000 })
    return 'ok' in answer ? decode(steps, answer.ok.body) : answer.err.code
  }

  call(id: string, fn: string, ...args: unknown[]): Promise<unknown> {
    return this.thread.call(id, fn, args, { timeoutMs: 200_000 })
  }

  /** Resolves when so many have come to a gate. */
  async reached(n: number, times = 1): Promise<void> {
    const file = join(this.folder, 'reached')
    const came = (): number =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line === String(n)).length
        : 0
    while (came() < times) await setTimeout(5)
  }

  /** Resolves when a thread has ended, and another one was begun. */
  async restarted(): Promise<void> {
    while (this.restarts.length === 0) await setTimeout(5)
  }

  openGate(n: number): void {
    Atomics.store(this.#data.gates, n, 1)
    Atomics.notify(this.#data.gates, n)
  }

  /** Who was found out, in that order. A machine with other things to do may have a thread ended for nobody's sake. */
  get named(): readonly string[] {
    return this.restarts.flatMap(({ actor }) => actor ?? [])
  }

  /** From here on what can go wrong does, so often; `Infinity`: each time. */
  strike(times: number): void {
    Atomics.store(this.#data.gates, 0, Math.min(times, 0x7fff_ffff))
  }

  /** What was done to the world. */
  get did(): readonly string[] {
    return readFileSync(join(this.folder, 'did'), 'utf8').trimEnd().split('\n')
  }

  /** Ends the thread, and answers what a verifier says of its records. */
  async verdicts(): Promise<Record<string, unknown>> {
    await this.thread.close()
    await using store = sqliteStore(join(this.folder, 'chains.db'))
    return await verdicts(store, { maxFuel: limits.fuel })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.thread.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
