import type { ResourceType } from '@theater/values'
import { datetime } from './clock.ts'
import type { DerivedClock, DerivedRandom } from './clock.ts'

/** What derived functions are answered from: nothing of the machine. */
export interface DerivedSource {
  readonly clock: DerivedClock
  readonly random: DerivedRandom
  readonly actor: { readonly id: string; readonly parent: string | null }
  /** Makes a pollable that is ready at a monotonic instant; answers the wrapper for the guest. */
  timer(type: ResourceType, deadline: bigint): unknown
}

/** Answers from lifted arguments; `pollable` is the resource type of the function's result, where it has one. */
export type DerivedFunction = (
  source: DerivedSource,
  args: readonly unknown[],
  pollable: ResourceType | undefined,
) => unknown

const MAX_DRAW = 1 << 20

function draw(source: DerivedSource, length: unknown): Uint8Array {
  return source.random.bytes(checkDraw(length))
}

/** The number of random bytes that a guest asks for. @throws GuestFault for too many at once */
export function checkDraw(length: unknown): number {
  const n = typeof length === 'bigint' ? length : 0n
  // A guest that asks for more than this at once is out of its mind or after the host's memory.
  if (n > BigInt(MAX_DRAW)) throw new GuestFault(`random bytes: ${n} at once, at most ${MAX_DRAW}`)
  return Number(n)
}

/** The guest broke a rule of an interface that says "traps". */
export class GuestFault extends Error {}

const derived: Readonly<Record<string, DerivedFunction>> = {
  'wasi:clocks/monotonic-clock@0.2#now': ({ clock }) => clock.monotonic(),
  'wasi:clocks/monotonic-clock@0.2#resolution': () => 1000n,
  'wasi:clocks/monotonic-clock@0.2#subscribe-instant': (source, [when], type) =>
    source.timer(pollableOf(type), when as bigint),
  'wasi:clocks/monotonic-clock@0.2#subscribe-duration': (source, [duration], type) =>
    source.timer(pollableOf(type), source.clock.monotonic() + (duration as bigint)),
  'wasi:clocks/wall-clock@0.2#now': ({ clock }) => datetime(clock.wall()),
  'wasi:clocks/wall-clock@0.2#resolution': () => datetime(1000n),
  'wasi:random/random@0.2#get-random-bytes': (source, [length]) => draw(source, length),
  'wasi:random/random@0.2#get-random-u64': ({ random }) => random.u64(),
  'wasi:random/insecure@0.2#get-insecure-random-bytes': (source, [length]) => draw(source, length),
  'wasi:random/insecure@0.2#get-insecure-random-u64': ({ random }) => random.u64(),
  'wasi:random/insecure-seed@0.2#insecure-seed': ({ random }) => [random.u64(), random.u64()],
  'theater:actor/self@0.1#id': ({ actor }) => actor.id,
  'theater:actor/self@0.1#parent': ({ actor }) => actor.parent ?? undefined,
}

function pollableOf(type: ResourceType | undefined): ResourceType {
  if (type === undefined) throw new TypeError('a timer function that gives no pollable')
  return type
}

/** Whether the boundary answers this function itself, by rule, without an event. */
export function isDerived(name: string): boolean {
  return Object.hasOwn(derived, name)
}

/** The rule for a function, by its name within its track. */
export function derivedFunction(name: string): DerivedFunction | undefined {
  return isDerived(name) ? derived[name] : undefined
}
