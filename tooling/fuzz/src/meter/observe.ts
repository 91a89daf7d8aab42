/** What a module does when each of its exports is called, as far as anybody can see it. */

/** What was seen. */
export interface Observed {
  /** For instantiation and each call: `value …`, `trap …`, `threw …`, `error …`. */
  readonly outcomes: readonly string[]
  /** What was counted after each of them. */
  readonly costs: readonly bigint[]
  readonly logs: readonly string[]
  /** Memories and globals at the end, by the names of `exportAll`. */
  readonly state: ReadonlyMap<string, string>
  /** What the reference counted. */
  readonly counters: Readonly<Record<string, bigint>>
  /** Why the meter stopped it. */
  readonly why: number
  /** Whether the engine's stack ran out. */
  readonly stack: boolean
}

/** What a metered module is given. */
export interface Given {
  readonly fuel: bigint
  readonly depth: number
}

type Exported = (...args: unknown[]) => unknown

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join()
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return typeof value === 'object' && value !== null
    ? 'object'
    : typeof value === 'function'
      ? 'function'
      : String(value)
}

const mostCalls = 40

/** Runs a module. */
export function observe(module: WebAssembly.Module, given: Given = { fuel: 0n, depth: 0 }): Observed {
  const logs: string[] = []
  const outcomes: string[] = []
  const costs: bigint[] = []
  let stack = false
  const global = (value: 'i32' | 'i64', initial: unknown): WebAssembly.Global =>
    new WebAssembly.Global({ value, mutable: true }, initial as never)
  const meter = {
    fuel: global('i64', given.fuel),
    depth: global('i32', given.depth),
    pages: global('i64', 1_000n),
    elements: global('i64', 100_000n),
    why: global('i32', 0),
  }
  let instance: WebAssembly.Instance | undefined
  const exported = (): Exported[] =>
    Object.values(instance?.exports ?? {}).filter((of): of is Exported => typeof of === 'function')
  const counter = (name: string): bigint => {
    const found = instance?.exports[`counter ${name}`]
    return found instanceof WebAssembly.Global ? (found.value as bigint) : 0n
  }
  const attempt = (what: () => unknown): void => {
    try {
      outcomes.push(`value ${show(what())}`)
    } catch (error) {
      if (error instanceof RangeError && /call stack/.test(error.message)) stack = true
      if (error instanceof WebAssembly.RuntimeError) outcomes.push(`trap ${error.message}`)
      else if (error instanceof WebAssembly.Exception) outcomes.push('threw')
      else outcomes.push(`error ${error instanceof Error ? error.message : show(error)}`)
    }
    costs.push(given.fuel > 0n ? given.fuel - (meter.fuel.value as bigint) : counter('cost'))
  }
  const imports = hostImports(module, logs, (index, caught) => {
    const all = exported()
    const of = all[index % Math.max(all.length, 1)]
    if (of === undefined) return 0
    if (!caught) return of()
    try {
      of()
      return 0
    } catch (error) {
      // No guest catches a trap, so this host does not either.
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) throw error
      return 1
    }
  })
  attempt(() => {
    instance = new WebAssembly.Instance(module, { ...imports, 'theater:meter': meter })
  })
  for (const [name, of] of Object.entries(instance?.exports ?? {}).slice(0, mostCalls)) {
    if (typeof of !== 'function') continue
    attempt(() => (of as Exported)(...argumentsFor(name)))
    if (outcomes.at(-1)?.startsWith('trap')) continue
  }
  const state = new Map<string, string>()
  const counters: Record<string, bigint> = {}
  for (const [name, of] of Object.entries(instance?.exports ?? {})) {
    if (name.startsWith('counter ')) counters[name.slice(8)] = counter(name.slice(8))
    else if (name.startsWith('all ')) state.set(name, stateOf(of))
  }
  return { outcomes, costs, logs, state, counters, why: meter.why.value as number, stack }
}

/** Text is an integer, a long integer and a float to the engine, whichever is wanted. */
function argumentsFor(name: string): string[] {
  return Array.from({ length: 8 }, (_, i) => String((name.length * 7 + i * 3) % 11))
}

function stateOf(of: WebAssembly.ExportValue): string {
  if (of instanceof WebAssembly.Memory) {
    let sum = 0
    for (const byte of new Uint8Array(of.buffer)) sum = (Math.imul(sum, 31) + byte) | 0
    return `${of.buffer.byteLength} ${sum}`
  }
  if (of instanceof WebAssembly.Table) return String(of.length)
  try {
    return of instanceof WebAssembly.Global ? show(of.value) : ''
  } catch {
    return 'not for JavaScript'
  }
}

function hostImports(
  module: WebAssembly.Module,
  logs: string[],
  call: (index: number, caught: boolean) => unknown,
): Record<string, Record<string, WebAssembly.ImportValue>> {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === 'theater:meter') continue
    const into = (imports[from] ??= {})
    if (kind === 'function') into[name] = hostFunction(name, logs, call)
    else if (kind === ('tag' as never)) {
      into[name] =
        name === 'jstag'
          ? (WebAssembly as unknown as { JSTag: WebAssembly.ImportValue }).JSTag
          : new WebAssembly.Tag({ parameters: ['i32'] })
    }
  }
  return imports
}

function hostFunction(
  name: string,
  logs: string[],
  call: (index: number, caught: boolean) => unknown,
): Exported {
  return (...args) => {
    logs.push(`${name} ${args.map(show).join()}`)
    if (name === 'call-export') return void call(Number(args[0]) >>> 0, (Number(args[1]) & 1) === 1)
    if (name === 'call-export-catch') return call(Number(args[0]) >>> 0, true)
    if (name === 'throw') throw new TypeError('thrown by the host')
    return 0
  }
}

/** The first difference between two runs. */
export function differences(who: string, one: Observed, other: Observed): string | undefined {
  for (const [i, outcome] of one.outcomes.entries()) {
    if (other.outcomes[i] !== outcome) return `${who}: call ${i} is ${other.outcomes[i]}, not ${outcome}`
  }
  for (const [i, log] of one.logs.entries()) {
    if (other.logs[i] !== log) return `${who}: host call ${i} is ${other.logs[i]}, not ${log}`
  }
  for (const [name, value] of one.state) {
    if (other.state.get(name) !== value) return `${who}: ${name} is ${other.state.get(name)}, not ${value}`
  }
  return undefined
}
