import type { AnyHandler, Binding } from '@theater/handler'
import { fakeActor } from '@theater/handler-conformance'

const TYPES = 'wasi:http/types@0.2'
const OUTGOING = 'wasi:http/outgoing-handler@0.2'
const ANSWERS = 'wasi:http/incoming-handler@0.2#handle'

type Method = (...args: readonly unknown[]) => unknown

/** An object of the handler's, as what it can do. */
export type Methods = { [name: string | symbol]: Method }

/** What is done otherwise with the objects of each kind; `path` is the path of the request that they belong to. */
export interface Changes {
  readonly fields?: (fields: Methods) => Partial<Methods>
  readonly request?: (request: Methods) => Partial<Methods>
  readonly options?: (options: Methods) => Partial<Methods>
  readonly body?: (body: Methods, path: string) => Partial<Methods>
  readonly writes?: (stream: Methods) => Partial<Methods>
  readonly future?: (future: Methods, path: string) => Partial<Methods>
  readonly response?: (response: Methods, path: string) => Partial<Methods>
  readonly received?: (body: Methods, path: string) => Partial<Methods>
  readonly reads?: (stream: Methods, path: string) => Partial<Methods>
  readonly trailers?: (trailers: Methods, path: string) => Partial<Methods>
  readonly asked?: (request: Methods, path: string) => Partial<Methods>
  readonly answer?: (answer: Methods) => Partial<Methods>
  readonly outparam?: (outparam: Methods, types: Methods) => Partial<Methods>
  readonly types?: (types: Methods) => Partial<Methods>
  /** @param again the same grant for another actor */
  readonly handle?: (handle: Method, again: () => Promise<Binding>) => Method
  readonly binding?: (binding: Binding) => Binding
  readonly handler?: (handler: AnyHandler) => AnyHandler
}

type Kind = Exclude<keyof Changes, 'handle' | 'binding' | 'handler' | 'types' | 'outparam'>

