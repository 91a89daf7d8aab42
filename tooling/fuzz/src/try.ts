import type { Target, Tried } from './target.ts'

/** Own names of what all objects are made of: nothing from outside may add one. */
const shared: readonly object[] = [
  globalThis,
  Object.prototype,
  Array.prototype,
  Function.prototype,
  Promise.prototype,
]

function keys(): string {
  return JSON.stringify(shared.map((one) => Object.getOwnPropertyNames(one).length))
}

/** Runs one input; what it throws, and what it leaves in the objects of the language, is a find. */
export async function tryInput(target: Target, input: Uint8Array): Promise<Tried> {
  const before = keys()
  let tried: Tried
  try {
    tried = await target.run(input)
  } catch (error) {
    return { accepted: false, find: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  return before === keys()
    ? tried
    : { accepted: tried.accepted, find: 'it added something to the objects of the language' }
}
