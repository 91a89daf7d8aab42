import { WitError } from '@theater/handler'
import type { Binding } from '@theater/handler'
import { over, type Changes, type Methods } from './http-broken.ts'
import { bytes } from './support.ts'

const TYPES = 'wasi:http/types@0.2'
const OUTGOING = 'wasi:http/outgoing-handler@0.2'

/** The error of an interface, by the name of its case. */
function tagOf(error: unknown): string | undefined {
  return WitError.is(error) ? (error.payload as { readonly tag?: string } | undefined)?.tag : undefined
}

/** A call whose errors of one name are nobody's. */
function silent(object: Methods, name: string, tag: string | undefined, value?: unknown): Methods {
  const method = object[name]?.bind(object)
  const swallow = (error: unknown): unknown => {
    if (!WitError.is(error) || tagOf(error) !== tag) throw error
    return value
  }
  return {
    [name](...args) {
      try {
        const made = method?.(...args)
        return made instanceof Promise ? made.catch(swallow) : made
      } catch (error) {
        return swallow(error)
      }
    },
  }
}

/** What is given once, and by this again and again. */
function again(object: Methods, name: string): Methods {
  const method = object[name]?.bind(object)
  let first: unknown
  return { [name]: (...args) => (first ??= method?.(...args)) }
}

/** For the objects of one request only. */
const at =
  (path: string, change: (object: Methods) => Partial<Methods>) =>
  (object: Methods, of: string): Partial<Methods> =>
    of === path ? change(object) : {}

/** A future that comes to an error, once it is ready. */
const comesTo = (path: string, tag: string): Changes => ({
  future: at(path, ({ get }) => ({
    get: () => get?.() && { tag: 'ok', val: { tag: 'err', val: { tag } } },
  })),
})

const status = (path: string, says: number): Changes => ({
  response: at(path, () => ({ status: () => says })),
})

/** A stream whose failure looks like its end. */
const ends = (path: string): Changes => ({
  reads: at(path, (stream) => {
    const read = stream['blockingRead']?.bind(stream)
    return {
      blockingRead: (...args) =>
        Promise.resolve(read?.(...args)).catch(() => {
          throw new WitError({ tag: 'closed' })
        }),
    }
  }),
})

const text = (value: unknown): string => Buffer.from(value as Uint8Array).toString('latin1')
const one = (fields: Methods, name: string): boolean => fields['has']?.(name) === true
const dispose = Symbol.dispose

