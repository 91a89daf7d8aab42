/**
 * What jco's JavaScript keeps between two calls, and how it is made visible.
 *
 * The glue keeps all of it in variables of its closures: tables of handles, what it captured of the host's objects, and
 * the bookkeeping of tasks. So lines of ours are put behind the declarations, at places of a form that is known exactly.
 * Where the glue has a variable that this file does not know, nothing of it is believed.
 */
import type { ResourceType } from '@theater/values'
import { BoundedSet } from '../bounded-set.ts'
import { GuestHandles, type GuestObjects, type GuestPlace, tellGuests } from './guest-handles.ts'
import { type NoImage, noImage } from './no-image.ts'

/** The name of what the glue tells about its state. No name of a component has an underscore. */
export const glueStateName = '__theaterState'

/** Every `let` and `var` of jco's helpers, whatever it is inside of. */
const knownVariables = new Set(
  (
    'RESOURCE_SCOPE_ID SCOPE_ID dv curResourceBorrows RESOURCE_CALL_BORROWS SYMMETRIC_SYNC_GUEST_CALL_STACK ' +
    'val i result offset usedGlobal taskMetas task resume resolve reject promise other meta manualAsyncResult handlers ' +
    'currentSubtask createdTask completionSettled backpressureCleared liftRes tag len idx discLowerRes codepoints caseLookup ' +
    'liftResults caseIdx fieldPtr fieldLen [ toTable flagValue bits align elemPtr elemLen'
  ).split(' '),
)

/** Every collection and object that jco's helpers hold in a constant. */
const knownConstants = new Set(
  (
    'ASYNC_CURRENT_COMPONENT_IDXS ASYNC_CURRENT_TASK_IDS ASYNC_EVENT_CODE ASYNC_STATE ASYNC_TASKS_BY_COMPONENT_IDX ' +
    'CORE_TRAP_MESSAGES FACT_TRAP_MESSAGES CURRENT_TASK_MAY_BLOCK CURRENT_TASK_META GLOBAL_COMPONENT_MEMORY_MAP HANDLE_TABLES INSTANCE_FLAGS ' +
    'RESOURCE_SCOPE_TASKS STORE_ASYNC_STATE STORE_TRAP BlockResult EVENT_HANDLER_EVENTS State TickResult ' +
    'event lowerCtx newTaskMeta params res suspendedTasks unresolvedRoots val'
  ).split(' '),
)

/** The declarations that have to be there, each once. */
const needed = [
  'let RESOURCE_SCOPE_ID = 0;',
  'const RESOURCE_SCOPE_TASKS = new Map();',
  'const ASYNC_TASKS_BY_COMPONENT_IDX = new Map();',
  'const ASYNC_CURRENT_COMPONENT_IDXS = [];',
  'const ASYNC_CURRENT_TASK_IDS = [];',
  'const ASYNC_STATE = new Map();',
  'const INSTANCE_FLAGS = new Map();',
  'const STORE_TRAP = { error: null };',
  'const STORE_ASYNC_STATE = { deadlockCheck: null, pendingHostOperations: 0 };',
  'const CURRENT_TASK_META = {};',
  'class AsyncTask {\n      static _ID = 0n;',
  'class AsyncSubtask {\n      static _ID = 0n;',
] as const

