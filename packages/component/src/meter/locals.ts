/** The locals of one function that is written anew: its own, and those of the meter behind them. */
import { type Facts, Has } from './facts.ts'
import { Given } from './inner.ts'
import { Wire } from '../wire.ts'
import { skipValue, type Type } from './module.ts'
import { refuse } from './refuse.ts'
import { Temporaries } from './nan.ts'
import type { Writer } from './writer.ts'

/** The most locals that an engine takes. */
const most = 50_000

const i32 = 0x7f
const i64 = 0x7e

/** What is known of a function before its locals are written. */
export interface Frame {
  readonly facts: Facts
  /** How many parameters it has of its own. */
  readonly params: number
  /** One of `Given`. */
  readonly given: number
  /** Whether it counts depth. */
  readonly counts: boolean
  /** Whether a NaN becomes the canonical one. */
  readonly canonical: boolean
}

/** Where things are. */
export interface Locals {
  /** The fuel; -1 where the global has it. */
  readonly fuel: number
  /** What is left of the depth; -1 where it is not counted. */
  readonly depth: number
  /** The first local whose place a parameter of the meter has taken, and the others behind it. */
  readonly moved: number
  readonly short: number
  readonly long: number
  readonly temporaries: Temporaries
}

/**
 * Whether a function keeps its fuel in a local. That costs a read on entry, a write on every way out, and both around
 * each call, and is still far less than a global that every block reads and writes: each would wait for the one before.
 * A handler that is a branch (`try_table`) joins control that comes from an exception with control that does not, so it
 * finds the fuel in the global.
 */
function usesLocal({ has, blocks }: Facts): boolean {
  if (has & Has.tryTable) return false
  return (has & Has.loop) !== 0 || blocks > 1
}

/** Writes the declarations. Locals in whose place there is a parameter now go to the end, so that no other moves. */
export function writeLocals(writer: Writer, source: Uint8Array, frame: Frame): Locals {
  const { facts, params, given, counts, canonical } = frame
  const { has } = facts
  const groups = readGroups(source, facts)
  const added: number[][] = []
  let first = facts.locals + given
  const take = (): number[] => {
    const group = groups.find(({ count }) => count > 0)
    if (group === undefined) return []
    group.count--
    first--
    return [...source.subarray(group.start, group.end)]
  }
  for (let i = 0; i < given; i++) {
    const type = take()
    if (type.length > 0) added.push(type)
  }
  const moved = first
  const add = (needed: boolean, type: number): number => (needed ? first + added.push([type]) - 1 : -1)
  const locals: Locals = {
    moved,
    fuel: given === Given.none ? add(usesLocal(facts), i64) : params,
    depth: given === Given.fuelAndDepth ? params + 1 : add(counts, i32),
    short: add((has & Has.bulk32) !== 0, i32),
    long: add((has & Has.bulk64) !== 0, i64),
    temporaries: new Temporaries(
      add(canonical && (has & Has.f32) !== 0, 0x7d),
      add(canonical && (has & Has.f64) !== 0, 0x7c),
      add(canonical && (has & Has.v128) !== 0, 0x7b),
    ),
  }
  const more = first + added.length - facts.locals
  if (facts.locals + more > most) refuse(`more than ${most - more} locals in a function`, facts.start)
  const left = groups.filter(({ count }) => count > 0)
  writer.u32(left.length + added.length)
  for (const { count, start, end } of left) {
    writer.u32(count)
    writer.copy(source, start, end)
  }
  for (const type of added) {
    writer.byte(1)
    writer.raw(type)
  }
  return locals
}

interface Group {
  count: number
  /** Where its type is written. */
  readonly start: number
  readonly end: number
}

function readGroups(source: Uint8Array, facts: Facts): Group[] {
  const wire = new Wire(source, facts.start, facts.code)
  const groups: Group[] = []
  wire.each(() => {
    const count = wire.u32()
    const start = wire.at
    skipValue(wire)
    groups.push({ count, start, end: wire.at })
  })
  return groups
}

/** Reads what locals a function has: parameters and locals, slots of eight bytes, and groups. */
export function readLocals(wire: Wire, type: Type): { locals: number; slots: number; groups: number } {
  let locals = type.params
  let slots = type.params
  let groups = 0
  wire.each(() => {
    const count = wire.u32()
    locals += count
    if (locals > most) refuse(`more than ${most} locals in a function`, wire.at)
    const code = wire.byte()
    if (code === 0x63 || code === 0x64) wire.s33()
    slots += code === 0x7b ? 2 * count : count
    groups++
  })
  return { locals, slots, groups }
}
