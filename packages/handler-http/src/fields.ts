import type { Json } from '@theater/values'
import { headerError } from './errors.ts'
import { isToken } from './grant.ts'
import { Resource, type Session } from './session.ts'

/** A field: its name in the letters that it was given, and its bytes as text of code points below 256. */
export type Field = readonly [name: string, value: string]

/** What belongs to one connection, or decides where a message ends: the host's, never a guest's. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** The most bytes that one object of fields keeps; what a message may have is the grant's. */
const MAX_BYTES = 256 * 1024

/** Whether a field is not a guest's to set. */
export function isForbidden(name: string, value = ''): boolean {
  const key = name.toLowerCase()
  const said = value.trim().toLowerCase()
  // What a guest may ask of the connection, and the host sees to.
  if ((key === 'te' && said === 'trailers') || (key === 'expect' && said === '100-continue')) return false
  return FORBIDDEN.has(key) || key.startsWith('proxy-')
}

/** Whether bytes can be a field's value: no control characters, so that no guest begins another line. */
export function isValue(value: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)
}

/** Whether a field has a name. @param name in lower case */
export function isNamed([one]: Field, name: string): boolean {
  return one.toLowerCase() === name
}

/** The bytes that fields take in a message. */
export function sizeOf(fields: readonly Field[]): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
}

/** What `content-length` says; `undefined`: nothing. `NaN` where it is no number, or two. */
export function lengthIn(fields: readonly Field[]): number | undefined {
  const values = fields.filter((one) => isNamed(one, 'content-length')).map(([, value]) => value)
  if (values.length === 0) return undefined
  const [value = ''] = values
  return values.length === 1 && /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN
}

/** Whether fields may change, or came back after a restart without what was changed in them. */
type State = 'mutable' | 'immutable' | 'lost'

/** `wasi:http/types.fields`. */
export class Fields extends Resource {
  readonly #session: Session
  #fields: Field[]
  #state: State

  constructor(session: Session, fields: readonly Field[] = [], state: State = 'mutable') {
    super(session)
    this.#session = session
    this.#fields = [...fields]
    this.#state = state
  }

  /** `from-list`. */
  static fromList(session: Session, entries: readonly (readonly [string, Uint8Array])[]): Fields {
    const fields = new Fields(session)
    for (const [name, value] of entries) fields.append(name, value)
    return fields
  }

  /** As they come back after a restart. */
  static resume(session: Session, description: Json): Fields | undefined {
    const { fields, kept } = Object(description) as { readonly fields?: unknown; readonly kept?: unknown }
    if (!Array.isArray(fields)) return undefined
    const read = fields.flatMap((field): Field[] => {
      const [name, value] = Array.isArray(field) ? (field as unknown[]) : []
      return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : []
    })
    return new Fields(session, read, kept === true ? 'immutable' : 'lost')
  }

  /** All of them, in order. */
  get list(): readonly Field[] {
    return this.#fields
  }

  /** Whether something that was changed in them may be missing. */
  get isLost(): boolean {
    return this.#state === 'lost'
  }

  /** What `content-length` says; `undefined`: nothing. `NaN` where it is no number, or two. */
  get declaredLength(): number | undefined {
    return lengthIn(this.#fields)
  }

  /** No changes from now on: they belong to a message. */
  freeze(): this {
    if (this.#state === 'mutable') this.#state = 'immutable'
    return this
  }

  describe(): Json {
    return { fields: this.#fields.map(([name, value]) => [name, value]), kept: this.#state === 'immutable' }
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase()
    return this.#fields.filter((one) => isNamed(one, key)).map(([, value]) => Buffer.from(value, 'latin1'))
  }

  has(name: string): boolean {
    const key = name.toLowerCase()
    return this.#fields.some((one) => isNamed(one, key))
  }

  set(name: string, values: readonly Uint8Array[]): void {
    const fields = values.map((value) => this.#field(name, value))
    const key = this.#name(name)
    this.#replace([...this.#fields.filter((one) => !isNamed(one, key)), ...fields])
  }

  delete(name: string): void {
    const key = this.#name(name)
    this.#replace(this.#fields.filter((one) => !isNamed(one, key)))
  }

  append(name: string, value: Uint8Array): void {
    this.#replace([...this.#fields, this.#field(name, value)])
  }

  entries(): [string, Uint8Array][] {
    return this.#fields.map(([name, value]) => [name, Buffer.from(value, 'latin1')])
  }

  clone(): Fields {
    return new Fields(this.#session, this.#fields, this.isLost ? 'lost' : 'mutable')
  }

  #name(name: string): string {
    if (!isToken(name)) throw headerError('invalid-syntax', 'not the name of a field')
    return name.toLowerCase()
  }

  #field(name: string, bytes: Uint8Array): Field {
    const key = this.#name(name)
    const value = Buffer.from(bytes).toString('latin1')
    if (!isValue(value)) throw headerError('invalid-syntax', `a control character in ${key}`)
    if (isForbidden(key, value)) throw headerError('forbidden', `${key} is the host's to set`)
    return [name, value]
  }

  #replace(fields: Field[]): void {
    if (this.#state !== 'mutable') throw headerError('immutable', 'these fields do not change')
    // Guest-controlled: what is too long for any message is not kept.
    if (sizeOf(fields) > MAX_BYTES)
      throw headerError('invalid-syntax', `more than ${MAX_BYTES} bytes of fields`)
    this.#fields = fields
  }
}
