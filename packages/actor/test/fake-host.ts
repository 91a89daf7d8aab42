import type {
  TheaterActorTypes,
  TheaterHttpWebsocket,
  TheaterMessagingChannels,
  TheaterMessagingClient,
  TheaterMessagingTopics,
  TheaterSupervisorChildren,
  WasiFilesystemPreopens,
  WasiFilesystemTypes,
} from '@theater/wit'
import { decodeReply, encodeMessage, encodeReply } from '@theater/actor/message'
import type { Actor } from '../src/define.ts'
import type { Environment } from '../src/guest/environment.ts'
import type { Host } from '../src/guest/host.ts'
import { ownRequests } from '../src/guest/requests.ts'
import type { Exports } from '../src/guest/exports.ts'
import { serve } from '../src/guest/serve.ts'

type Message = TheaterActorTypes.Message

/** The bindings throw an `err` as an object with a payload. */
export function err(payload: unknown): unknown {
  return { payload }
}

export function text(message: Message): string {
  return new TextDecoder().decode(message.body)
}

/** What a fake actor answers to a request: a value, or the error. */
export type Answer = { readonly reply: unknown } | { readonly error: TheaterMessagingClient.RequestError }

/** A host that notes each call and answers as told. */
export class FakeHost {
  readonly calls: string[] = []
  answers = new Map<string, Answer>()
  refuse = new Map<string, TheaterMessagingClient.SendError>()
  /** By topic, channel or actor, what is refused. */
  /** What a message on a connection is refused with. */
  unsent = new Map<string, TheaterHttpWebsocket.SendError>()
  untold = new Map<string, TheaterMessagingTopics.PublishError | TheaterMessagingChannels.OpenError>()
  labels = new Map<string, Uint8Array>()
  blobs = new Map<string, Uint8Array>()
  blobLimit = Infinity
  files: Record<string, string> = {}
  mounts = ['/data']
  components = new Map([['worker', new Uint8Array(32).fill(0xab)]])
  /** What a spawn or a stop is refused with. */
  unspawned: TheaterSupervisorChildren.SpawnError | undefined

  all(): Host {
    return {
      ...this.self(),
      ...this.log(),
      ...this.messaging(),
      ...this.topics(),
      ...this.channels(),
      ...this.sockets(),
      ...this.store(),
      ...this.fs(),
      ...this.supervisor(),
    }
  }

  self(): Host {
    return {
      self: {
        id: () => this.#note('id', 'me'),
        parent: () => this.#note('parent', undefined),
      },
    }
  }

  log(): Host {
    const log = (level: string, message: string, fields: readonly (readonly [string, string])[]): void => {
      const rest = fields.filter(([name]) => name !== 'stack').map(([name, value]) => ` ${name}=${value}`)
      this.calls.push(`log ${level} ${message}${rest.join('')}`)
    }
    return { log: { log } }
  }

  messaging(): Host {
    const note = this.#note.bind(this)
    const answers = this.answers
    class Pending {
      readonly to: string
      constructor(to: string) {
        this.to = to
      }
      static finish(pending: Pending): Message {
        note(`finish ${pending.to}`, undefined)
        const answer = answers.get(pending.to) ?? { error: { tag: 'unknown-actor' } as const }
        if ('error' in answer) throw err(answer.error)
        return encodeReply(answer.reply)
      }
      [Symbol.dispose](): void {
        note(`cancel ${this.to}`, undefined)
      }
    }
    const client = {
      send: (to: string, message: Message) => {
        const refused = this.refuse.get(to)
        note(`send ${to} ${message.format} ${text(message)}`, undefined)
        if (refused !== undefined) throw err(refused)
      },
      request: (to: string, message: Message, timeout: number) =>
        note(`request ${to} ${text(message)} ${timeout}`, new Pending(to)),
      Pending,
    }
    return { client: client as unknown as NonNullable<Host['client']> }
  }

  topics(): Host {
    const subscribed = new Set<string>()
    const allowed = (name: string): void => {
      const refused = this.untold.get(name)
      if (refused !== undefined) throw err(refused)
    }
    return {
      topics: {
        publish: (topic, message) => {
          this.calls.push(`publish ${topic} ${message.format} ${text(message)}`)
          allowed(topic)
          return ['a', 'b']
        },
        subscribe: (topic) => {
          this.calls.push(`subscribe ${topic}`)
          allowed(topic)
          subscribed.add(topic)
        },
        unsubscribe: (topic) => {
          this.calls.push(`unsubscribe ${topic}`)
          subscribed.delete(topic)
        },
        subscriptions: () => [...subscribed],
      },
    }
  }

