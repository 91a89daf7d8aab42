/** What a process offers to end or move itself. None of it is a handler's business. */
const DEEDS = ['exit', 'reallyExit', 'abort', 'kill', 'chdir', 'umask', 'setuid', 'setgid'] as const

/** Some globals of Node are made when they are first read, and are plain values from then on. */
const ACCESSOR = Symbol('accessor')

/** What any code of this process relies on. */
const INTRINSICS: Readonly<Record<string, object>> = {
  globalThis,
  Object: Object.prototype,
  Array: Array.prototype,
  Function: Function.prototype,
  Promise: Promise.prototype,
  String: String.prototype,
  Number: Number.prototype,
  Error: Error.prototype,
  Map: Map.prototype,
  Set: Set.prototype,
  WeakMap: WeakMap.prototype,
  Uint8Array: Uint8Array.prototype,
  JSON,
  Math,
  Reflect,
}

/**
 * Runs something, and answers what it did to this process: one sentence each, none if it is as it was. What would end
 * the process fails instead.
 */
export async function guarded(run: () => Promise<void>): Promise<readonly string[]> {
  const found: string[] = []
  const failed = (what: string) => (error: unknown) => found.push(`${what}: ${String(error)}`)
  const uncaught = failed('an exception that nobody caught')
  const unhandled = failed('a rejection that nobody handled')
  process.on('uncaughtException', uncaught)
  process.on('unhandledRejection', unhandled)
  const restore = forbidDeeds((deed) => found.push(`process.${deed} was called`))
  const before = snapshot()
  try {
    await run()
    // A rejection is reported when the queue of this turn of the event loop is empty.
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  } finally {
    restore()
    process.off('uncaughtException', uncaught)
    process.off('unhandledRejection', unhandled)
  }
  return [...found, ...differences(before, snapshot())]
}

function forbidDeeds(tell: (deed: string) => void): () => void {
  const originals = new Map<string, PropertyDescriptor>()
  for (const deed of DEEDS) {
    const original = Object.getOwnPropertyDescriptor(process, deed)
    if (original === undefined || original.configurable !== true) continue
    originals.set(deed, original)
    Object.defineProperty(process, deed, {
      ...original,
      value: (...args: readonly unknown[]) => {
        if (isHarmless(deed, args)) return (original.value as (...given: typeof args) => unknown)(...args)
        tell(deed)
        throw new Error(`process.${deed} is not for a handler to call`)
      },
    })
  }
  return () => {
    for (const [deed, original] of originals) Object.defineProperty(process, deed, original)
  }
}

/** Without arguments `umask` only tells, and a handler may end what it started itself. */
function isHarmless(deed: string, [pid]: readonly unknown[]): boolean {
  if (deed === 'umask') return pid === undefined
  const { pid: own, ppid: parent } = process
  return deed === 'kill' && typeof pid === 'number' && ![0, -1, own, -own, parent, -parent].includes(pid)
}

/** What can be seen of a process, each thing by name. */
function snapshot(): ReadonlyMap<string, unknown> {
  const seen = new Map<string, unknown>([
    ['process.exitCode', process.exitCode],
    ['the working directory', process.cwd()],
    ['the environment', JSON.stringify(process.env)],
    ['process.title', process.title],
  ])
  for (const [name, object] of Object.entries(INTRINSICS)) {
    for (const key of Reflect.ownKeys(object)) {
      // Node's own modules put symbols there when they are first loaded.
      if (object === globalThis && typeof key === 'symbol') continue
      const property = Object.getOwnPropertyDescriptor(object, key)
      seen.set(`${name}.${String(key)}`, property?.get === undefined ? property?.value : ACCESSOR)
    }
    seen.set(`the prototype of ${name}`, Object.getPrototypeOf(object))
  }
  return seen
}

function differences(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].flatMap((name) => {
    if (!before.has(name)) return [`${name} was added`]
    if (!after.has(name)) return [`${name} was removed`]
    const [was, is] = [before.get(name), after.get(name)]
    return was === ACCESSOR || Object.is(was, is) ? [] : [`${name} was changed`]
  })
}