const variable = /\b(?:let|var) +([A-Za-z_$][\w$]*|\{|\[)/g
const collection =
  /\b(?:const|static) +([A-Za-z_$][\w$]*) *= *(?:new (?:Weak)?(?:Map|Set)\b|\[|\{|globalThis)/g
const table = /\bconst handleTable(\d+) = \[T_FLAG, 0\];\n\s*handleTable\1\._createdReps = new Set\(\);/g
const capture = /\bconst captureTable(\d+)= new Map\(\);\n\s*let captureCnt\1= 0;/g
const held = /\b(?:handleTable|captureTable|captureCnt)\d+\b/g
const inGenerator = /([\w$.]+) *= *(?:new (?:Weak)?(?:Map|Set)\b|new WebAssembly\.Global\b|\[T_FLAG)/g
const knownInGenerator = /^(?:captureTable\d+|handleTable\d+(?:\._createdReps)?|instanceFlags\d+)$/

/** Glue whose state can be seen, or why it cannot. */
export type Exposed = { readonly text: string } | { readonly unknown: string }

/** The glue, in order. */
export interface GlueParts {
  /** What jco declares before the component's own part. */
  readonly helpers: string
  /** What begins that part. */
  readonly start: string
  /** The component's own part. */
  readonly guest: string
  /** What runs it. */
  readonly end: string
}

/** Puts the lines in. */
export function exposed({ helpers, start, guest, end }: GlueParts): Exposed {
  for (const text of needed)
    if (helpers.split(text).length !== 2) return { unknown: `it has not just one ${JSON.stringify(text)}` }
  for (const [, name = ''] of helpers.matchAll(variable))
    if (!knownVariables.has(name)) return { unknown: `it has a variable ${name}` }
  for (const [, name = ''] of helpers.matchAll(collection))
    if (!knownConstants.has(name)) return { unknown: `it has a collection ${name}` }
  for (const [, name = ''] of guest.matchAll(inGenerator))
    if (!knownInGenerator.test(name)) return { unknown: `the component's part has a collection ${name}` }
  const told = new Set<string>()
  const inside = tellGuests(guest, glueStateName)
    .replace(table, (found, n: string) => {
      told.add(`handleTable${n}`)
      return `${found}\n${glueStateName}.table(${n}, handleTable${n});`
    })
    .replace(capture, (found, n: string) => {
      told.add(`captureTable${n}`).add(`captureCnt${n}`)
      return `${found}\n${glueStateName}.capture(${n}, captureTable${n}, () => captureCnt${n}, (n) => { captureCnt${n} = n; });`
    })
  for (const [name] of guest.matchAll(held))
    if (!told.has(name)) return { unknown: `it declares ${name} in another way` }
  return { text: `${helpers}\n${tell(helpers)}\n${start}${inside}${end}` }
}

function tell(helpers: string): string {
  const stacks = ['curResourceBorrows', 'RESOURCE_CALL_BORROWS', 'SYMMETRIC_SYNC_GUEST_CALL_STACK'].filter(
    (name) => helpers.includes(`let ${name} = [];`),
  )
  const lends = helpers.includes('let SCOPE_ID = 0;')
  const handle = helpers.includes("const symbolRscHandle = Symbol('handle');")
    ? 'symbolRscHandle'
    : 'undefined'
  const tables = /\bconst HANDLE_TABLES *= \[\];/.test(helpers) ? 'HANDLE_TABLES' : 'undefined'
  return `${glueStateName}.tasks({
  counters: () => [RESOURCE_SCOPE_ID, Number(AsyncTask._ID), Number(AsyncSubtask._ID), ${lends ? 'SCOPE_ID' : '0'}],
  count: (scope, task, subtask${lends ? ', lent' : ''}) => {
    RESOURCE_SCOPE_ID = scope; AsyncTask._ID = BigInt(task); AsyncSubtask._ID = BigInt(subtask);${lends ? ' SCOPE_ID = lent;' : ''}
  },
  stacks: () => [${stacks.map((name) => `${name}.length`).join(', ')}], tables: ${tables}, handle: ${handle},
  scopes: RESOURCE_SCOPE_TASKS, current: ASYNC_TASKS_BY_COMPONENT_IDX, components: ASYNC_CURRENT_COMPONENT_IDXS,
  ids: ASYNC_CURRENT_TASK_IDS, states: ASYNC_STATE, flags: INSTANCE_FLAGS, trap: STORE_TRAP, host: STORE_ASYNC_STATE, meta: CURRENT_TASK_META,
});`
}

/** jco's table of the handles of one resource type: numbers, and those that it remembers. */
interface HandleTable extends Array<number> {
  _createdReps: Set<number>
}

interface Capture {
  readonly objects: Map<number, object>
  readonly count: () => number
  readonly setCount: (n: number) => void
}

/** What the glue says of a component's own state of tasks. Everything in it has to be as it was before the first call. */
interface ComponentState {
  isExclusivelyLocked(): boolean
  errored(): boolean
  hasBackpressure(): boolean
  hasPendingSchedulerWork(): boolean
  readonly handles: { size(): number }
  readonly subtasks: { size(): number }
}

/** The bookkeeping of tasks, as the glue's own lines hand it over. */
interface Tasks {
  readonly counters: () => GlueImage['counters']
  readonly count: (...counters: GlueImage['counters']) => void
  readonly stacks: () => readonly number[]
  /** By number: those that are told, and those that were made when something was first handed from one component inside to another. */
  readonly tables: (HandleTable | undefined)[] | undefined
  /** Under what the objects that stand for a guest's own resources have their handle. */
  readonly handle: symbol | undefined
  readonly scopes: ReadonlyMap<number, unknown>
  readonly current: ReadonlyMap<number, readonly unknown[]>
  readonly components: readonly unknown[]
  readonly ids: readonly unknown[]
  readonly states: ReadonlyMap<number, ComponentState>
  readonly flags: ReadonlyMap<number, WebAssembly.Global>
  readonly trap: { readonly error: unknown }
  readonly host: { readonly pendingHostOperations: number }
  readonly meta: Readonly<Record<string, unknown>>
}

/** A host object that the glue holds: under which number, and which resource of the host it stands for. */
export interface CapturedImage {
  readonly rep: number
  readonly resource: ResourceType
  readonly n: number
}

/** What the glue keeps of the handles of one resource type. */
export interface TableImage {
  readonly handles: readonly number[]
  readonly remembered: readonly number[]
  /** `undefined` for a resource of the guest's own. */
  readonly captured: { readonly count: number; readonly objects: readonly CapturedImage[] } | undefined
}

/** What the glue keeps between two calls. */
export interface GlueImage {
  /** How many scopes, tasks and subtasks it has made, and scopes of what components inside lend each other. */
  readonly counters: readonly [number, number, number, number]
  /** By number; null where there is none. */
  readonly tables: readonly (TableImage | null)[]
}

/** The objects that stand for resources in one instance. */
export interface Wrappers extends GuestObjects {
  /** What a wrapper stands for; `undefined` for one that was dropped, or is none. */
  hostOf(wrapper: object): { readonly resource: ResourceType; readonly n: number } | undefined
  /** Whether it is a resource that the component imports. */
  knows(resource: ResourceType): boolean
  wrapHost(resource: ResourceType, n: number): object
}

/** The state of one instance's glue. Its methods `table`, `capture`, `guest` and `tasks` are called by the glue itself. */
export class GlueState {
  readonly #tables: HandleTable[] = []
  readonly #captures: (Capture | undefined)[] = []
  readonly #wrappers: Wrappers
  readonly #guests: GuestHandles
  readonly #unknown: string | undefined
  #tasks: Tasks | undefined
  /** What {@link GlueState.#resting} said when nothing had been called yet. */
  #rest = ''

  /** @param unknown why the glue tells nothing, if it does not */
  constructor(wrappers: Wrappers, unknown: string | undefined) {
    this.#wrappers = wrappers
    this.#guests = new GuestHandles(wrappers)
    this.#unknown = unknown
  }

  table(n: number, handles: HandleTable): void {
    this.#tables[n] = handles
  }

  capture(n: number, objects: Map<number, object>, count: () => number, setCount: (n: number) => void): void {
    this.#captures[n] = { objects, count, setCount }
  }

  /** A table of a guest's own resource, whose objects the host may hold. Both are there when the component is instantiated. */
  guest(n: number, registry: () => object, prototype: () => object): void {
    this.#guests.add(n, { registry, prototype })
  }

  tasks(tasks: Tasks): void {
    this.#tasks = tasks
    this.#guests.symbol = tasks.handle
  }

  /** Where a resource of the guest's own stands that an object of the glue's stands for; undefined where that cannot be said. */
  placeOf(wrapper: object): GuestPlace | undefined {
    return this.#guests.placeOf(wrapper, this.#tables)
  }

  /** Makes the object that stands for the resource at a place; undefined where there is none. */
  objectAt(resource: ResourceType, place: GuestPlace): object | undefined {
    return this.#guests.make(resource, place, this.#tables)
  }

  /** The component is instantiated. */
  settle(): void {
    if (this.#tasks !== undefined) this.#rest = resting(this.#tasks)
  }

  /** What it keeps now, or why that cannot be said. */
  image(): GlueImage | NoImage {
    const tasks = this.#tasks
    if (tasks === undefined)
      return noImage('glue', `jco's JavaScript is of another form: ${this.#unknown ?? 'it tells nothing'}`)
    if (resting(tasks) !== this.#rest) return noImage('glue', "jco's JavaScript is not at rest")
    const tables: (TableImage | null)[] = []
    const all = this.#all(tasks)
    if (all === undefined) return noImage('glue', "jco's JavaScript has other tables of handles than it told")
    // Also those that are not there, of which `entries` has `undefined`.
    for (const [i, handles] of all.entries()) {
      if (handles === undefined) {
        tables.push(null)
        continue
      }
      // jco takes back whatever number a guest drops, and writes it into its table, though there was no such handle.
      if (!wellFormed(handles)) return noImage('glue', 'the guest dropped a handle that it never had')
      const capture = this.#captures[i]
      const objects = capture && this.#captured(capture)
      if (capture !== undefined && objects === undefined)
        return noImage('glue', "jco's JavaScript holds an object that stands for no resource")
      tables.push({
        handles: [...handles],
        remembered: [...handles._createdReps].sort((a, b) => a - b),
        captured: capture && objects && { count: capture.count(), objects },
      })
    }
    return { counters: tasks.counters(), tables }
  }

  /** All tables, by number; `undefined` where those that were told are not among them. */
  #all({ tables }: Tasks): readonly (HandleTable | undefined)[] | undefined {
    if (tables === undefined) return this.#tables
    return this.#tables.every((one, i) => tables[i] === one) ? tables : undefined
  }

  #captured({ objects }: Capture): CapturedImage[] | undefined {
    const captured: CapturedImage[] = []
    for (const [rep, wrapper] of objects) {
      const stands = this.#wrappers.hostOf(wrapper)
      if (stands === undefined) return undefined
      captured.push({ rep, ...stands })
    }
    return captured.sort((a, b) => a.rep - b.rep)
  }

  /** Whether an image is one of this glue. */
  takes({ counters, tables }: GlueImage): boolean {
    const tasks = this.#tasks
    const own = tasks && this.#all(tasks)
    if (tasks === undefined || own === undefined || tables.length < own.length) return false
    // More can only be where the glue makes them itself.
    if (tasks.tables === undefined && tables.length > own.length) return false
    return (
      counters.length === 4 &&
      counters.every(isCount) &&
      tables.every((table, i) => {
        if (table === null) return own[i] === undefined
        const { handles, remembered, captured } = table
        if (!wellFormed(handles) || !remembered.every(isCount)) return false
        if ((captured === undefined) !== (this.#captures[i] === undefined)) return false
        if (captured === undefined) return true
        const fits = ({ rep, resource, n }: CapturedImage): boolean =>
          isCount(rep) && isCount(n) && this.#wrappers.knows(resource)
        return isCount(captured.count) && captured.objects.every(fits)
      })
    )
  }

  /** Makes the glue keep what an image says. */
  lay({ counters, tables }: GlueImage): void {
    const tasks = this.#tasks
    if (tasks === undefined) return
    tasks.count(...counters)
    const own = tasks.tables ?? this.#tables
    for (const [i, of] of tables.entries()) {
      if (of === null) continue
      const { handles, remembered, captured } = of
      const table = (own[i] ??= newTable())
      table.length = 0
      for (const n of handles) table.push(n)
      table._createdReps.clear()
      for (const n of remembered) table._createdReps.add(n)
      const capture = this.#captures[i]
      if (capture === undefined || captured === undefined) continue
      capture.setCount(captured.count)
      capture.objects.clear()
      for (const { rep, resource, n } of captured.objects)
        capture.objects.set(rep, this.#wrappers.wrapHost(resource, n))
    }
  }
}

/** A table as the glue makes one that it did not declare. */
function newTable(): HandleTable {
  return Object.assign<number[], Pick<HandleTable, '_createdReps'>>([], {
    _createdReps: new BoundedSet() as Set<number>,
  })
}

/** Whether a table of handles is as jco makes it: pairs of numbers, without a gap. */
function wellFormed(handles: readonly number[]): boolean {
  return handles.length >= 2 && handles.length % 2 === 0 && [...handles].every(isCount)
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

/** Whatever of the bookkeeping is not the same at every moment between two calls. */
function resting(tasks: Tasks): string {
  const { current, states, flags, meta } = tasks
  const rest = [
    tasks.stacks(),
    [...tasks.scopes.keys()],
    tasks.components,
    tasks.ids.length,
    [...current].filter(([, of]) => of.length > 0).map(([index, of]) => [index, of.length]),
    [...states]
      .map(([index, state]) => [
        index,
        state.isExclusivelyLocked() ||
          state.errored() ||
          state.hasBackpressure() ||
          state.hasPendingSchedulerWork(),
        state.handles.size(),
        state.subtasks.size(),
      ])
      .filter(([, busy, handles, subtasks]) => busy !== false || handles !== 0 || subtasks !== 0),
    [...flags].map(([index, { value }]) => [index, value as number]),
    tasks.trap.error === null,
    tasks.host.pendingHostOperations,
    Object.keys(meta).filter((key) => meta[key] !== null && meta[key] !== undefined),
  ]
  return JSON.stringify(rest)
}