  channels(): Host {
    const open: string[] = []
    const allowed = (name: string): void => {
      const refused = this.untold.get(name)
      if (refused !== undefined) throw err(refused)
    }
    return {
      channels: {
        open: (to, message) => {
          this.calls.push(`open ${to} ${text(message)}`)
          allowed(to)
          open.push(`me/${to}/${open.length}`)
          return open.at(-1)!
        },
        accept: (channel) => {
          this.calls.push(`accept ${channel}`)
          allowed(channel)
        },
        send: (channel, message) => {
          this.calls.push(`say ${channel} ${text(message)}`)
          allowed(channel)
        },
        close: (channel, why) => {
          const said = why === undefined ? '' : ` ${why.code} ${why.message}`
          this.calls.push(`close ${channel}${said}`)
          allowed(channel)
        },
        list: () => open,
      },
    }
  }

  sockets(): Host {
    const allowed = (name: string): void => {
      const refused = this.unsent.get(name)
      if (refused !== undefined) throw err(refused)
    }
    return {
      sockets: {
        send: (connection, { tag, val }) => {
          this.calls.push(`say ${connection} ${tag} ${typeof val === 'string' ? val : val.join()}`)
          allowed(connection)
        },
        close: (connection, code, reason) => {
          this.calls.push(`close ${connection} ${code} ${reason}`.trimEnd())
        },
        list: () => ['one', 'two'],
      },
    }
  }

  supervisor(): Host {
    const living: string[] = []
    const allowed = (): void => {
      if (this.unspawned !== undefined) throw err(this.unspawned)
    }
    return {
      children: {
        spawn: (component, params, grants, limits) => {
          const said = Object.entries(limits).flatMap(([name, n]) =>
            n === undefined ? [] : [`${name}=${n}`],
          )
          this.calls.push(
            `spawn ${component.toHex().slice(0, 4)} ${params.format} ${text(params)} ${grants} ${said.join()}`,
          )
          allowed()
          living.push(`me.child-${living.length}`)
          return living.at(-1)!
        },
        stop: (id) => {
          this.calls.push(`stop ${id}`)
          allowed()
        },
        list: () => living,
        components: () => [...this.components],
      },
    }
  }

  store(): Host {
    const key = (hash: Uint8Array): string => hash.join()
    const find = (hash: Uint8Array): Uint8Array => {
      const bytes = this.blobs.get(key(hash))
      if (bytes === undefined) throw err({ tag: 'not-found' })
      return bytes
    }
    return {
      blobs: {
        put: (data) => {
          const hash = new Uint8Array([0xab, data.length])
          this.blobs.set(key(hash), data)
          return hash
        },
        get: (hash, offset, length) => {
          if (length > this.blobLimit) throw err({ tag: 'too-large', val: BigInt(this.blobLimit) })
          this.calls.push(`get ${offset} ${length}`)
          return find(hash).slice(Number(offset), Number(offset + length))
        },
        size: (hash) => BigInt(find(hash).length),
      },
      transfers: this.#transfers(find, key),
      labels: {
        get: (name) => this.labels.get(name),
        set: (name, expected, value) => {
          const now = this.labels.get(name)
          if (now?.join() !== expected?.join()) throw err({ tag: 'conflict', val: now })
          if (value === undefined) this.labels.delete(name)
          else this.labels.set(name, value)
        },
        list: (prefix, after, limit) => {
          const all = [...this.labels.keys()].filter((name) => name.startsWith(prefix)).toSorted()
          return all.filter((name) => after === undefined || name > after).slice(0, Math.min(limit, 2))
        },
      },
    }
  }

