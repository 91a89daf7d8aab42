/** The matrix: every type of the table, in every nesting, in every direction, under both plans. */
import { $init, generate } from '@bytecodealliance/jco-transpile/component'
import { inThread, loadComponent } from '@theater/component'
import type { Component, Plan, Transpiler } from '@theater/component'
import { sha256 } from '@theater/event-chain/node'
import fc from 'fast-check'
import type { ValType } from '@theater/values'
import { directionsOf, runTrials } from './cell.ts'
import type { Direction, Seen, Sightings, Trial } from './cell.ts'
import { carried, guestOf } from './guest.ts'
import { refusals } from './refused.ts'
import { resourceFunctions } from './resources.ts'
import { NESTINGS, TYPES } from './table.ts'
import { anyValue, edges } from './values.ts'

/** One line of the matrix. */
export interface Line {
  readonly type: string
  readonly direction: string
  readonly nesting: string
  readonly recorded: boolean
  readonly rerun: boolean
  readonly equal: boolean
  /** What was not so; or for a type that is refused, what it is refused with. */
  readonly detail?: string
  /** The type is one that a component must not have, and it was refused by name. */
  readonly refused?: boolean
}

/** What is run. */
export interface MatrixOptions {
  /** Random values for each type and nesting, beside its limits. */
  readonly random: number
  readonly seed: number
  /** Milliseconds of `performance.now()` after which nothing new is begun. */
  readonly deadline: number
  /** Only types with this in their name. */
  readonly only?: string
}

/** Whether a line says what it has to. */
export function holds(line: Line): boolean {
  return line.refused ?? (line.recorded && line.rerun && line.equal)
}

/** A transpiler in this thread, ready to be used. */
export async function transpilerInThread(): Promise<Transpiler> {
  await $init
  return inThread(generate)
}

/** Runs the matrix. A type that there was no time for has lines that do not hold. */
export async function* matrix(options: MatrixOptions): AsyncGenerator<Line> {
  const transpiler = await transpilerInThread()
  yield* others(transpiler, options.only ?? '')
  const rows = TYPES.filter(({ name }) => name.includes(options.only ?? ''))
  for (const [i, { name, type }] of rows.entries()) {
    const nested = Object.fromEntries(Object.entries(NESTINGS).map(([nesting, of]) => [nesting, of(type)]))
    const left = options.deadline - performance.now()
    // Behind time: the limits alone, so that every type gets its turn.
    const random = left / (rows.length - i) < 100 ? 0 : options.random
    if (left <= 0) {
      for (const nesting of Object.keys(nested)) yield* lines(name, nesting, type, () => NO_TIME)
      continue
    }
    yield* typeLines(name, nested, transpiler, { ...options, random })
  }
}

/** What the table does not have: functions of resources, and types that are refused. */
async function* others(transpiler: Transpiler, only: string): AsyncGenerator<Line> {
  for await (const line of resourceFunctions(transpiler)) if (line.type.includes(only)) yield line
  for await (const { name, refused, detail } of refusals(transpiler)) {
    if (!name.includes(only)) continue
    const none = { recorded: false, rerun: false, equal: false }
    yield { type: name, direction: 'any', nesting: 'any', ...none, refused, detail }
  }
}

const NO_TIME: Seen = { recorded: false, rerun: false, equal: false, detail: 'there was no time for it' }

async function* typeLines(
  name: string,
  nested: Readonly<Record<string, ValType>>,
  transpiler: Transpiler,
  { random, seed }: MatrixOptions,
): AsyncGenerator<Line> {
  let component: Component
  try {
    // One component has each type dozens of times, which no real one does.
    const limits = { typeNodes: 1_000_000, functionNodes: 100_000 }
    component = await loadComponent(await guestOf(nested), { transpiler, sha256, limits })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    for (const [nesting, type] of Object.entries(nested)) {
      yield* lines(name, nesting, type, () => ({ ...NO_TIME, detail }))
    }
    return
  }
  const asyncImports = component.model.imports
    .flatMap(({ functions }) => functions)
    .filter(({ kind }) => kind === 'freestanding')
    .map(({ id }) => id)
  const plans: Plan[] = [{ mode: 'sync' }, { mode: 'jspi', asyncImports }]
  const trials: Trial[] = Object.entries(nested).map(([nesting, type]) => ({
    nesting,
    type,
    values: [...edges(type), ...fc.sample(anyValue(type), { numRuns: random, seed })],
  }))
  const seen: { plan: Plan; by: Sightings }[] = []
  for (const plan of plans) seen.push({ plan, by: await runTrials(component, plan, trials) })
  for (const { nesting, type } of trials) {
    yield* lines(name, nesting, type, (direction) => both(seen, nesting, direction))
  }
}

function both(
  seen: readonly { readonly plan: Plan; readonly by: Sightings }[],
  nesting: string,
  direction: Direction,
): Seen {
  const sum: Seen = { recorded: true, rerun: true, equal: true }
  for (const { plan, by } of seen) {
    const one = by.get(nesting)?.get(direction) ?? NO_TIME
    sum.recorded &&= one.recorded
    sum.rerun &&= one.rerun
    sum.equal &&= one.equal
    if (one.detail !== undefined) sum.detail ??= `${plan.mode}: ${one.detail}`
  }
  return sum
}

function* lines(
  name: string,
  nesting: string,
  type: ValType,
  seen: (direction: Direction) => Seen,
): Generator<Line> {
  for (const direction of directionsOf(carried(type))) {
    yield { type: name, direction, nesting, ...seen(direction) }
  }
}
