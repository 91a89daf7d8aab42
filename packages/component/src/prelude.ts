/**
 * The one form in which generated JavaScript is run.
 *
 * It is evaluated with `new Function`, not by importing a `data:` URL: a module that was imported is never
 * collected, while a function and its source are, with the last `Prepared` that holds them. And a function body
 * cannot have static imports, exports or `import.meta` at all, so those are syntax errors even if the check
 * before missed one.
 */
import { BoundedSet } from './bounded-set.ts'
import { ComponentError } from './errors.ts'
import { exposed, type GlueParts, glueStateName, type GlueState } from './image/glue-state.ts'
import { liftGlobals, liftNames, type LiftMeter } from './lift.ts'
import { quickened } from './quicken.ts'
import { shareClasses } from './share.ts'

/** What a guest's glue is given under other names than the globals of the host. */
interface GlueGlobals {
  /** Stands in for `FinalizationRegistry`. */
  readonly FinalizationRegistry: unknown
  /** Stands in for `WebAssembly`. */
  readonly WebAssembly: typeof WebAssembly
  /** Counts what the glue reads out of the guest. */
  readonly meter: LiftMeter
  /** Is told where the glue keeps what it keeps between two calls. */
  readonly state: GlueState
}

/** The factory inside the glue: gives the exports, as jco names them. */
type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: object,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => Record<string, unknown>

/** What is left of glue that passed the check: what a host that sealed it runs without another one. */
export interface CheckedGlue {
  /** The body of a function of {@link shadowed} and {@link hidden}, without a line that says of what; it answers one of {@link perInstance}. */
  readonly body: string
  /** Why it tells nothing of its state; `undefined`: it does. */
  readonly unknown: string | undefined
}

/** Glue that passed the check: each call evaluates it afresh, for one instance. */
export interface GlueFactory {
  (globals: GlueGlobals): Instantiate
  /** Why it tells nothing of its state; `undefined`: it does. */
  readonly unknown: string | undefined
}

const parameters =
  'getCoreModule, imports, instantiateCore = (module, importObject) => new WebAssembly.Instance(module, importObject)'
const head = `"use components";\nexport function instantiate(${parameters}) {\n`
const tail = /\nexport const _util = \{\s*\}\s*$/
const generatorStart = /\blet gen(?:\$\d+)?= \(function\* _initGenerator \(\) \{/
const generatorEnd = /\}\)\(\);\s*let promise(?:\$\d+)?, resolve(?:\$\d+)?, reject(?:\$\d+)?;/

/**
 * Globals of the host that the glue does not need. Checked names cannot reach them either; that they are not
 * there is the second lock.
 */
const hidden = [
  'Atomics',
  'Buffer',
  'Bun',
  'Date',
  'Deno',
  'Function',
  'SharedArrayBuffer',
  'WebSocket',
  'Worker',
  'XMLHttpRequest',
  'clearImmediate',
  'crypto',
  'document',
  'exports',
  'fetch',
  'global',
  'indexedDB',
  'localStorage',
  'location',
  'module',
  'navigator',
  'performance',
  'process',
  'require',
  'self',
  'sessionStorage',
  'setImmediate',
  'window',
] as const

/** Names that the glue gets a stand-in for, which knows nothing of the instance. */
const shadowed = ['globalThis', 'console', 'setTimeout', 'setInterval', 'clearInterval', 'Set'] as const

/** Names of what each instance has of its own. */
const perInstance = ['FinalizationRegistry', 'WebAssembly', glueStateName, ...liftNames] as const

/**
 * Names of the language that jco's glue uses and does not keep a component's classes from taking: a resource `promise`
 * would stand in for `Promise`, and its constructor would be called with what is the glue's own.
 */
const language = [
  'Array',
  'ArrayBuffer',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'Boolean',
  'DataView',
  'Error',
  'FinalizationRegistry',
  'Float32Array',
  'Float64Array',
  'Infinity',
  'Int16Array',
  'Int32Array',
  'Int8Array',
  'Map',
  'Math',
  'NaN',
  'Number',
  'Object',
  'Promise',
  'RangeError',
  'Reflect',
  'Set',
  'String',
  'Symbol',
  'TextDecoder',
  'TextEncoder',
  'TypeError',
  'Uint16Array',
  'Uint32Array',
  'Uint8Array',
  'WeakMap',
  'WeakRef',
  'WeakSet',
  'WebAssembly',
] as const

/** The global object as the glue sees it: jco reads an environment variable from it at every step of every call. */
const fakeGlobal = Object.freeze({
  process: Object.freeze({ env: Object.freeze(Object.create(null)) }),
  WebAssembly,
})

const silent = (): void => {}
/** jco prints an error that it throws a moment later. */
const fakeConsole = Object.freeze({ error: silent, debug: silent, log: silent, warn: silent })

/**
 * jco polls its tasks by timers, for components of WASI 0.3; those are refused. With real timers each call that waits
 * would leave two behind, and a deadlock would be told by the clock.
 */