/** By the name of a law, what breaks that one and no other. */
export const breaks: Readonly<Record<string, Changes>> = {
  'fields are empty when they are made, and change': {
    types: (types) => ({
      '[constructor]fields'() {
        const made = types['[constructor]fields']?.() as Methods
        made['append']?.('x-ghost', bytes('1'))
        return made
      },
    }),
  },
  'fields of a list are those of the list, and change': {
    types: (types) => ({
      '[static]fields.from-list'(entries) {
        const list = entries as readonly (readonly [string, Uint8Array])[]
        return types['[static]fields.from-list']?.(list.filter(([name], i) => name !== 'x-list' || i === 0))
      },
    }),
  },
  'a name of a field is the same in whatever letters': {
    fields: ({ has }) => ({ has: (name) => name !== 'x-lETTERs' && has?.(name) }),
  },
  'a name that is not there, or is none, has no values; one that is empty has an empty one': {
    fields: ({ get }) => ({ get: (name) => (name === 'no name' ? [bytes('')] : get?.(name)) }),
  },
  'setting a field replaces its values, and no other’s': {
    fields: ({ set, get }) => ({
      set: (name, values) => set?.(name, name === 'x-set' ? [get?.(name), values].flat() : values),
    }),
  },
  'deleting a field deletes all of its values, or nothing': {
    fields: (fields) => ({
      delete(name) {
        if (name === 'x-gone') fields['set']?.(name, [bytes('left')])
        else fields['delete']?.(name)
      },
    }),
  },
  'appending to a field leaves the values that it has': {
    fields: (fields) => ({
      append(name, value) {
        if (name === 'x-more') fields['set']?.(name, [value])
        else fields['append']?.(name, value)
      },
    }),
  },
  'entries are in the letters in which they were given, and in the order in which they are sent': {
    fields: ({ entries }) => ({
      entries() {
        const all = entries?.() as readonly (readonly [string, unknown])[]
        return all.some(([name]) => name === 'X-Zulu')
          ? all.toSorted(([a], [b]) => (a < b ? -1 : 1)).toReversed()
          : all
      },
    }),
  },
  'a clone is a copy that changes, of fields that do not change, too': {
    fields: (fields) => (one(fields, 'x-clone') ? { clone: () => fields } : {}),
  },
  'what is no field is invalid, and changes nothing': {
    fields: ({ append }) => ({
      append: (name, value) => (name === 'x:y' ? undefined : append?.(name, value)),
    }),
  },
  'what decides where a message ends is forbidden, however it is set': {
    fields: ({ append }) => ({
      append: (name, value) => (name === 'Upgrade' ? undefined : append?.(name, value)),
    }),
  },
  'fields of a message do not change': {
    fields: (fields) => (one(fields, 'x-fixed') ? silent(fields, 'delete', 'immutable') : {}),
  },

  'a request is GET of nowhere when it is made': {
    request({ pathWithQuery, setPathWithQuery }) {
      let wasSet = false
      return {
        pathWithQuery: () => (wasSet ? pathWithQuery?.() : '/'),
        setPathWithQuery(path) {
          wasSet = true
          return setPathWithQuery?.(path)
        },
      }
    },
  },
  'a request is what was set on it': {
    request: ({ scheme }) => ({
      scheme() {
        const said = scheme?.() as { readonly tag: string } | undefined
        return said?.tag === 'other' ? undefined : said
      },
    }),
  },
  'what is no part of a request is not set': {
    request: ({ setScheme }) => ({
      setScheme: (scheme) =>
        (scheme as { val?: string } | undefined)?.val === '1a' ? undefined : setScheme?.(scheme),
    }),
  },
  'a request that says nobody to ask is not made': {
    handle: (handle) => async (request, options) => {
      const { val } = Object((request as Methods)['scheme']?.()) as { readonly val?: string }
      return val === 'gopher' ? {} : handle(request, options)
    },
  },
  'a body is given once, and its stream': { request: (request) => again(request, 'body') },
  'options are none, and then what was set': {
    options: () => ({ connectTimeout: () => undefined }),
  },
  'a request leaves as it was made': {
    handle: (handle) => (request, options) => {
      const asked = request as Methods
      if (asked['pathWithQuery']?.() === '/as/made?a=b') asked['setPathWithQuery']?.('/as/made')
      return handle(request, options)
    },
  },
  'no path is an empty one': {
    handle: (handle) => (request, options) => {
      const asked = request as Methods
      if (asked['pathWithQuery']?.() === undefined && asked['authority']?.() !== undefined)
        asked['setPathWithQuery']?.('/index')
      return handle(request, options)
    },
  },
  'a body leaves while it is written': {
    // All that came after the first piece is left out.
    body: at('/written', () => ({ isCut: () => true })),
    types: ({ '[static]outgoing-body.finish': finish }) => ({
      async '[static]outgoing-body.finish'(body, trailers) {
        if ((body as Methods)['isCut'] === undefined) return finish?.(body, trailers)
        return (body as Methods)[dispose]?.()
      },
    }),
  },
  'a request leaves when its answer is waited for, though its body has not begun': status('/waits', 200),
  'a body that is not as long as it says is not whole, and its finish fails': {
    types: (types) => silent(types, '[static]outgoing-body.finish', 'HTTP-request-body-size'),
  },
  'a body that is dropped is not whole': {
    future: at('/dropped', ({ get }) => ({
      get: () => get?.() && { tag: 'ok', val: { tag: 'ok', val: {} } },
    })),
  },
  'a body that is finished is written to no more': {
    writes: ({ write }) => ({ write: (what) => (text(what) === 'more' ? undefined : write?.(what)) }),
  },
  'trailers follow the body': {
    types: ({ '[static]outgoing-body.finish': finish, '[static]fields.from-list': list }) => ({
      async '[static]outgoing-body.finish'(body, trailers) {
        const said = (trailers as Methods | undefined)?.['entries']?.() as [string, Uint8Array][] | undefined
        if (said?.[0]?.[0] !== 'X-Sum') return finish?.(body, trailers)
        return finish?.(body, list?.([['x-more', bytes('1')], ...said]))
      },
    }),
  },
  'trailers without end are refused, not cut': {
    types: (types) => silent(types, '[static]outgoing-body.finish', 'HTTP-request-trailer-section-size'),
  },
  'a body that is expected leaves when it is asked for': without('expect'),
  'a body that is expected does not leave where the server answers instead': without('Expect'),
  'a request that the host cannot send whole is told, before any of it leaves': {
    handle: (handle) => (request, options) =>
      silent({ handle }, 'handle', 'HTTP-request-method-invalid', {})['handle']?.(request, options),
  },

  'a response has the status and the fields that were sent': {
    response: ({ status: says }) => ({ status: () => (says?.() === 299 ? 200 : says?.()) }),
  },
  'a future gives nothing before it is ready, and its response once': {
    future: at('/once', (future) => again(future, 'get')),
  },
  'a response is consumed once, and its body read once': {
    response: (response) => again(response, 'consume'),
  },
  'a body is exactly the bytes that were sent, and ends': {
    reads: at('/bytes', (stream) => {
      const read = stream['blockingRead']?.bind(stream)
      return {
        blockingRead: async (...args) => Buffer.from(text(await read?.(...args)).toLowerCase(), 'latin1'),
      }
    }),
  },
  'what is said before the answer is not the answer': status('/hints', 103),
  'an answer that changes the protocol is refused': comesTo('/upgrade', 'HTTP-protocol-error'),
  'a body without trailers has none, once, when it has been received': {
    trailers: at('/none', (trailers) => again(trailers, 'get')),
  },
  'trailers are those that were sent, and do not change': noTrailers('/trailers-in'),
  'what of a body is not read holds no trailers up': noTrailers('/behind'),
  'a body that breaks off is told as such, and its trailers': ends('/broken'),
  'an error of another is no error of HTTP': {
    types: ({ httpErrorCode }) => ({
      httpErrorCode: (error) => httpErrorCode?.(error) ?? { tag: 'internal-error', val: undefined },
    }),
  },
  'a connection that ends without an answer is an error of the future': comesTo(
    '/silent',
    'connection-refused',
  ),
  'what is no HTTP is an error of the protocol': comesTo('/smtp', 'connection-terminated'),
  'a coding that nobody undoes is not handed out as the body': comesTo('/coded', 'HTTP-protocol-error'),
  'a redirect is an answer like others: nobody follows it': status('/redirects', 200),

  'a first byte that does not come in the time that the guest gives ends the request': comesTo(
    '/first',
    'connection-terminated',
  ),
  'bytes that do not come in the time that the guest gives end the body': ends('/between'),
  'no time that the guest gives is longer than what was granted': comesTo('/longer', 'connection-terminated'),
  'dropping the future ends the connection, and gives its place back': {
    future: at('/drop-future', () => ({ [dispose]: () => undefined })),
  },
  'dropping the response ends the connection, and gives its place back': {
    response: at('/drop-response', () => ({ [dispose]: () => undefined })),
  },
  'dropping the body ends the connection, and gives its place back': {
    received: at('/drop-body', () => ({ [dispose]: () => undefined })),
  },
  'there are no more exchanges at once than were granted': {
    handle: (handle) => (request, options) =>
      silent({ handle }, 'handle', 'connection-limit-reached', {})['handle']?.(request, options),
  },
  'a connection is used again': {
    handle: (handle, bindAgain) => async (request, options) => {
      const asked = request as Methods
      if (asked['pathWithQuery']?.() !== '/use-3') return handle(request, options)
      const { [TYPES]: types, [OUTGOING]: outgoing } = (await bindAgain()).imports as unknown as Record<
        string,
        Methods
      >
      const made = types?.['[constructor]outgoing-request']?.(types['[constructor]fields']?.()) as Methods
      for (const name of ['Scheme', 'Authority', 'PathWithQuery'] as const)
        made[`set${name}`]?.(asked[`${name.charAt(0).toLowerCase()}${name.slice(1)}`]?.())
      return outgoing?.['handle']?.(made)
    },
  },
  'no actor has a connection of another’s': {
    handler(handler) {
      let first: Binding | undefined
      const bind: typeof handler.bind = async (actor, grant) => {
        if (actor.id === 'actor-1' && first !== undefined) return first
        return (first = await handler.bind(actor, grant))
      }
      return over(handler, { bind })
    },
  },
  'a connection on which something comes unasked is not used again': {
    reads: at('/poisoned', (stream) => {
      const read = stream['blockingRead']
      return {
        blockingRead: async (...args) =>
          Buffer.concat([(await read?.(...args)) as Uint8Array, bytes('poison')]),
      }
    }),
  },
  'a body that is sent is no longer than was granted': {
    writes: (stream) => silent(stream, 'write', 'last-operation-failed'),
  },
  'a body that is received is no longer than was granted': ends('/received'),
  'a header that is the host’s is set by the host, and nobody sees what it says': {
    response: at('/dressed', ({ headers }) => ({
      headers: () =>
        Object.assign(headers?.() as Methods, { entries: () => [['x-echo', bytes('sk-of-the-laws')]] }),
    })),
  },
  'after a restart what was received is as it was, and what was under way has ended': {
    binding: (binding) => ({
      ...binding,
      resume: (type, description) =>
        type === `${TYPES}#incoming-response` ? undefined : binding.resume?.(type, description),
    }),
  },
  'what authorize refuses never leaves, and what it allows arrives as it was made, redirects too': {
    handler: (handler) => over(handler, { authorize: () => true }),
  },

  'a request that comes in is as it was sent': {
    asked: at('/in?a=b', () => ({ method: () => ({ tag: 'get' }) })),
  },
  'fields of a request that comes in do not change, and its body is consumed once': {
    asked: at('/fixed', (request) => again(request, 'consume')),
  },
  'trailers of a request that comes in are those that were sent': noTrailers('/in-trailers'),
  'an answer is 200 when it is made, and takes a status only': {
    answer: ({ setStatusCode }) => ({
      setStatusCode: (code) => (code === 99 ? undefined : setStatusCode?.(code)),
    }),
  },
  'the body of an answer is given once, and its stream': { answer: (answer) => again(answer, 'body') },
  'an answer leaves as it was made': {
    types: ({ '[static]response-outparam.set': set }) => ({
      '[static]response-outparam.set'(param, response) {
        const { val } = response as { readonly val: Methods }
        if (val['statusCode']?.() === 203) val['setStatusCode']?.(200)
        return set?.(param, response)
      },
    }),
  },
  'trailers follow the body of an answer': {
    types: ({ '[static]outgoing-body.finish': finish }) => ({
      '[static]outgoing-body.finish': (body, trailers) =>
        finish?.(body, one(Object(trailers) as Methods, 'X-Out-Sum') ? undefined : trailers),
    }),
  },
  'a body of an answer that is not finished is not sent as if it were whole': {
    body: at('answer', (body) => ({ [dispose]: () => body['finish']?.(undefined) })),
  },
  'an error in the place of an answer is answered by the host': {
    types: ({ '[static]response-outparam.set': set, ...types }) => ({
      '[static]response-outparam.set'(param, response) {
        if ((response as { readonly tag: string }).tag === 'ok') return set?.(param, response)
        return set?.(param, { tag: 'ok', val: empty(types) })
      },
    }),
  },
  'a request that the actor does not answer is answered with an error': {
    outparam(param, types) {
      const end = param[dispose]
      return {
        [dispose]() {
          param['set']?.({ tag: 'ok', val: empty(types) })
          return end?.()
        },
      }
    },
  },
}

/** Fields of a list without one name, in these letters. */
function without(name: string): Changes {
  return {
    types: (types) => ({
      '[static]fields.from-list': (entries) =>
        types['[static]fields.from-list']?.(
          (entries as readonly (readonly [string])[]).filter(([key]) => key !== name),
        ),
    }),
  }
}

function noTrailers(path: string): Changes {
  return {
    trailers: at(path, ({ get }) => ({
      get: () => get?.() && { tag: 'ok', val: { tag: 'ok', val: undefined } },
    })),
  }
}

function empty(types: Methods): unknown {
  return types['[constructor]outgoing-response']?.(types['[constructor]fields']?.())
}
