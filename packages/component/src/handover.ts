/**
 * How a call of a guest's function is handed to a stack that runs already.
 *
 * Between whoever is called with a promise and a function that suspends must stand no JavaScript, so a stack that waits for
 * its next call cannot be told by JavaScript to call this with that. A handover is a small module of its own for each
 * signature: it is given a function and what to call it with, and a function of it without parameters then makes the call and keeps what
 * came of it. All three happen without anything between, so one serves all instances of a component.
 */
import type { Signature } from './signatures.ts'
import { codeOf, functionType, leb, smallModule, text } from './small-module.ts'

/** A function that a core module exports. */
export type CoreFunction = (...args: never[]) => unknown

/** What a handover exports. */
export interface Handover {
  /** @throws TypeError for a function of another type than the signature's, as the engine sees it */
  readonly fits: (fn: CoreFunction) => void
  /** Takes over what is to be called, and what with. @throws TypeError as the function itself does */
  readonly give: (fn: CoreFunction, ...args: readonly unknown[]) => void
  /** Calls it. For WebAssembly; it keeps hold of nothing but numbers. */
  readonly run: () => void
  /** What came of it. */
  readonly result: () => unknown
}

/** The handovers of one component, by signature; `undefined`: the engine does not take such a module. */
export type HandoverCache = Map<string, Handover | undefined>

const [guestType, runType, giveType, fitsType, resultType] = [0, 1, 2, 3, 4]
/** (ref null $guest) */
const reference = [0x63, guestType]
const target = 0

/**
 * Functions that are called before any guest's. The engine remembers whom a place calls, to make the next call of it quicker, until it has
 * seen more than four, and holds them, with all that is theirs. It is not to remember guests.
 */
const standIns = ['0', '1', '2', '3', '4', '5']

/** A constant of zero bits, as a global begins. */
const zeros: ReadonlyMap<number, readonly number[]> = new Map([
  [0x7f, [0x41, 0]],
  [0x7e, [0x42, 0]],
  [0x7d, [0x43, 0, 0, 0, 0]],
  [0x7c, [0x44, 0, 0, 0, 0, 0, 0, 0, 0]],
])

function handoverModule({ params, results }: Signature): Uint8Array<ArrayBuffer> {
  const values = [...params, ...results]
  const get = (at: number): number[] => [0x23, ...leb(at)]
  const set = (at: number): number[] => [0x24, ...leb(at)]
  const local = (at: number): number[] => [0x20, ...leb(at)]
  const param = (i: number): number => target + 1 + i
  const result = (i: number): number => target + 1 + params.length + i
  return smallModule([
    [
      1,
      [
        functionType(params, results),
        functionType([], []),
        [0x60, ...leb(1 + params.length), ...reference, ...params, 0],
        [0x60, 1, ...reference, 0],
        functionType([], results),
      ],
    ],
    [3, [[fitsType], [giveType], [runType], [resultType], ...standIns.map(() => [guestType])]],
    [
      6,
      [
        [...reference, 1, 0xd0, guestType, 0x0b],
        ...values.map((type) => [type, 1, ...(zeros.get(type) ?? []), 0x0b]),
      ],
    ],
    [7, ['fits', 'give', 'run', 'result', ...standIns].map((name, i) => [...text(name), 0x00, i])],
    [
      10,
      [
        [0, 0x0b],
        [0, local(0), set(target), params.map((_, i) => [...local(1 + i), ...set(param(i))]), 0x0b],
        [
          // The function goes to a local: nothing of this guest is held when it has returned.
          [1, 1, ...reference],
          [...get(target), 0x21, 0, 0xd0, guestType, ...set(target)],
          params.map((_, i) => get(param(i))),
          [...local(0), 0x14, guestType],
          results.map((_, i) => set(result(results.length - 1 - i))),
          0x0b,
        ],
        [0, results.map((_, i) => get(result(i))), 0x0b],
        ...standIns.map(() => [0, results.map((type) => [...(zeros.get(type) ?? [])]), 0x0b]),
      ].map((code) => codeOf(code.flat(3))),
    ],
  ])
}

/** The handover for a signature. */
export function handoverFor(signature: Signature, cache: HandoverCache): Handover | undefined {
  const key = `${signature.params.join()}>${signature.results.join()}`
  if (cache.has(key)) return cache.get(key)
  const made = make(signature)
  cache.set(key, made)
  return made
}

function make(signature: Signature): Handover | undefined {
  const bytes = handoverModule(signature)
  // An engine without references that have a type has no use for it: it makes a stack for each call.
  if (!WebAssembly.validate(bytes)) return undefined
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  const handover = exports as unknown as Handover
  const zero = signature.params.map((type) => (type === 0x7e ? 0n : 0))
  for (const name of standIns) {
    handover.give(exports[name] as CoreFunction, ...zero)
    handover.run()
  }
  return handover
}