/** A handler that does one thing otherwise. */
export function broken(handler: AnyHandler, changes: Changes): AnyHandler {
  const changed = over(handler, {
    async bind(actor, grant) {
      const others: Binding[] = []
      const again = async (): Promise<Binding> => {
        const other = await handler.bind(fakeActor({ id: 'another' }), grant)
        others.push(other)
        return other
      }
      let types: Methods = {}
      const asks: typeof actor = {
        ...actor,
        invoke: (fn, args, options) =>
          actor.invoke(fn, fn === ANSWERS ? [asked(args[0]), outparam(args[1])] : args, options),
      }
      const asked = (request: unknown): unknown => {
        const path = String((request as Methods)['pathWithQuery']?.())
        return patch('asked', request as Methods, path, incoming(path))
      }
      const outparam = (object: unknown): unknown =>
        Object.assign(object as object, changes.outparam?.(asItIs(object as Methods), types))
      const bound = await handler.bind(asks, grant)
      const { [TYPES]: first, [OUTGOING]: second } = bound.imports as unknown as Record<string, Methods>
      if (first === undefined || second === undefined) throw new Error('no wasi:http')
      types = typesOf(first)
      const handle = wrapped(second, 'handle', (made, request) => {
        return future(made, String((request as Methods)['pathWithQuery']?.()))
      })
      const outgoing = { ...second, handle: changes.handle?.(handle, again) ?? handle }
      const made: Binding = {
        ...bound,
        imports: { ...bound.imports, [TYPES]: types, [OUTGOING]: outgoing } as Binding['imports'],
        async [Symbol.asyncDispose]() {
          for (const other of others) await other[Symbol.asyncDispose]?.()
          await bound[Symbol.asyncDispose]?.()
        },
      }
      return changes.binding?.(made) ?? made
    },
  })

  /** Changes an object: what it gives first, then what is done otherwise. */
  function patch(kind: Kind, object: Methods, path: string, gives: Partial<Methods>): Methods {
    Object.assign(object, gives)
    return Object.assign(object, changes[kind]?.(asItIs(object), path))
  }
  const fields = (made: unknown): unknown => {
    const object = made as Methods | undefined
    return object && patch('fields', object, '', { clone: wrapped(object, 'clone', fields) })
  }
  const body = (path: string) => (made: unknown) => {
    const object = made as Methods
    const writes = (stream: unknown): unknown =>
      Object.assign(stream as object, changes.writes?.(asItIs(stream as Methods)))
    return patch('body', object, path, { write: wrapped(object, 'write', writes) })
  }
  const incoming = (path: string): Partial<Methods> => {
    // Taken from the prototype: they are the object's own after this.
    return Object.fromEntries(
      (['headers', 'consume'] as const).map((name) => [
        name,
        function given(this: Methods): unknown {
          const made = (Object.getPrototypeOf(this) as Methods)[name]?.call(this)
          return name === 'headers' ? fields(made) : received(path)(made)
        },
      ]),
    )
  }
  const received = (path: string) => (made: unknown) => {
    const object = made as Methods
    paths.set(object, path)
    const reads = (stream: unknown): unknown =>
      Object.assign(stream as object, changes.reads?.(asItIs(stream as Methods), path))
    return patch('received', object, path, { stream: wrapped(object, 'stream', reads) })
  }
  const future = (made: unknown, path: string): unknown => {
    const object = made as Methods
    const get = wrapped(object, 'get', (got) => {
      const response = answered(got)
      if (response !== undefined) patch('response', response, path, incoming(path))
      return got
    })
    return patch('future', object, path, { get })
  }
  const paths = new WeakMap<object, string>()
  const typesOf = (types: Methods): Methods => {
    const request = (made: unknown): unknown => {
      const object = made as Methods
      const taken = body
      return patch('request', object, '', {
        headers: wrapped(object, 'headers', fields),
        body: wrapped(object, 'body', (one) => taken(String(object['pathWithQuery']?.()))(one)),
      })
    }
    const answer = (made: unknown): unknown => {
      const object = made as Methods
      return patch('answer', object, '', {
        headers: wrapped(object, 'headers', fields),
        body: wrapped(object, 'body', body('answer')),
      })
    }
    const trailers = (made: unknown, of: unknown): unknown => {
      const object = made as Methods
      const get = wrapped(object, 'get', (got) => {
        fields(answered(got))
        return got
      })
      return patch('trailers', object, paths.get(of as object) ?? '', { get })
    }
    const options = (made: unknown): unknown => patch('options', made as Methods, '', {})
    const given: Methods = {
      ...types,
      '[constructor]fields': wrapped(types, '[constructor]fields', fields),
      '[static]fields.from-list': wrapped(types, '[static]fields.from-list', fields),
      '[constructor]request-options': wrapped(types, '[constructor]request-options', options),
      '[constructor]outgoing-request': wrapped(types, '[constructor]outgoing-request', request),
      '[constructor]outgoing-response': wrapped(types, '[constructor]outgoing-response', answer),
      '[static]incoming-body.finish': wrapped(types, '[static]incoming-body.finish', trailers),
    }
    return { ...given, ...(changes.types?.(given) as Methods | undefined) }
  }
  return changes.handler?.(changed) ?? changed
}

/** A handler with something of it done otherwise; what it comes to have later, it has. */
export function over(handler: AnyHandler, more: Partial<AnyHandler>): AnyHandler {
  return Object.assign(Object.create(handler) as AnyHandler, more)
}

/** What an object can do now, whatever becomes of it. */
function asItIs(object: Methods): Methods {
  const now: Methods = {}
  for (let one: object | null = object; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    for (const name of Reflect.ownKeys(one)) {
      const value: unknown = Object.getOwnPropertyDescriptor(one, name)?.value
      if (typeof value === 'function' && !Object.hasOwn(now, name)) now[name] = value.bind(object) as Method
    }
  }
  return now
}

/** A function of an object with something done to what it gives. */
function wrapped(
  object: Methods,
  name: string,
  give: (made: unknown, ...args: readonly unknown[]) => unknown,
): Method {
  const method = object[name]?.bind(object)
  if (method === undefined) throw new Error(`there is no ${name}`)
  return (...args) => {
    const made = method(...args)
    return made instanceof Promise ? made.then((one) => give(one, ...args)) : give(made, ...args)
  }
}

/** What a future came to, where it is no error. */
function answered(got: unknown): Methods | undefined {
  const outer = got as
    | { readonly tag: string; readonly val?: { readonly tag: string; readonly val?: unknown } }
    | undefined
  return outer?.val?.tag === 'ok' ? (outer.val.val as Methods | undefined) : undefined
}