const noTimer = (): number => 0

/** What jco's helper does with the number of each resource that there ever was. No name of a component has a parenthesis. */
const remembers = 'table._createdReps.add(rep);'
/** Where it asks for one: when a component inside another lends a resource to a third. */
const asks = '_createdReps.has('

/**
 * Takes out what grows with every resource that a guest holds for a moment, for ever, where nobody asks for it: in a
 * component that is not made of others.
 */
function forgetful(inside: string): string {
  return inside.includes(asks) ? inside : inside.replace(remembers, '')
}

function reject(why: string, cause?: unknown): never {
  const message = `The JavaScript made for this component is refused: ${why}.`
  throw new ComponentError('glue-rejected', message, cause === undefined ? {} : { cause })
}

/** Checks generated JavaScript. Rejects with `ComponentError('glue-rejected')`. */
export async function checkGlue(glue: string): Promise<CheckedGlue> {
  // A host whose glue was checked before has no use for it.
  const { init, parse } = await import('es-module-lexer')
  await init()
  let found: ReturnType<typeof parse>
  try {
    found = parse(glue)
  } catch (error) {
    reject('it is not a JavaScript module', error)
  }
  const [imports, exports] = found
  if (imports.length > 0) reject('it imports something, or asks where it is')
  const names = exports.map((e) => (e.type === 'direct' && !e.typeOnly ? e.name : e.type)).join(', ')
  if (names !== 'instantiate, _util') reject(`it exports ${names}`)
  if (!glue.startsWith(head) || !tail.test(glue)) reject('it is not of the form that jco gives it')
  const inside = glue.slice(head.length).replace(tail, '')
  const parts = partsOf(inside)
  checkShadowing(parts)
  const quick = quickened(parts)
  const shown = exposed(quick)
  const { shared, own } = shareClasses(forgetful('text' in shown ? shown.text : textOf(quick)))
  const text = own.trimEnd()
  if (!text.endsWith('};')) reject('it is not of the form that jco gives it')
  // In parentheses it is compiled when it is read, and not read once more when it is first called.
  const body = `"use strict";\n${shared}return (function (${perInstance.join(', ')}) { return (function instantiate(${parameters}) {\n${text.slice(0, -1)})})`
  return { body, unknown: 'unknown' in shown ? shown.unknown : undefined }
}

/** Makes glue that was checked ready to be evaluated. Throws `ComponentError('glue-rejected')`. */
export function readyGlue({ body, unknown }: CheckedGlue, label: string): GlueFactory {
  try {
    // oxlint-disable-next-line no-implied-eval -- running generated code is what this file is for
    const factory: unknown = new Function(
      ...shadowed,
      ...hidden,
      `${body}\n//# sourceURL=theater-component-${label}.js`,
    )
    if (typeof factory !== 'function') return reject('it is not a function')
    const ofEach: unknown = factory(fakeGlobal, fakeConsole, noTimer, noTimer, noTimer, BoundedSet)
    if (typeof ofEach !== 'function') return reject('it is not a function')
    const evaluate = ({
      FinalizationRegistry,
      WebAssembly: wasm,
      meter,
      state,
    }: GlueGlobals): Instantiate => {
      const instantiate: unknown = ofEach(FinalizationRegistry, wasm, state, ...liftGlobals(meter))
      return instantiate as Instantiate
    }
    return Object.assign(evaluate, { unknown })
  } catch (error) {
    return reject('it does not compile; two names of the component collide in it', error)
  }
}

function textOf({ helpers, start, guest, end }: GlueParts): string {
  return helpers + start + guest + end
}

/** Takes the glue apart: jco's helpers, the component's own part inside a generator, and what runs that. */
function partsOf(inside: string): GlueParts {
  const start = generatorStart.exec(inside)
  const end = generatorEnd.exec(inside)
  if (start === null || end === null || end.index < start.index)
    reject('it is not of the form that jco gives it')
  const from = start.index + start[0].length
  return {
    helpers: inside.slice(0, start.index),
    start: start[0],
    guest: inside.slice(from, end.index),
    end: inside.slice(end.index),
  }
}

/**
 * Refuses glue in which a name of the component hides one of jco's own, or one of the language.
 *
 * jco puts functions named by the guest (`rsc-table-get` becomes `rscTableGet`) into a generator inside the function
 * that declares its helpers, and does not keep the two apart: the guest would stand in for a helper. So both scopes are
 * compiled, never run, as one block, where a second declaration of a name is a syntax error.
 */
function checkShadowing({ helpers, guest }: GlueParts): void {
  try {
    // oxlint-disable-next-line no-implied-eval -- compiled to find collisions, and dropped
    void new Function(
      `"use strict"; return function* () { { let getCoreModule, imports, instantiateCore, ${glueStateName}, ${language.join(', ')};\n${helpers}\n${guest}\n} }`,
    )
  } catch (error) {
    reject('a function or resource of the component has the name of something that it uses itself', error)
  }
}
