/**
 * What the host holds of a guest's own resources: objects of jco's, each for one handle in one of its tables. How they are seen, and made
 * again over another instance.
 */
import type { ResourceType } from '@theater/values'

/** Where a resource of the guest's own stands that the host holds. */
export interface GuestPlace {
  /** Which of jco's tables of handles. */
  readonly table: number
  readonly handle: number
}

/** The registry that jco has for the objects of one table: it tells it of each that it makes, and of each that it takes back. */
export interface GuestRegistry {
  register(wrapper: object, handle: number): void
  unregister(wrapper: object): void
  /** Drops a handle, which runs the guest's destructor. */
  readonly drop: (handle: number) => void
}

/** The objects of one instance, as their registries know them. */
export interface GuestObjects {
  /** Where an object was registered; undefined for one that was taken back, or is none. */
  registered(wrapper: object): { readonly registry: object; readonly handle: number } | undefined
  isGuest(value: unknown, resource: ResourceType): boolean
}

/** The first number of a table's pair says that the entry is free, the second that it is owned. */
const FLAG = 1 << 30

const declares = /\bconst finalizationRegistry(\d+) = finalizationRegistryCreate\(\(handle\) => \{/g
const registers = /\bfinalizationRegistry\d+\.register\(/g
const lifts =
  /=== ([A-Za-z_$][\w$]*) \? this : Object\.create\(\1\.prototype\);\s*Object\.defineProperty\((rsc\d+), symbolRscHandle, \{ writable: true, value: (handle\d+)\}\);\s*finalizationRegistry(\d+)\.register\(\2, \3, \2\);/g

/**
 * Puts lines in that tell of the tables, and of the classes of their objects. What is not of the form that is known tells nothing: then
 * none of its objects has a place.
 */
export function tellGuests(guest: string, state: string): string {
  const classes = new Map<string, string>()
  let known = 0
  for (const [, name = '', , , n = ''] of guest.matchAll(lifts)) {
    if ((classes.get(n) ?? name) !== name) return guest
    classes.set(n, name)
    known++
  }
  if (known !== [...guest.matchAll(registers)].length) return guest
  return guest.replace(declares, (found, n: string) => {
    const name = classes.get(n)
    return name === undefined
      ? found
      : `${state}.guest(${n}, () => finalizationRegistry${n}, () => ${name}.prototype);\n${found}`
  })
}

interface GuestTable {
  readonly registry: () => object
  readonly prototype: () => object
}

/** The objects that stand for handles of one instance's tables. */
export class GuestHandles {
  readonly #tables: GuestTable[] = []
  readonly #objects: GuestObjects
  /** Under what an object of jco's has its handle. */
  symbol: symbol | undefined

  constructor(objects: GuestObjects) {
    this.#objects = objects
  }

  add(n: number, table: GuestTable): void {
    this.#tables[n] = table
  }

  /** Where an object stands, of tables as they are; undefined where that cannot be said. */
  placeOf(wrapper: object, tables: readonly (readonly number[] | undefined)[]): GuestPlace | undefined {
    const found = this.#objects.registered(wrapper)
    if (found === undefined || this.symbol === undefined) return undefined
    const table = this.#tables.findIndex((one) => one?.registry() === found.registry)
    const { handle } = found
    return isOwned(tables[table], handle) ? { table, handle } : undefined
  }

  /** Makes the object that stands at a place; undefined where there is no such resource. */
  make(
    resource: ResourceType,
    { table, handle }: GuestPlace,
    tables: readonly (readonly number[] | undefined)[],
  ): object | undefined {
    const { symbol } = this
    const own = this.#tables[table]
    if (own === undefined || symbol === undefined || !isOwned(tables[table], handle)) return undefined
    const registry = own.registry() as GuestRegistry
    const wrapper: object = Object.create(own.prototype())
    const set = (key: symbol, value: unknown): void =>
      void Object.defineProperty(wrapper, key, { writable: true, value })
    set(symbol, handle)
    registry.register(wrapper, handle)
    set(Symbol.dispose, () => {
      registry.unregister(wrapper)
      Reflect.set(wrapper, Symbol.dispose, () => {})
      Reflect.set(wrapper, symbol, undefined)
      registry.drop(handle)
    })
    return this.#objects.isGuest(wrapper, resource) ? wrapper : undefined
  }
}

/** Whether a table has an entry that whoever holds it owns, and that is lent to nobody. */
function isOwned(table: readonly number[] | undefined, handle: number): boolean {
  if (table === undefined || !Number.isSafeInteger(handle) || handle < 1) return false
  const [scope, rep] = table.slice(handle * 2, handle * 2 + 2)
  return scope === 0 && rep !== undefined && (rep & FLAG) !== 0
}
