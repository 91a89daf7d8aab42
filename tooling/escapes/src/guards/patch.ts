/** One change of one file. */
export interface Patch {
  /** Below `packages/`. */
  readonly file: string
  /** Text that the file has exactly once. */
  readonly text: string
  readonly with: string
}

/** Guards by name, each with all that has to be changed for it to be off. */
export type Guards = Readonly<Record<string, readonly Patch[]>>

/** What runs in the worker of the transpiler, the meter too, is changed there. */
export const inWorker: Patch = {
  file: 'component/src/node/worker-transpiler.ts',
  text: 'execArgv: [],',
  with: 'execArgv: process.execArgv.filter((flag) => !flag.startsWith("--max")),',
}

/** A condition that is never true. */
export function off(file: string, text: string): Patch {
  const start = text.indexOf('if (')
  const end = text.endsWith(' {') ? text.length - 2 : closing(text, start + 3) + 1
  return { file, text, with: `${text.slice(0, start)}if (false)${text.slice(end)}` }
}

/** Where the parenthesis that opens at `at` is closed. */
function closing(text: string, at: number): number {
  let open = 0
  for (let i = at; i < text.length; i++) {
    if (text[i] === '(') open++
    if (text[i] === ')' && --open === 0) return i
  }
  throw new Error(`no end of the condition: ${text}`)
}