  #transfers(
    find: (hash: Uint8Array) => Uint8Array,
    key: (hash: Uint8Array) => string,
  ): NonNullable<Host['transfers']> {
    const { calls, blobs } = this
    const limit = (): number => this.blobLimit
    const checked = (count: number): void => {
      if (count > limit()) throw err({ tag: 'too-large', val: BigInt(limit()) })
    }
    class Upload {
      #bytes = new Uint8Array()
      write(offset: bigint, data: Uint8Array): void {
        checked(data.length)
        if (Number(offset) !== this.#bytes.length)
          throw err({ tag: 'bad-offset', val: BigInt(this.#bytes.length) })
        calls.push(`write ${offset} ${data.length}`)
        this.#bytes = Buffer.concat([this.#bytes, data])
      }
      size(): bigint {
        return BigInt(this.#bytes.length)
      }
      finish(): Uint8Array {
        const hash = new Uint8Array([0xcd, this.#bytes.length & 0xff])
        blobs.set(key(hash), new Uint8Array(this.#bytes))
        return hash
      }
      [Symbol.dispose](): void {
        calls.push('drop upload')
      }
    }
    class Reader {
      readonly #bytes: Uint8Array
      constructor(bytes: Uint8Array) {
        this.#bytes = bytes
      }
      size(): bigint {
        return BigInt(this.#bytes.length)
      }
      read(offset: bigint, length: bigint): Uint8Array {
        checked(Number(length))
        calls.push(`read ${offset} ${length}`)
        return this.#bytes.slice(Number(offset), Number(offset + length))
      }
      [Symbol.dispose](): void {
        calls.push('drop reader')
      }
    }
    // The generated classes have private constructors; what the kit calls is all there.
    return {
      Upload,
      Reader,
      start: () => new Upload(),
      open: (hash: Uint8Array) => new Reader(find(hash)),
    } as unknown as NonNullable<Host['transfers']>
  }

  fs(): Host {
    const note = this.#note.bind(this)
    const { files } = this
    const under = (path: string): string[] => Object.keys(files).filter((name) => name.startsWith(`${path}/`))
    const typeOf = (path: string): WasiFilesystemTypes.DescriptorType => {
      if (path in files) return 'regular-file'
      if (under(path).length > 0) return 'directory'
      throw err('no-entry')
    }
    class Descriptor {
      readonly path: string
      constructor(path: string) {
        this.path = path
      }
      openAt(_follow: unknown, path: string, flags: WasiFilesystemTypes.OpenFlags): Descriptor {
        const full = path === '.' ? this.path : `${this.path}/${path}`
        if (flags.directory && typeOf(full) !== 'directory') throw err('not-directory')
        typeOf(full)
        return note(`open ${full}`, new Descriptor(full))
      }
      read(_length: bigint, offset: bigint): [Uint8Array, boolean] {
        // Two bytes at a time, and the end is only seen behind the last byte.
        const bytes = new TextEncoder().encode(files[this.path]).slice(Number(offset), Number(offset) + 2)
        return [bytes, bytes.length === 0]
      }
      stat(): object {
        return this.statAt(undefined, '')
      }
      statAt(_follow: unknown, path: string): object {
        const full = path === '' ? this.path : `${this.path}/${path}`
        const seconds = { seconds: 5n, nanoseconds: 250_000_000 }
        return {
          type: typeOf(full),
          linkCount: 1n,
          size: BigInt(files[full]?.length ?? 0),
          dataModificationTimestamp: seconds,
        }
      }
      readDirectory(): object {
        const names = [
          ...new Set(under(this.path).map((name) => name.slice(this.path.length + 1).split('/')[0]!)),
        ]
        const { path } = this
        return {
          readDirectoryEntry: () => {
            const name = names.shift()
            return name === undefined ? undefined : { name, type: typeOf(`${path}/${name}`) }
          },
          [Symbol.dispose]: () => note(`drop listing ${path}`, undefined),
        }
      }
      [Symbol.dispose](): void {
        note(`drop ${this.path}`, undefined)
      }
    }
    const preopens = {
      getDirectories: () =>
        note(
          'preopens',
          this.mounts.map((name) => [new Descriptor(name), name]),
        ),
    }
    return { preopens: preopens as unknown as typeof WasiFilesystemPreopens }
  }

  #note<T>(call: string, answer: T): T {
    this.calls.push(call)
    return answer
  }
}

/** An actor that is served, with messages in and out as values. */
export class Served {
  readonly exports: Exports

  constructor(actor: Actor, host: Host, environment: Partial<Environment> = {}) {
    this.exports = serve(actor, host, {
      begin: () => {},
      end: () => {},
      madeOf: () => undefined,
      requestOf: ownRequests({}),
      bytesOf: (text) => new TextEncoder().encode(text),
      ...environment,
    })
  }

  /** The reply, or the failure as `{ code, message, detail }`. */
  async request(type: string, body?: unknown, sender?: string): Promise<unknown> {
    const from = sender === undefined ? ({ tag: 'host' } as const) : ({ tag: 'actor', val: sender } as const)
    return await outcome(async () =>
      decodeReply(await this.exports.responder.handleRequest(from, encodeMessage(type, body))),
    )
  }

  /** The state, as `migration.save` gives it. */
  async state(): Promise<unknown> {
    return decodeReply(await this.exports.migration.save())
  }
}

/** What a call answers, or the failure that it throws as the bindings take it. Anything else it throws is a trap. */
export async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (thrown) {
    const { payload } = thrown as { payload?: TheaterActorTypes.Failure }
    if (payload === undefined) throw thrown
    const { code, message, detail } = payload
    return detail === undefined ? { code, message } : { code, message, detail: decodeReply(detail) }
  }
}
