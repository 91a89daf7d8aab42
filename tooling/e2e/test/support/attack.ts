/** The stage of the catalogue of escapes, for tests of what ends otherwise than by one guard. */
import { type Stage as Made, stage as made, type StageOptions } from '@theater/escapes/stage'
import { type Theater, TheaterError } from '@theater/runtime'

export { host } from '@theater/escapes/stage'

/** A theater with one hostile actor, `guest`. */
export interface Stage extends AsyncDisposable, Pick<Made, 'theater' | 'store' | 'lines'> {
  /** Calls an export; what it failed with as `code: message`. */
  call(fn: string, ...args: unknown[]): Promise<unknown>
  aborts: Made['aborts']
  verify: Made['verify']
}

/** Spawns a guest, from its text or its bytes. Every handler is granted, with nothing. */
export async function stage(guest: string | Uint8Array, options: StageOptions = {}): Promise<Stage> {
  const one = await made(guest, options)
  const { theater, store, lines } = one
  return {
    theater,
    store,
    lines,
    call: (fn, ...args) => call(theater, 'guest', fn, ...args),
    aborts: () => one.aborts(),
    verify: () => one.verify(),
    [Symbol.asyncDispose]: () => theater.close(),
  }
}

/** The code of a TheaterError; anything else is thrown on. */
export function codeOf(error: unknown): string {
  if (TheaterError.is(error)) return error.code
  throw error
}

/** Calls an export of an actor; what it failed with as `code: message`. */
export async function call(theater: Theater, id: string, fn: string, ...args: unknown[]): Promise<unknown> {
  try {
    return await theater.call(id, fn, args, { timeoutMs: 20_000 })
  } catch (error) {
    if (TheaterError.is(error)) return `${error.code}: ${error.message}`
    throw error
  }
}
